/* SPDX-License-Identifier: MIT
 *
 * Runs that go on: whoever started them. An executor is known by the run's lock, and its death by a pidfd; what
 * nobody executes, and no monitor is about to, gets another executor. Parked runs wait for a person and are left
 * alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "serve/internal.h"

#define LOOK_MS    5000
#define GRACE_MS   3000 /* a run that was just made or resumed by hand has its executor by then */
#define TIMEOUT_MS 60000
#define PAUSE_MS   10000 /* between tries, doubled up to */
#define PAUSE_MOST 3600000

struct alive {
    char name[128], path[4096];
    int pid; /* that executes it, 0 = nobody */
    int pidfd;
    uv_poll_t *poll;
    int64_t dead_ms, retry_ms, pause_ms; /* monotonic; dead: since when nobody executes it */
    bool seen;
    struct alive *next;
};

static void free_poll(uv_handle_t *handle)
{
    free(handle);
}

static void let_go(struct alive *run)
{
    if (run->poll == NULL)
        return;
    uv_poll_stop(run->poll);
    uv_close((uv_handle_t *)run->poll, free_poll);
    close(run->pidfd);
    run->poll = NULL;
    run->pid = 0;
}

/* Its executor is gone: look at once, not at the next round. */
static void on_death(uv_poll_t *poll, int status, int events)
{
    struct serve *serve = poll->data;
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    serve->alive_due_ms = 0;
}

static void hold(struct serve *serve, struct alive *run, int pid)
{
    if (run->pid == pid)
        return;
    let_go(run);
    run->pid = pid;
    run->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (run->pidfd < 0)
        return; /* gone already, or a kernel before 5.3: the rounds find it */
    run->poll = MU_NEW(uv_poll_t);
    run->poll->data = serve;
    if (uv_poll_init(mu_loop_uv(serve->loop), run->poll, run->pidfd) != 0) {
        free(run->poll);
        run->poll = NULL;
        close(run->pidfd);
    } else {
        uv_poll_start(run->poll, UV_READABLE, on_death);
    }
}

static struct alive *find(struct serve *serve, const char *name)
{
    struct alive *run = serve->alive;
    while (run && strcmp(run->name, name) != 0)
        run = run->next;
    return run;
}

/* --- another executor --- */

static json_t *resume(struct serve *serve, const char *name, struct mu_fail *fail)
{
    struct alive *run = find(serve, name);
    struct launch launch = {.kind = "serve", .name = "resumes a run whose executor died"};
    bool unborn = false, ended = false;
    if (serve_worker_store(serve, &launch, fail) != MU_OK ||
        mu_run_end_unborn(launch.store, name, false, &unborn, &ended, fail) != MU_OK)
        return NULL;
    if (unborn) {
        mu_warn("serve", "%s never began: muster was killed while it made it, and nothing was sent",
                name);
        mu_store_close(launch.store);
        return json_object();
    }
    if (launch_executor(&launch, run->path, fail) != MU_OK)
        return NULL;
    mu_store_close(launch.store);
    return json_object();
}

static void resumed(struct serve *serve, const char *name, const json_t *result, const char *why)
{
    struct alive *run = find(serve, name);
    if (result == NULL)
        mu_warn("serve", "%s could not be resumed: %s", name, why);
    if (run)
        run->retry_ms = mu_clock_mono_ms() + run->pause_ms;
}

static const struct job resume_job = {.name = "resume", .run = resume, .done = resumed};

static void nobody(struct serve *serve, struct alive *run, int64_t now)
{
    let_go(run);
    run->pid = 0;
    run->dead_ms = run->dead_ms ? run->dead_ms : now;
    if (now - run->dead_ms < GRACE_MS || now < run->retry_ms ||
        worker_is_at(serve, &resume_job, run->name))
        return;
    run->pause_ms = run->pause_ms ? run->pause_ms * 2 : PAUSE_MS;
    run->pause_ms = run->pause_ms < PAUSE_MOST ? run->pause_ms : PAUSE_MOST;
    mu_warn("serve", "%s goes on and nobody executes it: it gets another executor", run->name);
    (void)!worker_start(serve, &resume_job, run->name, TIMEOUT_MS);
}

/* --- rounds --- */

struct making {
    const char *run;
    bool is;
};

static bool is_that(const struct mu_store_tick *tick, void *ud)
{
    struct making *making = ud;
    making->is = strcmp(tick->run, making->run) == 0;
    return !making->is;
}

/* Its tick is taken and nobody has finished it: its journal may not be whole, and plans.c or watches.c go on. */
static bool is_being_made(struct serve *serve, const char *run)
{
    struct making making = {run, false};
    return mu_store_ticks(serve->store, NULL, true, 0, is_that, &making, NULL) != MU_OK ||
           making.is;
}

static bool look_at(const struct mu_store_run *row, void *ud)
{
    struct serve *serve = ud;
    struct alive *run = find(serve, row->name);
    struct mu_monitor monitor;
    if (run == NULL) {
        run = MU_NEW(struct alive);
        snprintf(run->name, sizeof run->name, "%s", row->name);
        snprintf(run->path, sizeof run->path, "%s", row->path);
        run->next = serve->alive;
        serve->alive = run;
    }
    run->seen = true;
    int pid = mu_journal_lock_holder(row->path);
    if (pid > 0) {
        hold(serve, run, pid);
        run->dead_ms = 0;
    } else if (mu_monitor_look(row->path, &monitor) || is_being_made(serve, row->name)) {
        let_go(run); /* its monitor will start one; or it is still being made */
        run->dead_ms = 0;
    } else {
        nobody(serve, run, mu_clock_mono_ms());
    }
    return true;
}

static void forget_others(struct serve *serve)
{
    for (struct alive **at = &serve->alive; *at;) {
        struct alive *run = *at;
        if (run->seen) {
            at = &run->next;
            continue;
        }
        *at = run->next;
        let_go(run);
        free(run);
    }
}

void runs_turn(struct serve *serve)
{
    struct mu_fail fail;
    int64_t now = mu_clock_mono_ms();
    if (now < serve->alive_due_ms)
        return;
    serve->alive_due_ms = now + LOOK_MS;
    for (struct alive *run = serve->alive; run; run = run->next)
        run->seen = false;
    if (mu_store_runs(serve->store, "running", 0, look_at, serve, &fail) != MU_OK) {
        mu_warn("serve", "%s", fail.text);
        return;
    }
    forget_others(serve);
    for (struct alive *run = serve->alive; run; run = run->next)
        if (run->dead_ms && now - run->dead_ms < GRACE_MS)
            serve->alive_due_ms = now + GRACE_MS;
}

void runs_fini(struct serve *serve)
{
    for (struct alive *run = serve->alive; run; run = run->next)
        run->seen = false;
    forget_others(serve);
}

json_t *runs_json(const struct serve *serve)
{
    json_t *list = json_array();
    for (const struct alive *run = serve->alive; run; run = run->next)
        json_array_append_new(list, json_pack("{s:s, s:i}", "run", run->name, "pid", run->pid));
    return list;
}
