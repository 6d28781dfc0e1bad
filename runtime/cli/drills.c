/* SPDX-License-Identifier: MIT
 *
 * `muster drills`: which playbooks were drilled, how that went, and which are overdue. A playbook is here when its
 * header says how it is drilled, a schedule drills it, or somebody has drilled it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/playbooks.h"
#include "cli/published.h"
#include "cli/say.h"
#include "cli/scorecard.h"
#include "serve/schedule.h"

#define GRACE_MS 3600000 /* behind a tick: then its drill should have been */

struct readiness { /* of one playbook */
    const char *name;
    json_t *cards;           /* its drills, oldest first */
    const json_t *last;      /* of those with people that are over, or NULL */
    int dry;                 /* without people: they say nothing of how ready people are */
    int64_t good_ms;         /* when the last good one with people began, 0 = never */
    int64_t every_ms;        /* the longest time between two good ones, 0 = nobody says */
    int64_t grace_ms;        /* and how much later is still fine */
    int64_t next_ms;         /* a schedule's next tick, 0 = none */
    const char *schedule;    /* which one, or "" */
    const char *state, *why; /* ready, overdue, never, MISS, no plan */
};

struct listing {
    struct mu_cli *cli;
    struct mu_schedules schedules;
    json_t *names; /* {playbook: true} */
    int overdue, count;
};

/* --- which playbooks --- */

static bool add_drilled(const struct mu_store_run *run, void *ud)
{
    struct listing *listing = ud;
    if (strcmp(run->world, "drill") == 0 && strcmp(run->playbook, "undo") != 0)
        json_object_set_new(listing->names, run->playbook, json_true());
    return true;
}

static bool add_folder(const char *name, void *ud)
{
    json_object_set_new(((struct listing *)ud)->names, name, json_true());
    return true;
}

static bool add_published(const struct mu_store_version *version, void *ud)
{
    return add_folder(version->playbook, ud);
}

static bool is_drill(const struct mu_schedule *schedule, const char *playbook)
{
    return strcmp(schedule->world, "drill") == 0 && strcmp(schedule->playbook, playbook) == 0;
}

/* --- how one stands --- */

/* The header as a drill would take it; NULL: it does not load. */
static struct mu_header *header_of(struct mu_cli *cli, const char *name)
{
    struct mu_choice choice = {.bundle = NULL};
    struct mu_header *header = NULL;
    struct mu_fail fail;
    if (published_choose(cli, name, false, &choice, &fail) == MU_OK)
        (void)!mu_header_read(choice.bundle, &header, &fail);
    mu_choice_fini(&choice);
    return header;
}

static void take_cards(struct readiness *r)
{
    size_t i;
    json_t *card;
    json_array_foreach(r->cards, i, card)
    {
        if (mu_json_int(card, "ended_ms", 0) == 0)
            continue;
        if (!mu_json_bool(card, "people", false)) {
            r->dry++;
            continue;
        }
        r->last = card;
        if (mu_json_bool(card, "good", false) && mu_json_int(card, "of", 0) > 0)
            r->good_ms = mu_json_int(card, "started_ms", 0);
    }
}

/* The nearest tick counts; the time between two of them is how often, where the header does not say. */
static void take_schedules(struct readiness *r, const struct mu_schedules *schedules, int64_t now)
{
    for (size_t i = 0; i < schedules->count; i++) {
        const struct mu_schedule *schedule = &schedules->items[i];
        int64_t next = is_drill(schedule, r->name) ? mu_schedule_next(schedule, now) : INT64_MAX;
        if (next == INT64_MAX || (r->next_ms && next >= r->next_ms))
            continue;
        int64_t behind = mu_schedule_next(schedule, next);
        r->next_ms = next;
        r->schedule = schedule->name;
        if (r->every_ms == 0 && behind != INT64_MAX)
            r->every_ms = behind - next, r->grace_ms = GRACE_MS;
    }
}

static void judge(struct readiness *r, int64_t now)
{
    bool due = r->every_ms && now - r->good_ms > r->every_ms + r->grace_ms;
    if (r->last == NULL && r->every_ms == 0)
        r->state = "no plan",
        r->why = r->dry ? "never drilled with people; drill = { every = ... } in its header says "
                          "how often"
                        : "never drilled; drill = { every = ... } in its header says how often";
    else if (r->last == NULL)
        r->state = "OVERDUE", r->why = r->dry ? "never drilled with people" : "never drilled";
    else if (due)
        r->state = "OVERDUE",
        r->why = r->good_ms ? "the last one that went well is too old" : "none went well yet";
    else if (mu_json_int(r->last, "of", 0) == 0)
        r->state = "no plan",
        r->why =
            "nothing was expected of the last one; scenarios and targets in its header say what";
    else if (!mu_json_bool(r->last, "good", false))
        r->state = "MISS", r->why = "the last one did not meet what it should";
    else
        r->state = "ready", r->why = "";
}

/* --- saying it --- */

static json_t *json_of(const struct readiness *r)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:O?, s:i, s:I}", "playbook", r->name, "state",
                     r->state, "why", r->why, "every_ms", (json_int_t)r->every_ms, "next_ms",
                     (json_int_t)r->next_ms, "schedule", r->schedule, "last", r->last,
                     "without_people", r->dry, "last_good_ms", (json_int_t)r->good_ms);
}

static void say_last(const struct readiness *r)
{
    char when[MU_TIME_TEXT], score[40] = "", result[64];
    if (r->last == NULL) {
        say("never");
        return;
    }
    if (mu_json_int(r->last, "of", 0) > 0)
        snprintf(score, sizeof score, "%d of %d", (int)mu_json_int(r->last, "met", 0),
                 (int)mu_json_int(r->last, "of", 0));
    snprintf(result, sizeof result, "%s",
             mu_json_bool(r->last, "stopped", false) ? "stopped"
                                                     : mu_json_str(r->last, "result", ""));
    say("%.16s  %-7s %s", mu_time_local(mu_json_int(r->last, "started_ms", 0), when), score,
        result);
}

static void say_one(const struct readiness *r)
{
    char when[MU_TIME_TEXT], every[MU_TIME_TEXT];
    bool bad = strcmp(r->state, "OVERDUE") == 0 || strcmp(r->state, "MISS") == 0;
    say("%s%-8s%s %-26s ", mu_cli_color(bad ? "red" : "green"), r->state, mu_cli_color("reset"),
        r->name);
    say_last(r);
    say("\n");
    if (r->why[0])
        say_hanging(9, "         %s\n", r->why);
    if (r->dry)
        say("         %d without people\n", r->dry);
    if (r->every_ms || r->next_ms)
        say_hanging(9, "         %s%s%s%s%s%s\n", r->every_ms ? "every " : "",
                    r->every_ms ? mu_duration_text(r->every_ms, every) : "",
                    r->every_ms && r->next_ms ? ", " : "", r->next_ms ? "next " : "",
                    r->next_ms ? mu_time_local(r->next_ms, when) : "",
                    r->next_ms ? " by its schedule" : "");
}

static void list_one(struct listing *listing, const char *name)
{
    int64_t now = mu_clock_real_ms();
    struct mu_header *header = header_of(listing->cli, name);
    struct readiness r = {
        .name = name, .schedule = "", .cards = scorecard_history(listing->cli, name, NULL)};
    r.every_ms = header ? mu_json_int(header->drill, "every_ms", 0) : 0;
    bool planned = header && header->drill;
    take_cards(&r);
    take_schedules(&r, &listing->schedules, now);
    if (planned || r.next_ms || json_array_size(r.cards)) {
        judge(&r, now);
        listing->count++;
        listing->overdue += strcmp(r.state, "OVERDUE") == 0;
        if (listing->cli->json)
            say_json_take(json_of(&r));
        else
            say_one(&r);
    }
    json_decref(r.cards);
    mu_header_free(header);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_all(struct listing *listing)
{
    size_t count = json_object_size(listing->names), i = 0;
    const char **names = mu_xcalloc(count + 1, sizeof *names), *name;
    json_t *value;
    json_object_foreach(listing->names, name, value) names[i++] = name;
    qsort(names, count, sizeof *names, compare);
    for (i = 0; i < count; i++)
        list_one(listing, names[i]);
    free(names);
}

static int list(struct mu_cli *cli)
{
    struct listing listing = {.cli = cli, .names = json_object()};
    struct mu_fail fail;
    int code = 0;
    if (mu_schedules_read(cli->config->values, &listing.schedules, &fail) != MU_OK ||
        mu_store_runs(cli->store, NULL, 0, add_drilled, &listing, &fail) != MU_OK ||
        mu_store_versions(cli->store, NULL, add_published, &listing, &fail) != MU_OK) {
        code = mu_cli_fail(cli, "drills", MU_EXIT_USAGE, "%s%s%s",
                           listing.schedules.wrong
                               ? mu_config_file(cli->config, "schedules", listing.schedules.wrong)
                               : "",
                           listing.schedules.wrong ? ": " : "", fail.text);
    } else {
        playbooks_each(mu_cli_playbook_path(cli), add_folder, &listing);
        for (size_t i = 0; i < listing.schedules.count; i++)
            if (strcmp(listing.schedules.items[i].world, "drill") == 0)
                add_folder(listing.schedules.items[i].playbook, &listing);
        list_all(&listing);
        if (listing.count == 0 && !cli->json)
            say("No playbook says how it is drilled: docs/drills.md\n");
    }
    mu_schedules_fini(&listing.schedules);
    json_decref(listing.names);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int code = mu_cli_no_more_options(&mu_command_drills, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_drills, argc, 0, 0);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0)
        code = mu_cli_store(cli);
    return code ? code : list(cli);
}

const struct mu_command mu_command_drills = {
    .name = "drills",
    .usage = "drills",
    .summary = "what was drilled, how it went, what is overdue",
    .help =
        "ready    the last drill with people met everything, and is not too old\n"
        "MISS     it did not: muster report RUN has its scorecard\n"
        "OVERDUE  no drill that went well is as young as drill.every of the header, or the "
        "schedule, wants\n"
        "no plan  nothing says how often, or what a drill is to meet\n"
        "\n"
        "Drills without people (--dry-people, or answered by --yes) are counted beside, and make "
        "nothing ready.\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_READS};
