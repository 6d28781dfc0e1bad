/* SPDX-License-Identifier: MIT
 *
 * Has anybody written into the control store since we last looked? Asked before every act, by every
 * run, so it must cost nothing when nobody has: PRAGMA data_version takes a lock of the file and gives
 * it back, and a hundred runs that do so keep each other waiting.
 *
 * Whoever commits, of whatever version or program, writes the header of the WAL-index before its COMMIT
 * returns (https://sqlite.org/walformat.html, section 2: 48 octets with change counter, length and checksums of
 * the WAL). It lies in memory that SQLite has mapped anyway. While it is the one that stood there before our last
 * PRAGMA, the answer is the one of then; a header half written is another one, and SQLite is asked. */
#include <string.h>
#include <unistd.h>

#include "store/store_internal.h"

#define WAL_INDEX_REGION 32768

static const void *wal_index(struct mu_store *store)
{
    sqlite3_file *file = NULL;
    void volatile *region = NULL;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 2 ||
        file->pMethods->xShmMap(file, 0, WAL_INDEX_REGION, 0, &region) != SQLITE_OK)
        return NULL;
    if (region)
        file->pMethods->xShmBarrier(file);
    return (const void *)region;
}

int64_t mu_store_data_version(struct mu_store *store)
{
    unsigned char now[STORE_WAL_INDEX_HEADER];
    const void *header = store->pid == getpid() ? wal_index(store) : NULL;
    if (header)
        memcpy(now, header, sizeof now);
    if (header && store->version > 0 && memcmp(now, store->seen, sizeof now) == 0)
        return store->version;
    if (store_ask(store, "polling", NULL, &store->version, -1, "PRAGMA data_version",
                  STORE_NO_VALUES) != MU_OK)
        return store->version = -1;
    if (header)
        memcpy(store->seen, now, sizeof now);
    return store->version;
}
