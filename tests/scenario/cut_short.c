/* SPDX-License-Identifier: MIT
 *
 * LD_PRELOAD for scenes: a process that ends, or stands still, while it makes a run. At its $CUT_SHORT-th write to
 * a run file's WAL, in front of it, the process gets the signal $CUT_SHORT_BY. Or it stands still in front of the
 * first write to a WAL behind one to another that $CUT_SHORT_BEHIND is part of. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void count(int fd)
{
    static int writes, seen;
    const char *at = getenv("CUT_SHORT"), *by = getenv("CUT_SHORT_BY"),
               *behind = getenv("CUT_SHORT_BEHIND");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = (at && by) || behind ? readlink(link, path, sizeof path - 1) : -1;
    if (len < 0)
        return;
    path[len] = '\0';
    if (strstr(path, ".run-wal") == NULL)
        return;
    if (at && ++writes == atoi(at))
        raise(atoi(by));
    if (behind && strstr(path, behind)) {
        seen = 1;
    } else if (behind && seen) {
        seen = 0;
        raise(SIGSTOP);
    }
}

#define WRITE(name)                                                                             \
    __attribute__((visibility("default"))) ssize_t name(int fd, const void *bytes, size_t size, \
                                                        off64_t at)                             \
    {                                                                                           \
        ssize_t (*real)(int, const void *, size_t, off64_t) =                                   \
            (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, #name);            \
        count(fd);                                                                              \
        return real(fd, bytes, size, at);                                                       \
    }

WRITE(pwrite)
WRITE(pwrite64)
