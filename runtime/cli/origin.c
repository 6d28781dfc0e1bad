/* SPDX-License-Identifier: MIT
 *
 * The git commit of a folder; see origin.h. git only reads here, runs nothing that the repository's
 * configuration names, and refuses repositories of other users by itself (safe.directory). */
#include "cli/origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/mem.h"

#define GIT_WAIT_S 20
#define WORDS      16

/* True when git ran and said 0; what it said is in child->out. */
static bool git(struct mu_child *child, const char *folder, const char *const *words, size_t count)
{
    static const char *const before[] = {"git", "-c", "core.fsmonitor=false", "-C"};
    size_t n = 0;
    const char **argv = mu_xcalloc(MU_COUNT(before) + count + 2, sizeof *argv);
    for (size_t i = 0; i < MU_COUNT(before); i++)
        argv[n++] = before[i];
    argv[n++] = folder;
    for (size_t i = 0; i < count; i++)
        argv[n++] = words[i];
    *child = (struct mu_child){.argv = argv, .timeout_s = GIT_WAIT_S};
    bool ok = mu_child_run(child, NULL) == MU_OK && child->code == 0;
    free(argv);
    return ok;
}

struct paths {
    const char *words[256 + WORDS]; /* a bundle has at most 200 files */
    size_t count;
};

static bool add_path(const char *path, const char *bytes, size_t len, void *ud)
{
    struct paths *paths = ud;
    (void)bytes;
    (void)len;
    if (paths->count < MU_COUNT(paths->words))
        paths->words[paths->count++] = path;
    return true;
}

static bool is_dirty(const struct mu_bundle *bundle)
{
    static const char *const status[] = {"status", "--porcelain", "--untracked-files=all", "--",
                                         "."};
    struct paths all = {{"ls-files", "--error-unmatch", "--"}, 3};
    struct mu_child child;
    bool clean =
        git(&child, mu_bundle_folder(bundle), status, MU_COUNT(status)) && child.out.len == 0;
    mu_child_fini(&child);
    if (!clean)
        return true;
    mu_bundle_each(bundle, add_path, &all); /* one that git ignores is in no commit */
    clean = git(&child, mu_bundle_folder(bundle), all.words, all.count);
    mu_child_fini(&child);
    return !clean;
}

void origin_of(const struct mu_bundle *bundle, char commit[ORIGIN_COMMIT], bool *dirty)
{
    static const char *const head[] = {"rev-parse", "--verify", "HEAD"};
    struct mu_child child;
    *dirty = false;
    commit[0] = '\0';
    if (git(&child, mu_bundle_folder(bundle), head, MU_COUNT(head))) {
        const char *said = mu_buf_text(&child.out);
        snprintf(commit, ORIGIN_COMMIT, "%.*s", (int)strspn(said, "0123456789abcdef"), said);
    }
    mu_child_fini(&child);
    if (commit[0])
        *dirty = is_dirty(bundle);
}
