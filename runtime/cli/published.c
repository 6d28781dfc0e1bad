/* SPDX-License-Identifier: MIT
 *
 * Playbooks by what a person types; see published.h. */
#include "cli/published.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/semver.h"
#include "cli/say.h"

#define NAMES_MAX 600 /* octets of file names in one message */

enum mu_err published_store(struct mu_cli *cli, struct mu_fail *fail)
{
    char *dir = mu_cli_state_dir(cli), *path = mu_xasprintf("%s/control.db", dir);
    bool there = access(path, F_OK) == 0;
    free(path);
    free(dir);
    return there ? mu_cli_open_store(cli, fail) : MU_OK;
}

enum mu_err published_choose(struct mu_cli *cli, const char *typed, bool live,
                             struct mu_choice *out, struct mu_fail *fail)
{
    *out = (struct mu_choice){0};
    enum mu_err err = published_store(cli, fail);
    return err == MU_OK ? mu_choose(cli->store, cli->config, typed, mu_cli_playbook_path(cli), live,
                                    out, fail)
                        : err;
}

struct comparing {
    const struct mu_bundle *other;
    struct mu_buf *out;
    const char *missing; /* what is said of a file that the other has not */
    bool changed;        /* files that both have are looked at, too */
};

static bool compare_file(const char *path, const char *bytes, size_t len, void *ud)
{
    struct comparing *comparing = ud;
    size_t other_len;
    const char *other = mu_bundle_file(comparing->other, path, &other_len);
    bool same = other && other_len == len && memcmp(other, bytes, len) == 0;
    if (same || (other && !comparing->changed))
        return true;
    mu_buf_addf(comparing->out, "%s%s%s", comparing->out->len ? ", " : "", path,
                other ? "" : comparing->missing);
    return true;
}

char *published_differing(const struct mu_bundle *before, const struct mu_bundle *now)
{
    struct mu_buf names = {.max = NAMES_MAX};
    mu_bundle_each(now, compare_file, &(struct comparing){before, &names, " (new)", true});
    mu_bundle_each(before, compare_file, &(struct comparing){now, &names, " (gone)", false});
    if (names.full)
        names.data[names.len - 1] = '~';
    return mu_buf_take(&names);
}

void published_problem(const struct mu_problem *problem, void *ud)
{
    const struct mu_bundle *bundle = ud;
    const char *folder = mu_bundle_folder(bundle),
               *origin = mu_bundle_origin(bundle, problem->file);
    if (problem->error)
        say_err("%s%s%s:%d:%d: %s%s%s\n", origin ? "" : folder, origin ? "" : "/",
                origin ? origin : problem->file, problem->line, problem->column, problem->what,
                problem->mend ? ": " : "", problem->mend ? problem->mend : "");
}

int published_named(const struct mu_cli *cli, const char *command, const char *typed, char **name,
                    const char **version)
{
    bool named = mu_versions_named(typed, name, version);
    if (named && mu_semver_valid(*version))
        return 0;
    if (named)
        free(*name);
    *name = NULL;
    return mu_cli_fail(cli, command, MU_EXIT_USAGE,
                       "\"%s\" names no version: write NAME@VERSION in full, as muster versions "
                       "lists it",
                       typed);
}
