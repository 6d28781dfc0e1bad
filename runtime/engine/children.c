/* SPDX-License-Identifier: MIT
 *
 * Child runs: `start`, an act, and `start.wait`, a probe. They are verbs like any other, of a module that only the
 * engine can be: it makes runs.
 *
 *   start ─▶ a tick of the source "run PARENT KEY" is taken in one transaction with the child's number (store/ticks.c)
 *         ─▶ its journal is made, as reserved (create.c)  ─▶ `muster resume CHILD --detach` as a process of its own
 *
 * KEY is the call's, so that whoever dies in between, and whoever resumes the parent, finds the same child, and never
 * makes a second one; it stands in the child's first row, from which a lost control store knows it again. The child has the parent's world, incident and starter, and a life of its own: cancelling
 * the parent does not cancel it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"
#include "engine/versions.h"
#include "io/process.h"
#include "playbook/secret.h"

#define POLL_MS      1000
#define ADOPT_POLLS  15    /* looks at a child that nobody executes, before it is executed again */
#define EXECUTE_MS   60000 /* until `muster resume` has said that it is executed */
#define ENV_MOST     500
#define FORGOTTEN_MS 60000 /* what two looks at the wall clock may differ by */

extern char **environ;

/* clang-format off */
static const struct mu_field start_params[] = {
    {"playbook", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "NAME, NAME@2 or NAME@2.3.0, as for muster run"},
    {"params", MU_T_OBJECT, MU_F_SHOWN, NULL, NULL, NULL, "its parameters by name"},
    {0},
};
static const struct mu_field start_returns[] = {
    {"run", MU_T_STRING, 0, NULL, NULL, NULL, "the child: \"mx-failback.3\""},
    {"playbook", MU_T_STRING, 0, NULL, NULL, NULL, "its playbook"},
    {"version", MU_T_STRING, 0, NULL, NULL, NULL, "and which version of it was taken"},
    {0},
};
static const struct mu_field wait_params[] = {
    {"run", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "a run: the run of what start gave"},
    {"within", MU_T_DURATION, MU_F_OPTION, "ms", NULL, NULL, "how long it is waited for; without it until it ends"},
    {0},
};
static const struct mu_field wait_returns[] = {
    {"run", MU_T_STRING, 0, NULL, NULL, NULL, "the run"},
    {"state", MU_T_STRING, 0, NULL, NULL, NULL, "finished, failed or cancelled; running or parked when it was not waited for longer"},
    {"result", MU_T_STRING, 0, NULL, NULL, NULL, "what it finished with, \"\" otherwise"},
    {"reason", MU_T_STRING, 0, NULL, NULL, NULL, "in a sentence"},
    {0},
};
/* clang-format on */

/* --- what is started --- */

struct child {
    struct mu_choice choice;
    struct mu_header *header;
    json_t *params;
};

static void child_fini(struct child *child)
{
    mu_choice_fini(&child->choice);
    mu_header_free(child->header);
    json_decref(child->params);
}

static int depth_of(const struct run *run)
{
    return (int)mu_json_int(mu_json_get(run->start, "trigger"), "depth", 0);
}

static enum mu_err check_secrets(const struct child *child, const json_t *given,
                                 struct mu_fail *fail)
{
    char *text = mu_json_text(given);
    bool hit = strstr(text, "\"$secret\"") || mu_redact_hits(text, strlen(text));
    free(text);
    for (size_t i = 0; !hit && i < child->header->param_count; i++)
        hit = child->header->params[i].kind == MU_PARAM_SECRET;
    return hit ? mu_fail_set(fail, MU_REFUSED,
                             "a secret is not handed to another run: let its playbook use what "
                             "stands in muster.lua")
               : MU_OK;
}

static enum mu_err load(const struct mu_call *call, struct child *child, struct mu_fail *fail)
{
    struct run *run = call_of((struct mu_call *)call)->run;
    const char *typed = mu_json_str(call->args, "playbook", "");
    json_t *given = mu_json_get(call->args, "params"), *none = given ? NULL : json_object();
    char **search = mu_config_playbook_path(run->config);
    *child = (struct child){.params = NULL};
    enum mu_err err =
        strchr(typed, '/') || typed[0] == '.'
            ? mu_fail_set(fail, MU_USAGE, "\"%.80s\" is a folder: start takes a name", typed)
            : mu_choose(run->store, run->config, typed, (const char *const *)search,
                        strcmp(run->world_name, "live") == 0, &child->choice, fail);
    mu_config_playbook_path_free(search);
    if (err == MU_OK)
        err = mu_header_read(child->choice.bundle, &child->header, fail);
    if (err == MU_OK)
        err = check_secrets(child, given ? given : none, fail);
    if (err == MU_OK)
        err = mu_params_resolve_values(child->header, given ? given : none, run->config->values,
                                       &child->params, fail);
    json_decref(none);
    return err;
}

static enum mu_err check_depth(const struct run *run, struct mu_fail *fail)
{
    if (depth_of(run) + 1 < MU_LIMIT_CHILD_DEPTH)
        return MU_OK;
    return mu_fail_set(fail, MU_REFUSED,
                       "%s was started by a run that was started by a run ...: %d in a row is the "
                       "limit",
                       run->name, MU_LIMIT_CHILD_DEPTH);
}

static json_t *prepared_of(const struct child *child)
{
    char digest[MU_SHA256_HEX];
    char *given = mu_json_text(child->params);
    mu_bundle_digest(child->choice.bundle, digest);
    json_t *out = json_pack(
        "{s:o, s:s, s:s, s:s}", "target",
        json_sprintf("%s@%s %s", child->header->name, child->header->version, given), "playbook",
        child->header->name, "version", child->header->version, "digest", digest);
    free(given);
    return out;
}

static void prepare(struct mu_call *call)
{
    struct mu_fail fail;
    struct child child = {.params = NULL};
    struct run *run = call_of(call)->run;
    enum mu_err err = MU_OK;
    if (run->store == NULL)
        err = mu_fail_set(&fail, MU_REFUSED, "a run without a state folder starts no other one");
    if (err == MU_OK)
        err = check_depth(run, &fail);
    if (err == MU_OK)
        err = load(call, &child, &fail);
    if (err == MU_OK)
        mu_call_done(call, prepared_of(&child));
    else
        mu_call_fail(call, err, false, "%s", fail.text);
    child_fini(&child);
}

/* It would look at a world without the faults of this drill and without what this drill has changed, and be scored as a
 * drill of its own playbook that nobody held. */
static json_t *refuse_in_drills(struct mu_call *call, struct mu_fail *fail)
{
    const char *typed = mu_json_str(call->args, "playbook", "");
    mu_fail_set(fail, MU_REFUSED,
                "a drill starts no other run, which would not see what is broken and changed in "
                "this one. Drill that playbook for itself: muster drill %.*s; go on without it "
                "here: pcall(start, ...)",
                (int)strcspn(typed, "@"), typed);
    return NULL;
}

/* Another playbook has tests of its own: here it is what the world says of it. */
static json_t *prepare_under(struct mu_call *call, const struct mu_facts *facts,
                             struct mu_fail *fail)
{
    const char *typed = mu_json_str(call->args, "playbook", "");
    char *given = mu_json_text(mu_json_get(call->args, "params"));
    (void)facts;
    (void)fail;
    json_t *out = json_pack("{s:o, s:s#, s:s}", "target", json_sprintf("%s %s", typed, given),
                            "playbook", typed, (int)strcspn(typed, "@"), "version", "");
    free(given);
    return out;
}

static json_t *value_of(const struct mu_call *call, const char *run)
{
    return json_pack("{s:b, s:s, s:s, s:s}", "ok", 1, "run", run, "playbook",
                     mu_json_str(call->prepared, "playbook", ""), "version",
                     mu_json_str(call->prepared, "version", ""));
}

static json_t *foresee(struct mu_call *call, struct mu_facts *facts)
{
    char *name = mu_xasprintf("%s.1", mu_json_str(call->prepared, "playbook", ""));
    json_t *value = value_of(call, name);
    (void)facts;
    free(name);
    return value;
}

/* --- which one it is --- */

struct place {
    char source[200];
    struct mu_store_taken taken; /* run "": none */
    int64_t number;              /* of the attempt: one that was refused may be made again */
    bool refused;
};

static bool keep_place(const struct mu_store_tick *tick, void *ud)
{
    struct place *place = ud;
    place->number = tick->at;
    place->refused = strcmp(tick->state, "refused") == 0;
    snprintf(place->taken.run, sizeof place->taken.run, "%s", place->refused ? "" : tick->run);
    snprintf(place->taken.path, sizeof place->taken.path, "%s", tick->path);
    snprintf(place->taken.incident, sizeof place->taken.incident, "%s", tick->incident);
    return false;
}

static enum mu_err find_place(const struct mu_call *call, struct place *place, struct mu_fail *fail)
{
    struct run *run = call_of((struct mu_call *)call)->run;
    *place = (struct place){.number = 0};
    snprintf(place->source, sizeof place->source, "run %s %s", run->name, call->key);
    return mu_store_ticks(run->store, place->source, false, 1, keep_place, place, fail);
}

/* The child's name, number and row, in one transaction: once for this call. */
static enum mu_err take_place(struct run *run, const struct child *child, struct place *place,
                              struct mu_fail *fail)
{
    char bundle[MU_SHA256_HEX];
    int64_t now = mu_clock_real_ms(), upto = 0;
    mu_bundle_digest(child->choice.bundle, bundle);
    struct mu_store_run row = {.playbook = child->header->name,
                               .version = child->header->version,
                               .world = run->world_name,
                               .incident = run->incident,
                               .subject = "",
                               .who = mu_json_str(mu_json_get(run->start, "who"), "name", ""),
                               .bundle = bundle,
                               .started = now,
                               .exit = -1};
    enum mu_err err = mu_store_source_meet(run->store, place->source, "", now, &upto, fail);
    struct mu_store_turn turn = {.source = place->source,
                                 .from = upto,
                                 .upto = upto + 1,
                                 .now = now,
                                 .fire = place->number + 1,
                                 .run = &row};
    if (err == MU_OK)
        err = mu_store_turn(run->store, &turn, &place->taken, fail);
    place->number++;
    return err;
}

static enum mu_err make(const struct mu_call *call, const struct child *child,
                        const struct place *place, struct mu_fail *fail)
{
    struct call *own = call_of((struct mu_call *)call);
    struct run *run = own->run;
    struct mu_run_created reserved, made;
    json_t *trigger =
        json_pack("{s:s, s:s, s:I, s:s, s:i, s:s, s:I}", "kind", "run", "name", run->name, "at",
                  (json_int_t)mu_clock_real_ms(), "src", own->src, "depth", depth_of(run) + 1,
                  "key", call->key, "attempt", (json_int_t)place->number);
    snprintf(reserved.name, sizeof reserved.name, "%s", place->taken.run);
    snprintf(reserved.path, sizeof reserved.path, "%s", place->taken.path);
    snprintf(reserved.incident, sizeof reserved.incident, "%s", run->incident);
    char *reason = mu_xasprintf("started by %s at %s", run->name, own->src);
    struct mu_run_request request = {.bundle = child->choice.bundle,
                                     .source = child->choice.source,
                                     .header = child->header,
                                     .params = child->params,
                                     .config = run->config,
                                     .world = run->world_name,
                                     .reason = reason,
                                     .who = mu_json_get(run->start, "who"),
                                     .trigger = trigger,
                                     .reserved = &reserved,
                                     .lab = run->lab};
    enum mu_err err = mu_run_create(run->store, &request, &made, fail);
    json_decref(trigger);
    free(reason);
    return err;
}

/* --- somebody executes it --- */

struct executing { /* call->state of a start */
    struct mu_op *op;
    char run[128], path[4096];
    bool read_back;
};

static bool is_executed(const char *path)
{
    struct mu_monitor monitor;
    return mu_journal_lock_holder(path) > 0 || mu_monitor_look(path, &monitor);
}

struct environment {
    char *lines[ENV_MOST + 2];
    size_t count;
};

/* Secrets that stood in the environment were wiped there; muster itself finds them again. */
static void add_secrets(struct environment *env, const json_t *value)
{
    const char *name = mu_json_str(value, "$secret", NULL), *key;
    const char *source = name ? secret_source(name) : NULL;
    json_t *item;
    if (source && strncmp(source, "env:", 4) == 0 && mu_redact_secret(name) &&
        env->count < ENV_MOST)
        env->lines[env->count++] = mu_xasprintf("%s=%s", source + 4, mu_redact_secret(name));
    json_object_foreach((json_t *)value, key, item)
    {
        add_secrets(env, item);
    }
}

static struct mu_op *execute(struct run *run, const char *child, mu_process_cb *done, void *ud)
{
    struct environment env = {.count = 0};
    const char *argv[8] = {"/proc/self/exe"};
    size_t n = 1;
    if (run->config->path[0]) {
        argv[n++] = "--config";
        argv[n++] = run->config->path;
    }
    argv[n++] = "resume";
    argv[n++] = child;
    argv[n++] = "--detach";
    env.lines[env.count++] = mu_xasprintf("MUSTER_STATE=%s", mu_store_dir(run->store));
    for (char **line = environ; *line && env.count < ENV_MOST; line++)
        if (strncmp(*line, "MUSTER_STATE=", 13) != 0)
            env.lines[env.count++] = mu_xstrdup(*line);
    add_secrets(&env, run->config->values);
    struct mu_process what = {.argv = argv,
                              .env = (const char *const *)env.lines,
                              .cwd = ".",
                              .timeout_ms = EXECUTE_MS,
                              .output_max = 4096};
    struct mu_op *op = mu_process_start(run->loop, &what, done, ud);
    for (size_t i = 0; i < env.count; i++)
        free(env.lines[i]);
    return op;
}

/* The first line of what it said, or how it ended. */
static char *reason_of(const struct mu_process_end *end)
{
    int len = (int)strcspn(end->error, "\n");
    if (end->err != MU_OK)
        return mu_xstrdup(end->why);
    if (len > 0)
        return mu_xasprintf("%.*s", len < 300 ? len : 300, end->error);
    return end->signal ? mu_xasprintf("it was killed by signal %d", end->signal)
                       : mu_xasprintf("it ended with %d", end->code);
}

static bool note_over(const struct mu_store_run *run, void *ud)
{
    *(bool *)ud = run->ended != 0;
    return false;
}

/* Why nobody executes it, a new text; NULL: somebody does, or it is over. */
static char *idle(const struct mu_call *call, const struct executing *executing,
                  const struct mu_process_end *end)
{
    bool over = false;
    if ((end->err == MU_OK && end->code == 0) || is_executed(executing->path))
        return NULL;
    (void)!mu_store_run_find(call_of((struct mu_call *)call)->run->store, executing->run, note_over,
                             &over, NULL);
    return over ? NULL : reason_of(end);
}

/* The child is there, and start.wait looks after it; who does not wait must hear that nobody executes it. */
static void on_executed(const struct mu_process_end *end, void *ud)
{
    struct mu_call *call = ud;
    struct executing *executing = call->state;
    char *run = mu_xstrdup(executing->run), *why = idle(call, executing, end);
    bool read_back = executing->read_back;
    free(executing);
    call->state = NULL;
    if (read_back)
        mu_call_readback(call, why ? MU_PENDING : MU_APPLIED, why ? NULL : value_of(call, run),
                         why ? why : "the child is there");
    else if (why)
        mu_call_fail_done(call, MU_REMOTE,
                          "%s is made, and nobody executes it: %s. Then: muster resume %s", run,
                          why, run);
    else
        mu_call_done(call, value_of(call, run));
    free(run);
    free(why);
}

static void see_to_it(struct mu_call *call, const struct place *place, bool read_back)
{
    struct run *run = call_of(call)->run;
    struct executing *executing = MU_NEW(struct executing);
    call->state = executing;
    executing->read_back = read_back;
    snprintf(executing->run, sizeof executing->run, "%s", place->taken.run);
    snprintf(executing->path, sizeof executing->path, "%s", place->taken.path);
    executing->op = execute(run, place->taken.run, on_executed, call);
}

static void cancel(struct mu_call *call)
{
    struct executing *executing = call->state;
    if (executing)
        mu_op_cancel(executing->op);
    free(executing);
    call->state = NULL;
}

/* --- start --- */

static enum mu_err make_child(struct mu_call *call, const struct child *child, struct place *place,
                              struct mu_fail *fail)
{
    struct run *run = call_of(call)->run;
    char digest[MU_SHA256_HEX];
    mu_bundle_digest(child->choice.bundle, digest);
    if (strcmp(digest, mu_json_str(call->prepared, "digest", digest)) != 0)
        return mu_fail_set(fail, MU_CONFLICT,
                           "%s is another playbook now than when it was asked for",
                           child->header->name);
    enum mu_err err = find_place(call, place, fail);
    if (err == MU_OK && place->taken.run[0] == '\0')
        err = take_place(run, child, place, fail);
    if (err != MU_OK)
        return err;
    err = make(call, child, place, fail);
    if (err == MU_STORAGE || err == MU_INTERNAL)
        return err;
    struct mu_fail ignored;
    if (err != MU_OK)
        (void)!mu_store_run_forget(run->store, place->taken.run, &ignored);
    (void)!mu_store_tick_done(run->store, place->source, place->number,
                              err == MU_OK ? "started" : "refused", err == MU_OK ? "" : fail->text,
                              NULL, mu_clock_real_ms(), &ignored);
    return err;
}

static void start(struct mu_call *call)
{
    struct mu_fail fail;
    struct child child;
    struct place place;
    enum mu_err err = load(call, &child, &fail);
    bool known = err != MU_OK;
    if (err == MU_OK) {
        err = make_child(call, &child, &place, &fail);
        known = err != MU_STORAGE && err != MU_INTERNAL;
    }
    if (err == MU_OK)
        see_to_it(call, &place, false);
    else
        mu_call_fail(call, err, !known, "%s", fail.text);
    child_fini(&child);
}

/* A child whose file went with a lost control store, or that an older muster made, is not known any more. */
static bool may_be_forgotten(struct mu_call *call, const struct place *place)
{
    int64_t rebuilt = 0;
    struct call *own = call_of(call);
    if (place->number > 0)
        return false;
    return mu_store_rebuilt_at(own->run->store, &rebuilt, NULL) != MU_OK ||
           (rebuilt > 0 && rebuilt + FORGOTTEN_MS >= own->errand->first_sent_ms);
}

/* It was executed. What it did stands in its file only. */
static void lost(struct mu_call *call, const struct place *place, bool ended)
{
    if (ended) {
        mu_call_readback(call, MU_APPLIED, value_of(call, place->taken.run), "the child has ended");
        return;
    }
    char *why = mu_xasprintf(
        "%s was made and executed, and its run file %s is gone: put it back, with its -wal, "
        "or look what it did",
        place->taken.run, place->taken.path);
    mu_call_readback(call, MU_CHANGED, NULL, why);
    free(why);
}

static void read_back(struct mu_call *call)
{
    struct mu_fail fail;
    struct place place;
    json_t *begun = NULL;
    bool ended;
    if (find_place(call, &place, &fail) != MU_OK) {
        mu_call_readback(call, MU_UNKNOWN, NULL, fail.text);
        return;
    }
    if (may_be_forgotten(call, &place)) { /* looking again would tell no more */
        mu_call_readback(
            call, MU_CHANGED, NULL,
            "the control store was lost since, and made again from run files that name "
            "no child of this call: look whether there is one (muster runs)");
        return;
    }
    if (place.taken.run[0])
        begun = mu_run_beginning(place.taken.path, &fail);
    if (begun == NULL && place.taken.run[0] &&
        mu_run_lost(call_of(call)->run->store, place.taken.run, &ended)) {
        lost(call, &place, ended);
        return;
    }
    if (begun == NULL)
        mu_call_readback(call, MU_NOT_APPLIED, NULL, "no child was made");
    else if (is_executed(place.taken.path))
        mu_call_readback(call, MU_APPLIED, value_of(call, place.taken.run), "the child is there");
    else
        see_to_it(call, &place, true);
    json_decref(begun);
}

/* --- start.wait --- */

struct waiting {
    struct mu_timer *timer;
    struct mu_op *op;
    int64_t until_ms; /* 0: for ever */
    int idle;         /* looks in a row at which nobody executed it */
};

static void look_again(void *ud);

static json_t *standing(const struct mu_store_run *run)
{
    bool fine = strcmp(run->state, "finished") == 0;
    json_t *out = json_pack("{s:b, s:s, s:s, s:s, s:s}", "ok", fine, "run", run->name, "state",
                            run->state, "result", fine ? run->result : "", "reason", run->why);
    if (!fine)
        json_object_set_new(
            out, "why",
            json_sprintf("%s: %s%s%s", run->name, run->state, run->why[0] ? ": " : "", run->why));
    return out;
}

struct looked {
    json_t *standing;
    char path[4096];
    bool ended, parked;
};

static bool keep_looked(const struct mu_store_run *run, void *ud)
{
    struct looked *looked = ud;
    looked->standing = standing(run);
    looked->ended = run->ended != 0;
    looked->parked = strcmp(run->state, "parked") == 0;
    snprintf(looked->path, sizeof looked->path, "%s", run->path);
    return false;
}

static void wait_over(struct mu_call *call, json_t *value_take)
{
    struct waiting *waiting = call->state;
    mu_timer_cancel(waiting->timer);
    mu_op_cancel(waiting->op);
    free(waiting);
    call->state = NULL;
    mu_call_done(call, value_take);
}

static void on_adopted(const struct mu_process_end *end, void *ud)
{
    struct mu_call *call = ud;
    (void)end;
    ((struct waiting *)call->state)->op = NULL;
}

static void look_after(struct mu_call *call, const struct looked *looked)
{
    struct waiting *waiting = call->state;
    waiting->idle = is_executed(looked->path) || looked->parked ? 0 : waiting->idle + 1;
    if (waiting->idle < ADOPT_POLLS || waiting->op)
        return;
    waiting->idle = 0;
    waiting->op = execute(call_of(call)->run, mu_json_str(call->args, "run", ""), on_adopted, call);
}

static void look(struct mu_call *call)
{
    struct waiting *waiting = call->state;
    struct mu_fail fail = {.class = MU_OK};
    struct looked looked = {.standing = NULL};
    const char *name = mu_json_str(call->args, "run", "");
    enum mu_err err =
        mu_store_run_find(call_of(call)->run->store, name, keep_looked, &looked, &fail);
    if (err == MU_USAGE) {
        wait_over(call, json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "run", name, "why", fail.text,
                                  "class", mu_err_name(MU_USAGE)));
        return;
    }
    bool late = waiting->until_ms && mu_clock_mono_ms() >= waiting->until_ms;
    if (looked.standing && (looked.ended || late)) {
        wait_over(call, looked.standing);
        return;
    }
    if (looked.standing)
        look_after(call, &looked);
    json_decref(looked.standing);
    waiting->timer = mu_timer_start(call->host->loop, POLL_MS, look_again, call);
}

static void look_again(void *ud)
{
    struct mu_call *call = ud;
    ((struct waiting *)call->state)->timer = NULL;
    look(call);
}

static void start_wait(struct mu_call *call)
{
    struct run *run = call_of(call)->run;
    int64_t within_ms = mu_json_int(call->args, "within", 0);
    if (strcmp(call->world, "dry-run") == 0) { /* nothing was started */
        mu_call_done(call, json_pack("{s:b, s:s, s:s, s:s, s:s}", "ok", 1, "run",
                                     mu_json_str(call->args, "run", ""), "state", "finished",
                                     "result", "", "reason", "assumed by the dry run"));
        return;
    }
    if (run->store == NULL) {
        mu_call_fail(call, MU_REFUSED, false, "there are no runs to wait for here");
        return;
    }
    struct waiting *waiting = MU_NEW(struct waiting);
    call->state = waiting;
    waiting->until_ms = within_ms ? mu_clock_mono_ms() + within_ms : 0;
    look(call);
}

static void cancel_wait(struct mu_call *call)
{
    struct waiting *waiting = call->state;
    if (waiting == NULL)
        return;
    mu_timer_cancel(waiting->timer);
    mu_op_cancel(waiting->op);
    free(waiting);
    call->state = NULL;
}

/* What the world says of the playbook; else it finishes at once. */
static json_t *under_wait(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    const char *name = mu_json_str(call->args, "run", ""), *dot = strrchr(name, '.');
    char *playbook = mu_xstrndup(name, dot ? (size_t)(dot - name) : strlen(name));
    const json_t *fact = mu_facts_get(facts, MU_FACT_CHILD, playbook);
    free(playbook);
    if (real_take)
        return real_take;
    int64_t within_ms = mu_json_int(call->args, "within", 0), takes_ms = mu_json_int(fact, "ms", 0);
    bool late = within_ms && takes_ms > within_ms;
    const char *state = mu_json_str(fact, "state", "finished"),
               *result = mu_json_str(fact, "result", ""), *why = mu_json_str(fact, "why", "");
    struct mu_store_run run = {.name = name,
                               .state = late ? "running" : state,
                               .result = late ? "" : result,
                               .why = late ? "" : why};
    json_t *out = standing(&run);
    json_object_set_new(out, "ms", json_integer(late ? within_ms : takes_ms));
    return out;
}

static const struct mu_verb verbs[] = {
    {
        .name = "start",
        .kind = MU_ACT,
        .params = start_params,
        .returns = start_returns,
        .doc = "Starts a run of another playbook, once, in this run's world and incident. It has a "
               "journal and a life of its "
               "own: cancelling this run does not cancel it.",
        .example = "local child = start(\"mx-failback@2\", { domain = p.domain })",
        .target = "playbook",
        .start = start,
        .cancel = cancel,
        .in_doubt = MU_READBACK,
        .readback = read_back,
        .prepare = prepare,
        .prepare_under = prepare_under,
        .foresee = foresee,
        .redirect = refuse_in_drills,
    },
    {
        .name = "start.wait",
        .kind = MU_PROBE,
        .params = wait_params,
        .returns = wait_returns,
        .doc = "Waits until a run that was started has ended. ok means that it finished.",
        .example = "local back = start.wait(child.run, { within = \"4h\" })",
        .start = start_wait,
        .cancel = cancel_wait,
        .under = under_wait,
    },
    {0},
};

const struct mu_module engine_module_start = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "start",
    .version = MUSTER_VERSION,
    .doc = "Runs of other playbooks.",
    .verbs = verbs,
};
