/* SPDX-License-Identifier: MIT
 *
 * `muster show RUN`: where it stands, on one screen of 80x24: each step with its last word, what it
 * waits for, what to type next. --wide prints every line there is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/start.h"
#include "cli/unborn.h"
#include "cli/decided.h"
#include "cli/find.h"
#include "cli/follow.h"
#include "cli/lines.h"
#include "cli/vote.h"
#include "engine/run.h"
#include "journal/rows.h"
#include "report/words.h"

#define MONITOR_TEXT 600
#define MOST_STEPS   16 /* of a screen of 24 lines */

struct step {
    char *title, *last;
    int64_t since, until;
};

struct story {
    struct step steps[MOST_STEPS];
    size_t count, skipped;
    char *question;
    bool unowned;     /* a call of somebody who is nobody in people{}, or its undo */
    char *source;     /* where the playbook comes from; NULL before row 1 */
    char *parent;     /* "mx-failover.12 at playbook.lua:7"; NULL: no run started it */
    json_t *children; /* names of runs it has started; NULL: none */
    json_t *park;     /* the last park row's value, as long as nobody went on */
};

static void set(char **slot, const char *text)
{
    free(*slot);
    *slot = mu_xstrdup(text);
}

static struct step *begin_step(struct story *story, const char *title, int64_t ts)
{
    if (story->count == MOST_STEPS) { /* keep the newest ones */
        free(story->steps[0].title);
        free(story->steps[0].last);
        memmove(story->steps, story->steps + 1, (MOST_STEPS - 1) * sizeof *story->steps);
        story->count--;
        story->skipped++;
    }
    struct step *step = &story->steps[story->count++];
    *step =
        (struct step){.title = mu_xstrdup(title), .last = mu_xstrdup(""), .since = ts, .until = ts};
    return step;
}

static void note_park(struct story *story, const struct mu_row *row)
{
    if (row->type != MU_ROW_HOST)
        return;
    bool park = strcmp(row->verb, "park") == 0;
    if (!park && strcmp(row->verb, "frontier") != 0 && strcmp(row->verb, "end") != 0)
        return;
    json_decref(story->park);
    story->park = park ? mu_json_parse(row->value, strlen(row->value), NULL) : NULL;
}

static void note_start(struct story *story, const struct mu_row *row)
{
    if (row->type != MU_ROW_HOST || strcmp(row->verb, "start") != 0 || story->source)
        return;
    json_t *start = mu_json_parse(row->value, strlen(row->value), NULL);
    story->source = words_source(mu_json_get(start, "source"));
    story->unowned = mu_run_owner(start)[0] == '\0';
    const json_t *trigger = mu_json_get(start, "trigger");
    if (strcmp(mu_json_str(trigger, "kind", ""), "run") == 0)
        story->parent = mu_xasprintf("%s at %s", mu_json_str(trigger, "name", ""),
                                     mu_json_str(trigger, "src", ""));
    json_decref(start);
}

static void note_child(struct story *story, const struct mu_row *row)
{
    if (row->type != MU_ROW_OUTCOME || strcmp(row->verb, "start") != 0)
        return;
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    json_t *name = json_object_get(mu_json_get(outcome, "value"), "run");
    if (story->children == NULL)
        story->children = json_array();
    if (name)
        json_array_append(story->children, name);
    json_decref(outcome);
}

static bool tell(const struct mu_row *row, void *ud)
{
    struct story *story = ud;
    struct line line;
    note_start(story, row);
    note_child(story, row);
    note_park(story, row);
    line_of(row, &line);
    if (line.kind == LINE_STEP) {
        begin_step(story, mu_buf_text(&line.text), row->ts);
    } else if (story->count && line.kind != LINE_NONE && line.kind != LINE_HOST &&
               line.kind != LINE_END && row->type != MU_ROW_HOST) {
        struct step *step = &story->steps[story->count - 1];
        set(&step->last, mu_buf_text(&line.text));
        step->until = row->ts;
    }
    if (line.kind == LINE_ASK) {
        struct mu_buf question = {0};
        line_question(row, &question);
        set(&story->question, mu_buf_text(&question));
        mu_buf_free(&question);
    } else if (line.kind == LINE_ANSWER) {
        free(story->question);
        story->question = NULL;
    }
    mu_buf_free(&line.text);
    return true;
}

static bool print_undo_run(const struct mu_store_run *undo, void *ud)
{
    const struct found_run *run = ud;
    say("%s %s what it did: muster undo %s --list%s\n", undo->name,
        undo->ended ? "took back" : "takes back", run->name,
        run->ended ? "" : "; it does nothing more unless a person says so");
    return true;
}

static bool notice_undo_run(const struct mu_store_run *undo, void *ud)
{
    (void)undo;
    *(bool *)ud = true;
    return false;
}

/* "muster resume" is no advice for what was taken back. */
static void print_nobody(struct mu_cli *cli, const struct found_run *run)
{
    bool parked = strcmp(run->state, "parked") == 0, undone = false;
    if (cli->store)
        (void)!mu_store_undo_runs(cli->store, run->name, notice_undo_run, &undone, NULL);
    bool resume = !parked && !undone;
    say("%s%s%s, nobody executes it%s%s\n", run->state, run->waits_for[0] ? ": " : "",
        run->waits_for, resume ? ": muster resume " : "", resume ? run->name : "");
}

/* It does not go on at this moment: when it will, and what a person can do. */
static void print_monitor(const struct found_run *run, const struct mu_monitor *monitor)
{
    char words[MONITOR_TEXT];
    mu_monitor_words(monitor, run->path, words, sizeof words);
    say("%s\n", words);
    if (monitor->what != MU_MONITOR_STORAGE)
        return;
    say("it goes on by itself: free some room there, or make it writable again\n");
    say("now:    muster resume %s\n        muster cancel %s --reason \"...\"  # once there is "
        "room to write it down\n",
        run->name, run->name);
}

static const char *world_word(const char *world)
{
    return strcmp(world, "live") == 0 ? "LIVE" : strcmp(world, "drill") == 0 ? "DRILL" : "DRY RUN";
}

static void print_head(struct mu_cli *cli, const struct found_run *run)
{
    struct mu_monitor monitor;
    char took[MU_TIME_TEXT], when[MU_TIME_TEXT];
    int holder = run->ended ? 0 : mu_journal_lock_holder(run->path);
    mu_duration_text((run->ended ? run->ended : mu_clock_real_ms()) - run->started, took);
    say("%s%s%s%s  %s@%s  %s  %s%s\n", mu_cli_color("bold"), run->incident,
        run->incident[0] ? "  " : "", run->name, run->playbook, run->version,
        world_word(run->world), took, mu_cli_color("reset"));
    say("started %s by %s, ", mu_time_local(run->started, when), run->who);
    if (run->ended)
        say("%s: %s\n", run->state, run->result);
    else if (strcmp(run->state, "parked") != 0 && mu_monitor_waits(run->path, holder, &monitor))
        print_monitor(run, &monitor);
    else if (holder)
        say("executor alive (process %d), resumable%s%s\n", holder,
            run->waits_for[0] == '\0'                   ? ""
            : strncmp(run->waits_for, "waits ", 6) == 0 ? "; "
                                                        : "; waits: ",
            run->waits_for);
    else
        print_nobody(cli, run);
    if (cli->store)
        (void)!mu_store_undo_runs(cli->store, run->name, print_undo_run, (void *)run, NULL);
    if (run->ended && run->why[0])
        say_hanging(2, "%s\n", run->why);
}

static bool note_undo(const struct mu_store_run *undo, void *ud)
{
    const char *name = undo->ended ? undo->name : "";
    char *last = ud; /* "": one has not ended */
    snprintf(last, MU_FAIL_TEXT, "%s", name);
    return undo->ended != 0;
}

/* It parked because an undo run took it back, and that one may have ended since. NULL: as it was told then. */
static char *undone_by_now(const struct mu_cli *cli, const struct found_run *run, const char *why)
{
    char last[MU_FAIL_TEXT] = "";
    if (strcmp(why, "undone") != 0 || cli->store == NULL ||
        mu_store_undo_runs(cli->store, run->name, note_undo, last, NULL) != MU_OK || !last[0])
        return NULL;
    return mu_xasprintf("%s took back what this run did: it does nothing more unless a person says "
                        "so. What became of each change: muster undo %s --list",
                        last, run->name);
}

static void print_ways_on(const struct mu_cli *cli, const struct found_run *run, const json_t *ways,
                          bool undone)
{
    size_t i, printed = 0;
    json_t *command;
    json_array_foreach(ways, i, command)
    {
        const char *text = json_string_value(command);
        if (undone && strncmp(text, "muster undo ", strlen("muster undo ")) == 0 &&
            !start_offers_undo(cli, run->path))
            continue;
        say("%-8s%s\n", printed++ == 0 ? "go on:" : "", text);
    }
}

static void print_park(const struct mu_cli *cli, const struct found_run *run,
                       const struct story *story)
{
    if (story->park == NULL)
        return;
    const char *why = mu_json_str(story->park, "why", "");
    char *undone = undone_by_now(cli, run, why);
    say("\n%sPARKED%s  (%s) ", mu_cli_color("red"), mu_cli_color("reset"), why);
    say_hanging(8, "%s\n", undone ? undone : mu_json_str(story->park, "text", ""));
    print_ways_on(cli, run, json_object_get(story->park, "next"), strcmp(why, "undone") == 0);
    free(undone);
}

static bool is_in_doubt(const struct mu_doubts *doubts, const char *title)
{
    size_t i;
    json_t *act;
    json_array_foreach(doubts->open, i, act)
    {
        if (mu_doubt_is(act, "in_doubt") && strcmp(mu_json_str(act, "step", ""), title) == 0)
            return true;
    }
    return false;
}

/* Nobody may read "done" where nobody knows. */
static void print_mark(const struct story *story, const struct found_run *run,
                       const struct mu_doubts *doubts, size_t i)
{
    bool current = i + 1 == story->count && !run->ended,
         doubt = !current && is_in_doubt(doubts, story->steps[i].title);
    say("  %s%-5s %s",
        mu_cli_color(current ? "yellow"
                     : doubt ? "red"
                             : "green"),
        current ? "NOW"
        : doubt ? "DOUBT"
                : "done",
        mu_cli_color("reset"));
}

static void print_steps(const struct story *story, const struct found_run *run,
                        const struct mu_doubts *doubts)
{
    char took[MU_TIME_TEXT];
    int room = mu_cli_columns() - 12;
    if (story->skipped)
        say("  ... %zu earlier steps (--wide shows them)\n", story->skipped);
    for (size_t i = 0; i < story->count; i++) {
        const struct step *step = &story->steps[i];
        bool current = i + 1 == story->count && !run->ended;
        print_mark(story, run, doubts, i);
        say_cut(room - 8, step->title);
        say("  %s%s%s\n", mu_cli_color("dim"),
            mu_duration_text((current ? mu_clock_real_ms() : step->until) - step->since, took),
            mu_cli_color("reset"));
        if (step->last[0] == '\0')
            continue;
        say("        ");
        say_cut(room, step->last);
        say("\n");
    }
}

struct gate_print {
    const char *run;
    bool found;
};

static void print_choices(const struct mu_store_gate *gate)
{
    json_t *choices = mu_json_parse(gate->choices, strlen(gate->choices), NULL), *choice;
    size_t i;
    json_array_foreach(choices, i, choice)
    {
        say("%s\"%s\"", i ? ", " : "  one of: ", json_string_value(choice));
    }
    if (choices)
        say("\n");
    json_decref(choices);
}

static bool print_gate(const struct mu_store_gate *gate, void *ud)
{
    struct gate_print *print = ud;
    char left[MU_TIME_TEXT];
    struct mu_buf use = {0};
    if (strcmp(gate->run, print->run) != 0)
        return true;
    print->found = true;
    vote_commands(gate->kind, gate->code, &use);
    say("  answer: %s   (%s is asked", mu_buf_text(&use), gate->by);
    mu_buf_free(&use);
    if (gate->quorum > 1)
        say(", %d of %d agreed", gate->votes_yes, gate->quorum);
    if (gate->deadline)
        say(", %s left%s%s",
            mu_duration_text(
                gate->deadline > mu_clock_real_ms() ? gate->deadline - mu_clock_real_ms() : 0,
                left),
            gate->then_ask[0] ? ", then asks " : "", gate->then_ask);
    say("; question %.6s)\n", gate->digest);
    print_choices(gate);
    return true;
}

static void story_fini(struct story *story)
{
    for (size_t i = 0; i < story->count; i++) {
        free(story->steps[i].title);
        free(story->steps[i].last);
    }
    free(story->question);
    free(story->source);
    free(story->parent);
    json_decref(story->children);
    json_decref(story->park);
}

static void print_next(const struct mu_cli *cli, const struct found_run *run)
{
    say("\n  report: muster report %s --html FILE\n", run->name);
    if (mu_world_sends(run->world) && start_offers_undo(cli, run->path))
        say("  undo:   muster undo %s\n", run->name);
    say("  check:  muster verify %s\n", run->name);
}

static bool print_child(const struct mu_store_run *child, void *ud)
{
    (void)ud;
    say("has started %s  %s%s%s\n", child->name, child->state, child->result[0] ? ": " : "",
        child->result);
    return false;
}

/* Where it comes from, and what came from it. */
static void print_origin(struct mu_cli *cli, const struct found_run *run, const struct story *story)
{
    size_t i;
    json_t *child;
    if (story->source && story->source[0])
        say_hanging(2, "%s\n", story->source);
    if (story->parent)
        say("started by %s\n", story->parent);
    if (story->unowned && (run->ended == 0 || run->exit != MU_EXIT_OK))
        say("nobody to tell: who started it is nobody in people{} of muster.lua\n");
    json_array_foreach(story->children, i, child)
    {
        if (cli->store)
            (void)!mu_store_run_find(cli->store, json_string_value(child), print_child, NULL, NULL);
    }
}

static void print_missing(const struct found_run *run, int64_t missing)
{
    say("%sINCOMPLETE%s  ", mu_cli_color("red"), mu_cli_color("reset"));
    say_hanging(12,
                "the last %lld rows are missing: the -wal file of %s was removed, or an older copy "
                "was put back. What is told here is not all that it did; look at the far side\n",
                (long long)missing, run->path);
}

static int show(struct mu_cli *cli, const struct found_run *run)
{
    struct story story = {.count = 0};
    struct mu_journal *journal;
    struct mu_doubts doubts;
    struct mu_fail fail;
    int holder;
    int64_t marked = mu_journal_marked(run->path);
    if (mu_journal_open_read(run->path, &journal, &fail) != MU_OK)
        return mu_cli_fail(cli, "show", MU_EXIT_USAGE, "%s", fail.text);
    (void)!mu_journal_each(journal, 0, tell, &story, NULL);
    int64_t missing = marked - mu_journal_last_gsn(journal);
    mu_journal_close(journal);
    (void)!decided_read(cli, "show", run, &doubts, &holder); /* said; the rest is worth showing */
    print_head(cli, run);
    print_origin(cli, run, &story);
    if (missing > 0)
        print_missing(run, missing);
    print_steps(&story, run, &doubts);
    print_park(cli, run, &story);
    if (run->ended)
        decided_print(run, &doubts);
    struct gate_print print = {.run = run->name};
    if (!run->ended && story.question) {
        say("\n  %sASK%s   ", mu_cli_color("blue"), mu_cli_color("reset"));
        say_lines(story.question);
    }
    if (cli->store)
        (void)!mu_store_gates_open(cli->store, print_gate, &print, NULL);
    if (run->ended)
        print_next(cli, run);
    story_fini(&story);
    mu_doubts_fini(&doubts);
    return MU_EXIT_OK;
}

/* There is no row to be shown. */
static int show_unborn(struct mu_cli *cli, const struct found_run *run)
{
    if (cli->json)
        return mu_cli_fail(cli, "show", MU_EXIT_USAGE, "%s: " UNBORN_SAYS, run->name);
    say("%s%s%s%s  %s@%s  %s%s\n", mu_cli_color("bold"), run->incident,
        run->incident[0] ? "  " : "", run->name, run->playbook, run->version,
        world_word(run->world), mu_cli_color("reset"));
    say_hanging(0, "%s\n", UNBORN_SAYS);
    if (run->ended == 0)
        say("end it: muster cancel %s\n", run->name);
    return MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct found_run found;
    bool wide = mu_cli_option(&argc, argv, "--wide", NULL);
    int code = mu_cli_no_more_options(&mu_command_show, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_show, argc, 0, 1);
    if (code == 0)
        code = find_run_or_file(cli, "show", argc > 1 ? argv[1] : "last", &found);
    if (code)
        return code;
    if (unborn_was(&found) || unborn_is(cli, &found))
        return show_unborn(cli, &found);
    return wide || cli->json ? show_rows(cli, found.name, found.path) : show(cli, &found);
}

const struct mu_command mu_command_show = {
    .name = "show",
    .usage = "show [RUN] [--wide]",
    .summary = "where a run stands, on one screen",
    .help = "RUN is \"12\", \"mx-failover.12\" or \"last\", the newest live run (the default).\n\n "
            " --wide   every line "
            "of the run so far; with --json every row\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_READS};
