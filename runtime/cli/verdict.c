/* SPDX-License-Identifier: MIT
 *
 * The first word of an executor; see verdict.h.
 *
 *   wake pipe:  'b' or rows ─▶ it has the run
 *               end of file ─▶ monitor and executor have left: their exit code, the log's last line
 *               neither     ─▶ what the monitor waits for (engine/monitor_look.c), if it does */
#include "cli/verdict.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/run.h"

#define LOOK_MS     100
#define PATIENCE_MS 60000 /* ten thousand rows are checked and replayed in about a second */

void verdict_of_log(const char *path, char *why, size_t size)
{
    char *name = mu_xasprintf("%s.log", path);
    FILE *log = fopen(name, "r");
    why[0] = '\0';
    for (char text[1024]; log && fgets(text, sizeof text, log);) {
        const char *process = strstr(text, "] "), *words = process ? strstr(process, ": ") : NULL;
        words = words ? words + 2 : text;
        snprintf(why, size, "%.*s", (int)strcspn(words, "\n"), words);
    }
    if (log)
        fclose(log);
    free(name);
}

/* Both have left before they said that they have it. */
static int left(const char *run, const char *path, pid_t monitor, char *why, size_t size)
{
    int status = 0;
    char said[700];
    if (waitpid(monitor, &status, 0) != monitor || !WIFEXITED(status))
        status = MU_EXIT_INTERNAL << 8;
    int code = WEXITSTATUS(status);
    if (code != MU_EXIT_USAGE && code <= MU_EXIT_EXPIRED)
        return 0; /* it had ended, and everybody knows it now */
    verdict_of_log(path, said, sizeof said);
    snprintf(why, size, "%s was not taken over by an executor: %s (log: %s.log)", run,
             said[0] ? said : "it left without a word", path);
    return code;
}

/* 1: it has the run, -1: nobody is left who could say so, 0: not yet. */
static int listen_for(int wake_fd)
{
    char bytes[256];
    struct pollfd fd = {.fd = wake_fd, .events = POLLIN};
    if (poll(&fd, 1, LOOK_MS) <= 0)
        return 0;
    ssize_t got = read(wake_fd, bytes, sizeof bytes);
    if (got <= 0)
        return -1;
    return memchr(bytes, MU_WAKE_BEGUN, (size_t)got) || memchr(bytes, MU_WAKE_ROWS, (size_t)got);
}

int verdict_await(const char *run, const char *path, int wake_fd, pid_t monitor, char *why,
                  size_t size)
{
    int64_t until = mu_clock_mono_ms() + PATIENCE_MS;
    int code = 0, heard;
    while ((heard = listen_for(wake_fd)) == 0 && code == 0) {
        struct mu_monitor watch;
        char words[600];
        bool waits = mu_monitor_look(path, &watch) && watch.pid == monitor &&
                     watch.what != MU_MONITOR_STARTS; /* another one may be left from before */
        if (waits)
            mu_monitor_words(&watch, path, words, sizeof words);
        else if (mu_clock_mono_ms() > until)
            snprintf(words, sizeof words,
                     "its executor has not begun after a minute (log: %.300s.log)", path);
        else
            continue;
        code = MU_EXIT_TEMPORARY;
        snprintf(why, size, "%s is not executed yet: %s. See: muster show %s", run, words, run);
    }
    if (heard < 0)
        code = left(run, path, monitor, why, size);
    close(wake_fd);
    return code;
}
