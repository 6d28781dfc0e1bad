/* SPDX-License-Identifier: MIT
 *
 * The monitor: a small process in a session of its own that starts the executor, waits, and starts it
 * again when it died. No Lua, no journal. Ctrl-C, a closed terminal or a lost ssh reach neither.
 *
 *   viewer ─ fork ─▶ monitor (setsid) ─ fork ─▶ executor       all three hold the wake pipe's write end
 *                      └── died by signal or exit 75: again, a little later each time              */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#define MOST_STARTS 8 /* in a row; poison detection (J8) parks a bad run earlier */

/* Standard streams go to the run's log, so that nothing of the executor depends on a terminal. */
static void leave_terminal(const char *path)
{
    char *name = mu_xasprintf("%s.log", path);
    int log = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    if (log >= 0 || null >= 0) {
        dup2(log >= 0 ? log : null, STDOUT_FILENO);
        dup2(log >= 0 ? log : null, STDERR_FILENO);
    }
    free(name);
}

static int run_executor(const struct mu_execute *how)
{
    struct mu_fail fail = {.class = MU_OK};
    int code = mu_run_execute(how, &fail);
    if (code == MU_RUN_REFUSED || code == MU_RUN_INTERNAL)
        mu_error("engine", "%s: %s", how->path, fail.text);
    return code;
}

static void pause_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

static bool start_again(int status)
{
    if (WIFSIGNALED(status))
        return true;
    return WEXITSTATUS(status) == MU_RUN_TEMPORARY || WEXITSTATUS(status) == MU_RUN_STUCK;
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

static MU_NORETURN void monitor(const struct mu_execute *how)
{
    struct mu_execute next = *how;
    int status = 0;
    setsid();
    leave_terminal(how->path);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* its own log may be full, too */
    for (int starts = 0; starts < MOST_STARTS; starts++) {
        pid_t executor = fork();
        if (executor == 0)
            _exit(run_executor(&next));
        if (executor < 0 || waitpid(executor, &status, 0) < 0)
            _exit(MU_RUN_INTERNAL);
        if (!start_again(status))
            _exit(WEXITSTATUS(status));
        next.after = own_fault(status);
        mu_warn("engine", "%s: the executor %s %d; starting another", how->path,
                WIFSIGNALED(status) ? "died by signal" : "left with",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        pause_ms(starts < 3 ? 50L << starts : 1000L << (starts - 3));
    }
    mu_error("engine", "%s: %d executors ended one after another; resume it by hand", how->path,
             MOST_STARTS);
    _exit(MU_RUN_TEMPORARY);
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
    /* Another account's executor can't be signalled: it looks by itself within a second. */
    return pid > 0 && (kill(pid, SIGUSR1) == 0 || errno == EPERM);
}
