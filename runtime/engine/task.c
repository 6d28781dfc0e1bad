/* SPDX-License-Identifier: MIT
 *
 * Tasks: coroutines with at most one pending call each, in a tree. This is the only caller of
 * lua_resume and, with lua/, the only place that knows lua_State. Task paths come from the program
 * tree ("r.2.1"), never from completion order (design J5).
 *
 *   ready ─▶ resumed ─▶ calling (a call is pending) ─▶ ready
 *                   ├─▶ waiting (for other tasks)   ─▶ ready
 *                   └─▶ done, failed;   cancelled: children first; an act in flight is shielded
 *
 * A host stop yields the coroutine and nobody resumes it: pcall in a playbook can't swallow it. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/bind.h"
#include "lua/convert.h"
#include "lua/sandbox.h"
#include "lua/use.h"
#include "lua/vm.h"

bool task_ended(const struct task *task)
{
    return task->state >= TASK_DONE;
}

static void make_ready(struct task *task)
{
    struct run *run = task->run;
    task->state = TASK_READY;
    task->next_ready = NULL;
    if (run->ready_tail)
        run->ready_tail->next_ready = task;
    else
        run->ready_head = task;
    run->ready_tail = task;
}

static struct task **bucket_of(struct run *run, const char *path)
{
    uint32_t h = 2166136261u; /* FNV-1a */
    for (const char *p = path; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return &run->task_buckets[h % MU_COUNT(run->task_buckets)];
}

struct task *task_find(struct run *run, const char *path)
{
    struct task *task = *bucket_of(run, path);
    while (task && strcmp(task->path, path) != 0)
        task = task->next_bucket;
    return task;
}

/* --- life --- */

static struct task *task_new(struct run *run, struct task *parent, lua_State *from)
{
    struct task *task = MU_NEW(struct task);
    task->run = run;
    task->parent = parent;
    task->depth = parent ? parent->depth + 1 : 0;
    task->path = parent ? mu_xasprintf("%s.%d", parent->path, ++parent->children) : mu_xstrdup("r");
    task->step = parent ? parent->step : "";
    task->last = "";
    task->result_ref = LUA_NOREF;
    task->thread = lua_newthread(from);
    task->thread_ref = luaL_ref(from, LUA_REGISTRYINDEX);
    mu_vm_hook(task->thread);
    if (parent) {
        task->next_sibling = parent->first_child;
        if (task->next_sibling)
            task->next_sibling->prev_sibling = task;
        parent->first_child = task;
    }
    struct task **bucket = bucket_of(run, task->path);
    task->next_bucket = *bucket;
    *bucket = task;
    task->next_all = run->all_tasks;
    if (task->next_all)
        task->next_all->prev_all = task;
    run->all_tasks = task;
    run->task_count++;
    return task;
}

static void task_free(struct task *task)
{
    json_decref(task->undo);
    free(task->waits_for);
    free(task->delivery);
    free(task->failed_at);
    free(task->path);
    free(task);
}

static void unlink_task(struct task *task)
{
    struct run *run = task->run;
    *(task->prev_sibling ? &task->prev_sibling->next_sibling : &task->parent->first_child) =
        task->next_sibling;
    if (task->next_sibling)
        task->next_sibling->prev_sibling = task->prev_sibling;
    *(task->prev_all ? &task->prev_all->next_all : &run->all_tasks) = task->next_all;
    if (task->next_all)
        task->next_all->prev_all = task->prev_all;
    struct task **at = bucket_of(run, task->path);
    while (*at != task)
        at = &(*at)->next_bucket;
    *at = task->next_bucket;
}

/* It ended, no script can name it any more, and it has no child left. While replaying, a cancelled one
 * stays: an answer that came too late for it may be recorded. */
static bool reapable(const struct task *task)
{
    return task_ended(task) && task->parent && task->unnamed && task->first_child == NULL &&
           !task->on_ended && (task->run->live || task->state != TASK_CANCELLED);
}

static void put_on_ended(struct task *task)
{
    if (task->on_ended)
        return;
    task->on_ended = true;
    task->next_ready = task->run->ended;
    task->run->ended = task;
}

/* Frees what ended since the last time; a run that waits for weeks opens blocks without end. */
void task_reap(struct run *run)
{
    for (struct task *task; (task = run->ended) != NULL;) {
        run->ended = task->next_ready;
        task->on_ended = false;
        for (struct task *parent; task && reapable(task); task = parent) {
            parent = task->parent;
            luaL_unref(mu_vm_state(run->vm), LUA_REGISTRYINDEX, task->result_ref);
            unlink_task(task);
            task_free(task);
        }
    }
}

/* Live from now on: what had to stay for the replay may go. */
void task_reap_replayed(struct run *run)
{
    for (struct task *task = run->all_tasks; task; task = task->next_all)
        if (task_ended(task))
            put_on_ended(task);
    task_reap(run);
}

void task_free_all(struct run *run)
{
    for (struct task *task = run->all_tasks, *next; task; task = next) {
        next = task->next_all;
        task_free(task);
    }
    run->all_tasks = run->root = run->ready_head = run->ready_tail = run->ended = NULL;
    memset(run->task_buckets, 0, sizeof run->task_buckets);
}

/* Only a parent waits for a task: it becomes ready with the task's index in its list. */
static void wake_parent(struct task *task)
{
    struct task *parent = task->parent;
    if (parent == NULL || parent->state != TASK_WAITING)
        return;
    size_t i = 0;
    while (i < parent->waits_count && parent->waits_for[i] != task)
        i++;
    if (i == parent->waits_count)
        return;
    lua_pushinteger(parent->thread, (lua_Integer)i + 1);
    parent->resume_values = 1;
    free(parent->waits_for);
    parent->waits_for = NULL;
    parent->waits_count = 0;
    make_ready(parent);
}

/* Keeps what the task returned or raised, and lets its thread go. */
static void end_task(struct task *task, enum task_state state, int result_on_top)
{
    task->state = state;
    if (result_on_top) { /* by way of the main state: a failed thread has no stack to spare */
        lua_State *L = mu_vm_state(task->run->vm);
        lua_xmove(task->thread, L, 1);
        task->result_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    for (struct task *child = task->first_child; child; child = child->next_sibling)
        if (!task_ended(child))
            task_cancel(child);
    luaL_unref(mu_vm_state(task->run->vm), LUA_REGISTRYINDEX, task->thread_ref);
    task->thread_ref = LUA_NOREF;
    task->thread = NULL;
    task->run->task_count--;
    wake_parent(task);
    put_on_ended(task);
}

/* Children first. An act in flight keeps its task until its outcome is known. */
void task_cancel(struct task *task)
{
    for (struct task *child = task->first_child; child; child = child->next_sibling)
        if (!task_ended(child))
            task_cancel(child);
    if (task_ended(task))
        return;
    struct call *call = task->call;
    bool shielded = call && call->intended && call->kind == MU_CALL_VERB &&
                    call->state != MU_CALL_INTENDED; /* then it has not left, and never will */
    if (task->state == TASK_READY || shielded) {
        task->killed = true;
        if (shielded)
            (void)!doubt_drop(call);
        return;
    }
    if (call)
        call_cancel(call);
    end_task(task, TASK_CANCELLED, 0);
}

void task_said(struct task *task, const char *src)
{
    task->last = run_text(task->run, src);
}

const char *task_place(struct task *task, char *buf)
{
    const char *place = task->last[0] ? task->last : task->born;
    if (task->thread == NULL || mu_bind_src(task->thread, buf)[0] == '\0')
        snprintf(buf, MU_SRC_TEXT, "%s", place);
    return buf;
}

/* --- the only lua_resume --- */

static lua_State *volatile interruptible; /* the thread in lua_resume */

/* In a signal handler, see watchdog.c. */
void task_interrupt(void)
{
    if (interruptible)
        mu_vm_interrupt(interruptible);
}

/* "playbook.lua:17: ..." */
static bool has_place(const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || strncmp(text, "muster/", 7) == 0)
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    return digits > 0 && colon[1 + digits] == ':' &&
           memchr(text, ' ', (size_t)(colon - text)) == NULL;
}

/* An error text that says no place, or one in the prelude, says the playbook's line from here on: the stack
 * of a task that failed is still as it was. Text of the playbook itself is left alone where it has one. */
static void add_place(lua_State *thread)
{
    char src[MU_BIND_SRC];
    const char *text = lua_tostring(thread, -1), *rest;
    if (has_place(text) || mu_bind_src(thread, src)[0] == '\0')
        return;
    if (strncmp(text, "muster/", 7) == 0 && (rest = strstr(text, ": ")) != NULL)
        text = rest + 2;
    char *placed = mu_xasprintf("%s: %.*s", src, MU_LIMIT_REASON, text);
    lua_pop(thread, 1);
    lua_pushstring(thread, placed);
    free(placed);
}

static void park_for_memory(struct task *task)
{
    struct run *run = task->run;
    char src[MU_BIND_SRC] = "";
    bool hard = mu_vm_out_of_memory(run->vm);
    if (hard)
        snprintf(src, sizeof src, "%s", mu_vm_refused_at(run->vm));
    else if (task->thread && mu_bind_src(task->thread, src)[0])
        snprintf(src + strlen(src), sizeof src - strlen(src), ": ");
    run_park(run, "memory",
             "%sthe playbook %s more than %u MiB of memory; let it keep less at once", src,
             hard ? "needs" : "keeps", (unsigned)((hard ? 2 : 1) * mu_vm_soft(run->vm) >> 20));
}

static void after_resume(struct task *task, int status, int results)
{
    struct run *run = task->run;
    char src[MU_BIND_SRC];
    if (run->stop != STOP_NONE)
        return;
    if (mu_vm_out_of_memory(run->vm)) { /* also when nothing else stopped it, as a caught error */
        park_for_memory(task);
    } else if (mu_vm_stopped(run->vm)) {
        run_park(run, "budget", "the playbook computed for more than %d s without calling anything",
                 MU_LIMIT_SLICE_CPU_S);
    } else if (mu_vm_over_soft(run->vm)) {
        park_for_memory(task);
    } else if (status == LUA_OK) {
        lua_settop(task->thread, results ? 1 : 0);
        end_task(task, TASK_DONE, results != 0);
    } else if (status != LUA_YIELD) {
        if (lua_type(task->thread, -1) == LUA_TSTRING)
            add_place(task->thread);
        else
            task->failed_at = mu_xstrdup(mu_bind_src(task->thread, src));
        end_task(task, TASK_FAILED, 1);
    }
}

static void resume(struct task *task)
{
    struct run *run = task->run;
    int results = 0, values = task->resume_values;
    task->resume_values = 0;
    run->slice_ticks = 0;
    run->current = task;
    interruptible = task->thread;
    mu_vm_guest(run->vm, task->thread);
    watchdog_slice(run->watchdog, true);
    int status = lua_resume(task->thread, mu_vm_state(run->vm), values, &results);
    watchdog_slice(run->watchdog, false);
    mu_vm_guest(run->vm, NULL);
    interruptible = NULL;
    run->current = NULL;
    if (status == LUA_YIELD && task->state == TASK_CALLING)
        lua_pop(task->thread, results);
    after_resume(task, status, results);
}

void task_run_ready(struct run *run)
{
    while (run->ready_head && run->stop == STOP_NONE) {
        struct task *task = run->ready_head;
        run->ready_head = task->next_ready;
        if (run->ready_head == NULL)
            run->ready_tail = NULL;
        if (task->killed)
            end_task(task, TASK_CANCELLED, 0);
        else
            resume(task);
    }
}

void task_complete(struct task *task, struct call *call)
{
    task->call = NULL;
    if (task->killed) {
        end_task(task, TASK_CANCELLED, 0);
        return;
    }
    /* Decoded by bind.c inside the coroutine, where running out of memory is an error and no panic. */
    free(task->delivery);
    task->delivery = call->value;
    call->value = NULL;
    lua_pushboolean(task->thread, call->ok);
    lua_pushlightuserdata(task->thread, task->delivery);
    lua_pushinteger(task->thread, (lua_Integer)strlen(task->delivery));
    task->resume_values = 3;
    make_ready(task);
}

/* The error object of an act, {src, verb, why}; or a table of the playbook's own, of which `why` is said. */
static char *object_text(lua_State *L, int object, const char *place)
{
    static const char *const fields[] = {"src", "verb", "why"};
    for (size_t i = 0; i < MU_COUNT(fields); i++) {
        lua_pushstring(L, fields[i]);
        lua_rawget(
            L,
            object); /* raw: a module's table, raised as an error, would raise another one here */
    }
    const char *src = lua_isstring(L, -3) ? lua_tostring(L, -3) : place,
               *verb = lua_tostring(L, -2), *why = lua_tostring(L, -1);
    char *text = mu_xasprintf("%s%s%s%s%s", src, src[0] ? ": " : "", verb ? verb : "",
                              verb ? ": " : "", why ? why : "an error without a reason");
    lua_pop(L, 3);
    return text;
}

/* What a failed task raised, as one line. */
char *task_error_text(struct task *task)
{
    lua_State *L = mu_vm_state(task->run->vm);
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->result_ref);
    const char *place = task->failed_at ? task->failed_at : "";
    char *text;
    if (lua_istable(L, -1))
        text = object_text(L, lua_gettop(L), place);
    else if (lua_isstring(L, -1))
        text = mu_xstrdup(lua_tostring(L, -1));
    else
        text = mu_xasprintf("%s%san error that is not text", place, place[0] ? ": " : "");
    lua_pop(L, 1);
    return text;
}

/* --- primitives for the prelude: task handles are userdata that playbooks never see --- */

#define TASK_HANDLE "muster.task"

static const char run_key; /* registry: the run */

static struct run *run_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &run_key);
    struct run *run = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return run;
}

static struct task *check_task(lua_State *L, int idx)
{
    return *(struct task **)luaL_checkudata(L, idx, TASK_HANDLE);
}

/* The last word that could name the task is gone. When that is noticed does not matter to the playbook. */
static int l_unnamed(lua_State *L)
{
    struct task *task = *(struct task **)lua_touserdata(L, 1);
    if (task == NULL)
        return 0;
    task->unnamed = true;
    if (task_ended(task))
        put_on_ended(task);
    return 0;
}

static struct task **push_handle(lua_State *L)
{
    struct task **handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = NULL;
    if (luaL_newmetatable(L, TASK_HANDLE)) {
        lua_pushcfunction(L, l_unnamed);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return handle;
}

static int l_spawn(lua_State *L)
{
    struct run *run = run_of(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (run->current == NULL || !lua_isyieldable(L)) /* who opens one waits for it */
        return luaL_error(L, MU_BIND_NO_YIELD, "blocks can't be opened");
    if (run->current->depth + 1 > MU_LIMIT_TASK_DEPTH || run->task_count >= MU_LIMIT_TASKS)
        return luaL_error(L, "too many tasks: at most %d, %d blocks deep", MU_LIMIT_TASKS,
                          MU_LIMIT_TASK_DEPTH);
    struct task **handle = push_handle(L), *task = *handle = task_new(run, run->current, L);
    char src[MU_BIND_SRC];
    task->born = mu_bind_src(L, src)[0] ? run_text(run, src) : run->current->born;
    lua_pushvalue(L, 1);
    lua_xmove(L, task->thread, 1);
    make_ready(task);
    return 1;
}

/* looking(true) before detect is called, looking(false, what it found) behind it: policy.c. `muster serve` journals what
 * was found: what can't be is an error, whoever looks. (A run of before has a prelude that does not hand it over.) */
static int l_looking(lua_State *L)
{
    struct run *run = run_of(L);
    struct mu_buf *buf = mu_vm_scratch(run->vm);
    run->looking = lua_toboolean(L, 1);
    mu_buf_reset(buf);
    if (!run->looking && !lua_isnoneornil(L, 2))
        mu_lua_to_canon(L, 2, buf, "what detect returns");
    return 0;
}

static int l_wait_any(lua_State *L)
{
    struct run *run = run_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_rawlen(L, 1);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i);
        if (task_ended(check_task(L, -1))) {
            lua_pushinteger(L, (lua_Integer)i);
            return 1;
        }
        lua_pop(L, 1);
    }
    struct task *task = run->current;
    task->waits_for = mu_xcalloc(count, sizeof *task->waits_for);
    task->waits_count = count;
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        task->waits_for[i] = check_task(L, -1);
        lua_pop(L, 1);
    }
    task->state = TASK_WAITING;
    return lua_yield(L, 0);
}

static int l_status(lua_State *L)
{
    static const char *const names[] = {"ready", "calling", "waiting",
                                        "done",  "failed",  "cancelled"};
    struct task *task = check_task(L, 1);
    lua_pushstring(L, names[task->state]);
    lua_rawgeti(L, LUA_REGISTRYINDEX, task->result_ref);
    return 2;
}

static int l_cancel(lua_State *L)
{
    struct task *task = check_task(L, 1);
    if (!task_ended(task))
        task_cancel(task);
    return 0;
}

/* --- what bind.c calls; every one is said by run->current --- */

/* A task of the prelude's own (within's timer, meanwhile) has no line of the playbook on its stack. */
static const char *said_at(struct run *run, const char *src)
{
    if (src[0] == '\0')
        src = run->current->born;
    task_said(run->current, src);
    return src;
}

static enum mu_err bind_call(void *ud, const char *verb, const char *args, size_t len,
                             const char *src, struct mu_fail *fail)
{
    struct run *run = ud;
    return call_issue(run->current, verb, args, len, said_at(run, src), fail);
}

static enum mu_err bind_gate(void *ud, const char *kind, const char *args, size_t len,
                             const char *src, struct mu_fail *fail)
{
    struct run *run = ud;
    return gate_issue(run->current, kind, args, len, said_at(run, src), fail);
}

static enum mu_err bind_timer(void *ud, int64_t ms, const char *src, struct mu_fail *fail)
{
    struct run *run = ud;
    return call_timer(run->current, ms, said_at(run, src), fail);
}

static enum mu_err bind_note(void *ud, const char *verb, const char *value, size_t len,
                             const char *src, struct mu_fail *fail)
{
    struct run *run = ud;
    return note_put(run->current, verb, value, len, said_at(run, src), fail);
}

static bool bind_stopping(void *ud)
{
    return ((struct run *)ud)->stop != STOP_NONE;
}

static int64_t bind_now(void *ud)
{
    return ((struct run *)ud)->now_ms;
}

static int64_t bind_started(void *ud)
{
    return ((struct run *)ud)->started_ms;
}

static const char *bind_run_name(void *ud)
{
    return ((struct run *)ud)->name;
}

static const char *bind_nearest(void *ud, const char *name)
{
    return mu_registry_nearest(((struct run *)ud)->registry, name);
}

static const struct mu_bind_ops bind_ops = {bind_call,    bind_gate,     bind_timer,
                                            bind_note,    bind_stopping, bind_now,
                                            bind_started, bind_run_name, bind_nearest};

/* --- boot: environment, prelude, playbook, the root task --- */

static int64_t cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* CPU time from the slice's first tick on: most slices end before it, and never ask for the time. */
static bool over_budget(struct run *run)
{
    if (run->slice_ticks++ == 0)
        run->slice_cpu_ms = cpu_ms();
    return cpu_ms() - run->slice_cpu_ms > MU_LIMIT_SLICE_CPU_S * 1000;
}

/* Where a person's cancel hit it while it computed, the record ends; so does its replay. */
static bool replayed_to_cancel(const struct run *run)
{
    return run->replays_cancel && cursor_left_over(run->cursor) == NULL;
}

static bool tick(lua_State *thread, void *ud)
{
    struct run *run = ud;
    char src[MU_BIND_SRC];
    if (replayed_to_cancel(run))
        run_stop(run, STOP_CANCEL, "cancelled", "");
    if (run->stop != STOP_NONE || (run->owes_sync && !record_barrier(run)))
        return true;
    run_look_for_orders(run); /* a cancel does not wait for a playbook that computes */
    budget_cpu(run);
    if (mu_vm_over_soft(run->vm))
        park_for_memory(run->current);
    else if (watchdog_overdue(run->watchdog) || over_budget(run))
        run_park(run, "budget",
                 "the playbook computed for more than %d s without calling anything at %s",
                 MU_LIMIT_SLICE_CPU_S, mu_bind_src(thread, src));
    return run->stop != STOP_NONE;
}

struct env_builder {
    struct run *run;
    lua_State *L;
    int env;
};

static bool add_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    (void)module;
    struct env_builder *builder = ud;
    mu_bind_verb(builder->L, builder->env, verb->name, &bind_ops, builder->run);
    return true;
}

static int l_ignore(lua_State *L)
{
    (void)L;
    return 0;
}

static int l_param_constructor(lua_State *L)
{
    /* param.KIND "doc" { options }: the header was read long ago; here it only has to be callable. */
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
}

/* `playbook { ... }` and param.* as words without effect: the header is read by playbook/header.c. */
static void add_header_words(lua_State *L, int env)
{
    lua_pushcfunction(L, l_ignore);
    lua_setfield(L, env, "playbook");
    lua_newtable(L); /* param: every field is a function that returns a chainable nothing */
    lua_newtable(L);
    lua_newtable(L); /* the chainable nothing: callable, returns itself */
    lua_newtable(L);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, l_param_constructor, 1);
    lua_setfield(L, -2, "__call");
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, l_param_constructor, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_setfield(L, env, "param");
}

static const char *prelude_of(struct run *run, size_t *len)
{
    const char *recorded = mu_bundle_file(run->bundle, MU_PRELUDE_CHUNK, len);
    if (recorded)
        return recorded;
    *len = mu_prelude_words_len;
    return mu_prelude_words;
}

static const char *library_text(void *ud, const char *path, size_t *len)
{
    return mu_bundle_file(((struct run *)ud)->bundle, path, len);
}

/* Runs the prelude with (primitives, env); leaves its boot function on the stack. */
static enum mu_err load_prelude(struct run *run, lua_State *L, int env, struct mu_fail *fail)
{
    static const luaL_Reg tasks[] = {{"spawn", l_spawn},     {"wait_any", l_wait_any},
                                     {"status", l_status},   {"cancel", l_cancel},
                                     {"looking", l_looking}, {NULL, NULL}};
    size_t len;
    const char *text = prelude_of(run, &len);
    if (mu_vm_load(L, text, len, MU_PRELUDE_CHUNK, env, fail) != MU_OK)
        return fail->class;
    mu_bind_push_primitives(L, &bind_ops, run);
    luaL_setfuncs(L, tasks, 0);
    mu_use_push(L, library_text, run, env, true);
    lua_setfield(L, -2, "use");
    struct env_builder builder = {run, L, env};
    mu_registry_each(run->registry, add_verb, &builder);
    mu_bind_lock(L, env, &bind_ops, run);
    lua_pushvalue(L, env);
    return mu_vm_run_plain(run->vm, 2, 1, 1000, fail);
}

static enum mu_err load_playbook(struct run *run, lua_State *L, int env, struct mu_fail *fail)
{
    size_t len;
    const char *text = mu_bundle_file(run->bundle, "playbook.lua", &len);
    if (text == NULL)
        return mu_fail_set(fail, MU_STORAGE, "the run's file holds no playbook.lua");
    if (mu_vm_load(L, text, len, "playbook.lua", env, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_vm_run_plain(run->vm, 0, 0, 10000, fail);
    mu_use_close(L);
    return err;
}

/* "playbook.lua:7", where the function begins that is main. */
static void place_of_main(lua_State *L, int env, char place[MU_SRC_TEXT])
{
    lua_Debug frame = {.short_src = "playbook.lua", .linedefined = 1};
    lua_pushstring(L, "main");
    if (lua_rawget(L, env) == LUA_TFUNCTION)
        lua_getinfo(L, ">S", &frame);
    else
        lua_pop(L, 1);
    snprintf(place, MU_SRC_TEXT, "%s:%d", frame.short_src, frame.linedefined);
}

/* boot(main, detect, params, samples, watch) becomes the root task. Expects boot on top. */
static void start_root(struct run *run, lua_State *L, int env)
{
    char place[MU_SRC_TEXT];
    struct task *root = run->root = task_new(run, NULL, L);
    lua_pushstring(L, "main");
    lua_rawget(L, env);
    lua_pushstring(L, "detect");
    lua_rawget(L, env);
    const json_t *drill = json_object_get(run->start, "drill"),
                 *values[] = {json_object_get(run->start, "params"),
                              json_object_get(run->start, "samples"),
                              json_object_get(drill, "watch")};
    for (size_t i = 0; i < MU_COUNT(values); i++) {
        char *text = mu_json_text(values[i]);
        mu_lua_push_canon(L, text, strlen(text));
        free(text);
    }
    place_of_main(L, env, place);
    root->born = run_text(run, place);
    lua_xmove(L, root->thread, 6);
    root->resume_values = 5;
    make_ready(root);
}

/* A place of a playbook whose tests are measured (testing/coverage.c) was reached. */
static int l_hit(lua_State *L)
{
    const struct run *run = run_of(L);
    if (run->hit)
        run->hit(run->hit_ud, lua_tointeger(L, 1));
    return 0;
}

/* Also when such a run is replayed, and nobody counts. */
static void add_hit(struct run *run, lua_State *L, int env)
{
    if (strcmp(run->world_name, mu_world_sim.name) != 0)
        return;
    lua_pushcfunction(L, l_hit);
    lua_setfield(L, env, MU_HIT_WORD);
}

enum mu_err task_boot(struct run *run, struct mu_fail *fail)
{
    run->vm = mu_vm_new(run->seed);
    if (run->vm == NULL)
        return mu_fail_set(fail, MU_INTERNAL, "no memory for Lua");
    mu_vm_limit(run->vm, (size_t)budget_memory_mb(run) << 20);
    lua_State *L = mu_vm_state(run->vm);
    mu_sandbox_init(L);
    lua_pushlightuserdata(L, run);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &run_key);
    mu_sandbox_push_env(L);
    int env = lua_gettop(L);
    add_header_words(L, env);
    add_hit(run, L, env);
    if (load_prelude(run, L, env, fail) != MU_OK)
        return fail->class;
    mu_sandbox_push_scope(L, env);
    lua_replace(L, env); /* under the function that the prelude left */
    if (load_playbook(run, L, env, fail) != MU_OK)
        return fail->class;
    if (mu_vm_over_soft(run->vm)) /* the header was read with less about it, and was let through */
        run_park(
            run, "memory",
            "playbook.lua keeps more than %u MiB at its top level: build what is large in main",
            (unsigned)(mu_vm_soft(run->vm) >> 20));
    mu_sandbox_strict(L, env);
    mu_vm_set_tick(run->vm, tick, run);
    start_root(run, L, env);
    lua_settop(L, 0);
    return MU_OK;
}
