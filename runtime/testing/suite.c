/* SPDX-License-Identifier: MIT
 *
 * Many tests, some at a time. Each is a forked child with a state folder of its own; it writes its result, one JSON
 * text, into a pipe and ends. What a child leaves behind or dies of is dealt with here, and results are
 * handed on in the order of files and tests, whichever was done first. */
#define _XOPEN_SOURCE 700 /* nftw */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "testing/testing.h"

#define MOST_RESULT (64u << 20) /* octets of one result: its runs' journals */
#define CHUNK       65536
#define MOST_LOG    8192

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

char *mu_test_state_new(struct mu_fail *fail)
{
    const char *places[] = {getenv("TMPDIR"), "/dev/shm", "/tmp"};
    for (size_t i = 0; i < MU_COUNT(places); i++) {
        char *state = places[i] ? mu_xasprintf("%s/muster-test.XXXXXX", places[i]) : NULL;
        if (state && mkdtemp(state))
            return state;
        free(state);
    }
    mu_fail_set(fail, MU_STORAGE,
                "no place for a test's state folder: neither $TMPDIR nor /tmp can be written");
    return NULL;
}

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

static void be_child(const struct pool *pool, const struct job *job, int fd)
{
    divert_log(job->state);
    json_t *result = mu_test_play(pool->suite->files[job->file], job->test, job->state);
    char *text = mu_json_text(result);
    write_all(fd, text, strlen(text));
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
    job->pid = fork();
    if (job->pid == 0)
        be_child(pool, job, ends[1]);
    close(ends[1]);
    job->fd = ends[0];
    job->began_ms = mu_clock_mono_ms();
    if (job->pid < 0) {
        close(ends[0]);
        return mu_fail_set(fail, MU_INTERNAL, "no process for a test: %s", strerror(errno));
    }
    pool->running++;
    return MU_OK;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void mu_test_state_free(char *state)
{
    if (state)
        nftw(state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(state);
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
    waitpid(job->pid, &status, 0);
    close(job->fd);
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
    if (len > 0 && job->text.len + (size_t)len <= MOST_RESULT)
        mu_buf_add(&job->text, chunk, (size_t)len);
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
                pool->jobs[pool->count++] = (struct job){.file = i, .test = j};
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
