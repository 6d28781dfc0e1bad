/* SPDX-License-Identifier: MIT
 *
 * Processes that work for the supervisor: each has one job, writes one JSON text into a pipe and ends. It has
 * the settings as they were when it was forked. Who does not come back in time is killed, and that is its result. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "serve/internal.h"

struct worker {
    const struct job *job;
    char *subject;
    pid_t pid;
    int fd;
    uv_poll_t *poll;
    struct mu_buf said;
    int64_t deadline_ms; /* monotonic */
    bool killed;
    struct worker *next;
};

/* --- in its process --- */

static void write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t put = write(fd, text, left);
        if (put < 0 && errno != EINTR)
            return;
        text += put > 0 ? put : 0;
        left -= put > 0 ? (size_t)put : 0;
    }
}

static MU_NORETURN void work(struct serve *serve, const struct job *job, const char *subject,
                             int fd)
{
    struct mu_fail fail = {.class = MU_OK};
    static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < MU_COUNT(ours); i++)
        signal(ours[i], SIG_DFL);
    if (job->expendable)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    unsetenv("NOTIFY_SOCKET"); /* what executors start is none of systemd's business */
    serve_leave(serve);
    json_t *result = job->run(serve, subject, &fail);
    json_t *said =
        result ? json_pack("{s:o}", "result", result) : json_pack("{s:s}", "why", fail.text);
    char *text = said ? mu_json_text(said) : mu_xstrdup("{}");
    write_all(fd, text);
    _exit(0); /* nothing of the supervisor's is torn down by its child */
}

/* --- in ours --- */

static void free_poll(uv_handle_t *handle)
{
    free(handle);
}

/* Everything there is; the pipe's other end may be held by a monitor that the worker left behind. */
static void hear(struct worker *worker)
{
    char bytes[4096];
    ssize_t got;
    while ((got = read(worker->fd, bytes, sizeof bytes)) > 0)
        mu_buf_add(&worker->said, bytes, (size_t)got);
    if (got == 0)
        uv_poll_stop(worker->poll);
}

static void on_said(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    hear(poll->data);
}

static bool listen_to(struct serve *serve, struct worker *worker)
{
    worker->poll = MU_NEW(uv_poll_t);
    worker->poll->data = worker;
    fcntl(worker->fd, F_SETFL, O_NONBLOCK);
    if (uv_poll_init(mu_loop_uv(serve->loop), worker->poll, worker->fd) != 0) {
        free(worker->poll);
        return false;
    }
    return uv_poll_start(worker->poll, UV_READABLE, on_said) == 0;
}

bool worker_start(struct serve *serve, const struct job *job, const char *subject,
                  int64_t timeout_ms)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    (void)!mu_run_warm(serve->settings.config, NULL);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        work(serve, job, subject, ends[1]);
    }
    close(ends[1]);
    struct worker *worker = MU_NEW(struct worker);
    *worker = (struct worker){.job = job,
                              .subject = mu_xstrdup(subject),
                              .pid = pid,
                              .fd = ends[0],
                              .said = {.max = MU_LIMIT_VALUE},
                              .deadline_ms = mu_clock_mono_ms() + timeout_ms,
                              .next = serve->workers};
    if (pid < 0 || !listen_to(serve, worker)) {
        mu_warn("serve", "%s %s: no process for it: %s", job->name, subject, strerror(errno));
        if (pid > 0 && kill(pid, SIGKILL) == 0)
            waitpid(pid, NULL, 0);
        close(ends[0]);
        free(worker->subject);
        free(worker);
        return false;
    }
    serve->workers = worker;
    return true;
}

bool worker_is_at(const struct serve *serve, const struct job *job, const char *subject)
{
    for (const struct worker *worker = serve->workers; worker; worker = worker->next)
        if (worker->job == job && strcmp(worker->subject, subject) == 0)
            return true;
    return false;
}

int worker_count(const struct serve *serve, const struct job *job)
{
    int count = 0;
    for (const struct worker *worker = serve->workers; worker; worker = worker->next)
        count += job == NULL || worker->job == job;
    return count;
}

static void judge(struct serve *serve, struct worker *worker, int status)
{
    char why[SERVE_WHY] = "";
    const char *text = mu_buf_text(&worker->said);
    json_t *said = mu_json_parse(text, worker->said.len, NULL);
    json_t *result = worker->killed ? NULL : json_object_get(said, "result");
    if (worker->killed)
        snprintf(why, sizeof why, "it did not come back in time and was killed");
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "its process died by signal %d", WTERMSIG(status));
    else if (result == NULL)
        snprintf(why, sizeof why, "%s", mu_json_str(said, "why", "its process said nothing"));
    worker->job->done(serve, worker->subject, result, why);
    json_decref(said);
}

static void end_worker(struct serve *serve, struct worker **at, int status)
{
    struct worker *worker = *at;
    *at = worker->next;
    hear(worker);
    uv_poll_stop(worker->poll);
    uv_close((uv_handle_t *)worker->poll, free_poll);
    close(worker->fd);
    judge(serve, worker, status);
    mu_buf_free(&worker->said);
    free(worker->subject);
    free(worker);
}

void workers_reap(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    for (struct worker **at = &serve->workers; *at;) {
        struct worker *worker = *at;
        int status = 0;
        if (!worker->killed && now >= worker->deadline_ms) {
            mu_warn("serve", "%s %s: killed, it did not come back in time", worker->job->name,
                    worker->subject);
            worker->killed = kill(worker->pid, SIGKILL) == 0;
        }
        if (waitpid(worker->pid, &status, WNOHANG) == worker->pid)
            end_worker(serve, at, status);
        else
            at = &worker->next;
    }
}

void workers_drain(struct serve *serve)
{
    for (struct worker *worker = serve->workers; worker; worker = worker->next)
        if (worker->job->expendable && !worker->killed)
            worker->killed = kill(worker->pid, SIGKILL) == 0;
}
