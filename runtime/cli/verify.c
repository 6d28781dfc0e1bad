/* SPDX-License-Identifier: MIT
 *
 * `muster verify RUN|FILE`: does the journal still say what was written? Needs neither configuration
 * nor state folder for a FILE. The head it prints is what copies and anchors are compared by. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/archive.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/evidence.h"
#include "cli/verify_archive.h"
#include "engine/run.h"
#include "journal/journal.h"

#define LEAST_HEAD 12 /* digits: 48 bits, more than a message's foot can be guessed by */

static const char *not_in_it =
    "the anchored head is not in this journal: rows were changed, cut off "
    "or written anew, or it is another run's";

/* Nothing is proved by a file without a row. */
static bool is_empty(const struct mu_journal_verdict *verdict)
{
    return verdict->ok && verdict->rows == 0;
}

static json_t *describe(const char *path, const struct mu_journal_verdict *verdict,
                        const char *anchor)
{
    char head[2 * MU_SHA256 + 1];
    mu_hex(verdict->head, MU_SHA256, head);
    bool ok = verdict->ok && !is_empty(verdict) && (anchor == NULL || verdict->anchored);
    json_t *out = json_pack("{s:s, s:b, s:I, s:s, s:b}", "path", path, "ok", ok, "rows",
                            (json_int_t)verdict->rows, "head", head, "sealed", verdict->sealed);
    if (anchor)
        json_object_set_new(out, "anchored_row", json_integer(verdict->anchored));
    if (!verdict->ok) {
        json_object_set_new(out, "bad_gsn", json_integer(verdict->bad_gsn));
        json_object_set_new(out, "why", mu_json_lenient_string(verdict->why, strlen(verdict->why)));
    } else if (!ok) {
        json_object_set_new(out, "why",
                            json_string(is_empty(verdict) ? "there is no row in it" : not_in_it));
    }
    return out;
}

static void print_anchor(const struct mu_journal_verdict *verdict)
{
    long long row = verdict->anchored, after = verdict->rows - verdict->anchored;
    if (row == 0)
        say("anchor   %s%s%s\n", mu_cli_color("red"), not_in_it, mu_cli_color("reset"));
    else if (!verdict->ok)
        say("anchor   the anchored head is row %lld: up to there nothing was changed\n", row);
    else if (after == 0)
        say("anchor   the anchored head is this journal's head, row %lld\n", row);
    else
        say("anchor   the anchored head is row %lld; %lld row%s came after it\n", row, after,
            after == 1 ? "" : "s");
}

static void print_text(const char *path, const struct mu_journal_verdict *verdict,
                       const char *anchor)
{
    char head[2 * MU_SHA256 + 1];
    mu_hex(verdict->head, MU_SHA256, head);
    if (is_empty(verdict)) {
        say("%sEMPTY%s    there is no row in it: the run never began, or its -wal file is "
            "missing\n",
            mu_cli_color("red"), mu_cli_color("reset"));
    } else if (verdict->ok) {
        say("%sholds%s    %lld rows, %s\n", mu_cli_color("green"), mu_cli_color("reset"),
            (long long)verdict->rows,
            verdict->sealed ? "sealed" : "not sealed: the run goes on, or its executor died");
        say("head     %s\n", head);
    } else {
        say("%sDAMAGED%s  %s\n", mu_cli_color("red"), mu_cli_color("reset"), verdict->why);
        say("         %lld rows hold before it; compare with another copy before you rely on "
            "the rest\n",
            (long long)verdict->rows);
    }
    if (anchor)
        print_anchor(verdict);
    else if (verdict->ok && !verdict->sealed && !is_empty(verdict))
        say("         of a file that is not sealed, only a head noted elsewhere tells whether "
            "rows\n"
            "         were cut off at its end: muster verify ... --head HEX\n");
    say("file     %s\n", path);
}

/* Lower case hex into out; false when it is no head. */
static bool read_anchor(const char *typed, char out[2 * MU_SHA256 + 1])
{
    size_t len = strlen(typed);
    if (len < LEAST_HEAD || len > (size_t)2 * MU_SHA256)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit((unsigned char)typed[i]))
            return false;
        out[i] = (char)tolower((unsigned char)typed[i]);
    }
    out[len] = '\0';
    return true;
}

/* Of a run the control store knows how far it was, and whether it has ended. */
static void compare_with_store(const struct mu_cli *cli, const char *path,
                               struct mu_journal_verdict *verdict)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char run[EVIDENCE_PATH];
    struct mu_fail fail;
    snprintf(run, sizeof run, "%.*s", (int)(strlen(name) - strlen(".run")), name);
    if (mu_run_complete(path, cli->store, run, &fail) == MU_OK)
        return;
    verdict->ok = false;
    verdict->bad_gsn = verdict->rows + 1;
    snprintf(verdict->why, sizeof verdict->why, "%s", fail.text);
}

static int verify(struct mu_cli *cli, const char *typed, const char *anchor)
{
    char path[EVIDENCE_PATH], incident[32];
    struct mu_journal_verdict verdict;
    struct mu_fail fail;
    int code = evidence_find(cli, "verify", typed, path, incident);
    if (code)
        return code;
    if (mu_journal_verify_anchor(path, anchor, &verdict, &fail) != MU_OK)
        return mu_cli_fail(cli, "verify", MU_EXIT_USAGE, "%s", fail.text);
    if (verdict.ok && cli->store && !evidence_is_file(typed))
        compare_with_store(cli, path, &verdict);
    if (cli->json) {
        json_t *out = describe(path, &verdict, anchor);
        say_json_take(out);
    } else {
        print_text(path, &verdict, anchor);
    }
    return verdict.ok && !is_empty(&verdict) && (anchor == NULL || verdict.anchored)
               ? MU_EXIT_OK
               : MU_EXIT_FAILED;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    char anchor[2 * MU_SHA256 + 1];
    const char *typed = NULL;
    bool anchored = mu_cli_option(&argc, argv, "--head", &typed);
    int code = mu_cli_no_more_options(&mu_command_verify, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_verify, argc, 1, 1);
    if (code == 0 && anchored && !read_anchor(typed, anchor))
        code = mu_cli_fail(cli, "verify", MU_EXIT_USAGE,
                           "--head takes the %d to %d hex digits of a chain head, as a message or "
                           "an earlier `muster verify` gave them",
                           LEAST_HEAD, 2 * MU_SHA256);
    if (code)
        return code;
    if (archive_is_named(argv[1]) && (code = evidence_check(cli, "verify", argv[1])) != 0)
        return code;
    return archive_is_named(argv[1]) ? verify_archive(cli, argv[1], anchored ? anchor : NULL)
                                     : verify(cli, argv[1], anchored ? anchor : NULL);
}

const struct mu_command mu_command_verify = {
    .name = "verify",
    .usage = "verify RUN|FILE|EXPORT.tar.gz [--head HEX]",
    .summary = "check that a journal was not changed",
    .help =
        "RUN is \"12\", \"mx-failover.12\" or \"last\"; FILE a run file, also a copy from "
        "elsewhere.\n"
        "Every row's place in the chain, the numbering, every attached value and the playbook's "
        "files are\n"
        "checked; nothing is written.\n\n"
        "  --head HEX   a chain head noted elsewhere (the foot of a message), at least 12 "
        "digits: is it\n"
        "               this journal's, or that of an earlier row? Only so can be told that no "
        "row was\n"
        "               cut off at the end of a run that goes on, nor all of it written anew\n\n"
        "Exit code 0: it holds. 1: it is damaged, and the first bad row is named; or the head "
        "is not in it.\n"
        "2: it can't be read.\n",
    .run = run,
    .without_secrets = true};
