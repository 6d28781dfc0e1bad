/* SPDX-License-Identifier: MIT
 *
 * The monitor: a small process in a session of its own that starts the executor, waits, and starts it
 * again when it died. No Lua, no journal. Ctrl-C, a closed terminal or a lost ssh reach neither.
 *
 *   viewer ─ fork ─▶ monitor (setsid) ─ fork ─▶ executor       all three hold the wake pipe's write end
 *                      └── died by signal or exit 75: again, a little later each time;
 *                                     nothing could be written: again, for two hours              */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/share.h"
#include "engine/internal.h"

#define MOST_STARTS   8     /* deaths in a row; poison detection (J8) parks a bad run earlier */
#define LIVED_MS      60000 /* one that lived so long starts the count anew */
#define STORAGE_TRIES 260 /* two hours in which nothing can be written, then a person resumes it */
#define STORAGE_PAUSE 30000

/* Standard streams go to the run's log, so that nothing of the executor depends on a terminal. */
static int leave_terminal(const char *path)
{
    char *name = mu_xasprintf("%s.log", path);
    int log = mu_share_open(name, O_WRONLY | O_CREAT | O_APPEND);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (log >= 0 || null >= 0) {
        dup2(log >= 0 ? log : null, STDOUT_FILENO);
        dup2(log >= 0 ? log : null, STDERR_FILENO);
    }
    free(name);
    return log;
}

/* In memory that executor and monitor see. */
struct shared {
    bool returned; /* from mu_run_execute(): else a library or a module ended the process */
    char why[MU_FAIL_TEXT];    /* what it could not write */
    volatile int64_t alive_ms; /* of struct mu_execute */
};

/* In the executor's process. */
static int run_executor(const struct mu_execute *how, struct shared *shared)
{
    struct mu_fail fail = {.class = MU_OK};
    int code = mu_run_execute(how, &fail);
    if (shared)
        shared->returned = true;
    if (shared && (code == MU_RUN_STORAGE || (code == MU_RUN_REFUSED && fail.class == MU_STORAGE)))
        snprintf(shared->why, sizeof shared->why, "%s", fail.text);
    if (code == MU_RUN_REFUSED || code == MU_RUN_INTERNAL)
        mu_error("engine", "%s: %s", how->path, fail.text);
    return code == MU_RUN_REFUSED && fail.class == MU_STORAGE ? MU_RUN_CANTOPEN : code;
}

static void pause_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

/* What it died of, when the same will happen again: no kill -9, no reboot. */
static const char *own_fault(int status)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status) == MU_RUN_STUCK ? "watchdog" : NULL;
    switch (WTERMSIG(status)) {
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
        return "crash";
    default:
        return NULL;
    }
}

struct watch {
    const struct mu_execute *how;
    struct mu_execute next; /* for the next executor */
    int log;                /* fd: where others see what we wait for (monitor_look.c) */
    int deaths, storage_tries;
    struct shared *shared; /* or NULL */
    bool ran;              /* an executor came so far as to open its files */
};

/* In a process of its own: the monitor opens no files and no sockets. */
static MU_NORETURN void give_up(const struct watch *watch, const char *why, const char *text)
{
    mu_error("engine", "%s: %s", watch->how->path, text);
    pid_t teller = fork();
    if (teller == 0) {
        mu_run_stuck(watch->how, why, text);
        _exit(0);
    }
    if (teller > 0)
        waitpid(teller, NULL, 0);
    _exit(MU_RUN_TEMPORARY);
}

static void wait_for(const struct watch *watch, enum mu_monitor_what what, long ms)
{
    monitor_tell(watch->log, what, mu_clock_real_ms() + ms);
    pause_ms(ms);
}

/* Nothing could be written: a short pause first, longer ones then. */
static void wait_for_storage(struct watch *watch)
{
    if (++watch->storage_tries > STORAGE_TRIES)
        give_up(watch, "storage", "nothing could be written for two hours; resume it by hand");
    wait_for(watch, MU_MONITOR_STORAGE,
             watch->storage_tries < 5 ? 250L << watch->storage_tries : STORAGE_PAUSE);
}

static bool ended_by_others(const struct watch *watch, int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) != MU_RUN_STUCK && watch->shared &&
           !watch->shared->returned;
}

static void wait_after_death(struct watch *watch, int status, int64_t lived_ms)
{
    char text[200];
    if (lived_ms >= LIVED_MS)
        watch->deaths = 0;
    snprintf(text, sizeof text, "the executor %s %d%s",
             WIFSIGNALED(status) ? "died by signal" : "left with",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
             ended_by_others(watch, status) ? ": a library or a module ended its process" : "");
    if (++watch->deaths >= MOST_STARTS) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, ", %d times one after another; look at its log",
                 MOST_STARTS);
        give_up(watch, "died", text);
    }
    mu_warn("engine", "%s: %s; starting another", watch->how->path, text);
    wait_for(watch, MU_MONITOR_DIED,
             watch->deaths <= 3 ? 25L << watch->deaths : 500L << (watch->deaths - 3));
}

/* In a process of its own, as giving up. */
static void tell_storage(const struct watch *watch)
{
    pid_t teller = fork();
    if (teller == 0) {
        mu_run_stuck(watch->how, "storage",
                     "its files can't be opened any more, so nothing more is done; see its log. It "
                     "goes on by itself when that is mended within two hours");
        _exit(0);
    }
    if (teller > 0)
        waitpid(teller, NULL, 0);
}

/* Starts another executor after this end, or never returns. */
static void judge(struct watch *watch, int status, int64_t lived_ms)
{
    int code = !WIFEXITED(status)               ? 0
               : ended_by_others(watch, status) ? MU_RUN_TEMPORARY
                                                : WEXITSTATUS(status);
    bool cant_open = code == MU_RUN_CANTOPEN && watch->ran;
    bool storage = code == MU_RUN_STORAGE || cant_open;
    watch->ran = watch->ran || code != MU_RUN_CANTOPEN;
    if (cant_open && !watch->next.storage_told)
        tell_storage(watch);
    watch->next.after = own_fault(status);
    watch->next.storage_told = storage;
    watch->next.stopped = !storage        ? NULL
                          : watch->shared ? watch->shared->why
                                          : "nothing could be written";
    if (storage) {
        wait_for_storage(watch);
    } else if (WIFSIGNALED(status) || code == MU_RUN_TEMPORARY || code == MU_RUN_STUCK) {
        watch->storage_tries = 0;
        wait_after_death(watch, status, lived_ms);
    } else {
        _exit(code == MU_RUN_CANTOPEN ? MU_RUN_REFUSED : code);
    }
}

static MU_NORETURN void monitor(const struct mu_execute *how)
{
    struct watch watch = {.how = how, .next = *how};
    void *page =
        mmap(NULL, sizeof *watch.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    watch.shared = page == MAP_FAILED ? NULL : page;
    watch.next.alive_ms = watch.shared ? &watch.shared->alive_ms : NULL;
    setsid();
    watch.log = leave_terminal(how->path);
    monitor_tell(watch.log, MU_MONITOR_STARTS, 0);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* its own log may be full, too */
    for (;;) {
        int status = 0;
        int64_t began = mu_clock_mono_ms();
        if (watch.shared)
            watch.shared->returned = false;
        pid_t executor = fork();
        if (executor == 0)
            _exit(run_executor(&watch.next, watch.shared));
        if (executor < 0 || waitpid(executor, &status, 0) < 0)
            _exit(MU_RUN_INTERNAL);
        judge(&watch, status, mu_clock_mono_ms() - began);
    }
}

enum mu_err mu_monitor_start(const struct mu_execute *how, int *wake_fd, pid_t *pid,
                             struct mu_fail *fail)
{
    int ends[2];
    if (pipe(ends) != 0)
        return mu_fail_set(fail, MU_INTERNAL, "no pipe for the viewer: %s", strerror(errno));
    for (int i = 0; i < 2; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        struct mu_execute mine = *how;
        mine.wake_fd = ends[1];
        close(ends[0]);
        monitor(&mine);
    }
    close(ends[1]);
    *wake_fd = ends[0];
    if (*pid < 0) {
        close(ends[0]);
        return mu_fail_set(fail, MU_INTERNAL, "can't start the monitor: %s", strerror(errno));
    }
    return MU_OK;
}

bool mu_run_poke(const char *path)
{
    int pid = mu_journal_lock_holder(path);
    if (pid > 0 && mu_journal_lock_open_in(path, pid) && kill(pid, SIGUSR1) == 0)
        return true;
    /* One of another account, or that has not said yet who it is: it looks by itself within a second. */
    return pid != 0 && mu_journal_lock_holder(path) != 0;
}
