/* SPDX-License-Identifier: MIT
 *
 * For LD_PRELOAD in tests: adds to every clock what stands in a file, so that a test can let the wall
 * clock jump, or a machine sleep, under a live process.
 *
 *   $CLOCK_SHIM        a file of three int64: milliseconds added to CLOCK_REALTIME, CLOCK_BOOTTIME and
 *                      CLOCK_MONOTONIC (and their coarse and raw kin); mapped, read at every call
 *   $CLOCK_SHIM.boot   where it exists, the id of the boot: processes that begin now live behind a reboot */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { REALTIME, BOOTTIME, MONOTONIC, CLOCKS };

static const volatile int64_t *offsets;

__attribute__((constructor)) static void map_offsets(void)
{
    const char *path = getenv("CLOCK_SHIM");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, CLOCKS * sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        offsets = at;
    if (fd >= 0)
        close(fd);
}

static int64_t offset_of(clockid_t id)
{
    if (offsets == NULL)
        return 0;
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return offsets[REALTIME];
    case CLOCK_BOOTTIME:
        return offsets[BOOTTIME];
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
        return offsets[MONOTONIC];
    default:
        return 0;
    }
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    int64_t ms = rc == 0 ? offset_of(id) : 0;
    int64_t ns = ts->tv_nsec + ms % 1000 * 1000000;
    ts->tv_sec += ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    ts->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    return rc;
}

time_t time(time_t *out)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    FILE *(*next)(const char *, const char *) = NULL;
    void *found = dlsym(RTLD_NEXT, "fopen");
    const char *shim = getenv("CLOCK_SHIM");
    char boot[4096];
    memcpy(&next, &found, sizeof next); /* ISO C knows no cast between the two kinds of pointer */
    snprintf(boot, sizeof boot, "%s.boot", shim ? shim : "");
    bool asked = shim && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0;
    return next(asked && access(boot, R_OK) == 0 ? boot : path, mode);
}
