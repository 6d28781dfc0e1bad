/* SPDX-License-Identifier: MIT
 *
 * SQLite's files, seen through: every write, sync and open of journal and control store is an event of
 * points.c, fails when the plan says so, and is told to power.c before it happens. Shared memory and
 * locks go straight to the operating system's VFS below. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crash.h"

struct file {
    sqlite3_file base;
    char path[CRASH_PATH];
    bool is_wal;
    bool is_run; /* of a run, not of the control store */
    bool fresh;  /* its name is not known to be on disk yet */
    sqlite3_file *real;
};

static sqlite3_vfs *below;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

/* --- faults --- */

static void note_fault(const struct file *file)
{
    if (file->is_wal && file->is_run)
        crash_tally()->wal_failed = true;
}

static int write_fault(struct file *file, enum crash_fault fault, const void *bytes, int len,
                       sqlite3_int64 offset)
{
    note_fault(file);
    if (fault == FAULT_EIO)
        return SQLITE_IOERR_WRITE;
    if (fault == FAULT_SHORT && len > 1)
        (void)file->real->pMethods->xWrite(file->real, bytes, len / 2, offset);
    return SQLITE_FULL;
}

/* --- files --- */

static void remember(struct file *file, int64_t offset, int64_t len)
{
    sqlite3_int64 size = 0;
    if (!power_wanted() || file->path[0] == '\0')
        return;
    (void)file->real->pMethods->xFileSize(file->real, &size);
    int64_t had = size <= offset ? 0 : size - offset < len ? size - offset : len;
    uint8_t *before = mu_xcalloc((size_t)had + 1, 1);
    if (had > 0 && file->real->pMethods->xRead(file->real, before, (int)had, offset) != SQLITE_OK)
        abort();
    power_remember(file->path, offset, len, size, had, before);
}

static int write_torn(struct file *file, const void *bytes, int len, sqlite3_int64 offset)
{
    uint64_t dice = crash_armed()->seed + (uint64_t)crash_armed()->at;
    int part = len > 1 ? 1 + (int)(crash_random(&dice) % (uint64_t)(len - 1)) : 0;
    (void)file->real->pMethods->xWrite(file->real, bytes, part, offset);
    crash_die();
}

static int file_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
    struct file *file = (struct file *)base;
    enum crash_fault fault;
    bool fatal = crash_arrive(EVENT_WRITE);
    if (fatal && crash_moment() == MOMENT_BEFORE)
        crash_die();
    remember(file, offset, len);
    if (fatal && crash_moment() == MOMENT_TORN)
        return write_torn(file, bytes, len, offset);
    if (crash_faulty(EVENT_WRITE, &fault))
        return write_fault(file, fault, bytes, len, offset);
    int rc = file->real->pMethods->xWrite(file->real, bytes, len, offset);
    if (fatal)
        crash_die();
    return rc;
}

static void synced(struct file *file)
{
    power_synced(file->path);
    if (!file->fresh)
        return;
    file->fresh = false; /* SQLite syncs the folder of a WAL or rollback journal it made */
    char folder[CRASH_PATH];
    memcpy(folder, file->path, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    power_folder_synced(folder);
}

static int file_sync(sqlite3_file *base, int flags)
{
    struct file *file = (struct file *)base;
    enum crash_fault fault;
    bool after = crash_step(EVENT_SYNC);
    if (crash_faulty(EVENT_SYNC, &fault)) {
        note_fault(file);
        if (fault == FAULT_SHORT && file->real->pMethods->xSync(file->real, flags) == SQLITE_OK)
            synced(file); /* it is on disk and nobody is told */
        return SQLITE_IOERR_FSYNC;
    }
    int rc = file->real->pMethods->xSync(file->real, flags);
    if (rc == SQLITE_OK)
        synced(file);
    if (file->is_run && file->is_wal)
        holds_sync();
    if (after)
        crash_die();
    return rc;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *file = (struct file *)base;
    bool after = crash_step(EVENT_WRITE);
    remember(file, size, 1ll << 40); /* whatever stands behind */
    int rc = file->real->pMethods->xTruncate(file->real, size);
    if (after)
        crash_die();
    return rc;
}

static int file_close(sqlite3_file *base)
{
    struct file *file = (struct file *)base;
    int rc = file->real->pMethods ? file->real->pMethods->xClose(file->real) : SQLITE_OK;
    base->pMethods = NULL;
    return rc;
}

static int file_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 offset)
{
    return real(f)->pMethods->xRead(real(f), bytes, len, offset);
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int file_lock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int file_device(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int file_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), region, size, extend, out);
}

static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int file_shm_unmap(sqlite3_file *f, int drop)
{
    return real(f)->pMethods->xShmUnmap(real(f), drop);
}

static const sqlite3_io_methods methods = {.iVersion = 2, /* 3 would be mapped memory */
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_device,
                                           .xShmMap = file_shm_map,
                                           .xShmLock = file_shm_lock,
                                           .xShmBarrier = file_shm_barrier,
                                           .xShmUnmap = file_shm_unmap};

/* --- opening and names --- */

static void describe(struct file *file, const char *name, int flags)
{
    size_t len = name ? strlen(name) : 0;
    if (len >= sizeof file->path)
        len = 0;
    memcpy(file->path, name ? name : "", len);
    file->path[len] = '\0';
    file->is_wal = (flags & SQLITE_OPEN_WAL) != 0;
    file->is_run = strstr(file->path, "/runs/") != NULL;
}

static int open_fault(enum crash_fault fault, int *flags)
{
    if (fault != FAULT_SHORT) {
        errno = fault == FAULT_EIO ? EIO : ENOSPC;
        return SQLITE_CANTOPEN;
    }
    *flags = (*flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    return SQLITE_OK; /* opened, but only for reading: as after a read-only remount */
}

static bool new_name(const char *path, int flags)
{
    struct stat st;
    if (path[0] == '\0' || !(flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)))
        return false;
    return stat(path, &st) != 0 || ((flags & SQLITE_OPEN_MAIN_DB) && st.st_size == 0);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
    struct file *file = (struct file *)base;
    enum crash_fault fault;
    (void)vfs;
    memset(file, 0, sizeof *file);
    file->real = (sqlite3_file *)(file + 1);
    memset(file->real, 0, (size_t)below->szOsFile);
    describe(file, name, flags);
    bool after = crash_step(EVENT_OPEN);
    int rc = crash_faulty(EVENT_OPEN, &fault) ? open_fault(fault, &flags) : SQLITE_OK;
    bool is_new = new_name(file->path, flags);
    if (rc == SQLITE_OK)
        rc = below->xOpen(below, name, file->real, flags, out);
    if (rc == SQLITE_OK && is_new) {
        power_created(file->path);
        file->fresh = (flags & SQLITE_OPEN_MAIN_DB) == 0;
    }
    base->pMethods = file->real->pMethods ? &methods : NULL;
    if (after)
        crash_die();
    return rc;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    bool after = crash_step(EVENT_NAME);
    power_unlinking(name);
    int rc = below->xDelete(below, name, sync);
    if (after)
        crash_die();
    return rc;
}

void vfs_register(void)
{
    static sqlite3_vfs vfs;
    below = sqlite3_vfs_find(NULL);
    vfs = *below; /* everything else is the operating system's; pAppData goes with it */
    vfs.zName = "crash";
    vfs.szOsFile = (int)sizeof(struct file) + below->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.pNext = NULL;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
