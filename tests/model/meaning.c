/* SPDX-License-Identifier: MIT
 *
 * What each statement means; the second half of the reference model (reference.c). A task is a coroutine:
 * a function here that waits returns when the task goes on, and never returns when it does not. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "machine.h"

enum flow { GOES_ON, RETURNED, RAISED }; /* RETURNED: task->result; RAISED: task->failure */

static enum flow block(struct mtask *, const struct node *);

/* --- math.random: xoshiro256** as the manual of Lua 5.4 names it, seeded with (seed, 0) --- */

static uint64_t rotate(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

static uint64_t next_random(struct machine *m)
{
    uint64_t *s = m->random, s1 = s[1], out = rotate(s1 * 5, 7) * 9;
    s[2] ^= s[0];
    s[3] ^= s1;
    s[1] = s1 ^ s[2];
    s[0] ^= s[3];
    s[2] ^= s1 << 17;
    s[3] = rotate(s[3], 45);
    return out;
}

void random_seed(struct machine *m, uint32_t seed)
{
    m->random[0] = seed, m->random[1] = 0xff, m->random[2] = 0, m->random[3] = 0;
    for (int i = 0; i < 16; i++)
        next_random(m);
}

static int64_t random_up_to(struct machine *m, int64_t most)
{
    uint64_t span = (uint64_t)most - 1, mask = span, draw = next_random(m);
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    while ((draw &= mask) > span)
        draw = next_random(m);
    return 1 + (int64_t)draw;
}

/* --- texts --- */

void failure_text(const struct failure *failure, char text[256])
{
    if (failure->table && failure->src[0] == '\0')
        snprintf(text, 256, "playbook.lua:%d: %s", failure->at, failure->text);
    else
        snprintf(text, 256, "%s%s%s%s%s", failure->src, failure->src[0] ? ": " : "", failure->verb,
                 failure->verb[0] ? ": " : "", failure->text);
}

/* A text that leaves its task without a place gets the line it was raised at, or passed on at. */
void failure_place(struct failure *failure)
{
    if (failure->bare == 0)
        return;
    char text[sizeof failure->text];
    memcpy(text, failure->text, sizeof text);
    snprintf(failure->text, sizeof failure->text, "playbook.lua:%d: %.150s", failure->bare, text);
    failure->bare = 0;
}

/* What the playbook's own txt() makes of it. */
static char *caught_text(const struct failure *failure)
{
    return failure->table ? mu_xasprintf("\"%s|%s\"", failure->src, failure->text)
                          : mu_xasprintf("\"%s\"", failure->text);
}

static void note(struct mtask *task, const char *verb, char *value_take)
{
    struct expected_row *row = expect_row(task->machine, 'n', task, ++task->seq, verb);
    row->ts = task->machine->now;
    row->value = value_take;
    row->args = mu_xstrdup("");
    if (task->machine->stopped)
        leave(task);
}

static void evidence(struct mtask *task, const char *what, char *value_take)
{
    note(task, "evidence",
         value_take ? mu_xasprintf("{\"value\":%s,\"what\":\"%s\"}", value_take, what)
                    : mu_xasprintf("{\"what\":\"%s\"}", what));
    free(value_take);
}

static void tell(struct mtask *task, char *text_take)
{
    note(task, "tell", mu_xasprintf("{\"text\":\"%s\"}", text_take));
    free(text_take);
}

/* --- calls --- */

static struct mcall *await(struct mtask *task)
{
    leave(task);
    return task->answer;
}

static void wait_ms(struct mtask *task, int64_t ms)
{
    issue_timer(task, ms);
    await(task);
}

static void fail_run(struct mtask *task, const char *why)
{
    char *value = mu_xasprintf("{\"why\":\"%s\"}", why);
    struct expected_row *row = expect_row(task->machine, 'n', task, ++task->seq, "fail");
    row->ts = task->machine->now;
    row->value = value;
    row->args = mu_xstrdup("");
    stop(task->machine, "failed", "failed", why);
    leave(task);
}

/* --- expressions --- */

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

static int64_t expression(struct mtask *task, const struct node *node)
{
    struct machine *m = task->machine;
    switch (node->op) {
    case OP_INT:
        return node->n[0];
    case OP_VAR:
        return m->vars[node->n[0]];
    case OP_SUM:
        return m->vars[node->n[0]] + node->n[1];
    case OP_RANDOM:
        return random_up_to(m, node->n[0]);
    case OP_LESS:
        return m->vars[node->n[0]] < node->n[1];
    case OP_EVEN:
        return m->vars[node->n[0]] % 2 == 0;
    case OP_CHANCE:
        return random_up_to(m, node->n[0]) <= node->n[1];
    default: /* OP_SEES */
        issue_look(task, (int)node->n[0], node->n[1], false);
        return await(task)->result > node->n[2];
    }
}

static enum flow function(struct mtask *task, const struct node *body)
{
    enum flow flow = block(task, body->kids[0]);
    if (flow == GOES_ON) {
        task->result = expression(task, body->kids[1]);
        flow = RETURNED;
    }
    return flow;
}

/* --- tasks --- */

void meaning_of_body(struct mtask *task)
{
    task->raised = function(task, task->node) == RAISED;
}

static void run_timer(struct mtask *task)
{
    wait_ms(task, *(int64_t *)task->ud);
}

static int wait_any(struct mtask *task, struct mtask **tasks, int count)
{
    for (int i = 0; i < count; i++)
        if (tasks[i]->state >= DONE)
            return i;
    task->waits = tasks;
    task->wait_count = count;
    task->state = WAITING;
    leave(task);
    return task->woken_by;
}

static enum flow raise_of(struct mtask *task, const struct mtask *other)
{
    task->failure = other->failure;
    return RAISED;
}

/* Raised anew by the word at that line. */
static enum flow pass_on(struct mtask *task, const struct node *node)
{
    if (task->failure.bare)
        task->failure.bare = node->line;
    return RAISED;
}

/* The first failure cancels the rest and is raised. */
static enum flow join(struct mtask *task, struct mtask *const *tasks, int count)
{
    struct mtask *open[16];
    for (int i = 0; i < count; i++)
        open[i] = tasks[i];
    while (count > 0) {
        int ended = wait_any(task, open, count);
        struct mtask *other = open[ended];
        count--;
        memmove(open + ended, open + ended + 1, (size_t)(count - ended) * sizeof open[0]);
        if (other->state != FAILED)
            continue;
        for (int i = 0; i < count; i++)
            if (open[i]->state < DONE)
                cancel(open[i]);
        return raise_of(task, other);
    }
    return GOES_ON;
}

/* Positions of a block's bodies in the order of their keys. */
static void key_order(const struct node *node, int order[PROGRAM_KEYS])
{
    for (int i = 0; i < node->count; i++)
        order[i] = i;
    for (int i = 0; node->n[0] && i < node->count; i++)
        for (int k = i + 1; k < node->count; k++)
            if (strcmp(program_keys[order[i]], program_keys[order[k]]) > 0) {
                int swap = order[i];
                order[i] = order[k];
                order[k] = swap;
            }
}

static void spawn_all(struct mtask *task, const struct node *node, const int *order,
                      struct mtask **tasks)
{
    for (int i = 0; i < node->count; i++)
        tasks[i] = spawn(task->machine, task, meaning_of_body, node->kids[order[i]], NULL);
}

static enum flow parallel(struct mtask *task, const struct node *node)
{
    int order[PROGRAM_KEYS];
    struct mtask *tasks[PROGRAM_KEYS];
    key_order(node, order);
    spawn_all(task, node, order, tasks);
    if (join(task, tasks, node->count) == RAISED)
        return RAISED;
    struct mu_buf text = {0};
    mu_buf_adds(&text, node->n[0] ? "{" : "[");
    for (int i = 0; i < node->count; i++) {
        mu_buf_adds(&text, i ? "," : "");
        if (node->n[0])
            mu_buf_addf(&text, "\"%s\":", program_keys[order[i]]);
        mu_buf_addf(&text, "%" PRId64, tasks[i]->result);
    }
    mu_buf_adds(&text, node->n[0] ? "}" : "]");
    evidence(task, "parallel", mu_xstrdup(mu_buf_text(&text)));
    mu_buf_free(&text);
    return GOES_ON;
}

static int first_of(struct mtask *task, struct mtask **tasks, int count)
{
    int first = wait_any(task, tasks, count);
    for (int i = 0; i < count; i++)
        if (i != first && tasks[i]->state < DONE)
            cancel(tasks[i]);
    return first;
}

static enum flow race(struct mtask *task, const struct node *node)
{
    int order[PROGRAM_KEYS];
    struct mtask *tasks[PROGRAM_KEYS];
    key_order(node, order);
    spawn_all(task, node, order, tasks);
    int first = first_of(task, tasks, node->count);
    if (tasks[first]->state == FAILED)
        return raise_of(task, tasks[first]);
    evidence(task, "race",
             node->n[0]
                 ? mu_xasprintf("{\"k\":\"%s\",\"x\":%" PRId64 "}", program_keys[order[first]],
                                tasks[first]->result)
                 : mu_xasprintf("{\"k\":%d,\"x\":%" PRId64 "}", first + 1, tasks[first]->result));
    return GOES_ON;
}

static enum flow within(struct mtask *task, const struct node *node)
{
    int64_t ms = node->n[0];
    struct mtask *tasks[2] = {
        spawn(task->machine, task, meaning_of_body, node->kids[0], NULL),
        spawn(task->machine, task, run_timer, NULL, &ms),
    };
    int first = first_of(task, tasks, 2);
    if (tasks[first]->state == FAILED)
        return raise_of(task, tasks[first]);
    evidence(task, "within",
             first == 0 ? mu_xasprintf("{\"ok\":true,\"x\":%" PRId64 "}", tasks[0]->result)
                        : mu_xstrdup("{\"ok\":false}"));
    return GOES_ON;
}

struct each {
    int64_t at, results[16];
};

static void each_worker(struct mtask *task)
{
    const struct node *node = task->node;
    struct each *each = task->ud;
    while (each->at < node->n[0]) {
        int64_t mine = ++each->at;
        task->machine->vars[node->n[2]] = mine * 10 + mine;
        if (function(task, node->kids[0]) == RAISED) {
            task->raised = true;
            return;
        }
        each->results[mine] = task->result;
    }
}

static enum flow each(struct mtask *task, const struct node *node)
{
    struct each state = {0};
    struct mtask *tasks[16];
    int count = (int)(node->n[1] < node->n[0] ? node->n[1] : node->n[0]);
    for (int i = 0; i < count; i++)
        tasks[i] = spawn(task->machine, task, each_worker, node, &state);
    if (join(task, tasks, count) == RAISED)
        return RAISED;
    struct mu_buf text = {0};
    mu_buf_adds(&text, node->n[0] ? "[" : "{");
    for (int64_t i = 1; i <= node->n[0]; i++)
        mu_buf_addf(&text, "%s%" PRId64, i > 1 ? "," : "", state.results[i]);
    mu_buf_adds(&text, node->n[0] ? "]" : "}");
    evidence(task, "each", mu_xstrdup(mu_buf_text(&text)));
    mu_buf_free(&text);
    return GOES_ON;
}

static void run_meanwhile(struct mtask *task)
{
    for (;;) {
        wait_ms(task, task->node->n[3]);
        if (function(task, task->node->kids[2]) == RAISED)
            tell(task, mu_xasprintf("meanwhile: %s", task->failure.text));
    }
}

/* The condition's value: a number when its block returned one, else true or false. */
static enum flow look_again(struct mtask *task, const struct node *node, bool *number)
{
    enum flow flow = block(task, node->kids[0]);
    *number = flow == RETURNED;
    if (flow == GOES_ON)
        task->result = expression(task, node->kids[1]);
    return flow == RAISED ? RAISED : GOES_ON;
}

static enum flow wait_until(struct mtask *task, const struct node *node)
{
    struct machine *m = task->machine;
    int64_t deadline = m->now + node->n[0], good = 0, left = 1;
    struct mtask *beside = node->n[3] ? spawn(m, task, run_meanwhile, node, NULL) : NULL;
    enum flow flow;
    bool number;
    for (;;) {
        flow = look_again(task, node, &number);
        if (flow == RAISED)
            break;
        good = number || task->result ? good + 1 : 0;
        if (node->n[2] > 1)
            tell(task, mu_xasprintf("stable %" PRId64 "/%" PRId64, good, node->n[2]));
        left = deadline - m->now;
        if (good >= node->n[2] || left <= 0)
            break;
        wait_ms(task, left < node->n[1] ? left : node->n[1]);
    }
    if (beside && beside->state < DONE)
        cancel(beside);
    if (flow == RAISED)
        return pass_on(task, node);
    bool held = good >= node->n[2];
    evidence(task, "wait",
             held && number ? mu_xasprintf("%" PRId64, task->result)
                            : mu_xstrdup(held ? "true" : "false"));
    return GOES_ON;
}

static enum flow retry(struct mtask *task, const struct node *node)
{
    int64_t wait = node->n[1];
    for (int64_t attempt = 1; attempt <= node->n[0]; attempt++) {
        task->machine->vars[0] = attempt;
        if (function(task, node->kids[0]) != RAISED) {
            evidence(task, "retry", mu_xasprintf("%" PRId64, task->result));
            return GOES_ON;
        }
        if (attempt == node->n[0])
            return pass_on(task, node);
        tell(task, mu_xasprintf("attempt %" PRId64 " of %" PRId64 " failed: %s", attempt,
                                node->n[0], task->failure.text));
        wait_ms(task, wait);
        wait = wait * 2 < node->n[2] ? wait * 2 : node->n[2];
    }
    return GOES_ON;
}

/* --- statements --- */

static enum flow act(struct mtask *task, const struct node *node)
{
    struct machine *m = task->machine;
    issue_act(task, node, expression(task, node->kids[0]));
    const struct mcall *call = await(task);
    int64_t *var = &m->vars[node->n[5]];
    if (!call->ok) {
        task->failure = (struct failure){.table = true};
        snprintf(task->failure.src, sizeof task->failure.src, "playbook.lua:%d", node->line);
        snprintf(task->failure.verb, sizeof task->failure.verb, "%s", call->name);
        snprintf(task->failure.text, sizeof task->failure.text, "%s", call->why);
        if (!node->n[4])
            return RAISED;
        *var = -2;
        char *text = caught_text(&task->failure);
        evidence(task, "act", mu_xasprintf("{\"e\":%s,\"ok\":false}", text));
        free(text);
        return GOES_ON;
    }
    *var = call->result;
    if (node->n[4])
        evidence(task, "act", mu_xstrdup("{\"ok\":true}"));
    return GOES_ON;
}

static void undo_note(struct mtask *task, const struct node *node)
{
    bool by = node->n[0] == NOTE_UNDO_BY;
    char title[sizeof task->undo], args[sizeof task->undo_args] = "";
    snprintf(title, sizeof title, "u%" PRId64, node->n[1]);
    if (by)
        snprintf(args, sizeof args, "[\"off\",%" PRId64 "]", expression(task, node->kids[0]));
    note(task, "undo",
         by ? mu_xasprintf("{\"args\":%s,\"title\":\"%s\",\"verb\":\"m.ring\"}", args, title)
            : mu_xasprintf("{\"title\":\"%s\"}", title));
    memcpy(task->undo, title, sizeof title);
    memcpy(task->undo_args, args, sizeof args);
    task->undo_by = by;
}

static void story(struct mtask *task, const struct node *node)
{
    int64_t number = node->n[1];
    char *value;
    switch (node->n[0]) {
    case NOTE_EVIDENCE:
        value = mu_xasprintf("{\"value\":%" PRId64 ",\"what\":\"e%" PRId64 "\"}",
                             expression(task, node->kids[0]), number);
        note(task, "evidence", value);
        break;
    case NOTE_STEP:
        note(task, "step", mu_xasprintf("{\"title\":\"s%" PRId64 "\"}", number));
        break;
    case NOTE_FINDING:
        value = mu_xasprintf("{\"message\":\"%" PRId64
                             "\",\"severity\":\"warn\",\"what\":\"f%" PRId64 "\"}",
                             expression(task, node->kids[0]), number);
        note(task, "finding", value);
        break;
    case NOTE_MILESTONE:
        value = mu_xasprintf("{\"at\":%" PRId64 ",\"name\":\"m%" PRId64 "\"}", task->machine->now,
                             number);
        note(task, "milestone", value);
        break;
    default:
        undo_note(task, node);
    }
}

static int compare_keys(int64_t a, int64_t b)
{
    if ((a >= 1000) != (b >= 1000)) /* numbers first */
        return a >= 1000 ? 1 : -1;
    if (a >= 1000)
        return strcmp(program_keys[a - 1000], program_keys[b - 1000]);
    return a < b ? -1 : a > b;
}

static void walk_pairs(struct mtask *task, const struct node *node)
{
    int64_t keys[8], values[8], *var = &task->machine->vars[node->n[0]];
    int count = program_pairs(node, keys, values);
    bool walked[8] = {false};
    for (int step = 0; step < count; step++) {
        int next = -1;
        for (int i = 0; i < count; i++)
            if (!walked[i] && (next < 0 || compare_keys(keys[i], keys[next]) < 0))
                next = i;
        walked[next] = true;
        *var = floor_mod(*var * 7 + values[next], 1000);
        evidence(task, "key",
                 keys[next] >= 1000 ? mu_xasprintf("\"%s\"", program_keys[keys[next] - 1000])
                                    : mu_xasprintf("%" PRId64, keys[next]));
    }
}

static enum flow protect(struct mtask *task, const struct node *node)
{
    bool ok = function(task, node->kids[0]) != RAISED;
    char *text = ok ? mu_xasprintf("%" PRId64, task->result) : caught_text(&task->failure);
    evidence(task, "pcall", mu_xasprintf("{\"e\":%s,\"ok\":%s}", text, ok ? "true" : "false"));
    free(text);
    return GOES_ON;
}

static enum flow raise_error(struct mtask *task, const struct node *node)
{
    struct failure *failure = &task->failure;
    *failure = (struct failure){.table = node->n[0] == ERROR_TABLE};
    failure->at = node->line;
    failure->bare = node->n[0] == ERROR_BARE ? node->line : 0;
    if (node->n[0] == ERROR_TEXT)
        snprintf(failure->text, sizeof failure->text, "playbook.lua:%d: boom%" PRId64, node->line,
                 node->n[1]);
    else
        snprintf(failure->text, sizeof failure->text, "boom%" PRId64, node->n[1]);
    return RAISED;
}

static void finish(struct mtask *task, const struct node *node)
{
    char result[24], why[24];
    snprintf(result, sizeof result, "r%" PRId64, node->n[0]);
    snprintf(why, sizeof why, "w%" PRId64, node->n[0]);
    struct expected_row *row = expect_row(task->machine, 'n', task, ++task->seq, "finish");
    row->ts = task->machine->now;
    row->value = mu_xasprintf("{\"result\":\"%s\",\"why\":\"%s\"}", result, why);
    row->args = mu_xstrdup("");
    stop(task->machine, "finished", result, why);
    leave(task);
}

static void probe(struct mtask *task, const struct node *node)
{
    issue_look(task, (int)node->n[0], node->n[1], node->n[2]);
    const struct mcall *call = await(task);
    if (node->op == OP_LOOK)
        task->machine->vars[node->n[3]] = call->fault ? -1 : call->result;
    else if (call->fault)
        fail_run(task, "needed: unseen");
}

static enum flow repeat(struct mtask *task, const struct node *node)
{
    enum flow flow = GOES_ON;
    for (int64_t i = 0; i < node->n[0] && flow == GOES_ON; i++)
        flow = block(task, node->kids[0]);
    return flow;
}

/* False for what only holds statements: an error in it was not passed on by a word of the language. */
static bool compound(struct mtask *task, const struct node *node, enum flow *flow)
{
    static enum flow (*const words[OP_COUNT])(struct mtask *, const struct node *) = {
        [OP_PCALL] = protect, [OP_PARALLEL] = parallel, [OP_RACE] = race,  [OP_EACH] = each,
        [OP_WITHIN] = within, [OP_WAIT] = wait_until,   [OP_RETRY] = retry};
    if (node->op == OP_IF)
        *flow = block(task, node->kids[expression(task, node->kids[0]) ? 1 : 2]);
    else if (node->op == OP_FOR)
        *flow = repeat(task, node);
    else
        *flow = words[node->op](task, node);
    return node->op != OP_IF && node->op != OP_FOR;
}

static enum flow statement(struct mtask *task, const struct node *node)
{
    char why[24];
    enum flow flow;
    switch (node->op) {
    case OP_SET:
        task->machine->vars[node->n[0]] = expression(task, node->kids[0]);
        return GOES_ON;
    case OP_ACT:
        return act(task, node);
    case OP_LOOK:
    case OP_NEED:
        probe(task, node);
        return GOES_ON;
    case OP_NOTE:
        story(task, node);
        return GOES_ON;
    case OP_SLEEP:
        wait_ms(task, node->n[0]);
        return GOES_ON;
    case OP_PAIRS:
        walk_pairs(task, node);
        return GOES_ON;
    case OP_ERROR:
        return raise_error(task, node);
    case OP_FINISH:
        finish(task, node);
        return GOES_ON;
    case OP_FAIL:
        snprintf(why, sizeof why, "w%" PRId64, node->n[0]);
        fail_run(task, why);
        return GOES_ON;
    case OP_RETURN:
        task->result = expression(task, node->kids[0]);
        return RETURNED;
    default:
        if (compound(task, node, &flow) && flow == RAISED)
            task->failure.at = node->line;
        return flow;
    }
}

static enum flow block(struct mtask *task, const struct node *node)
{
    enum flow flow = GOES_ON;
    for (int i = 0; i < node->count && flow == GOES_ON; i++)
        flow = statement(task, node->kids[i]);
    return flow;
}
