/* SPDX-License-Identifier: MIT
 *
 * How far a journal was on disk, noted beside it: in PATH.lock, behind the holder's pid, at every durable flush.
 * A WAL that somebody "tidied up", or an older copy that was put back, is a sound journal all the same; a run
 * that goes on from it would repeat acts. The mark is no journal: never synced (a power cut may take it, and
 * it is never ahead of what is durable), never lowered, and without it nothing is refused.
 *
 *   "12345      \n" pid of the holder, or "-"     "345 9f86d0...\n" last durable row and its chain value */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "journal/internal.h"

#define MARK_AT JOURNAL_LOCK_PID

struct mark {
    int64_t rows; /* 0 = none */
    char head[MU_SHA256_HEX];
};

static bool read_mark(const char *path, struct mark *mark)
{
    char text[128] = "", *end, *lock = mu_xasprintf("%s.lock", path);
    int fd = open(lock, O_RDONLY | O_CLOEXEC);
    free(lock);
    ssize_t got = fd >= 0 ? pread(fd, text, sizeof text - 1, MARK_AT) : -1;
    if (fd >= 0)
        close(fd);
    long long rows = got > 0 ? strtoll(text, &end, 10) : 0;
    if (rows <= 0 || *end != ' ' || strspn(end + 1, "0123456789abcdef") != sizeof mark->head - 1 ||
        end[sizeof mark->head] != '\n')
        return false;
    mark->rows = rows;
    memcpy(mark->head, end + 1, sizeof mark->head - 1);
    mark->head[sizeof mark->head - 1] = '\0';
    return true;
}

void journal_mark(struct mu_journal *journal)
{
    char head[MU_SHA256_HEX], text[128];
    if (journal->lock_fd < 0 || journal->lock_pid != getpid() ||
        journal->marked >= journal->last_gsn)
        return;
    mu_hex(journal->chain.head, MU_SHA256, head);
    int len = snprintf(text, sizeof text, "%lld %s\n", (long long)journal->last_gsn, head);
    if (pwrite(journal->lock_fd, text, (size_t)len, MARK_AT) == len)
        journal->marked = journal->last_gsn;
}

static bool take_chain(const struct mu_row *row, void *ud)
{
    memcpy(ud, row->chain, MU_SHA256);
    return false;
}

enum mu_err mu_journal_holds(struct mu_journal *journal, int64_t rows, const char *head,
                             struct mu_fail *fail)
{
    uint8_t chain[MU_SHA256];
    char hex[MU_SHA256_HEX];
    if (rows > journal->last_gsn)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s ends with row %lld, and row %lld was on disk: its -wal file was removed, or an "
            "older copy was put back. To go on from here could repeat acts, so it does not. Put "
            "the "
            "-wal back; without it, look at the far side for what it did since",
            journal->path, (long long)journal->last_gsn, (long long)rows);
    memcpy(chain, journal->chain.head, sizeof chain);
    if (rows < journal->last_gsn &&
        mu_journal_each(journal, rows - 1, take_chain, chain, fail) != MU_OK)
        return fail->class;
    mu_hex(chain, MU_SHA256, hex);
    if (strcmp(hex, head) == 0)
        return MU_OK;
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.500s: row %lld is not the one that was on disk: the file was changed, or "
        "another one was put in its place. To go on from here could repeat acts, so it does "
        "not. Put the right one back",
        journal->path, (long long)rows);
}

enum mu_err mu_journal_whole(struct mu_journal *journal, struct mu_fail *fail)
{
    struct mark mark = {.rows = 0};
    if (journal->path[0] == '\0' || journal->sealed)
        return MU_OK;
    bool noted = read_mark(journal->path, &mark);
    if (noted && mu_journal_holds(journal, mark.rows, mark.head, fail) != MU_OK)
        return fail->class;
    journal->marked = mark.rows;
    return MU_OK;
}

int64_t mu_journal_marked(const char *path)
{
    struct mark mark;
    return read_mark(path, &mark) ? mark.rows : 0;
}
