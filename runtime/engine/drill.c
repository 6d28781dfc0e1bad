/* SPDX-License-Identifier: MIT
 *
 * What makes a run a drill, beside its last hop (world_drill.c): what is decided before it starts, the world of its
 * scenario, whom it has told, and when it ends because production breaks. It keeps nothing that its journal does not
 * have: an executor that takes over finds faults, facts and people as they were.
 *
 *   row 1, drill: {scenario, said [texts], ops [engine/sim.h], dry_people, targets, expect, every_ms,
 *                  watch {every_ms, confirm}?} */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/near.h"
#include "engine/sim_world.h"
#include "playbook/scenario.h"

#define MARK "DRILL"
/* Below every text that a person gets. */
#define MARK_TEXT \
    MARK ": this is an exercise, production is not touched. Answer as if it were real.\n\n"
/* Where nothing is to be answered any more. */
#define MARK_OVER \
    MARK ": this was an exercise, production was not touched. There is nothing to answer.\n\n"

static bool is_drill(const struct run *run)
{
    return run->world == &mu_world_drill;
}

/* --- before it starts --- */

static enum mu_err unknown_scenario(const struct mu_header *header, const char *typed,
                                    struct mu_fail *fail)
{
    struct mu_near near = {.typed = typed};
    struct mu_buf all = {.max = 400};
    const char *name;
    json_t *value;
    json_object_foreach(mu_json_get(header->drill, "scenarios"), name, value)
    {
        mu_buf_addf(&all, "%s%s", all.len ? ", " : "", name);
        mu_near_try(&near, name);
    }
    if (near.best)
        mu_fail_set(fail, MU_USAGE, "%s has no scenario \"%.60s\": did you mean %s?", header->name,
                    typed, near.best);
    else
        mu_fail_set(fail, MU_USAGE,
                    "%s has no scenario \"%.60s\"%s%s; drill.scenarios of its header names them",
                    header->name, typed, all.len ? ": it has " : "", mu_buf_text(&all));
    mu_buf_free(&all);
    return MU_USAGE;
}

/* The one that was named; else the only one, or the first by name; NULL: it has none, which is fine. */
static enum mu_err choose(const struct mu_header *header, const char *typed, const char **name,
                          const json_t **scenario, struct mu_fail *fail)
{
    json_t *all = mu_json_get(header->drill, "scenarios"), *value;
    const char *key;
    *name = typed;
    *scenario = typed ? json_object_get(all, typed) : NULL;
    if (typed)
        return *scenario ? MU_OK : unknown_scenario(header, typed, fail);
    json_object_foreach(all, key, value)
    {
        if (*name == NULL || strcmp(key, *name) < 0) {
            *name = key;
            *scenario = value;
        }
    }
    return MU_OK;
}

static enum mu_err check_ops(json_t *ops, bool dry_people, struct mu_fail *fail)
{
    struct mu_sim *sim = mu_sim_new();
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < json_array_size(ops) && err == MU_OK; i++) {
        const json_t *op = json_array_get(ops, i);
        err = mu_scenario_drills(op, fail);
        if (err == MU_OK)
            err = mu_sim_do(sim, op, fail);
    }
    mu_sim_free(sim);
    for (size_t i = json_array_size(ops);
         i-- > 0 && !dry_people;) /* real people speak for themselves */
        if (strcmp(mu_json_str(json_array_get(ops, i), "op", ""), "person") == 0)
            json_array_remove(ops, i);
    return err;
}

static enum mu_err check_config(const struct mu_header *header, const struct mu_config *config,
                                const struct mu_drill_wish *wish, struct mu_fail *fail)
{
    if (wish->simulated || json_array_size(header->may_change) == 0 ||
        mu_config_at(config->values, "drill") || mu_json_bool(config->values, "lab", false))
        return MU_OK;
    return mu_fail_set(fail, MU_CONFIG,
                       "%s has no drill{}: where would the acts of a drill go, if not to "
                       "production? docs/drills.md; or drill in the lab: muster lab",
                       config->path[0] ? config->path : "muster.lua");
}

static json_t *all_said(const json_t *scenario, const json_t *faults)
{
    json_t *said = json_array();
    json_array_extend(said, mu_json_get(scenario, "faults"));
    json_array_extend(said, (json_t *)faults);
    return said;
}

static json_t *plan_json(const struct mu_header *header, const struct mu_drill_wish *wish,
                         const char *name, const json_t *scenario, json_t *said_take,
                         json_t *ops_take)
{
    json_t *own = mu_json_get(scenario, "targets"),
           *targets = own ? own : mu_json_get(header->drill, "targets"),
           *watch = header->watch ? json_copy(header->watch) : NULL;
    if (watch && wish->every_ms > 0)
        json_object_set_new(watch, "every_ms", json_integer(wish->every_ms));
    return json_pack("{s:s, s:o, s:o, s:b, s:O?, s:O?, s:I, s:o*}", "scenario", name ? name : "",
                     "said", said_take, "ops", ops_take, "dry_people", wish->dry_people, "targets",
                     targets, "expect", mu_json_get(scenario, "expect"), "every_ms",
                     (json_int_t)mu_json_int(header->drill, "every_ms", 0), "watch", watch);
}

enum mu_err mu_drill_plan(const struct mu_header *header, const json_t *params,
                          const struct mu_config *config, const struct mu_drill_wish *wish,
                          json_t **out, struct mu_fail *fail)
{
    const json_t *scenario;
    const char *name;
    json_t *ops = NULL;
    *out = NULL;
    if (check_config(header, config, wish, fail) != MU_OK ||
        choose(header, wish->scenario, &name, &scenario, fail) != MU_OK)
        return fail->class;
    json_t *said = all_said(scenario, wish->faults);
    enum mu_err err = mu_scenario_read(said, params, config->values, &ops, fail);
    if (err == MU_OK)
        err = check_ops(ops, wish->dry_people, fail);
    if (err == MU_OK) {
        *out = plan_json(header, wish, name, scenario, said, ops);
        return MU_OK;
    }
    json_decref(said);
    json_decref(ops);
    return err;
}

/* --- the world of its scenario --- */

bool drill_dry_people(const struct run *run)
{
    return mu_json_bool(json_object_get(run->start, "drill"), "dry_people", false);
}

/* What host messages told whom, by a former executor: people of the scenario have heard of it. */
static bool hear_again(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    if (row->type != MU_ROW_HOST || strcmp(row->verb, "told") != 0)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    sim_people_told(run->sim, value);
    json_decref(value);
    return true;
}

void drill_begin(struct run *run)
{
    size_t i;
    json_t *op;
    struct mu_fail fail;
    if (!is_drill(run) || run->sim)
        return;
    run->sim = run->own_sim = mu_sim_new();
    run->sim->run = run;
    mu_facts_free(run->facts);
    run->facts = run->sim->facts;
    json_array_foreach(mu_json_get(json_object_get(run->start, "drill"), "ops"), i, op)
    {
        if (mu_sim_do(run->sim, op, &fail) != MU_OK) /* checked before it started */
            mu_error("engine", "%s: a fault of the drill is left out: %s", run->name, fail.text);
    }
    cursor_each(run->cursor, hear_again, run);
}

void drill_end(struct run *run)
{
    if (run->own_sim == NULL)
        return;
    run->facts = NULL;
    run->sim = NULL;
    mu_sim_free(run->own_sim);
    run->own_sim = NULL;
}

/* --- what people read --- */

static bool is_marked(const char *text)
{
    return strncmp(text, MARK, sizeof MARK - 1) == 0;
}

char *drill_subject(const struct run *run, const char *subject)
{
    bool plain = !is_drill(run) || is_marked(subject);
    return mu_xasprintf("%s%s", plain ? "" : MARK ": ", subject);
}

const char *drill_unmarked(const struct run *run, const char *subject)
{
    size_t len = strlen(MARK ": ");
    return is_drill(run) && strncmp(subject, MARK ": ", len) == 0 ? subject + len : subject;
}

char *drill_text(const struct run *run, const char *text)
{
    bool plain =
        !is_drill(run) || strstr(text, MARK_TEXT) != NULL || strstr(text, MARK_OVER) != NULL;
    return mu_xasprintf("%s%s", plain ? "" : MARK_TEXT, text);
}

static void mark(json_t *prepared, const char *key,
                 char *(*marked)(const struct run *, const char *), const struct run *run)
{
    const char *text = mu_json_str(prepared, key, NULL);
    if (text == NULL)
        return;
    char *clean = marked(run, text);
    json_object_set_new(prepared, key, mu_json_lenient_string(clean, strlen(clean)));
    free(clean);
}

void drill_mark(struct call *call)
{
    if (!is_drill(call->run) || mu_json_get(call->errand->pub.prepared, "subject") == NULL)
        return;
    mark(call->errand->pub.prepared, "subject", drill_subject, call->run);
    mark(call->errand->pub.prepared, "text", drill_text, call->run);
}

/* --- whom it has told --- */

static void add_told(struct run *run, const char *who)
{
    if (who[0] == '\0')
        return;
    if (run->drill_told == NULL)
        run->drill_told = json_object();
    json_object_set_new(run->drill_told, who, json_true());
}

void drill_note_told(struct call *call)
{
    if (call->kind == MU_CALL_GATE)
        add_told(call->run, mu_json_str(call->errand->gate, "by", ""));
    else if (call->kind == MU_CALL_VERB)
        add_told(call->run, mu_json_str(call->errand->pub.prepared, "audience", ""));
}

void drill_note_asked(struct run *run)
{
    for (struct call *call = is_drill(run) ? run->pending : NULL; call; call = call->next_pending)
        drill_note_told(call);
}

void drill_tell_stopped(struct run *run)
{
    const char *who;
    json_t *one;
    if (!is_drill(run) || run->stop != STOP_CANCEL)
        return;
    char *subject = mu_xasprintf("%s is over: %s", run->name, run->stop_why);
    char *text = mu_xasprintf(
        MARK_OVER "The drill %s was stopped, there is nothing more to do for it.\n\n%s\n\n"
                  "What still comes in without the word " MARK " is real.\n",
        run->name, run->stop_why);
    json_object_foreach(run->drill_told, who, one)
    {
        char *dedup = mu_xasprintf("%s/stopped/%s", run->name, who);
        outbox_put(run, "drill", who, subject, text, dedup);
        free(dedup);
    }
    free(subject);
    free(text);
}

/* --- production breaks --- */

struct rival {
    const struct run *run;
    char *subject; /* what it is about: "example.com" */
    char live[128], what[200];
};

static bool is_about(const struct rival *rival, const char *subject)
{
    const char *domain = mu_json_str(rival->run->params, "domain", "");
    return subject[0] && ((rival->subject[0] && strcmp(subject, rival->subject) == 0) ||
                          strcmp(subject, domain) == 0);
}

static const char *behind_colon(const char *lock)
{
    const char *colon = strchr(lock, ':');
    return colon ? colon + 1 : lock;
}

/* One that holds no lock is about what its domain parameter says. */
static bool rivals(const struct mu_store_run *live, void *ud)
{
    struct rival *rival = ud;
    if (strcmp(live->world, "live") != 0 || live->ended)
        return true;
    json_t *start = live->subject[0] ? NULL : mu_run_beginning(live->path, NULL);
    const char *domain = mu_json_str(json_object_get(start, "params"), "domain", "");
    const char *subject = live->subject[0] ? live->subject : domain;
    bool found = is_about(rival, subject);
    if (found) {
        snprintf(rival->live, sizeof rival->live, "%s", live->name);
        snprintf(rival->what, sizeof rival->what, "%s", subject);
    }
    json_decref(start);
    return !found;
}

static bool lock_rivals(const struct mu_store_lock *lock, void *ud)
{
    struct rival *rival = ud;
    if (strcmp(lock->world, "live") != 0 || !is_about(rival, behind_colon(lock->name)))
        return true;
    snprintf(rival->live, sizeof rival->live, "%s", lock->run);
    snprintf(rival->what, sizeof rival->what, "%s", lock->name);
    return false;
}

static bool find_rival(struct mu_store *store, struct rival *rival)
{
    (void)!mu_store_locks(store, NULL, lock_rivals, rival, NULL);
    static const char *const states[] = {"running", "parked"};
    for (size_t i = 0; i < MU_COUNT(states) && rival->live[0] == '\0'; i++)
        (void)!mu_store_runs(store, states[i], 0, rivals, rival, NULL);
    return rival->live[0] != '\0';
}

enum mu_err drill_may_start(struct mu_store *store, const struct mu_run_request *request,
                            const char *lock, struct mu_fail *fail)
{
    struct run run = {.params = request->params};
    struct rival rival = {.run = &run, .subject = mu_xstrdup(lock ? behind_colon(lock) : "")};
    bool found = strcmp(request->world, mu_world_drill.name) == 0 && find_rival(store, &rival);
    free(rival.subject);
    if (!found)
        return MU_OK;
    return mu_fail_set(fail, MU_CONFLICT,
                       "no drill now: %s is live and about %s. Look: muster show %s", rival.live,
                       rival.what, rival.live);
}

bool drill_yields(struct run *run)
{
    if (!is_drill(run) || run->store == NULL || run->verifying)
        return false;
    if (run->stop != STOP_NONE)
        return true;
    int64_t version = mu_store_data_version(run->store);
    if (version == run->rival_version && version != -1)
        return false;
    const char *lock = json_string_value(json_array_get(json_object_get(run->start, "locks"), 0));
    struct rival rival = {.run = run, .subject = mu_xstrdup(lock ? behind_colon(lock) : "")};
    bool found = find_rival(run->store, &rival);
    free(rival.subject);
    run->rival_version = found ? 0 : version;
    if (!found)
        return false;
    char *reason =
        mu_xasprintf("%s is live and about %s: a live run always wins", rival.live, rival.what);
    orders_cancel_by_host(run, reason);
    free(reason);
    return true;
}
