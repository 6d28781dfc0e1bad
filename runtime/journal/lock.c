/* SPDX-License-Identifier: MIT
 *
 * The executor's lock: flock on PATH.lock with the holder's pid written inside (and how far it got, mark.c). The kernel drops it
 * with the process, so a held lock always means a living executor. The file stays behind while the
 * run may go on, and is removed with the last close after sealing.
 *
 * Somebody may "tidy up" PATH.lock under a living executor, and the next one would make another: so the run
 * file is flocked, too. SQLite's own locks are of another kind (fcntl), but those of a process fall with any
 * descriptor of the file that it closes: ours is closed behind SQLite's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "journal/internal.h"

#define TRIES 50 /* a look by lock_holder() holds it shared for some microseconds */
#define TRIES_FILE \
    1000 /* who leaves, or was killed, gives up PATH.lock first, and then may wait for a CPU */
#define TRY_NS     2000000
#define UNREADABLE (-1)
#define NO_PID     "-          \n"

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = TRY_NS}, NULL);
}

/* The pid in an open lock file, 0 when there is none (yet). */
static int read_pid(int fd)
{
    char text[24] = "";
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    long pid = got > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 && pid < 1 << 30 ? (int)pid : 0;
}

static bool take(int fd, int tries)
{
    for (int i = 0; i < tries; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        pause_briefly();
    }
    errno = EWOULDBLOCK;
    return false;
}

static enum mu_err write_pid(int fd, const char *lock, struct mu_fail *fail)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%-*ld\n", JOURNAL_LOCK_PID - 1, (long)getpid());
    if (pwrite(fd, text, (size_t)len, 0) == len)
        return MU_OK;
    return mu_storage_fail(fail, lock, "writing the executor's pid", NULL, errno);
}

static enum mu_err write_nobody(int fd, const char *lock, struct mu_fail *fail)
{
    if (pwrite(fd, NO_PID, JOURNAL_LOCK_PID, 0) == JOURNAL_LOCK_PID)
        return MU_OK;
    return mu_storage_fail(fail, lock, "writing that nobody executes it", NULL, errno);
}

static enum mu_err take_file(const char *lock, bool executes, int *fd_out, struct mu_fail *fail)
{
    int fd = mu_share_open(lock, O_RDWR | O_CREAT);
    if (fd < 0)
        return mu_storage_fail(fail, lock, "opening the executor's lock", NULL, errno);
    enum mu_err err;
    if (take(fd, TRIES))
        err = executes ? write_pid(fd, lock, fail) : write_nobody(fd, lock, fail);
    else if (errno == EWOULDBLOCK)
        err = mu_fail_set(fail, MU_CONFLICT,
                          "%.500s: this run is being executed by process %d; it can be watched, "
                          "cancelled or answered, but not executed twice",
                          lock, read_pid(fd));
    else
        err = mu_storage_fail(fail, lock, "locking", NULL, errno);
    if (err != MU_OK)
        close(fd);
    else
        *fd_out = fd;
    return err;
}

static enum mu_err take_run_file(struct mu_journal *journal, struct mu_fail *fail)
{
    int fd = open(journal->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mu_storage_fail(fail, journal->path, "locking", NULL, errno);
    journal->file_fd = fd;
    if (take(fd, TRIES_FILE))
        return MU_OK;
    if (errno != EWOULDBLOCK)
        return mu_storage_fail(fail, journal->path, "locking", NULL, errno);
    return mu_fail_set(
        fail, MU_CONFLICT,
        "%.500s: another process still executes this run, though its lock file is gone; "
        "muster cancel reaches it; which process: fuser %.300s",
        journal->path, journal->path);
}

enum mu_err mu_journal_lock(struct mu_journal *journal, struct mu_fail *fail)
{
    if (journal->lock_fd >= 0 || journal->path[0] == '\0')
        return MU_OK;
    char *lock = mu_xasprintf("%s.lock", journal->path);
    enum mu_err err = take_file(lock, true, &journal->lock_fd, fail);
    free(lock);
    if (err == MU_OK)
        err = take_run_file(journal, fail);
    if (err == MU_OK && mu_journal_batch(journal) == 0)
        err = journal->ops->reload(journal, fail);
    journal->lock_pid = getpid();
    if (err != MU_OK)
        journal_unlock(journal, false);
    return err;
}

void journal_unlock(struct mu_journal *journal, bool forget)
{
    if (journal->lock_fd < 0)
        return;
    bool ours = journal->lock_pid == getpid();
    if (ours && !forget) /* the next one must not be taken for us before it writes its own */
        (void)!pwrite(journal->lock_fd, NO_PID, JOURNAL_LOCK_PID, 0);
    if (ours && forget) { /* still locked: who opened this file before us finds the run sealed */
        char *lock = mu_xasprintf("%s.lock", journal->path);
        unlink(lock);
        free(lock);
    }
    if (journal->file_fd >= 0) /* first: who gets PATH.lock is not to meet it */
        close(journal->file_fd);
    close(journal->lock_fd);
    journal->lock_fd = journal->file_fd = -1;
}

enum mu_err mu_journal_claim(const char *path, int *fd_out, struct mu_fail *fail)
{
    char *lock = mu_xasprintf("%s.lock", path);
    enum mu_err err = take_file(lock, false, fd_out, fail);
    free(lock);
    return err;
}

void mu_journal_claim_end(int fd_take)
{
    close(fd_take);
}

enum mu_err mu_journal_in_place(const struct mu_journal *journal, struct mu_fail *fail)
{
    struct stat ours, st;
    if (journal->file_fd < 0)
        return MU_OK;
    bool there = stat(journal->path, &st) == 0;
    if (there && fstat(journal->file_fd, &ours) == 0 && st.st_dev == ours.st_dev &&
        st.st_ino == ours.st_ino)
        return MU_OK;
    if (!there && errno != ENOENT)
        return mu_storage_fail(fail, journal->path, "looking for the run file", NULL, errno);
    return mu_fail_set(fail, MU_STORAGE,
                       "%.500s was %s while this run was executed: what it does would be written "
                       "where nobody reads it, and another executor could do the same. %s",
                       journal->path, there ? "replaced" : "removed",
                       there ? "Put the right file back, then muster resume it"
                             : "Put it back, then muster resume it");
}

/* A holder writes its pid just after it got the lock: wait for that. */
static int holder_of(int fd)
{
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0)
            return 0;
        int pid = read_pid(fd);
        if (pid != 0)
            return pid;
        pause_briefly();
    }
    return UNREADABLE;
}

int mu_journal_lock_holder(const char *path)
{
    char *lock = mu_xasprintf("%s.lock", path);
    int fd = open(lock, O_RDONLY | O_CLOEXEC);
    free(lock);
    if (fd < 0)
        return 0;
    int pid = holder_of(fd);
    close(fd);
    return pid;
}

static bool has_open(int pid, const struct stat *lock)
{
    char path[64 + NAME_MAX];
    struct stat st;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *fds = opendir(path);
    if (fds == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(fds)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/fd/%.*s", pid, NAME_MAX, entry->d_name);
        found = stat(path, &st) == 0 && st.st_dev == lock->st_dev && st.st_ino == lock->st_ino;
    }
    closedir(fds);
    return found;
}

bool mu_journal_lock_open_in(const char *path, int pid)
{
    struct stat st;
    char *lock = mu_xasprintf("%s.lock", path);
    bool found = pid > 0 && stat(lock, &st) == 0 && has_open(pid, &st);
    free(lock);
    return found;
}
