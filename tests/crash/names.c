/* SPDX-License-Identifier: MIT
 *
 * What our own code does to names and descriptors beside SQLite: renames, links and removals are
 * events like writes, fsync tells power.c what is safe from now on. Linked by --wrap. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash.h"

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static bool ours(const char *path)
{
    return crash_place.root[0] && strncmp(path, crash_place.root, strlen(crash_place.root)) == 0 &&
           strstr(path, "/graveyard/") == NULL;
}

int __wrap_rename(const char *from, const char *to)
{
    if (!ours(to))
        return __real_rename(from, to);
    bool after = crash_step(EVENT_NAME);
    power_renaming(from, to);
    int rc = __real_rename(from, to);
    if (rc == 0 && power_wanted())
        power_renamed(from, to);
    if (after)
        crash_die();
    return rc;
}

int __wrap_unlink(const char *path)
{
    if (!ours(path))
        return __real_unlink(path);
    bool after = crash_step(EVENT_NAME);
    power_unlinking(path);
    int rc = __real_unlink(path);
    if (after)
        crash_die();
    return rc;
}

int __wrap_link(const char *from, const char *to)
{
    if (!ours(to))
        return __real_link(from, to);
    bool after = crash_step(EVENT_NAME);
    int rc = __real_link(from, to);
    if (rc == 0)
        power_created(to);
    if (after)
        crash_die();
    return rc;
}

static void folder_synced(int fd)
{
    char link[64], path[CRASH_PATH];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    if (len <= 0)
        return;
    path[len] = '\0';
    power_folder_synced(path);
}

int __wrap_fsync(int fd)
{
    enum crash_fault fault;
    struct stat st;
    bool after = crash_step(EVENT_SYNC);
    if (crash_faulty(EVENT_SYNC, &fault)) {
        errno = fault == FAULT_ENOSPC ? ENOSPC : EIO;
        return -1;
    }
    int rc = __real_fsync(fd);
    if (rc == 0 && fstat(fd, &st) == 0 && power_wanted()) {
        if (S_ISDIR(st.st_mode))
            folder_synced(fd);
        else
            power_synced_inode(st.st_ino);
    }
    if (after)
        crash_die();
    return rc;
}
