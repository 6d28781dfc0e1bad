/* SPDX-License-Identifier: MIT
 *
 * Reading a file once and leaving no trace: for `verify` and `export`, also of a copy that lies on a
 * read-only disk, belongs to somebody else, or was taken from a live run with or without its WAL.
 *
 *   PATH-shm there                  somebody has it open, or died: through SQLite, like any reader
 *   sealed, or no WAL, or an empty  immutable: neither locks nor side files
 *   a WAL, and nobody has it open   a copy of a live run: both are copied into a private folder,
 *                                   where SQLite may write what it needs to read them
 *
 * Opening and closing the file beside SQLite would drop its POSIX locks in this process; where
 * PATH-shm is missing this process has no connection that holds any. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/storage.h"
#include "journal/sqlite.h"

#define COPIED "journal"

static off_t side_size(const char *path, const char *suffix)
{
    struct stat st;
    char *side = mu_xasprintf("%s%s", path, suffix);
    off_t size = stat(side, &st) == 0 ? st.st_size : -1;
    free(side);
    return size;
}

bool sqlite_is_written(const char *path)
{
    return side_size(path, "-shm") >= 0 || side_size(path, "-wal") > 0;
}

/* Octets 18 and 19 of the file: 1 out of WAL, 2 in it. */
static bool is_out_of_wal(int fd)
{
    unsigned char versions[2] = {0};
    return pread(fd, versions, sizeof versions, 18) == sizeof versions && versions[0] == 1 &&
           versions[1] == 1;
}

/* 0 or errno. */
static int copy_octets(int from, int to)
{
    static char buf[1 << 16];
    for (;;) {
        ssize_t got = read(from, buf, sizeof buf);
        if (got <= 0)
            return got == 0 ? 0 : errno;
        for (ssize_t done = 0, put; done < got; done += put) {
            put = write(to, buf + done, (size_t)(got - done));
            if (put < 0)
                return errno;
        }
    }
}

static int copy_file(const char *path, const char *copy)
{
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int errnum = from < 0 ? errno : 0;
    int to = errnum == 0 ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (errnum == 0)
        errnum = to < 0 ? errno : copy_octets(from, to);
    if (from >= 0)
        close(from);
    if (to >= 0 && close(to) != 0 && errnum == 0)
        errnum = errno;
    return errnum;
}

static int copy_side(const char *path, const char *dir, const char *suffix)
{
    char *from = mu_xasprintf("%s%s", path, suffix),
         *to = mu_xasprintf("%s/" COPIED "%s", dir, suffix);
    int errnum = copy_file(from, to);
    free(from);
    free(to);
    return errnum;
}

void sqlite_drop_copy(char *dir)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < MU_COUNT(suffixes); i++) {
        char *file = mu_xasprintf("%s/" COPIED "%s", dir, suffixes[i]);
        unlink(file);
        free(file);
    }
    rmdir(dir);
    free(dir);
}

static enum mu_err open_copy(const char *path, struct sqlite_storage *storage, bool *sealed,
                             struct mu_fail *fail)
{
    const char *base = getenv("TMPDIR");
    char *dir = mu_xasprintf("%s/muster-read-XXXXXX", base && base[0] ? base : "/tmp");
    if (mkdtemp(dir) == NULL) {
        enum mu_err err =
            mu_storage_fail(fail, dir, "making a folder to read the journal in", NULL, errno);
        free(dir);
        return err;
    }
    int errnum = copy_side(path, dir, "");
    if (errnum == 0)
        errnum = copy_side(path, dir, "-wal");
    char *copy = mu_xasprintf("%s/" COPIED, dir);
    storage->copy_of = path; /* what is said is said of that one */
    enum mu_err err = errnum == 0
                          ? sqlite_open_read(copy, storage, sealed, fail)
                          : mu_storage_fail(fail, path, "copying it and its WAL", NULL, errnum);
    storage->copy_of = NULL;
    if (err != MU_OK && strstr(fail->text, dir))
        (void)mu_fail_prefix(fail, "%.300s, read from a copy with its WAL", path);
    free(copy);
    if (err == MU_OK) {
        storage->private_copy = dir;
        return MU_OK;
    }
    sqlite_drop_copy(dir);
    return err;
}

enum mu_err sqlite_open_still(const char *path, struct sqlite_storage *storage, bool *sealed,
                              struct mu_fail *fail)
{
    off_t wal = side_size(path, "-wal");
    if (side_size(path, "-shm") >= 0) {
        enum mu_err err = sqlite_open_read(path, storage, sealed, fail);
        return err == MU_OK || wal <= 0 ? err : open_copy(path, storage, sealed, fail);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return mu_storage_fail(fail, path, "opening the journal", NULL, errno);
    *sealed = is_out_of_wal(fd);
    close(fd);
    if (!*sealed && wal > 0)
        return open_copy(path, storage, sealed, fail);
    return sqlite_open_immutable(path, storage, fail);
}
