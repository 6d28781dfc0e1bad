/* SPDX-License-Identifier: MIT
 *
 * `muster undo RUN`: what a run changed, taken back from its journal alone, as a journaled run. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/find.h"
#include "cli/start.h"
#include "engine/run.h"

/* What is put back comes from the journal: an edited one must not decide what a zone holds. */
static enum mu_err check_journal(const char *path, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    if (mu_journal_verify(path, &verdict, fail) != MU_OK)
        return fail->class;
    if (verdict.ok)
        return MU_OK;
    return mu_fail_set(fail, MU_STORAGE,
                       "the journal is damaged, and what it says was there before can't be relied "
                       "on: %.300s. Nothing was changed; put it back by hand (%s)",
                       verdict.why, path);
}

static int start_undo(struct mu_cli *cli, const struct found_run *found, const char *title,
                      struct start *how)
{
    struct mu_fail fail;
    struct mu_journal *journal = NULL;
    struct mu_bundle *bundle = NULL;
    struct mu_header *header = NULL;
    enum mu_err err = check_journal(found->path, &fail);
    if (err == MU_OK)
        err = mu_journal_open_read(found->path, &journal, &fail);
    if (err == MU_OK)
        err = mu_undo_bundle(journal, title, &bundle, &fail);
    if (err == MU_OK)
        err = mu_header_read(bundle, &header, &fail);
    int code;
    if (err != MU_OK) {
        code = mu_cli_fail(cli, "undo", MU_EXIT_USAGE, "%s", fail.text);
    } else {
        json_t *params = json_object();
        code = start_run(cli, "undo", bundle, header, params, how);
        json_decref(params);
    }
    mu_journal_close(journal);
    mu_bundle_free(bundle);
    if (header)
        mu_header_free(header);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    static const char *const options[] = {"--dry-run", "--reason", "--item",
                                          "--detach",  "--wait",   NULL};
    struct start how = {0};
    struct found_run found;
    const char *title = NULL;
    how.dry = mu_cli_option(&argc, argv, "--dry-run", NULL);
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL);
    how.wait = mu_cli_option(&argc, argv, "--wait", NULL);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    mu_cli_option(&argc, argv, "--item", &title);
    int code = mu_cli_no_more_options(&mu_command_undo, argc, argv, options);
    if (code == 0)
        code = mu_cli_words(&mu_command_undo, argc, 1, 1);
    if (code == 0)
        code = find_run(cli, "undo", argv[1], &found);
    if (code)
        return code;
    if (!found.ended && mu_journal_lock_holder(found.path) > 0)
        return mu_cli_fail(cli, "undo", MU_EXIT_USAGE,
                           "%s is still going on: muster cancel %s first", found.name, found.name);
    how.undoes = found.name;
    how.incident = found.incident[0] ? found.incident : NULL;
    return start_undo(cli, &found, title, &how);
}

const struct mu_command mu_command_undo = {
    .name = "undo",
    .usage = "undo RUN [--item TITLE] [--dry-run] [--reason TEXT]",
    .summary = "put back what a run changed",
    .help = "Works from the journal alone, newest change first. Each inverse carries what we had "
            "written:\n"
            "where the world is no longer that, it is left alone and said so.\n"
            "\n"
            "  --item      only the change with that title\n"
            "  --dry-run   say what would be put back\n",
    .run = run};
