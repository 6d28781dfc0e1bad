/* SPDX-License-Identifier: MIT
 *
 * A journal that a stranger sent: `muster verify`, `muster show`, `muster report`, `muster undo`
 * on it, and the replay of what it holds. The file is read as it is (no octet is a switch), so that every journal is
 * an input. The mutator knows pages, so that not every change ends at SQLite's first check. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/redact.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "report/report.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max, unsigned seed);

/* --- a mutation that leaves an SQLite file one --- */

#define HEADER 100

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static size_t page_size(const uint8_t *bytes)
{
    size_t size = (size_t)bytes[16] << 8 | bytes[17];
    return size >= 512 && (size & (size - 1)) == 0 ? size : 512;
}

/* A few octets within one page: often its header and cell pointers, where its shape is. */
static void mutate_in_page(uint8_t *bytes, size_t len, unsigned *seed)
{
    size_t size = page_size(bytes), pages = len / size, page = next(seed) % (pages ? pages : 1);
    size_t from = page * size + (page == 0 ? HEADER : 0), room = len - from;
    size_t span = next(seed) % 2 ? 40 : size - (page == 0 ? HEADER : 0);
    if (from >= len)
        return;
    span = span < room ? span : room;
    size_t at = from + next(seed) % span;
    size_t most = len - at < 16 ? len - at : 16;
    LLVMFuzzerMutate(bytes + at, most, most);
}

static void copy_page(uint8_t *bytes, size_t len, unsigned *seed)
{
    size_t size = page_size(bytes), pages = len / size;
    if (pages < 3)
        return;
    size_t from = 1 + next(seed) % (pages - 1), to = 1 + next(seed) % (pages - 1);
    memmove(bytes + to * size, bytes + from * size, size);
}

/* Magic, format and identity as ours has them. */
static void restore_header(uint8_t *bytes, size_t len)
{
    if (len < HEADER)
        return;
    memcpy(bytes, "SQLite format 3", 16);
    bytes[18] = bytes[19] = 1;
    memcpy(bytes + 60, "\0\0\0\1", 4);
    memcpy(bytes + 68, "must", 4);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t max, unsigned seed)
{
    unsigned kind = next(&seed) % 16;
    if (len < 512 || kind == 0)
        return LLVMFuzzerMutate(bytes, len, max);
    if (kind == 1)
        copy_page(bytes, len, &seed);
    else if (kind == 2)
        LLVMFuzzerMutate(bytes, HEADER, HEADER);
    for (unsigned i = 0; i < 1 + next(&seed) % 3; i++)
        mutate_in_page(bytes, len, &seed);
    if (kind != 2)
        restore_header(bytes, len);
    return len;
}

/* --- the file --- */

static char folder[] = "/dev/shm/muster-fuzz.XXXXXX", path[64];

static void clean_up(void)
{
    static const char *const besides[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof besides / sizeof besides[0]; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%s", path, besides[i]);
        unlink(name);
    }
    rmdir(folder);
}

static void write_file(const uint8_t *bytes, size_t len)
{
    if (path[0] == '\0') {
        promise(mkdtemp(folder) != NULL); /* its own: undo looks at the runs beside it */
        snprintf(path, sizeof path, "%s/a.1.run", folder);
        atexit(clean_up);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    promise(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
}

/* --- its readers --- */

static bool look_at_row(const struct mu_row *row, void *ud)
{
    int64_t *rows = ud;
    promise(row->gsn == ++*rows);
    promise(strlen(row->task) + strlen(row->verb) + strlen(row->args) + strlen(row->digest) +
                strlen(row->src) + strlen(row->step) + strlen(row->value) <
            (64u << 20));
    return true;
}

static bool look_at_file(const char *name, const char *bytes, size_t len, void *ud)
{
    (void)ud;
    promise(name != NULL && (len == 0 || bytes[len - 1] == bytes[len - 1]));
    return true;
}

static void report(struct mu_journal *journal)
{
    struct mu_timeline *timeline;
    struct mu_fail fail = {0};
    if (mu_report_load_journal(journal, NULL, 0, &timeline, &fail) != MU_OK)
        return;
    struct mu_buf text = {.max = 1 << 20};
    mu_report_markdown(timeline, &text);
    mu_buf_reset(&text);
    mu_report_html(timeline, &text);
    mu_buf_reset(&text);
    mu_report_json(timeline, &text);
    mu_buf_free(&text);
    mu_report_free(timeline);
}

/* What could be taken back, and the playbook that would do it: from the journal alone. */
static void undo(void)
{
    struct mu_undo undo = {0};
    struct mu_fail fail = {0};
    json_t *items = NULL;
    enum mu_err err = mu_undo_read(path, NULL, NULL, &undo, &fail);
    if (err == MU_OK)
        err = mu_undo_pick(&undo, NULL, &items, &fail);
    promise(err == MU_OK || fail.text[0] != '\0');
    if (err == MU_OK)
        mu_bundle_free(mu_undo_bundle(&undo, items));
    json_decref(items);
    mu_undo_fini(&undo);
}

static void read_all(const struct mu_journal_verdict *verdict)
{
    struct mu_journal *journal;
    struct mu_fail fail = {0};
    int64_t rows = 0;
    enum mu_err err = mu_journal_open_read(path, &journal, &fail);
    promise(err == MU_OK || fail.text[0] != '\0');
    if (err != MU_OK)
        return;
    err = mu_journal_each(journal, 0, look_at_row, &rows, &fail);
    promise(err == MU_OK || !verdict->ok); /* what verify calls whole can be read to its end */
    promise(!verdict->ok || rows == verdict->rows);
    err = mu_journal_each_file(journal, look_at_file, NULL, &fail);
    promise(err == MU_OK || !verdict->ok);
    report(journal);
    if (verdict->ok) {
        struct mu_fail differs = {0};
        (void)!mu_run_verify(journal, NULL, &differs);
    }
    mu_journal_close(journal);
    undo();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    write_file(bytes, len);
    enum mu_err err = mu_journal_verify(path, &verdict, &fail);
    promise(err == MU_OK || fail.text[0] != '\0');
    promise(err != MU_OK || verdict.ok || verdict.why[0] != '\0');
    if (err == MU_OK)
        read_all(&verdict);
    mu_redact_clear();
    return 0;
}
