/* SPDX-License-Identifier: MIT
 *
 * `muster verify RUN|FILE`: does the journal still say what was written? Checks chain, numbering
 * and blobs; the head it prints is what two copies are compared by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "journal/journal.h"
#include "journal/rows.h"
#include "playbook/bundle.h"

static void print_json(const char *path, const struct mu_journal_verdict *verdict, const char *head,
                       bool sealed)
{
    json_t *out = json_pack("{s:s, s:b, s:I, s:s, s:b}", "path", path, "ok", verdict->ok, "rows",
                            (json_int_t)verdict->rows, "head", head, "sealed", sealed);
    if (!verdict->ok) {
        json_object_set_new(out, "bad_gsn", json_integer(verdict->bad_gsn));
        json_object_set_new(out, "why", mu_json_lenient_string(verdict->why, strlen(verdict->why)));
    }
    char *text = mu_json_text(out);
    puts(text);
    free(text);
    json_decref(out);
}

static void print_text(const char *path, const struct mu_journal_verdict *verdict, const char *head,
                       bool sealed)
{
    if (verdict->ok) {
        printf("%sholds%s    %lld rows, %s\n", mu_cli_color("green"), mu_cli_color("reset"),
               (long long)verdict->rows,
               sealed ? "sealed" : "not sealed: the run goes on, or its executor died");
        printf("head     %s\n", head);
    } else {
        printf("%sDAMAGED%s  %s\n", mu_cli_color("red"), mu_cli_color("reset"), verdict->why);
        printf("         %lld rows hold before it; compare with another copy before you rely on "
               "the rest\n",
               (long long)verdict->rows);
    }
    printf("file     %s\n", path);
}

static bool see_end(const struct mu_row *row, void *ud)
{
    *(bool *)ud = row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0;
    return true;
}

/* Only a run that has ended is sealed, and its end is its last row: without it a tail was cut off,
 * which no chain tells. */
static bool check_sealed(const char *path, struct mu_journal_verdict *verdict)
{
    struct mu_journal *journal;
    bool ended = false;
    if (mu_journal_open_read(path, &journal, NULL) != MU_OK)
        return false;
    bool sealed = mu_journal_sealed(journal);
    if (sealed)
        (void)!mu_journal_each(journal, verdict->rows - 1, see_end, &ended, NULL);
    mu_journal_close(journal);
    if (sealed && !ended) {
        verdict->ok = false;
        verdict->bad_gsn = verdict->rows + 1;
        snprintf(verdict->why, sizeof verdict->why,
                 "row %lld is missing: the file was sealed, and the run's end is not in it",
                 (long long)verdict->bad_gsn);
    }
    return sealed;
}

static bool read_start(const struct mu_row *row, void *ud)
{
    *(json_t **)ud = mu_json_parse(row->value, strlen(row->value), NULL);
    return false;
}

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

/* Row 1 names the playbook, and the prelude it ran with, by digest: another one in the file is no evidence of this run. */
static void check_bundle(const char *path, struct mu_journal_verdict *verdict)
{
    struct mu_journal *journal;
    char digest[MU_SHA256_HEX];
    json_t *start = NULL;
    if (!verdict->ok || mu_journal_open_read(path, &journal, NULL) != MU_OK)
        return;
    struct mu_bundle *bundle = mu_bundle_new();
    (void)!mu_journal_each(journal, 0, read_start, &start, NULL);
    (void)!mu_journal_each_file(journal, add_file, bundle, NULL);
    mu_journal_close(journal);
    mu_bundle_digest(bundle, digest);
    const char *told = mu_json_str(start, "bundle", NULL);
    if (told && strcmp(told, digest) != 0) {
        verdict->ok = false;
        verdict->bad_gsn = 1;
        snprintf(verdict->why, sizeof verdict->why,
                 "row 1 (h start) names another playbook than the one in the file: its files were "
                 "changed");
    }
    mu_bundle_free(bundle);
    json_decref(start);
}

static int verify(struct mu_cli *cli, const char *typed)
{
    char path[EVIDENCE_PATH], incident[32], head[2 * MU_SHA256 + 1];
    struct mu_journal_verdict verdict;
    struct mu_fail fail;
    int code = evidence_find(cli, "verify", typed, path, incident);
    if (code)
        return code;
    if (mu_journal_verify(path, &verdict, &fail) != MU_OK)
        return mu_cli_fail(cli, "verify", MU_EXIT_USAGE, "%s", fail.text);
    bool sealed = verdict.ok && check_sealed(path, &verdict);
    check_bundle(path, &verdict);
    mu_hex(verdict.head, MU_SHA256, head);
    if (cli->json)
        print_json(path, &verdict, head, sealed);
    else
        print_text(path, &verdict, head, sealed);
    return verdict.ok ? MU_EXIT_OK : MU_EXIT_FAILED;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int code = mu_cli_no_more_options(&mu_command_verify, argc, argv, NULL);
    if (code == 0)
        code = mu_cli_words(&mu_command_verify, argc, 1, 1);
    return code ? code : verify(cli, argv[1]);
}

const struct mu_command mu_command_verify = {
    .name = "verify",
    .usage = "verify RUN|FILE",
    .summary = "check that a journal was not changed",
    .help = "RUN is \"12\", \"mx-failover.12\" or \"last\"; FILE a run file, also a copy from "
            "elsewhere.\n"
            "Every row's place in the chain, the numbering and every attached value are checked; "
            "nothing\n"
            "is written. Exit code 0: it holds. 1: it is damaged, and the first bad row is named. "
            "2: it can't be read.\n",
    .run = run};
