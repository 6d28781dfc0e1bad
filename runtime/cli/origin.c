/* SPDX-License-Identifier: MIT
 *
 * The git commit of a folder; see origin.h. How git is asked: git.h. */
#include "cli/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/git.h"

#define WORDS 16

struct paths {
    const struct mu_bundle *bundle;
    bool shared;                    /* only libraries that lie elsewhere */
    const char *words[256 + WORDS]; /* a bundle has at most 200 files */
    size_t count;
};

static bool add_path(const char *path, const char *bytes, size_t len, void *ud)
{
    struct paths *paths = ud;
    const char *origin = mu_bundle_origin(paths->bundle, path);
    (void)bytes;
    (void)len;
    if (paths->count < MU_COUNT(paths->words) && (origin || !paths->shared))
        paths->words[paths->count++] = origin ? origin : path;
    return true;
}

static bool is_dirty(const struct mu_bundle *bundle)
{
    struct paths status = {
        bundle, true, {"status", "--porcelain", "--untracked-files=all", "--", "."}, 5};
    struct paths all = {bundle, false, {"ls-files", "--error-unmatch", "--"}, 3};
    struct mu_child child;
    mu_bundle_each(bundle, add_path, &status);
    bool clean =
        git_run(&child, mu_bundle_folder(bundle), status.words, status.count) && child.out.len == 0;
    mu_child_fini(&child);
    if (!clean)
        return true;
    mu_bundle_each(bundle, add_path, &all); /* one that git ignores is in no commit */
    clean = git_run(&child, mu_bundle_folder(bundle), all.words, all.count);
    mu_child_fini(&child);
    return !clean;
}

void origin_of(const struct mu_bundle *bundle, char commit[ORIGIN_COMMIT], bool *dirty)
{
    static const char *const head[] = {"rev-parse", "--verify", "HEAD"};
    struct mu_child child;
    *dirty = false;
    commit[0] = '\0';
    if (git_run(&child, mu_bundle_folder(bundle), head, MU_COUNT(head))) {
        const char *said = mu_buf_text(&child.out);
        snprintf(commit, ORIGIN_COMMIT, "%.*s", (int)strspn(said, "0123456789abcdef"), said);
    }
    mu_child_fini(&child);
    if (commit[0])
        *dirty = is_dirty(bundle);
}
