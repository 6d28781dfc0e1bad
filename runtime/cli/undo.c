/* SPDX-License-Identifier: MIT
 *
 * `muster undo RUN`: what a run changed, taken back from its journal alone, as a journaled run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/decided.h"
#include "cli/find.h"
#include "cli/parked.h"
#include "cli/start.h"
#include "cli/unborn.h"
#include "cli/undo_children.h"
#include "engine/run.h"

/* What is put back comes from the journal: an edited one must not decide what a zone holds. */
static enum mu_err check_journal(const struct mu_cli *cli, const struct found_run *run,
                                 struct mu_fail *fail)
{
    const char *path = run->path;
    struct mu_journal_verdict verdict;
    if (mu_journal_verify(path, &verdict, fail) != MU_OK)
        return fail->class;
    if (verdict.ok)
        return mu_run_complete(path, cli->store, run->name, fail);
    return mu_fail_set(fail, MU_STORAGE,
                       "the journal is damaged, and what it says was there before can't be relied "
                       "on: %.300s. Nothing was changed; put it back by hand (%s)",
                       verdict.why, path);
}

/* --- what there is --- */

static const struct {
    const char *state, *said;
} sayings[] = {
    {"open", "open"},
    {"in_doubt", "in doubt"},
    {"not_done", "not done"},
    {"left_alone", "left alone"},
    {"taken_back", "taken back"},
    {"being_taken_back", "being taken back"},
    {"unknown", "can't be known"},
};

static const char *saying(const char *state)
{
    for (size_t i = 0; i < MU_COUNT(sayings); i++)
        if (strcmp(sayings[i].state, state) == 0)
            return sayings[i].said;
    return state;
}

static void print_item(const json_t *item)
{
    char when[MU_TIME_TEXT];
    const char *by = mu_json_str(item, "by", ""), *why = mu_json_str(item, "why", ""),
               *target = mu_json_str(item, "target", "");
    int64_t at = mu_json_int(item, "when", 0);
    say("%3lld  %-16s %s\n", (long long)mu_json_int(item, "number", 0),
        saying(mu_json_str(item, "state", "")), mu_json_str(item, "title", ""));
    say("     %s%s%s, %s %s\n", mu_json_str(item, "shown", mu_json_str(item, "act", "")),
        target[0] ? "  at " : "", target, mu_json_str(item, "src", ""),
        mu_time_local(mu_json_int(item, "at", 0), when));
    if (by[0] || why[0])
        say("     %s%s%s%s%s%s\n", by[0] ? "by " : "", by, by[0] && at ? " at " : "",
            by[0] && at ? mu_time_local(at, when) : "", by[0] && why[0] ? ": " : "", why);
    if (mu_json_bool(item, "blind", false))
        say("     sent again because a person said so, whatever stood there by then: taken back by "
            "its number only\n");
}

/* Without what only the order of events and `muster guard` need. */
static void print_json(const json_t *item)
{
    static const char *const inner[] = {"names",  "subject", "steady",     "left",
                                        "since",  "acted",   "turn",       "over",
                                        "stayed", "despite", "over_maybe", "anew"};
    json_t *row = json_copy((json_t *)item);
    for (size_t i = 0; i < MU_COUNT(inner); i++)
        json_object_del(row, inner[i]);
    say_json_take(row);
}

/* What may have taken effect and has no inverse: an empty list would say that nothing has. */
static size_t list_doubts(const struct mu_cli *cli, const struct found_run *run,
                          const struct mu_undo *undo, const struct mu_doubts *doubts)
{
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(undo->finals, i, item)
    {
        const json_t *act = undo_act_of(doubts->open, item);
        bool said = act && mu_doubt_is(act, "in_doubt"); /* a person may have settled it since */
        if (!said && strcmp(mu_json_str(item, "state", ""), "in_doubt") != 0)
            continue;
        count++;
        if (cli->json) {
            print_json(act ? act : item);
            continue;
        }
        say("  -  in doubt         %s\n     ", mu_json_str(item, "shown", ""));
        say_hanging(5, "%s: %s; it has no inverse, look at the far side\n",
                    mu_json_str(item, "src", ""), mu_json_str(act ? act : item, "why", ""));
        if (act)
            decided_print_next(run, act, 5);
    }
    return count;
}

/* Whether an undo run took something back; the same file stands at many items. */
static void print_way_out(const struct found_run *run, const json_t *items)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (strcmp(mu_json_str(item, "state", ""), "unknown") != 0)
            continue;
        say("\nWhat can't be known %s may have taken back. Put its file back, with its -wal; "
            "without "
            "it look at the far side, and when it was not taken back:\n  muster undo %s --item N "
            "--despite %s --reason \"...\"\n",
            mu_json_str(item, "by", ""), run->name, mu_json_str(item, "by", ""));
        return;
    }
}

static void list_items(const struct mu_cli *cli, const struct found_run *run,
                       const struct mu_undo *undo, const struct mu_doubts *doubts)
{
    size_t i;
    json_t *item;
    json_array_foreach(undo->items, i, item)
    {
        const json_t *act = undo_act_of(doubts->open, item);
        if (cli->json) {
            print_json(item);
            continue;
        }
        print_item(item);
        bool doubted = strcmp(mu_json_str(item, "state", ""), "in_doubt") == 0;
        if (doubted && act && mu_json_get(act, "decided")) /* else it has become the item's state */
            decided_print_next(run, act, 5);
    }
    if (!cli->json)
        print_way_out(run, undo->items);
}

static int list(struct mu_cli *cli, const struct found_run *run, const json_t *despite)
{
    struct mu_fail fail;
    struct mu_undo undo;
    struct mu_doubts doubts = {.ended = false};
    int holder, code = 0;
    if (mu_run_complete(run->path, cli->store, run->name, &fail) != MU_OK)
        say_err("muster undo: %s\n", fail.text);
    if (mu_undo_read(run->path, cli->store, despite, &undo, &fail) != MU_OK)
        code = mu_cli_fail(cli, "undo", MU_EXIT_USAGE, "%s", fail.text);
    if (code == 0)
        code = decided_read(cli, "undo", run, &doubts, &holder);
    if (code == 0) {
        list_items(cli, run, &undo, &doubts);
        size_t others = list_doubts(cli, run, &undo, &doubts);
        if (json_array_size(undo.items) + others == 0 && !cli->json)
            say("%s changed nothing that can be taken back.\n", run->name);
        undo_children_say(cli, run->name, undo.children);
    }
    mu_undo_fini(&undo);
    mu_doubts_fini(&doubts);
    return code;
}

/* --- taking it back --- */

/* "Nothing can be taken back" must not sound like "nothing happened". */
static int nothing_to_undo(struct mu_cli *cli, const struct found_run *run,
                           const struct mu_fail *why)
{
    struct mu_undo undo;
    struct mu_fail ignored;
    int count = mu_undo_read(run->path, cli->store, NULL, &undo, &ignored) == MU_OK
                    ? mu_undo_count(undo.items, "in_doubt") + mu_undo_count(undo.finals, "in_doubt")
                    : 0;
    mu_undo_fini(&undo);
    if (count == 0)
        return mu_cli_fail(cli, "undo", MU_EXIT_USAGE, "%s", why->text);
    return mu_cli_fail(cli, "undo", MU_EXIT_USAGE, "%s; %d act%s in doubt: muster undo %s --list",
                       why->text, count, count == 1 ? " is" : "s are", run->name);
}

/* An undo takes back what this run did, and nothing of what it had others do. */
static void say_children(struct mu_cli *cli, const struct found_run *found)
{
    struct mu_undo undo;
    struct mu_fail ignored;
    if (mu_cli_store(cli) != 0) /* closed while its run was made and followed */
        return;
    if (mu_undo_read(found->path, cli->store, NULL, &undo, &ignored) == MU_OK)
        undo_children_say(cli, found->name, undo.children);
    mu_undo_fini(&undo);
}

/* "undone" must not sound like "all of it": what is in doubt without a guard, what another undo has begun and not ended, and
 * what the run did meanwhile. */
static int say_left(struct mu_cli *cli, const struct found_run *found, int code)
{
    static const struct {
        const char *state, *said;
    } lefts[] = {{"in_doubt", "in doubt"},
                 {"left_alone", "left alone"},
                 {"being_taken_back", "being taken back by an undo that has not ended"},
                 {"open", "not taken back"}};
    struct mu_undo undo;
    struct mu_fail ignored;
    int all = 0;
    if (mu_cli_store(cli) != 0)
        return code;
    bool read = mu_undo_read(found->path, cli->store, NULL, &undo, &ignored) == MU_OK;
    json_t *row = json_pack("{s:s}", "run", found->name);
    for (size_t i = 0; read && i < MU_COUNT(lefts); i++) {
        int count = mu_undo_count(undo.items, lefts[i].state);
        if (strcmp(lefts[i].state, "in_doubt") == 0)
            count += mu_undo_count(undo.finals, "in_doubt");
        all += count;
        if (count == 0)
            continue;
        json_object_set_new(row, lefts[i].state, json_integer(count));
        if (!cli->json)
            say("Left: %d act%s of %s %s %s: muster undo %s --list\n", count, count == 1 ? "" : "s",
                found->name, count == 1 ? "is" : "are", lefts[i].said, found->name);
    }
    mu_undo_fini(&undo);
    if (all > 0 && cli->json)
        say_json_take(json_incref(row));
    json_decref(row);
    return all > 0 && code == MU_EXIT_OK ? MU_EXIT_FAILED : code;
}

static int start_undo(struct mu_cli *cli, const struct found_run *found, const char *wanted,
                      const json_t *despite, struct start *how)
{
    struct mu_fail fail;
    struct mu_bundle *bundle = NULL;
    struct mu_header *header = NULL;
    json_t *items = NULL;
    enum mu_err err = check_journal(cli, found, &fail);
    if (err == MU_OK)
        err =
            mu_undo_make(found->path, cli->store, despite, wanted, &bundle, &header, &items, &fail);
    int code;
    if (err != MU_OK) {
        code = nothing_to_undo(cli, found, &fail);
    } else {
        json_t *params = json_object();
        how->undo_items = items;
        how->undo_path = found->path;
        how->undo_named = wanted != NULL;
        code = start_run(cli, "undo", bundle, header, params, how);
        json_decref(params);
        bool began = code != MU_EXIT_USAGE && code != MU_EXIT_TEMPORARY;
        if (wanted == NULL && began && !how->detach && !how->dry)
            code = say_left(cli, found, code);
    }
    say_children(cli, found);
    json_decref(items);
    if (header) {
        mu_bundle_free(bundle);
        mu_header_free(header);
    }
    return code;
}

static int undo(struct mu_cli *cli, const struct found_run *found, const char *wanted,
                const json_t *despite, struct start *how)
{
    if (!found->ended && parked_wait(found) > 0)
        return mu_cli_fail(cli, "undo", MU_EXIT_USAGE,
                           "%s is still going on: muster cancel %s first", found->name,
                           found->name);
    how->undoes = found->name;
    how->undoes_drill = strcmp(found->world, "drill") == 0;
    if (how->undoes_drill && how->dry)
        return mu_cli_fail(
            cli, "undo", MU_EXIT_USAGE,
            "%s was a drill, and what it changed is none of production: see muster undo %s --list",
            found->name, found->name);
    how->incident = found->incident[0] ? found->incident : NULL;
    return start_undo(cli, found, wanted, despite, how);
}

/* Takes every --despite off argv: an undo run that can't be read. It needs --reason. */
static int take_despite(struct mu_cli *cli, int *argc, char **argv, const struct start *how,
                        bool only_list, json_t *despite)
{
    const char *name;
    while (mu_cli_option(argc, argv, "--despite", &name))
        json_array_append_new(despite, json_string(name));
    if (json_array_size(despite) == 0 || only_list || how->dry)
        return 0;
    return mu_cli_need_reason(
        cli, "undo", how->reason,
        "say how you know that it was not taken back: --reason \"...\" (it is "
        "kept in the journal)");
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {0};
    struct found_run found;
    const char *wanted = NULL;
    json_t *despite = json_array();
    bool only_list = mu_cli_option(&argc, argv, "--list", NULL);
    how.dry = mu_cli_option(&argc, argv, "--dry-run", NULL);
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL);
    how.wait = mu_cli_option(&argc, argv, "--wait", NULL);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    mu_cli_option(&argc, argv, "--item", &wanted);
    int code = start_take_over(cli, "undo", &argc, argv, &how);
    if (code == 0)
        code = take_despite(cli, &argc, argv, &how, only_list, despite);
    if (code == 0)
        code = mu_cli_no_more_options(&mu_command_undo, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_undo, argc, 1, 1);
    if (code == 0)
        code = find_run(cli, "undo", argv[1], &found);
    if (code == 0 && !unborn_end(cli, "undo", &found, false, &code))
        code = only_list ? list(cli, &found, despite) : undo(cli, &found, wanted, despite, &how);
    json_decref(despite);
    return code;
}

const struct mu_command mu_command_undo = {
    .name = "undo",
    .usage = "undo RUN [--list] [--item N|TITLE] [--despite UNDO] [--dry-run] [--take-over] "
             "[--reason TEXT] [--detach|--wait]",
    .summary = "put back what a run changed",
    .help =
        "Works from the journal alone, also for a run that is parked, poisoned, diverged or "
        "cancelled, newest\n"
        "change first. Each inverse carries what we had written: where the world is no longer "
        "that, it is left\n"
        "alone and said so, and the exit code is 1, as it is when anything is left. An "
        "act in doubt is taken back, too, if the "
        "world is as it\n"
        "would have left it.\n"
        "\n"
        "Runs that it started are not touched: they are named where something of them is left.\n"
        "\n"
        "  --list       what it changed, and what became of each: open, in doubt, left alone, "
        "taken back\n"
        "  --item       only that one: its number in --list, or its title\n"
        "  --despite    that undo run took nothing back: you looked, and its run file is lost or "
        "damaged; needs\n"
        "               --reason. Without it, what it may have taken back is not touched\n"
        "  --dry-run    say what would be put back\n"
        "  --take-over  take the lock it needs from a run that is parked or dead; needs "
        "--reason\n",
    .run = run};
