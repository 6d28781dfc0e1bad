/* SPDX-License-Identifier: MIT
 *
 * Many tests, some at a time. Each is a forked child with a state folder of its own; it writes its result, one JSON
 * text, into a pipe and ends. What a child leaves behind or dies of is dealt with here, and results are
 * handed on in the order of files and tests, whichever was done first. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "testing/testing.h"

#define CHUNK    65536
#define MOST_LOG 8192

struct job {
    size_t file, test;
    pid_t pid; /* 0: not begun, or over */
    int fd;
    struct mu_buf text; /* of the result, as it comes */
    char *state;
    int64_t began_ms;
    bool overdue;
    json_t *result; /* once it is over */
};

struct pool {
    const struct mu_suite *suite;
    struct job *jobs;
    size_t count, next, handed;
    int running;
};

/* --- the child --- */

static void write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, text, len);
        if (done < 0 && errno != EINTR)
            _exit(1);
        if (done > 0) {
            text += done;
            len -= (size_t)done;
        }
    }
}

/* Diagnostics of the engine go into a file, and along with the result. */
static void divert_log(const char *state)
{
    char *path = mu_xasprintf("%s/log", state);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
    free(path);
}

/* What was expected and is not so is still told; the journals can't be. */
static void say_too_large(json_t *result, struct mu_buf *text)
{
    char why[200];
    snprintf(why, sizeof why,
             "the journals of its runs have more than %u MiB, which is all that a result may hold: "
             "play a shorter time",
             MU_LIMIT_TEST_RESULT >> 20);
    json_array_clear(json_object_get(result, "runs"));
    if (!json_is_string(json_object_get(result, "broke")))
        json_object_set_new(result, "broke", json_string(why));
    json_object_set_new(result, "ok", json_false());
    mu_buf_free(text);
    text->max = MU_LIMIT_TEST_RESULT;
    mu_json_canon(result, text);
}

/* It dies with whoever wants its result, and holds no end of a pipe but its own to write into. */
static void leave_parent(const struct pool *pool, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (size_t i = pool->handed; i < pool->next; i++)
        if (pool->jobs[i].fd >= 0)
            close(pool->jobs[i].fd);
}

static void be_child(const struct pool *pool, const struct job *job, int fd)
{
    divert_log(job->state);
    json_t *result = mu_test_play(pool->suite->files[job->file], job->test, job->state);
    struct mu_buf text = {.max = MU_LIMIT_TEST_RESULT};
    mu_json_canon(result, &text);
    if (text.full)
        say_too_large(result, &text);
    write_all(fd, text.data, text.len);
    _exit(0);
}

/* --- the parent --- */

static enum mu_err begin(struct pool *pool, struct job *job, struct mu_fail *fail)
{
    int ends[2];
    job->state = mu_test_state_new(fail);
    if (job->state == NULL)
        return fail->class;
    if (pipe(ends) != 0) /* a test starts no other program */
        return mu_fail_set(fail, MU_INTERNAL, "no pipe for a test: %s", strerror(errno));
    job->fd = ends[0];
    pid_t parent = getpid();
    job->pid = fork();
    if (job->pid == 0) {
        leave_parent(pool, parent);
        be_child(pool, job, ends[1]);
    }
    close(ends[1]);
    job->began_ms = mu_clock_mono_ms();
    if (job->pid < 0) {
        close(job->fd);
        job->fd = -1;
        return mu_fail_set(fail, MU_INTERNAL, "no process for a test: %s", strerror(errno));
    }
    pool->running++;
    return MU_OK;
}

static json_t *log_of(const struct job *job)
{
    char text[MOST_LOG], *path = mu_xasprintf("%s/log", job->state);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    free(path);
    return mu_json_lenient_string(text, len);
}

/* What a child died of stands for its result. */
static json_t *dead(const struct pool *pool, const struct job *job, int status)
{
    const struct mu_test_file *file = pool->suite->files[job->file];
    char why[200];
    if (job->overdue)
        snprintf(why, sizeof why, "it took longer than %lld s and was ended",
                 (long long)(pool->suite->timeout_ms / 1000));
    else if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "its process died of signal %d", WTERMSIG(status));
    else
        snprintf(why, sizeof why, "its process ended with %d and no result", WEXITSTATUS(status));
    return json_pack("{s:s, s:i, s:b, s:s, s:[], s:[], s:i}", "name",
                     mu_tests_name(file->tests, job->test), "line",
                     mu_tests_line(file->tests, job->test), "ok", 0, "broke", why, "failures",
                     "runs", "simulated_ms", 0);
}

static void finish(struct pool *pool, struct job *job)
{
    int status = 0;
    close(job->fd); /* first: it may have more to write than anybody reads */
    job->fd = -1;
    waitpid(job->pid, &status, 0);
    job->result =
        job->text.len ? mu_json_parse(mu_buf_text(&job->text), job->text.len, NULL) : NULL;
    if (job->result == NULL)
        job->result = dead(pool, job, status);
    json_object_set_new(job->result, "took_ms", json_integer(mu_clock_mono_ms() - job->began_ms));
    json_object_set_new(job->result, "log", log_of(job));
    mu_buf_free(&job->text);
    mu_test_state_free(job->state);
    job->pid = 0;
    pool->running--;
}

static void read_some(struct pool *pool, struct job *job)
{
    char chunk[CHUNK];
    ssize_t len = read(job->fd, chunk, sizeof chunk);
    if (len > 0)
        mu_buf_add(&job->text, chunk, (size_t)len); /* no more than max: the child sees to that */
    else if (len >= 0 || errno != EINTR)
        finish(pool, job);
}

static void end_overdue(struct pool *pool, struct job *job)
{
    if (job->pid > 0 && mu_clock_mono_ms() - job->began_ms > pool->suite->timeout_ms) {
        job->overdue = true;
        kill(job->pid, SIGKILL);
    }
}

/* Waits until one of those that run has something to say. */
static void wait_for_some(struct pool *pool)
{
    struct pollfd *fds = mu_xcalloc((size_t)pool->running, sizeof *fds);
    struct job **jobs = mu_xcalloc((size_t)pool->running, sizeof *jobs);
    nfds_t count = 0;
    for (size_t i = pool->handed; i < pool->next; i++)
        if (pool->jobs[i].pid > 0) {
            jobs[count] = &pool->jobs[i];
            fds[count++] = (struct pollfd){.fd = pool->jobs[i].fd, .events = POLLIN};
        }
    poll(fds, count, 200);
    for (nfds_t i = 0; i < count; i++) {
        if (fds[i].revents)
            read_some(pool, jobs[i]);
        else
            end_overdue(pool, jobs[i]);
    }
    free(fds);
    free(jobs);
}

/* Those that are over, in order, as far as none before them is missing. */
static bool hand_on(struct pool *pool, mu_suite_cb *cb, void *ud)
{
    bool more = true;
    while (more && pool->handed < pool->count && pool->jobs[pool->handed].result) {
        struct job *job = &pool->jobs[pool->handed++];
        more = cb(job->file, job->result, ud);
        json_decref(job->result);
        job->result = NULL;
    }
    return more;
}

static void plan(struct pool *pool)
{
    const struct mu_suite *suite = pool->suite;
    size_t room = 0;
    for (size_t i = 0; i < suite->count; i++)
        room += mu_tests_count(suite->files[i]->tests);
    pool->jobs = mu_xcalloc(room + 1, sizeof *pool->jobs);
    for (size_t i = 0; i < suite->count; i++)
        for (size_t j = 0; j < mu_tests_count(suite->files[i]->tests); j++)
            if (suite->filter == NULL ||
                strstr(mu_tests_name(suite->files[i]->tests, j), suite->filter))
                pool->jobs[pool->count++] =
                    (struct job){.file = i, .test = j, .fd = -1, .text.max = MU_LIMIT_TEST_RESULT};
}

static void abandon(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        if (pool->jobs[i].pid > 0) {
            kill(pool->jobs[i].pid, SIGKILL);
            finish(pool, &pool->jobs[i]);
        }
        json_decref(pool->jobs[i].result);
    }
    free(pool->jobs);
}

enum mu_err mu_suite_run(const struct mu_suite *suite, mu_suite_cb *cb, void *ud,
                         struct mu_fail *fail)
{
    struct pool pool = {.suite = suite};
    enum mu_err err = MU_OK;
    bool more = true;
    plan(&pool);
    fflush(NULL); /* or every child would have it, too */
    while (err == MU_OK && more && pool.handed < pool.count) {
        while (err == MU_OK && pool.next < pool.count && pool.running < suite->jobs)
            err = begin(&pool, &pool.jobs[pool.next++], fail);
        if (pool.running > 0)
            wait_for_some(&pool);
        more = hand_on(&pool, cb, ud);
    }
    abandon(&pool);
    return err;
}
