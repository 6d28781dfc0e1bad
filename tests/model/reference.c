/* SPDX-License-Identifier: MIT
 *
 * The reference model; see reference.h. This file: tasks, time and the world. What statements mean is in
 * meaning.c, which runs each task as a coroutine of its own (ucontext). */
#include "reference.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine.h"

#define ROWS_MAX   700
#define STACK_SIZE (128 * 1024)
#define JUMPS_MAX  25 /* of a dry run, over waits */

/* --- what is expected --- */

struct expected_row *expect_row(struct machine *m, char type, struct mtask *task, int64_t seq,
                                const char *verb)
{
    struct expectation *out = m->out;
    if (out->row_count % 64 == 0)
        out->rows = mu_xrealloc(out->rows, out->row_count + 64, sizeof *out->rows);
    struct expected_row *row = &out->rows[out->row_count++];
    *row = (struct expected_row){.type = type, .seq = seq, .ts = clock_of(m), .verb = verb};
    snprintf(row->task, sizeof row->task, "%s", task->path);
    if (out->row_count > ROWS_MAX) {
        out->endless = true;
        stop(m, "failed", "endless", "endless");
    }
    return row;
}

static void expect_effect(struct machine *m, const struct mcall *call)
{
    struct expectation *out = m->out;
    if (out->effect_count % 64 == 0)
        out->effects = mu_xrealloc(out->effects, out->effect_count + 64, sizeof *out->effects);
    struct expected_effect *effect = &out->effects[out->effect_count++];
    *effect = (struct expected_effect){.ts = m->time,
                                       .verb = call->verb,
                                       .slip = call->slip,
                                       .value = call->written,
                                       .seq = call->seq};
    snprintf(effect->task, sizeof effect->task, "%s", call->task->path);
}

void stop(struct machine *m, const char *state, const char *result, const char *why)
{
    if (m->stopped)
        return;
    m->stopped = true;
    m->out->state = state;
    snprintf(m->out->result, sizeof m->out->result, "%s", result);
    snprintf(m->out->why, sizeof m->out->why, "%s", why);
}

int64_t clock_of(const struct machine *m)
{
    int64_t now = m->time + m->skipped;
    return now > m->now ? now : m->now;
}

/* --- tasks --- */

void make_ready(struct mtask *task)
{
    struct machine *m = task->machine;
    task->state = READY;
    task->next_ready = NULL;
    *(m->ready ? &m->ready_last->next_ready : &m->ready) = task;
    m->ready_last = task;
}

static void entry(void)
{
    struct mtask *task = starting;
    task->entry(task);
    if (task->raised)
        failure_place(&task->failure);
    end_task(task, task->raised ? FAILED : DONE);
    leave(task);
}

_Thread_local struct mtask *starting;

struct mtask *spawn(struct machine *m, struct mtask *parent, task_entry *run,
                    const struct node *node, void *ud)
{
    struct mtask *task = MU_NEW(struct mtask);
    task->machine = m;
    task->parent = parent;
    task->entry = run;
    task->node = node;
    task->ud = ud;
    if (parent)
        snprintf(task->path, sizeof task->path, "%.50s.%d", parent->path, ++parent->children);
    else
        snprintf(task->path, sizeof task->path, "r");
    task->sibling = parent ? parent->first_child : NULL;
    if (parent)
        parent->first_child = task;
    task->next_all = m->tasks;
    m->tasks = task;
    make_ready(task);
    return task;
}

static void wake_parent(struct mtask *task)
{
    struct mtask *parent = task->parent;
    if (parent == NULL || parent->state != WAITING)
        return;
    for (int i = 0; i < parent->wait_count; i++)
        if (parent->waits[i] == task) {
            parent->woken_by = i;
            make_ready(parent);
            return;
        }
}

void end_task(struct mtask *task, enum mstate state)
{
    task->state = state;
    for (struct mtask *child = task->first_child; child; child = child->sibling)
        if (child->state < DONE)
            cancel(child);
    wake_parent(task);
}

static void remove_call(struct mcall **list, struct mcall *call)
{
    for (; *list; list = &(*list)->next)
        if (*list == call) {
            *list = call->next;
            return;
        }
}

/* An act that has left is waited for; everything else is over at once. */
void cancel(struct mtask *task)
{
    for (struct mtask *child = task->first_child; child; child = child->sibling)
        if (child->state < DONE)
            cancel(child);
    if (task->state >= DONE)
        return;
    struct mcall *call = task->call;
    if (task->state == READY || (call && call->kind == ACT && call->left)) {
        task->killed = true;
        return;
    }
    if (call) {
        call->dropped = true;
        remove_call(&task->machine->leaving, call);
        undo_comes_back(call);
        task->call = NULL;
    }
    end_task(task, CANCELLED);
}

/* Back to the scheduler; returns when the task is resumed, or never. */
void leave(struct mtask *task)
{
    swapcontext(&task->context, &task->machine->context);
}

static void *stack_take(struct machine *m)
{
    struct stack *stack = m->stacks;
    if (stack == NULL)
        return mu_xcalloc(1, STACK_SIZE);
    m->stacks = stack->next;
    return stack;
}

static void resume(struct machine *m, struct mtask *task)
{
    if (task->stack == NULL) {
        task->stack = stack_take(m);
        getcontext(&task->context);
        task->context.uc_stack.ss_sp = task->stack;
        task->context.uc_stack.ss_size = STACK_SIZE;
        task->context.uc_link = NULL;
        makecontext(&task->context, entry, 0);
        starting = task;
    }
    swapcontext(&m->context, &task->context);
}

static void run_ready(struct machine *m)
{
    while (m->ready && !m->stopped) {
        struct mtask *task = m->ready;
        m->ready = task->next_ready;
        if (task->killed)
            end_task(task, CANCELLED);
        else
            resume(m, task);
    }
}

/* --- events and calls --- */

static void at(struct machine *m, int64_t due, enum event_kind kind, struct mcall *call)
{
    if (m->event_count % 64 == 0)
        m->events = mu_xrealloc(m->events, m->event_count + 64, sizeof *m->events);
    m->events[m->event_count++] = (struct event){due, ++m->order, kind, call};
}

static struct mcall *call_new(struct mtask *task, enum mkind kind, const char *name, char *args)
{
    struct machine *m = task->machine;
    struct mcall *call = MU_NEW(struct mcall);
    call->machine = m;
    call->task = task;
    call->kind = kind;
    call->name = name;
    call->args = args;
    call->seq = ++task->seq;
    call->seen_at = (int64_t)++m->order;
    call->next_all = m->calls;
    m->calls = call;
    task->call = call;
    task->state = CALLING;
    return call;
}

void push(struct mcall **list, struct mcall *call)
{
    call->next = NULL;
    while (*list)
        list = &(*list)->next;
    *list = call;
}

struct mcall *issue_timer(struct mtask *task, int64_t ms)
{
    struct machine *m = task->machine;
    struct mcall *call = call_new(task, TIMER, "sleep", mu_xasprintf("[%" PRId64 "]", ms));
    call->due = m->now + ms;
    if (!m->dry)
        at(m, call->due > m->time ? call->due : m->time, FIRES, call);
    return call;
}

struct mcall *issue_look(struct mtask *task, int slip, int64_t ms, bool fails)
{
    struct machine *m = task->machine;
    struct mcall *call =
        call_new(task, LOOK, "m.look",
                 mu_xasprintf("[\"%s\",{%s\"ms\":%" PRId64 "}]", program_slips[slip],
                              fails ? "\"fail\":true," : "", ms));
    call->slip = slip;
    call->fault = fails ? FAULT_FAIL : FAULT_NONE;
    at(m, m->time + ms, REPLIES, call);
    return call;
}

struct mcall *issue_act(struct mtask *task, const struct node *node, int64_t value)
{
    struct machine *m = task->machine;
    const char *verb = program_verbs[node->n[0]], *fault = program_faults[node->n[3]];
    const char *slip = program_slips[node->n[1]];
    char *options = node->n[3] < FAULT_LOSE
                        ? mu_xasprintf("{%s%s%s\"ms\":%" PRId64 "}", fault[0] ? "\"" : "", fault,
                                       fault[0] ? "\":true," : "", node->n[2])
                        : mu_xasprintf("{\"%s\":true,\"ms\":%" PRId64 "}", fault, node->n[2]);
    struct mcall *call =
        call_new(task, ACT, verb, mu_xasprintf("[\"%s\",%" PRId64 ",%s]", slip, value, options));
    free(options);
    call->verb = (int)node->n[0];
    call->slip = (int)node->n[1];
    call->value = value;
    call->ms = node->n[2];
    call->fault = (int)node->n[3];
    call->line = node->line;
    call->written = call->verb == VERB_KEY ? m->slips[call->slip] + value : value;
    call->undo = undo_of(call);
    push(&m->leaving, call);
    return call;
}

/* --- undo: the nearest title waiting, for acts that can be taken back --- */

char *undo_of(struct mcall *call)
{
    struct mtask *home = call->task;
    while (home && home->undo[0] == '\0')
        home = home->parent;
    bool by = home && home->undo_by, inverse = call->verb == VERB_PUT;
    if (!by && !inverse)
        return mu_xstrdup("null");
    if (home) {
        call->home = home;
        call->title_by = by;
        memcpy(call->title, home->undo, sizeof call->title);
        memcpy(call->title_args, home->undo_args, sizeof call->title_args);
        home->undo[0] = '\0';
    }
    if (by)
        return mu_xasprintf("{\"args\":%s,\"title\":\"%s\",\"verb\":\"m.ring\"}", call->title_args,
                            call->title);
    const char *slip = program_slips[call->slip];
    char *plain = mu_xasprintf("Take back: m.put %s %" PRId64, slip, call->value);
    char *undo = mu_xasprintf("{\"args\":[\"%s\",%" PRId64 "],\"title\":\"%s\",\"verb\":\"m.put\"}",
                              slip, call->machine->slips[call->slip], home ? call->title : plain);
    free(plain);
    return undo;
}

void undo_comes_back(struct mcall *call)
{
    struct mtask *home = call->home;
    if (home == NULL || home->undo[0])
        return;
    memcpy(home->undo, call->title, sizeof home->undo);
    memcpy(home->undo_args, call->title_args, sizeof home->undo_args);
    home->undo_by = call->title_by;
    call->home = NULL;
}

/* --- the world: it applies halfway through, and answers at the end --- */

static void intent_row(struct mcall *call)
{
    struct expected_row *row = expect_row(call->machine, 'i', call->task, call->seq, call->name);
    row->args = mu_xstrdup(call->args);
    row->undo = mu_xstrdup(call->undo);
}

static void send(struct mcall *call)
{
    struct machine *m = call->machine;
    call->attempt++;
    bool fails = call->fault == FAULT_FAIL || (call->fault == FAULT_HALT && call->attempt == 1);
    if (!fails)
        at(m, m->time + call->ms / 2, APPLIES, call);
    at(m, m->time + call->ms, REPLIES, call);
}

static void foresee(struct mcall *call);

static void flush_leaving(struct machine *m)
{
    if (m->stopped)
        return;
    for (struct mcall *call = m->leaving, *next; call; call = next) {
        next = call->next;
        intent_row(call);
        call->left = true;
        if (m->dry)
            foresee(call);
        else
            send(call);
    }
    m->leaving = NULL;
}

static void arrive(struct mcall *call, bool ok, char *value)
{
    call->ok = ok;
    free(call->answer);
    call->answer = value;
    push(&call->machine->arrived, call);
}

static void arrive_error(struct mcall *call, const char *class, bool in_doubt, const char *why)
{
    snprintf(call->why, sizeof call->why, "%s", why);
    arrive(call, false,
           mu_xasprintf(
               "{\"class\":\"%s\",\"in_doubt\":%s,\"src\":\"playbook.lua:%d\",\"verb\":\"%s\","
               "\"why\":\"%s\"}",
               class, in_doubt ? "true" : "false", call->line, call->name, why));
}

static void apply(struct mcall *call)
{
    struct machine *m = call->machine;
    if (call->verb == VERB_KEY && call->applied)
        return;
    call->applied = true;
    call->written = call->value;
    call->result = 1;
    if (call->verb == VERB_KEY)
        call->written += m->slips[call->slip];
    if (call->verb != VERB_RING) {
        m->slips[call->slip] = call->written;
        call->result = ++m->writes[call->slip];
    }
    expect_effect(m, call);
}

static void arrive_done(struct mcall *call)
{
    arrive(call, true, mu_xasprintf("{\"ok\":true,\"value\":%" PRId64 "}", call->result));
}

/* The reply was lost. What was written can be read back; a bell is rung again, a key used again. */
static void reply_lost(struct mcall *call)
{
    bool repeats = call->verb != VERB_PUT;
    if (!repeats && call->applied)
        arrive_done(call);
    else if (call->machine->stopped)
        arrive_error(call, "cancelled", repeats, "the run ended before it could be sent again");
    else
        send(call);
}

static void reply(struct mcall *call)
{
    struct machine *m = call->machine;
    if (call->kind == LOOK && call->fault)
        arrive(call, true, mu_xstrdup("{\"class\":\"net\",\"ok\":false,\"why\":\"unseen\"}"));
    else if (call->kind == LOOK)
        arrive(call, true,
               mu_xasprintf("{\"ok\":true,\"value\":%" PRId64 "}",
                            call->result = m->slips[call->slip]));
    else if (call->fault == FAULT_FAIL)
        arrive_error(call, "remote", false, "refused");
    else if (call->fault != FAULT_NONE && call->attempt == 1)
        reply_lost(call);
    else
        arrive_done(call);
}

static void list(char ***texts, size_t *count, char *text)
{
    *texts = mu_xrealloc(*texts, *count + 1, sizeof **texts);
    (*texts)[(*count)++] = text;
}

/* A dry run: nothing leaves, and what would then hold, holds at once. */
static void foresee(struct mcall *call)
{
    struct machine *m = call->machine;
    struct expectation *out = m->out;
    char *shown =
        mu_xasprintf("%s %s %" PRId64, call->name, program_slips[call->slip], call->value);
    if (call->verb == VERB_RING)
        list(&out->tells, &out->tell_count, shown);
    else
        list(&out->changes, &out->change_count, shown);
    if (call->verb != VERB_RING)
        m->slips[call->slip] = call->written;
    arrive_done(call);
}

static void happen(struct event event)
{
    struct mcall *call = event.call;
    if (call->dropped)
        return;
    if (event.kind == APPLIES)
        apply(call);
    else if (event.kind == REPLIES)
        reply(call);
    else
        arrive(call, true, mu_xstrdup("null"));
}

/* --- delivering --- */

static void answer_row(struct mcall *call)
{
    struct machine *m = call->machine;
    bool act = call->kind == ACT;
    struct expected_row *row = expect_row(m, act ? 'o' : 'c', call->task, call->seq, call->name);
    row->value = mu_xstrdup(call->answer);
    row->args = mu_xstrdup(act ? "" : call->args);
    row->ok = call->ok;
    row->optional = m->stopped && !act;
    call->ts = row->ts;
    call->answered = true;
}

static void deliver(struct mcall *call)
{
    struct machine *m = call->machine;
    struct mtask *task = call->task;
    if (call->ts > m->now)
        m->now = call->ts;
    if (call->kind == ACT && !call->ok)
        undo_comes_back(call);
    task->answer = call;
    task->call = NULL;
    if (task->killed)
        end_task(task, CANCELLED);
    else
        make_ready(task);
}

static void settle(struct machine *m)
{
    struct mcall *batch = m->arrived;
    m->arrived = NULL;
    for (struct mcall *call = batch; call; call = call->next)
        answer_row(call);
    for (struct mcall *call = batch, *next; call; call = next) {
        next = call->next;
        if (m->stopped || call->dropped)
            continue;
        deliver(call);
        run_ready(m);
    }
}

/* --- time --- */

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->due != y->due)
        return x->due < y->due ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void drop_dead_events(struct machine *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->event_count; i++)
        if (!m->events[i].call->dropped)
            m->events[kept++] = m->events[i];
    m->event_count = kept;
}

/* Everything that is due at the next instant that has something (or, without waiting, now). */
static bool next_instant(struct machine *m, bool wait)
{
    struct event due[64];
    size_t count = 0;
    drop_dead_events(m);
    qsort(m->events, m->event_count, sizeof *m->events, compare_events);
    if (m->event_count == 0 || (!wait && m->events[0].due > m->time))
        return false;
    if (m->events[0].due > m->time)
        m->time = m->events[0].due;
    while (count < m->event_count && count < MU_COUNT(due) && m->events[count].due <= m->time)
        due[count] = m->events[count], count++;
    m->out->tied = m->out->tied || count > 1;
    m->event_count -= count;
    memmove(m->events, m->events + count, m->event_count * sizeof *m->events);
    for (size_t i = 0; i < count; i++)
        happen(due[i]);
    return true;
}

/* A dry run only waits for probes; when nothing else is left, its clock jumps to the next timer. */
static bool jump(struct machine *m)
{
    struct mcall *next = NULL;
    for (struct mcall *call = m->calls; call; call = call->next_all) {
        if (call->dropped || call->answered)
            continue;
        if (call->kind != TIMER)
            return false;
        if (next == NULL || call->due < next->due ||
            (call->due == next->due && call->seen_at < next->seen_at))
            next = call;
    }
    if (next == NULL)
        return false;
    if (++m->jumps > JUMPS_MAX) {
        stop(m, "finished", "dry_run_ended",
             "it waits for the world to change; when it does can't be foreseen");
        return true;
    }
    if (next->due > clock_of(m))
        m->skipped += next->due - clock_of(m);
    arrive(next, true, mu_xstrdup("null"));
    return true;
}

static bool act_is_out(const struct machine *m)
{
    for (const struct mcall *call = m->calls; call; call = call->next_all)
        if (call->kind == ACT && call->left && !call->answered)
            return true;
    return false;
}

static void root_ended(struct machine *m)
{
    if (m->root->state < DONE || m->stopped)
        return;
    if (m->root->raised) {
        char text[256];
        failure_text(&m->root->failure, text);
        stop(m, "failed", "error", text);
    } else {
        stop(m, "finished", "done", "main returned");
    }
}

static void loop(struct machine *m)
{
    while (!m->stopped) {
        run_ready(m);
        settle(m);
        flush_leaving(m);
        root_ended(m);
        if (m->stopped)
            break;
        bool busy = m->ready || m->arrived || m->leaving;
        if (!busy && m->dry && jump(m))
            continue;
        if (!next_instant(m, !busy) && !busy)
            stop(m, "stuck", "stuck", "nothing is left to happen");
    }
    settle(m);
    while (act_is_out(m) && next_instant(m, true))
        settle(m);
}

static void free_all(struct machine *m)
{
    for (struct mtask *task = m->tasks, *next; task; task = next) {
        next = task->next_all;
        if (task->stack) {
            struct stack *stack = task->stack;
            stack->next = m->stacks;
            m->stacks = stack;
        }
        free(task);
    }
    for (struct mcall *call = m->calls, *next; call; call = next) {
        next = call->next_all;
        free(call->args);
        free(call->undo);
        free(call->answer);
        free(call);
    }
    free(m->events);
}

struct expectation *reference_run(const struct program *program, bool dry, int64_t start_ms)
{
    static _Thread_local struct stack *stacks; /* kept for the next program */
    struct machine m = {.dry = dry, .time = start_ms, .now = start_ms, .stacks = stacks};
    m.out = MU_NEW(struct expectation);
    for (int i = 0; i < PROGRAM_VARS; i++)
        m.vars[i] = i;
    random_seed(&m, program->seed);
    m.root = spawn(&m, NULL, meaning_of_body, program->root, NULL);
    loop(&m);
    free_all(&m);
    stacks = m.stacks;
    return m.out;
}

void expectation_free(struct expectation *out)
{
    for (size_t i = 0; i < out->row_count; i++) {
        free(out->rows[i].args);
        free(out->rows[i].value);
        free(out->rows[i].undo);
    }
    for (size_t i = 0; i < out->change_count; i++)
        free(out->changes[i]);
    for (size_t i = 0; i < out->tell_count; i++)
        free(out->tells[i]);
    free(out->changes);
    free(out->tells);
    free(out->rows);
    free(out->effects);
    free(out);
}
