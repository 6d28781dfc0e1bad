/* SPDX-License-Identifier: MIT
 *
 * What a run's monitor does while nobody executes the run, told to other processes without writing anything:
 * it may be a full disk that it waits for. The monitor holds a record lock on the run's log, and the lock's
 * place is the message; it goes with the process.
 *
 *   offset of the locked octet = (what + 1) << 44 | next try, wall clock in ms            (engine/run.h)
 *
 * The log is what every run has from its start on, and nobody else locks it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/internal.h"

#define WHAT_SHIFT 44    /* 2^44 ms after 1970: the year 2527 */
#define ROOM       65536 /* octets; with less no transaction is sure to fit */

static bool lock(int fd, short type, off_t start)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = 1};
    return fcntl(fd, F_SETLK, &lock) == 0;
}

void monitor_tell(int log_fd, enum mu_monitor_what what, int64_t next_ms)
{
    static off_t held;
    off_t next = (off_t)(what + 1) << WHAT_SHIFT | (off_t)next_ms;
    if (log_fd < 0 || next == held || !lock(log_fd, F_WRLCK, next))
        return;
    if (held)
        lock(log_fd, F_UNLCK, held);
    held = next;
}

bool mu_monitor_look(const char *path, struct mu_monitor *monitor)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)1 << WHAT_SHIFT, .l_len = 0};
    char *log = mu_xasprintf("%s.log", path);
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    free(log);
    bool found = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (found)
        *monitor =
            (struct mu_monitor){.pid = (int)lock.l_pid,
                                .what = (enum mu_monitor_what)((lock.l_start >> WHAT_SHIFT) - 1),
                                .next_ms = lock.l_start & (((off_t)1 << WHAT_SHIFT) - 1)};
    if (fd >= 0)
        close(fd);
    return found;
}

const char *mu_storage_trouble(const char *path)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0)
        return strerror(errno);
    if (info.f_flag & ST_RDONLY)
        return strerror(EROFS);
    if ((unsigned long long)info.f_bavail * info.f_frsize < ROOM ||
        (info.f_files && !info.f_favail))
        return strerror(ENOSPC);
    return NULL;
}

bool mu_monitor_waits(const char *path, int holder, struct mu_monitor *monitor)
{
    if (!mu_monitor_look(path, monitor))
        return false;
    return holder == 0 || (monitor->what == MU_MONITOR_STORAGE && mu_storage_trouble(path));
}

void mu_monitor_words(const struct mu_monitor *monitor, const char *path, char *text, size_t size)
{
    char when[MU_TIME_TEXT], in[MU_TIME_TEXT + 4] = "now";
    int64_t left = monitor->next_ms - mu_clock_real_ms();
    const char *trouble = mu_storage_trouble(path);
    if (left > 0)
        snprintf(in, sizeof in, "in %s", mu_duration_text((left + 999) / 1000 * 1000, when));
    if (monitor->what == MU_MONITOR_STORAGE && trouble)
        snprintf(text, size,
                 "storage: nothing can be written (%s); its monitor (process %d) tries again %s, "
                 "and at least every 30s for two hours",
                 trouble, monitor->pid, in);
    else if (monitor->what == MU_MONITOR_STORAGE)
        snprintf(text, size,
                 "storage: nothing could be written (%.200s.log may say why); its monitor (process "
                 "%d) tries again %s",
                 path, monitor->pid, in);
    else if (monitor->what == MU_MONITOR_DIED)
        snprintf(text, size, "its executor died; its monitor (process %d) starts another %s",
                 monitor->pid, in);
    else
        snprintf(text, size, "its monitor (process %d) starts an executor", monitor->pid);
}
