/* SPDX-License-Identifier: MIT
 *
 * `muster report`: the post-mortem of a run or an incident, from its journals and notes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/evidence.h"
#include "cli/scorecard.h"
#include "report/report.h"

/* What the report is made from; owns its texts. */
struct sources {
    char **paths;
    size_t count;
    struct mu_report_note *notes;
    size_t note_count;
    const char *incident;
};

struct wish { /* how it is written */
    void (*write)(const struct mu_timeline *, struct mu_buf *);
    const char *file; /* NULL = stdout */
};

static void free_sources(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        free(sources->paths[i]);
    free(sources->paths);
    for (size_t i = 0; i < sources->note_count; i++) {
        free((char *)sources->notes[i].who);
        free((char *)sources->notes[i].text);
    }
    free(sources->notes);
}

/* --- gathering --- */

static void add_path(struct sources *sources, const char *path)
{
    sources->paths = mu_xrealloc(sources->paths, sources->count + 1, sizeof *sources->paths);
    sources->paths[sources->count++] = mu_xstrdup(path);
}

/* All of them: the oldest, which a ceiling would leave out, is the one that acted first. */
static bool add_run(const struct mu_store_run *run, void *ud)
{
    struct sources *sources = ud;
    if (run->incident != NULL && strcmp(run->incident, sources->incident) == 0)
        add_path(sources, run->path);
    return true;
}

static bool add_note(const char *who, const char *text, int64_t at, void *ud)
{
    struct sources *sources = ud;
    sources->notes = mu_xrealloc(sources->notes, sources->note_count + 1, sizeof *sources->notes);
    sources->notes[sources->note_count++] =
        (struct mu_report_note){mu_xstrdup(who), mu_xstrdup(text), at};
    return true;
}

static int gather_incident(struct mu_cli *cli, const char *incident, struct sources *sources)
{
    struct mu_fail fail;
    sources->incident = incident;
    if (mu_store_runs(cli->store, NULL, 0, add_run, sources, &fail) != MU_OK ||
        mu_store_notes(cli->store, incident, add_note, sources, &fail) != MU_OK)
        return mu_cli_fail(cli, "report", MU_EXIT_USAGE, "%s", fail.text);
    if (sources->count == 0)
        return mu_cli_fail(cli, "report", MU_EXIT_USAGE, "%s has no runs", incident);
    return 0;
}

static int gather_run(struct mu_cli *cli, const char *typed, struct sources *sources)
{
    char path[EVIDENCE_PATH], incident[32];
    struct mu_fail fail;
    int code = evidence_find(cli, "report", typed, path, incident);
    if (code)
        return code;
    add_path(sources, path);
    if (incident[0] && cli->store &&
        mu_store_notes(cli->store, incident, add_note, sources, &fail) != MU_OK)
        return mu_cli_fail(cli, "report", MU_EXIT_USAGE, "%s", fail.text);
    return 0;
}

static int gather(struct mu_cli *cli, const char *typed, struct sources *sources)
{
    if (evidence_is_file(typed))
        return gather_run(cli, typed, sources);
    int code = mu_cli_store(cli);
    if (code)
        return code;
    return mu_store_incident_exists(cli->store, typed) ? gather_incident(cli, typed, sources)
                                                       : gather_run(cli, typed, sources);
}

/* --- writing --- */

/* Beside the file first, then in its place: a reader never sees half a report. */
static int write_file(struct mu_cli *cli, const char *path, const struct mu_buf *buf)
{
    char *beside = mu_xasprintf("%s.part", path);
    FILE *file = fopen(beside, "w");
    bool ok = file != NULL;
    if (ok) {
        ok = fwrite(buf->data, 1, buf->len, file) == buf->len;
        ok = fclose(file) == 0 && ok;
        ok = ok && rename(beside, path) == 0;
    }
    int why = errno;
    if (!ok && file != NULL)
        unlink(beside);
    free(beside);
    if (!ok)
        return mu_cli_fail(cli, "report", MU_EXIT_USAGE, "%s can't be written: %s", path,
                           strerror(why));
    say_err("Wrote %s (%zu KiB).\n", path, buf->len / 1024 + 1);
    return MU_EXIT_OK;
}

static int put_report(struct mu_cli *cli, const struct mu_timeline *timeline,
                      const struct wish *wish)
{
    struct mu_buf buf = {0};
    int code = MU_EXIT_OK;
    wish->write(timeline, &buf);
    if (buf.full)
        code = mu_cli_fail(cli, "report", MU_EXIT_USAGE,
                           "it is larger than %u MiB; report its runs one by one, or read the "
                           "journal with muster show RUN --wide",
                           MU_LIMIT_BUF >> 20);
    else if (wish->file)
        code = write_file(cli, wish->file, &buf);
    else if (!say_document(&buf))
        code = MU_EXIT_INTERNAL;
    mu_buf_free(&buf);
    return code;
}

/* Of the last run that was a drill, with those before it where the control store knows them. */
static void add_drills(struct mu_cli *cli, const struct sources *sources,
                       struct mu_timeline *timeline)
{
    json_t *card = NULL, *cards;
    struct mu_fail none;
    for (size_t i = sources->count; i-- > 0 && card == NULL;)
        (void)!mu_scorecard_read(sources->paths[i], &card, &none);
    if (card == NULL)
        return;
    cards = cli->store ? scorecard_history(cli, mu_json_str(card, "playbook", ""),
                                           mu_json_str(card, "run", ""))
                       : json_array();
    if (json_array_size(cards) == 0)
        json_array_append(cards, card);
    json_decref(card);
    mu_report_add_drills(timeline, cards);
}

static int report(struct mu_cli *cli, const char *typed, const struct wish *wish)
{
    struct sources *sources = MU_NEW(struct sources);
    struct mu_timeline *timeline = NULL;
    struct mu_fail fail;
    int code = gather(cli, typed, sources);
    if (code == 0 && mu_report_load((const char *const *)sources->paths, sources->count,
                                    sources->notes, sources->note_count, &timeline, &fail) != MU_OK)
        code = mu_cli_fail(cli, "report", mu_cli_exit_for(fail.class), "%s", fail.text);
    if (code == 0)
        add_drills(cli, sources, timeline);
    if (code == 0)
        code = put_report(cli, timeline, wish);
    mu_report_free(timeline);
    free_sources(sources);
    free(sources);
    return code;
}

/* --- words --- */

static bool looks_like_page(const char *word)
{
    const char *dot = strrchr(word, '.');
    return strchr(word, '/') != NULL ||
           (dot && (strcmp(dot, ".html") == 0 || strcmp(dot, ".htm") == 0));
}

static void drop(int *argc, char **argv, int at)
{
    memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof *argv);
    (*argc)--;
}

static const char *word_at(int argc, char **argv, int at)
{
    return at > 0 && at < argc && argv[at][0] != '-' ? argv[at] : NULL;
}

/* Where the FILE of the --html at `at` stands, 0 = nowhere. In `report --html 12` the word is the
 * run; in `report 12 --html x` it is the file; what looks like a page is the file wherever it
 * stands. */
static int page_at(int argc, char **argv, int at)
{
    const char *next = word_at(argc, argv, at + 1), *after = word_at(argc, argv, at + 2);
    if (next == NULL)
        return 0;
    if (after && looks_like_page(after) && !looks_like_page(next))
        return at + 2;
    return after || word_at(argc, argv, at - 1) || looks_like_page(next) ? at + 1 : 0;
}

/* "--html", "--html FILE" or "--html=FILE". */
static bool take_html(int *argc, char **argv, const char **file)
{
    for (int i = 1; i < *argc; i++) {
        int page = strcmp(argv[i], "--html") == 0 ? page_at(*argc, argv, i) : 0;
        if (strncmp(argv[i], "--html=", 7) == 0)
            *file = argv[i] + 7;
        else if (strcmp(argv[i], "--html") != 0)
            continue;
        if (page) {
            *file = argv[page];
            drop(argc, argv, page);
        }
        drop(argc, argv, i);
        return true;
    }
    return false;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct wish wish = {.write = cli->json ? mu_report_json : mu_report_markdown};
    bool markdown = mu_cli_option(&argc, argv, "--md", NULL);
    mu_cli_option(&argc, argv, "--out", &wish.file);
    bool html = take_html(&argc, argv, &wish.file);
    int code = mu_cli_no_more_options(&mu_command_report, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_report, argc, 0, 1);
    if (code)
        return code;
    if (markdown + html + cli->json > 1)
        return mu_cli_fail(cli, "report", MU_EXIT_USAGE,
                           "--md, --html and --json exclude each other");
    if (html)
        wish.write = mu_report_html;
    return report(cli, argc > 1 ? argv[1] : "last", &wish);
}

const struct mu_command mu_command_report = {
    .name = "report",
    .usage = "report [RUN|INC-n|FILE] [--md | --html [FILE] | --json] [--out FILE]",
    .summary = "the post-mortem, from the journal",
    .help = "RUN is \"12\", \"mx-failover.12\" or \"last\" (the default); INC-n takes every run "
            "and note of an\n"
            "incident together; FILE is a run file, also a copy from elsewhere.\n\n"
            "  --md          Markdown (the default)\n"
            "  --html FILE   one self-contained page: no script, nothing fetched, prints well\n"
            "  --json        the timeline for programs\n"
            "  --out FILE    into FILE instead of stdout\n\n"
            "Cause, Impact, What went well and Actions left have marked room for your words.\n",
    .run = run,
    .without_secrets = true};
