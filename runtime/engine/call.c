/* SPDX-License-Identifier: MIT
 *
 * The gateway. Everything a playbook does to the world is a call, and every call goes this way:
 *
 *   probe   new ─▶ matched ─────────────────────────────────────────────▶ arrived ─▶ done
 *               └▶ checked ─▶ sent ─────────────────────────────────────▶ arrived
 *   act     new ─▶ checked ─▶ preparing ─▶ intended ─▶ sent ────────────▶ arrived
 *                               └◀ frozen ◀┘    └───── doubt ◀─┘ ├▶ sent again, asked
 *
 * matched: the journal has the answer (match.c). checked: arguments fit the verb's table and
 * may_change allows it (policy.c). intended: the intent row is durable before anything leaves
 * (record.c). The last hop, sent, belongs to the world (world_*.c). This file owns the states and the
 * functions of module/module.h that modules complete their calls with. It knows neither Lua nor sockets. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"

static const char *const state_names[] = {
#define X(id, name) [id] = name,
    MU_CALL_STATES(X)
#undef X
};

#define BIT(state) (1u << (state))
static const unsigned edges[] = {
    [MU_CALL_NEW] = BIT(MU_CALL_MATCHED) | BIT(MU_CALL_CHECKED) | BIT(MU_CALL_PREPARING) |
                    BIT(MU_CALL_SENT) | BIT(MU_CALL_ARRIVED),
    [MU_CALL_MATCHED] = BIT(MU_CALL_CHECKED) | BIT(MU_CALL_PREPARING) | BIT(MU_CALL_FROZEN) |
                        BIT(MU_CALL_SENT) | BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DOUBT) |
                        BIT(MU_CALL_ASKED) | BIT(MU_CALL_DONE),
    [MU_CALL_CHECKED] = BIT(MU_CALL_PREPARING) | BIT(MU_CALL_INTENDED) | BIT(MU_CALL_SENT) |
                        BIT(MU_CALL_DOUBT) | BIT(MU_CALL_ASKED) | BIT(MU_CALL_FROZEN) |
                        BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DONE),
    [MU_CALL_PREPARING] = BIT(MU_CALL_INTENDED) | BIT(MU_CALL_FROZEN) | BIT(MU_CALL_SENT) |
                          BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DONE),
    [MU_CALL_FROZEN] = BIT(MU_CALL_PREPARING) | BIT(MU_CALL_INTENDED) | BIT(MU_CALL_SENT) |
                       BIT(MU_CALL_DOUBT) | BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DONE),
    [MU_CALL_INTENDED] = BIT(MU_CALL_SENT) | BIT(MU_CALL_ASKED) | BIT(MU_CALL_FROZEN) |
                         BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DONE),
    [MU_CALL_SENT] = BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DOUBT) | BIT(MU_CALL_DONE),
    [MU_CALL_DOUBT] = BIT(MU_CALL_SENT) | BIT(MU_CALL_ASKED) | BIT(MU_CALL_FROZEN) |
                      BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DONE),
    [MU_CALL_ASKED] = BIT(MU_CALL_FROZEN) | BIT(MU_CALL_ARRIVED) | BIT(MU_CALL_DOUBT) |
                      BIT(MU_CALL_SENT) | BIT(MU_CALL_DONE),
    [MU_CALL_ARRIVED] = BIT(MU_CALL_DONE),
    [MU_CALL_DONE] = 0,
};

bool call_enter(struct call *call, enum mu_call_state next)
{
    if (!(edges[call->state] & BIT(next))) {
        mu_error("engine", "%s: call %s can't go from %s to %s; ignored", call->run->name,
                 call->name, state_names[call->state], state_names[next]);
        return false;
    }
    mu_debug("engine", "%s %s#%lld %s: %s -> %s", call->run->name,
             call->task ? call->task->path : "-", (long long)call->seq, call->name,
             state_names[call->state], state_names[next]);
    call->state = next;
    return true;
}

/* --- queues and life --- */

void call_queue_push(struct call_queue *queue, struct call *call)
{
    call->next = NULL;
    if (queue->tail)
        queue->tail->next = call;
    else
        queue->head = call;
    queue->tail = call;
}

struct call *call_queue_pop(struct call_queue *queue)
{
    struct call *call = queue->head;
    if (call == NULL)
        return NULL;
    queue->head = call->next;
    if (queue->head == NULL)
        queue->tail = NULL;
    call->next = NULL;
    return call;
}

void call_queue_remove(struct call_queue *queue, struct call *call)
{
    struct call *before = NULL;
    for (struct call *at = queue->head; at; before = at, at = at->next) {
        if (at != call)
            continue;
        if (before)
            before->next = at->next;
        else
            queue->head = at->next;
        if (queue->tail == at)
            queue->tail = before;
        at->next = NULL;
        return;
    }
}

struct call *call_of(struct mu_call *pub)
{
    return ((struct errand *)pub)->call;
}

static const struct errand no_errand; /* of timers: nobody has to do with it, or dies of it */

static struct errand *errand_new(struct call *call)
{
    struct errand *errand = MU_NEW(struct errand);
    struct run *run = call->run;
    errand->call = call;
    errand->pub.host = &run->host;
    errand->pub.run = run->name;
    errand->pub.incident = run->incident;
    errand->pub.world = run->world_name;
    errand->pub.key = "";
    errand->pub.facts = run->facts;
    return errand;
}

struct call *call_new(struct run *run, struct task *task, enum mu_call_kind kind, const char *name)
{
    struct call *call = MU_NEW(struct call);
    call->run = run;
    call->task = task;
    call->kind = kind;
    call->name = name;
    call->src = call->step = "";
    call->how = "sent";
    call->errand = kind == MU_CALL_TIMER ? (struct errand *)&no_errand : errand_new(call);
    return call;
}

static void errand_free(struct errand *errand)
{
    if (errand == &no_errand)
        return;
    json_t *values[] = {errand->pub.args,   errand->pub.prepared, errand->undo,
                        errand->undo_claim, errand->gate,         errand->freeze,
                        errand->result,     errand->who,          errand->pub.redirect};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    char *texts[] = {errand->key, errand->row_value, errand->lost_why, errand->gate_id,
                     errand->asked};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free(texts[i]);
    free(errand->doctor);
    free(errand);
}

void call_free(struct call *call)
{
    if (call == NULL)
        return;
    mu_timer_cancel(call->timer);
    mu_timer_cancel(call->errand->sim_late);
    errand_free(call->errand);
    free(call->args_text);
    free(call->value);
    free(call);
}

static void pending_add(struct call *call)
{
    struct run *run = call->run;
    call->prev_pending = run->pending_last;
    if (run->pending_last)
        run->pending_last->next_pending = call;
    else
        run->pending = call;
    run->pending_last = call;
}

void call_pending_remove(struct call *call)
{
    struct run *run = call->run;
    if (call->prev_pending)
        call->prev_pending->next_pending = call->next_pending;
    else if (run->pending == call)
        run->pending = call->next_pending;
    if (call->next_pending)
        call->next_pending->prev_pending = call->prev_pending;
    else if (run->pending_last == call)
        run->pending_last = call->prev_pending;
    call->prev_pending = call->next_pending = NULL;
}

/* Half a SHA-256 over verb, a NUL and the arguments as written. */
void call_digest(const char *verb, const char *args, size_t len, char out[MU_DIGEST_HEX])
{
    static struct mu_sha256 *sha; /* one per process: making one costs more than a short digest */
    uint8_t raw[MU_SHA256];
    if (sha == NULL)
        sha = mu_sha256_new();
    mu_sha256_reset(sha);
    mu_sha256_add(sha, verb, strlen(verb) + 1);
    mu_sha256_add(sha, args, len);
    mu_sha256_end(sha, raw);
    mu_hex(raw, 16, out);
}

/* The same at every try of this call, different for every other call there ever was. */
static void set_key(struct call *call)
{
    char hex[MU_SHA256_HEX];
    char *text =
        mu_xasprintf("%s\n%u\n%lld\n%s\n%lld", call->run->name, call->run->seed,
                     (long long)call->run->started_ms, call->task->path, (long long)call->seq);
    mu_sha256_hex(text, strlen(text), hex);
    free(text);
    call->errand->key = mu_xstrndup(hex, 32);
    call->errand->pub.key = call->errand->key;
}

const struct mu_verb *call_verb(const struct call *call)
{
    return call->errand->pub.verb;
}

/* --- issue --- */

static struct call *new_in_task(struct task *task, enum mu_call_kind kind, const char *name,
                                const char *args, size_t len, const char *src)
{
    struct call *call = call_new(task->run, task, kind, name);
    call->args_text = mu_xstrndup(args, len);
    char *clean = mu_redact_canonical(args, len);
    if (clean) {
        free(call->args_text);
        call->args_text = clean;
    }
    call->src = run_text(task->run, src);
    call->step = task->step;
    call->seq = ++task->seq;
    call_digest(name, call->args_text, strlen(call->args_text), call->digest);
    return call;
}

enum mu_err call_check(struct call *call, struct mu_fail *fail)
{
    if (call->kind == MU_CALL_GATE)
        return policy_while_looking(call->run, call->name, "waits for a person", fail);
    if (call->kind != MU_CALL_VERB || call->errand->pub.args != NULL)
        return MU_OK;
    json_t *written = mu_json_parse(call->args_text, strlen(call->args_text), fail);
    if (written == NULL)
        return fail->class;
    enum mu_err err =
        mu_args_check(call->errand->pub.verb, written, false, &call->errand->pub.args, fail);
    json_decref(written);
    return err != MU_OK
               ? err
               : policy_may(call->run, call->errand->pub.verb, call->errand->pub.args, fail);
}

/* Registers the call with its task: answered from the journal, waiting for the frontier, or sent. */
static enum mu_err admit(struct call *call, struct mu_fail *fail)
{
    struct run *run = call->run;
    struct recorded *rec = cursor_find(run->cursor, call->task->path, call->seq);
    if (rec) {
        if (cursor_match(run, rec, call->task->path, call->seq, call->name, call->digest,
                         call->src)) {
            call->intended = rec->row.type == MU_ROW_INTENT;
            call_enter(call, MU_CALL_MATCHED);
        }
    } else {
        enum mu_err err = call_check(call, fail);
        if (err == MU_OK)
            err = scrubbed_args(call, fail);
        if (err != MU_OK) {
            call_free(call);
            return err;
        }
        call_enter(call, MU_CALL_CHECKED);
    }
    call->task->call = call;
    call->task->state = TASK_CALLING;
    pending_add(call);
    undo_claim(call);
    if (run->live && run->stop == STOP_NONE)
        call_go(call);
    return MU_OK;
}

enum mu_err call_issue(struct task *task, const char *verb, const char *args, size_t len,
                       const char *src, struct mu_fail *fail)
{
    const struct mu_module *module;
    const struct mu_verb *found = mu_registry_find(task->run->registry, verb, &module);
    if (found == NULL)
        return mu_fail_set(fail, MU_USAGE, "unknown verb %s (muster doc lists them)", verb);
    struct call *call = new_in_task(task, MU_CALL_VERB, found->name, args, len, src);
    call->errand->pub.verb = found;
    if (found->kind == MU_ACT)
        set_key(call);
    return admit(call, fail);
}

enum mu_err call_timer(struct task *task, int64_t ms, const char *src, struct mu_fail *fail)
{
    char args[32];
    int len = snprintf(args, sizeof args, "[%lld]", (long long)ms);
    struct call *call = new_in_task(task, MU_CALL_TIMER, "sleep", args, (size_t)len, src);
    call->due_ms = task->run->now_ms + ms;
    return admit(call, fail);
}

enum mu_err gate_issue(struct task *task, const char *kind, const char *args, size_t len,
                       const char *src, struct mu_fail *fail)
{
    return admit(new_in_task(task, MU_CALL_GATE, run_text(task->run, kind), args, len, src), fail);
}

/* --- at the frontier --- */

/* prepared is what stands in the intent row beside our own keys. */
void call_restore_intent(struct call *call)
{
    struct recorded *rec = cursor_find(call->run->cursor, call->task->path, call->seq);
    if (rec == NULL)
        return;
    json_t *intent = mu_json_parse(rec->row.value, strlen(rec->row.value), NULL);
    call->errand->undo = json_incref(json_object_get(intent, "undo"));
    call->errand->pub.redirect = json_incref(json_object_get(intent, "redirect"));
    static const char *const ours[] = {"args", "shown", "key", "undo", "redirect", "foreseen"};
    for (size_t i = 0; i < MU_COUNT(ours); i++)
        json_object_del(intent, ours[i]);
    call->errand->pub.prepared = intent;
    struct departure last = cursor_departure(call->run->cursor, &rec->row);
    call->started_ms =
        mu_clock_mono_ms(); /* for settle_ms: its sync may have hung, it left before now */
    call->errand->first_sent_ms = rec->row.ts;
    call->stands = true;
    call->held = last.held;
    call->doubtful = last.doubtful;
}

static bool open_module(struct call *call)
{
    struct mu_fail fail;
    const struct mu_module *module;
    mu_registry_find(call->run->registry, call->name, &module);
    if (mu_registry_open(call->run->registry, module, &call->run->host,
                         &call->errand->pub.module_state, &fail) == MU_OK)
        return true;
    if (call->intended && call->run->world->sends) /* it may have left: who can open it finds out */
        run_park(call->run, "module",
                 "%s at %s may have been sent, and what became of it can't be found out: %.400s",
                 call->name, call->src, fail.text);
    else if (call->errand->pub.verb->kind == MU_ACT)
        call_arrive_error(call, fail.class, fail.text, false, "not sent");
    else
        call_arrive_probe(call, json_pack("{s:b, s:s, s:s}", "ok", 0, "why", fail.text, "class",
                                          mu_err_name(fail.class)));
    return false;
}

static void go_verb(struct call *call)
{
    struct mu_fail fail;
    if (call_check(call, &fail) != MU_OK) { /* was fine when it was recorded: the tables changed */
        run_park(call->run, "diverged", "%s: %s at %s", call->name, fail.text, call->src);
        return;
    }
    if (!open_module(call))
        return;
    if (call->intended && call->run->world->sends) {
        call_restore_intent(call);
        if (call_unsent(call))
            doubt_unsent(call);
        else
            doubt_enter(call, call->held ? "an earlier sending of it, the last one had not left"
                                         : "the executor ended between intent and outcome");
    } else if (call->errand->pub.verb->kind == MU_ACT) {
        if (call->intended ||
            budget_allows_act(call->run)) /* a dry run that is resumed has intents */
            call->run->world->act(call);
    } else {
        call->run->world->probe(call);
    }
}

void call_go(struct call *call)
{
    if (call->kind == MU_CALL_TIMER)
        call->run->world->timer(call);
    else if (call->kind == MU_CALL_GATE)
        call->run->world->gate(call);
    else
        go_verb(call);
}

void call_prepare(struct call *call)
{
    if (call->run->world->redirect && !call->run->world->redirect(call))
        return;
    if (call->errand->pub.verb->prepare == NULL && call->kind == MU_CALL_SUB) {
        call_send(call);
        return;
    }
    if (call->errand->pub.verb->prepare == NULL) {
        call->run->world->prepared(call);
        return;
    }
    call_enter(call, MU_CALL_PREPARING);
    call->phase = PHASE_PREPARE;
    call->run->world->prepare(call);
}

/* {args, shown, key, undo, redirect, foreseen} on top of what prepare() found. */
static char *intent_text(struct call *call, bool foreseen)
{
    json_t *row =
        call->errand->pub.prepared ? json_copy(call->errand->pub.prepared) : json_object();
    if (call->kind == MU_CALL_GATE) {
        json_object_update(row, call->errand->gate);
    } else {
        char *shown = mu_args_shown(call->errand->pub.verb, call->errand->pub.args);
        json_object_set(row, "args", call->errand->pub.args);
        json_object_set_new(row, "shown", json_string(shown));
        json_object_set_new(row, "key", json_string(call->errand->pub.key));
        json_object_set(row, "undo", call->errand->undo ? call->errand->undo : json_null());
        if (call->errand->pub.redirect)
            json_object_set(row, "redirect", call->errand->pub.redirect);
        free(shown);
    }
    if (foreseen)
        json_object_set_new(row, "foreseen", json_true());
    char *text = mu_json_text(row);
    json_decref(row);
    return text;
}

void call_intend(struct call *call, bool foreseen)
{
    if (call->intended) /* a dry run that was resumed: its row stands already */
        return;
    if (call->kind == MU_CALL_VERB)
        call->errand->undo = undo_for(call);
    call->ts = call->errand->first_sent_ms = run_clock(call->run);
    call->errand->row_value = intent_text(call, foreseen);
    call_enter(call, MU_CALL_INTENDED);
    call->intended = true;
    call_queue_push(&call->run->barrier, call); /* its row is written by commit_turn(), or never */
}

void call_send(struct call *call)
{
    if (call->kind == MU_CALL_GATE) {
        gate_open(call);
        return;
    }
    bool leaves = call->kind == MU_CALL_VERB && call->errand->pub.verb->kind == MU_ACT;
    if (leaves &&
        !call->run->world
             ->sends) { /* no road leads here; the promise of a dry run is kept all the same */
        call_arrive_error(call, MU_INTERNAL, "an act may not leave in this world", false,
                          "not sent");
        return;
    }
    if (!call_enter(call, MU_CALL_SENT))
        return;
    call->held = false;
    call->started_ms = mu_clock_mono_ms();
    call->phase = PHASE_START;
    call->run->world->start(call);
}

void call_stays(struct call *call, const char *why)
{
    if (call->held)
        return;
    call->held = true;
    record_host(call->run, "unsent",
                json_pack("{s:s, s:I, s:s, s:b, s:s}", "task", call->task->path, "seq",
                          (json_int_t)call->seq, "verb", call->name, "repeated", call->doubtful,
                          "why", why));
}

bool call_unsent(const struct call *call)
{
    return call->held && !call->doubtful;
}

/* A sync can last as long as a disk hangs or a process is stopped: what was looked at before it may be old. */
void call_leave(struct call *call)
{
    struct run *run = call->run;
    bool act = call->kind == MU_CALL_VERB && run->world->sends;
    if (run->stop != STOP_NONE && act)
        call_stays(call, "the run stopped before it left");
    else if (act && run_too_stale(call))
        call_stays(call, "nobody executed this run for too long before it left");
    else if (act && freeze_holds(call))
        call_stays(call, "frozen before it left");
    else if (!act || doubt_key_holds(call)) /* the last look: each before it may have lasted */
        call_send(call);
}

/* --- results --- */

static char *clean_text(json_t *value_take)
{
    char *text = mu_json_text(value_take), *clean = mu_redact_canonical(text, strlen(text));
    json_decref(value_take);
    if (clean == NULL)
        return text;
    free(text);
    return clean;
}

static void arrive(struct call *call, bool ok, json_t *value_take, const char *how)
{
    struct run *run = call->run;
    call->phase = PHASE_NONE;
    if (!call_enter(call, MU_CALL_ARRIVED)) {
        json_decref(value_take);
        return;
    }
    call->ok = ok;
    call->how = how;
    call->value = clean_text(value_take);
    call_queue_push(&run->arrived, call);
}

void call_arrive_value(struct call *call, json_t *value_take, const char *how)
{
    arrive(call, true, value_take ? value_take : json_null(), how);
}

json_t *call_result(const struct call *call)
{
    return mu_json_parse(call->value, strlen(call->value), NULL);
}

bool call_took_effect(const struct call *call)
{
    if (call->ok)
        return true;
    json_t *error = call_result(call);
    bool done = mu_json_bool(error, "done", false);
    json_decref(error);
    return done;
}

static json_t *error_of(const struct call *call, enum mu_err class, const char *why, bool in_doubt)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:s}", "verb", call->name, "class", mu_err_name(class),
                     "why", mu_json_lenient_string(why, strlen(why)), "in_doubt", in_doubt, "src",
                     call->src);
}

void call_arrive_error(struct call *call, enum mu_err class, const char *why, bool in_doubt,
                       const char *how)
{
    arrive(call, false, error_of(call, class, why, in_doubt), how);
}

void call_arrive_probe(struct call *call, json_t *value_take)
{
    if (call->kind != MU_CALL_SUB) {
        call_arrive_value(call, value_take, call->how);
        return;
    }
    call->errand->result =
        mu_redact_json(value_take); /* a parent folds it in, the host writes it down */
    call_enter(call, MU_CALL_ARRIVED);
    call_queue_push(&call->run->subs_done, call);
}

static bool answers_directly(const struct call *call)
{
    return call->kind == MU_CALL_SUB || call->errand->pub.verb->kind != MU_ACT;
}

static void answered(struct call *call, json_t *value_take)
{
    if (call->errand->pub.verb->kind == MU_ACT) /* the host's own message */
        call_arrive_probe(call, value_take);
    else
        call->run->world->probed(call, value_take);
}

static void prepared(struct call *call, json_t *value_take)
{
    call->errand->pub.prepared = mu_redact_json(value_take);
    struct mu_fail fail;
    drill_mark(call);
    if (call->kind == MU_CALL_SUB)
        call_send(call);
    else if (scrubbed_prepared(call, &fail) != MU_OK)
        call_arrive_error(call, fail.class, fail.text, false, "not sent");
    else
        call->run->world->prepared(call);
}

void mu_call_done(struct mu_call *pub, json_t *value_take)
{
    struct call *call = call_of(pub);
    int phase = call->phase;
    call->phase = PHASE_NONE;
    if (phase == PHASE_PREPARE) {
        prepared(call, value_take);
    } else if (phase == PHASE_START && answers_directly(call)) {
        answered(call, value_take);
    } else if (phase == PHASE_START) {
        call_arrive_value(call, value_take, call->how);
    } else {
        mu_error("engine", "%s completed twice; the second result is dropped", call->name);
        json_decref(value_take);
    }
}

/* It could not even make its socket: nothing of it has left, and the next executor sends it. */
static bool stays_for_want(struct call *call, int phase, const char *why)
{
    if (call->kind != MU_CALL_VERB || call->errand->pub.verb->kind != MU_ACT ||
        !call->run->world->sends ||
        (call->run->stop != STOP_NONE && call->run->stop != STOP_PARK) ||
        (phase != PHASE_PREPARE && phase != PHASE_START))
        return false;
    if (phase == PHASE_START) {
        call_stays(call, why);
        call_enter(call, MU_CALL_DOUBT);
    }
    return scarce_parks(call, 0, why);
}

/* Redacted before it goes its many ways. */
MU_PRINTF(3, 0)
static void why_of(struct mu_fail *fail, enum mu_err class, const char *fmt, va_list ap)
{
    mu_fail_setv(fail, class, fmt, ap);
    char *clean = mu_redact_text(fail->text);
    mu_fail_set(fail, class, "%s", clean);
    free(clean);
}

/* Nothing is found out about it any more. done: it took effect; else nobody knows. */
MU_PRINTF(4, 0)
static void end_as_failed(struct mu_call *pub, enum mu_err class, bool done, const char *fmt,
                          va_list ap)
{
    struct call *call = call_of(pub);
    struct mu_fail fail;
    why_of(&fail, class, fmt, ap);
    if (call->phase != PHASE_START || answers_directly(call)) {
        mu_call_fail(pub, class, !done, "%s", fail.text);
        return;
    }
    json_t *error = error_of(call, class, fail.text, !done);
    if (done)
        json_object_set_new(error, "done", json_true());
    arrive(call, false, error, call->how);
}

void mu_call_fail_done(struct mu_call *pub, enum mu_err class, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    end_as_failed(pub, class, true, fmt, ap);
    va_end(ap);
}

void mu_call_fail_unknown(struct mu_call *pub, enum mu_err class, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    end_as_failed(pub, class, false, fmt, ap);
    va_end(ap);
}

/* What the far side answers to a key it answers to the act: the first sending would have been answered so, too. That it
 * was not reached says nothing. */
static bool answers_the_key(const struct call *call, enum mu_err class)
{
    return doubt_policy(call) == MU_KEYED &&
           (class == MU_REMOTE || class == MU_REFUSED || class == MU_CONFLICT);
}

/* Nothing took effect of this sending; what became of an earlier one this does not say. Where a duplicate is no harm
 * the playbook goes on and knows that much, else it is found out, or asked. */
static void repetition_failed(struct call *call, enum mu_err class, const char *why)
{
    char text[MU_FAIL_TEXT];
    snprintf(text, sizeof text,
             "it was sent again, and that failed: %.400s. Whether the first sending took effect is "
             "not known",
             why);
    if (doubt_policy(call) == MU_REPEATABLE) {
        arrive(call, false, error_of(call, class, text, true), call->how);
        return;
    }
    call->errand->refused_again = true;
    doubt_enter(call, text);
}

void mu_call_fail(struct mu_call *pub, enum mu_err class, bool in_doubt, const char *fmt, ...)
{
    struct call *call = call_of(pub);
    struct mu_fail fail;
    va_list ap;
    va_start(ap, fmt);
    why_of(&fail, class, fmt, ap);
    va_end(ap);
    int phase = call->phase;
    call->phase = PHASE_NONE;
    if (class == MU_RESOURCES && !in_doubt && stays_for_want(call, phase, fail.text))
        return;
    if (phase == PHASE_NONE)
        mu_error("engine", "%s failed after it was complete: %s", call->name, fail.text);
    else if (phase != PHASE_READBACK && answers_directly(call))
        answered(call, json_pack("{s:b, s:o, s:s, s:o*}", "ok", 0, "why",
                                 mu_json_lenient_string(fail.text, strlen(fail.text)), "class",
                                 mu_err_name(class), "in_doubt", in_doubt ? json_true() : NULL));
    else if (phase == PHASE_START && in_doubt)
        doubt_enter(call, fail.text);
    else if (phase == PHASE_READBACK)
        doubt_readback_done(call, MU_UNKNOWN, NULL, fail.text);
    else if (phase == PHASE_START && call->doubtful && !answers_the_key(call, class))
        repetition_failed(call, class, fail.text);
    else
        call_arrive_error(call, class, fail.text, false,
                          phase == PHASE_PREPARE ? "not sent" : call->how);
}

void mu_call_readback(struct mu_call *pub, enum mu_known known, json_t *value_take, const char *why)
{
    struct call *call = call_of(pub);
    assert(call->phase == PHASE_READBACK);
    call->phase = PHASE_NONE;
    char *clean = mu_redact_text(why ? why : "");
    doubt_readback_done(call, known, mu_redact_json(value_take), clean);
    free(clean);
}

void mu_call_progress(struct mu_call *pub, const char *fmt, ...)
{
    struct call *call = call_of(pub);
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    while (call->errand->parent)
        call = call->errand->parent;
    if (call->task == NULL)
        return;
    char *clean = mu_redact_text(text);
    record_host(call->run, "progress",
                json_pack("{s:s, s:I, s:s, s:o}", "task", call->task->path, "seq",
                          (json_int_t)call->seq, "verb", call->name, "text",
                          mu_json_lenient_string(clean, strlen(clean))));
    free(clean);
}

/* --- cancel --- */

/* Takes the call back from the world; its task will not hear of it. */
void call_cancel(struct call *call)
{
    struct run *run = call->run;
    sub_cancel_all(call);
    mu_timer_cancel(call->timer);
    call->timer = NULL;
    if (call->phase != PHASE_NONE && call->errand->pub.verb && call->errand->pub.verb->cancel)
        call->errand->pub.verb->cancel(&call->errand->pub);
    call->phase = PHASE_NONE;
    if (call->kind == MU_CALL_GATE)
        gate_cancel(call);
    call_queue_remove(&run->arrived, call);
    call_queue_remove(&run->settling, call);
    call_queue_remove(&run->barrier, call);
    if (call->task) {
        call->task->call = NULL;
        call_pending_remove(call);
        undo_settle(call, false);
    }
    call_queue_push(&run->garbage, call);
}
