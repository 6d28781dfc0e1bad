/* SPDX-License-Identifier: MIT
 *
 * `muster export RUN|INC-n --to FILE.tar.gz`: everything there is about a run or an incident in one
 * archive that can be checked without muster.
 *
 *   MANIFEST.json    SHA-256 and size of every file, the head of every journal's chain
 *   README.txt       how to check it with sha256sum, sqlite3 and thirty lines of anything
 *   runs/NAME.run    consistent copies of the journals, of ended and of live runs
 *   store/NAME.json  what the control store knows: gates, votes, locks, orders, messages, notes
 *   report.*         the post-mortem as page, text and data
 *
 * All of it lies in one folder, called as the incident or, without one, as the run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/archive.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/find.h"
#include "journal/journal.h"
#include "report/report.h"

static const char readme[] =
    "What muster kept about a run or an incident, as it was when this was exported.\n\n"
    "runs/*.run     the journals: SQLite files, one a run, the whole evidence\n"
    "store/*.json   what the control store knew about each run\n"
    "report.*       the post-mortem made from the journals\n"
    "MANIFEST.json  SHA-256 and size of every other file, and each journal's head\n\n"
    "With muster:      muster verify FILE.tar.gz\n"
    "Without muster:   1. compare sha256sum of every file with MANIFEST.json\n"
    "                  2. check each journal's chain, with sqlite3 and any SHA-256:\n\n"
    "  chain(0) = 32 octets of zero\n"
    "  chain(n) = SHA-256(chain(n-1) + C1 + C2 + ... + C12)    for gsn = n = 1, 2, 3 ... without "
    "gaps\n"
    "  Ci       = length (8 octets, big-endian) + octets of the column\n"
    "  columns  gsn epoch type task seq verb args digest src step ts value, in this order\n"
    "  integers (gsn epoch seq ts) are 8 octets, two's complement, big-endian; texts are UTF-8\n\n"
    "  The column `chain` of each row must be what you get; that of the last row is the head.\n"
    "  A value \"blob:HEX\" lies in table blob under that SHA-256; so do the playbook's files "
    "(table file).\n"
    "  Read-only: sqlite3 'file:runs/NAME.run?immutable=1'\n\n"
    "What this proves: nothing was changed since a head you have from elsewhere, for instance from "
    "the\n"
    "foot of a message muster sent, if that head is the chain value of a row. Without such a head "
    "it\n"
    "proves that the parts fit together, not that they were not all written anew.\n";

struct exporting {
    struct mu_cli *cli;
    const char *incident; /* asked for, or NULL */
    struct found_run *runs;
    size_t count;
    char *dir; /* for the copies */
    char **copies;
    struct mu_report_note *notes;
    size_t note_count;
    struct bundle *bundle;
};

/* All of them: the oldest, which a ceiling would leave out, is the one that acted first. */
static bool add_run(const struct mu_store_run *run, void *ud)
{
    struct exporting *x = ud;
    if (x->incident && (run->incident == NULL || strcmp(run->incident, x->incident) != 0))
        return true;
    x->runs = mu_xrealloc(x->runs, x->count + 1, sizeof *x->runs);
    memset(&x->runs[x->count], 0, sizeof *x->runs);
    find_copy(run, &x->runs[x->count++]);
    return true;
}

static bool add_note(const char *who, const char *text, int64_t at, void *ud)
{
    struct exporting *x = ud;
    x->notes = mu_xrealloc(x->notes, x->note_count + 1, sizeof *x->notes);
    x->notes[x->note_count++] = (struct mu_report_note){mu_xstrdup(who), mu_xstrdup(text), at};
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct found_run *)a)->name, ((const struct found_run *)b)->name);
}

static int gather(struct exporting *x, const char *typed)
{
    struct mu_fail fail;
    int code = mu_cli_store(x->cli);
    if (code)
        return code;
    x->incident = mu_store_incident_exists(x->cli->store, typed) ? typed : NULL;
    enum mu_err err = x->incident ? mu_store_runs(x->cli->store, NULL, 0, add_run, x, &fail)
                                  : mu_store_run_find(x->cli->store, typed, add_run, x, &fail);
    const char *incident = x->incident ? x->incident : x->count ? x->runs[0].incident : "";
    if (err == MU_OK && incident[0])
        err = mu_store_notes(x->cli->store, incident, add_note, x, &fail);
    if (err != MU_OK)
        return mu_cli_fail(x->cli, "export", MU_EXIT_USAGE, "%s", fail.text);
    if (x->count == 0)
        return mu_cli_fail(x->cli, "export", MU_EXIT_USAGE, "%s has no runs", typed);
    qsort(x->runs, x->count, sizeof *x->runs, by_name);
    bundle_name(x->bundle, incident[0] ? incident : x->runs[0].name);
    return 0;
}

/* NULL: it can't be read, *errnum says why. */
static char *slurp(const char *path, size_t *len, int *errnum)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        *errnum = errno;
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    char *bytes = mu_xcalloc((size_t)st.st_size + 1, 1);
    size_t done = 0;
    for (ssize_t got = 1; got > 0 && done < (size_t)st.st_size; done += (size_t)(got > 0 ? got : 0))
        got = read(fd, bytes + done, (size_t)st.st_size - done);
    close(fd);
    *len = done;
    *errnum = EIO;
    if (done == (size_t)st.st_size)
        return bytes;
    free(bytes);
    return NULL;
}

/* A journal that does not hold is exported as it is: that is evidence, too. */
static enum mu_err add_journal(struct exporting *x, size_t i, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    char head[2 * MU_SHA256 + 1], name[160];
    size_t len;
    int errnum = 0;
    x->copies[i] = mu_xasprintf("%s/%s.run", x->dir, x->runs[i].name);
    enum mu_err err = mu_journal_export(x->runs[i].path, x->copies[i], fail);
    if (err == MU_OK)
        err = mu_journal_verify(x->copies[i], &verdict, fail);
    if (err != MU_OK)
        return err;
    if (!verdict.ok)
        say_err("%s: DAMAGED, exported as it is: %s\n", x->runs[i].name, verdict.why);
    mu_hex(verdict.head, MU_SHA256, head);
    char *bytes = slurp(x->copies[i], &len, &errnum);
    if (bytes == NULL)
        return mu_fail_set(fail, MU_STORAGE, "%s: %s", x->copies[i], strerror(errnum));
    snprintf(name, sizeof name, "runs/%s.run", x->runs[i].name);
    bundle_add(x->bundle, name, bytes, len, head);
    free(bytes);
    return MU_OK;
}

static enum mu_err add_store(struct exporting *x, const struct found_run *run, struct mu_fail *fail)
{
    char name[160];
    json_t *rows = NULL;
    enum mu_err err = mu_store_dump(x->cli->store, run->name, run->incident, &rows, fail);
    if (err == MU_OK) {
        char *text = json_dumps(rows, JSON_INDENT(2) | JSON_SORT_KEYS);
        snprintf(name, sizeof name, "store/%s.json", run->name);
        bundle_add(x->bundle, name, text, strlen(text), NULL);
        free(text);
    }
    json_decref(rows);
    return err;
}

static enum mu_err add_reports(struct exporting *x, struct mu_fail *fail)
{
    static const struct {
        const char *name;
        void (*write)(const struct mu_timeline *, struct mu_buf *);
    } reports[] = {{"report.html", mu_report_html},
                   {"report.md", mu_report_markdown},
                   {"report.json", mu_report_json}};
    struct mu_timeline *timeline = NULL;
    enum mu_err err = mu_report_load((const char *const *)x->copies, x->count, x->notes,
                                     x->note_count, &timeline, fail);
    for (size_t i = 0; err == MU_OK && i < MU_COUNT(reports); i++) {
        struct mu_buf buf = {0};
        reports[i].write(timeline, &buf);
        if (buf.full)
            say_err("%s is cut: it is too large; the journals have it all\n", reports[i].name);
        bundle_add(x->bundle, reports[i].name, mu_buf_text(&buf), buf.len, NULL);
        mu_buf_free(&buf);
    }
    mu_report_free(timeline);
    return err;
}

static enum mu_err fill(struct exporting *x, struct mu_fail *fail)
{
    const char *base = getenv("TMPDIR");
    x->dir = mu_xasprintf("%s/muster-export-XXXXXX", base && base[0] ? base : "/tmp");
    if (mkdtemp(x->dir) == NULL)
        return mu_fail_set(fail, MU_STORAGE, "%s: %s", x->dir, strerror(errno));
    x->copies = mu_xcalloc(x->count, sizeof *x->copies);
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < x->count; i++) {
        err = add_journal(x, i, fail);
        if (err == MU_OK)
            err = add_store(x, &x->runs[i], fail);
    }
    if (err == MU_OK)
        err = add_reports(x, fail);
    bundle_add(x->bundle, "README.txt", readme, sizeof readme - 1, NULL);
    return err;
}

static void clean_up(struct exporting *x)
{
    for (size_t i = 0; x->copies && i < x->count; i++) {
        if (x->copies[i])
            archive_forget(x->copies[i]);
        free(x->copies[i]);
    }
    if (x->dir)
        rmdir(x->dir);
    for (size_t i = 0; i < x->note_count; i++) {
        free((char *)x->notes[i].who);
        free((char *)x->notes[i].text);
    }
    free(x->notes);
    free(x->copies);
    free(x->dir);
    free(x->runs);
    bundle_free(x->bundle);
}

static int check_name(const struct mu_cli *cli, const char *to)
{
    if (to == NULL)
        return mu_cli_fail(cli, "export", MU_EXIT_USAGE, "say where to: --to FILE.tar.gz");
    if (archive_is_named(to))
        return 0;
    return mu_cli_fail(cli, "export", MU_EXIT_USAGE,
                       "%s is no name for an archive: it ends in .tar.gz or .tgz", to);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct exporting x = {.cli = cli, .bundle = bundle_new()};
    struct mu_fail fail;
    const char *to = NULL;
    mu_cli_option(&argc, argv, "--to", &to);
    int code = mu_cli_no_more_options(&mu_command_export, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_export, argc, 1, 1);
    if (code == 0)
        code = check_name(cli, to);
    if (code == 0)
        code = gather(&x, argv[1]);
    if (code == 0 && (fill(&x, &fail) != MU_OK || bundle_write(x.bundle, to, &fail) != MU_OK))
        code = mu_cli_fail(cli, "export", MU_EXIT_TEMPORARY, "%s", fail.text);
    if (code == 0)
        say("Wrote %s: %zu journal%s, the reports, and what the control store knows.\nCheck it "
            "with "
            "muster verify %s, or without muster as its README.txt says.\n",
            to, x.count, x.count == 1 ? "" : "s", to);
    clean_up(&x);
    return code;
}

const struct mu_command mu_command_export = {
    .name = "export",
    .usage = "export RUN|INC-n --to FILE.tar.gz",
    .summary = "everything about a run or incident as one archive",
    .help = "Journals (also of runs that go on), reports, what the control store knows, a manifest "
            "with "
            "digests\n"
            "and heads, and how to check all that without muster. The same state gives the same "
            "octets. The\n"
            "file is there whole or not at all.\n",
    .run = run,
    .without_secrets = true};
