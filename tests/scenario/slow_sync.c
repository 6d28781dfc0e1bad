/* SPDX-License-Identifier: MIT
 *
 * LD_PRELOAD for scenes: a disk that hangs, or a machine that stands still, in the middle of a sync. The next
 * fdatasync of a journal's WAL behind which the file $SLOW_SYNC lies takes that file away and then
 *
 *   $SLOW_SYNC_MS   lasts so many milliseconds longer; without it the process stops itself (SIGSTOP) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_due(int fd)
{
    const char *flag = getenv("SLOW_SYNC");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = flag ? readlink(link, path, sizeof path - 1) : -1;
    if (len < 0)
        return 0;
    path[len] = '\0';
    return strstr(path, ".run-wal") != NULL && unlink(flag) == 0;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int code = real(fd);
    const char *ms = getenv("SLOW_SYNC_MS");
    if (!is_due(fd))
        return code;
    if (ms)
        usleep((useconds_t)atoi(ms) * 1000);
    else
        raise(SIGSTOP);
    return code;
}
