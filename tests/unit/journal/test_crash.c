/* SPDX-License-Identifier: MIT
 *
 * journal: what is left after SIGKILL and after a power cut. Always a prefix, never less than what
 * a durable flush promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "harness/slowed.h"
#include "journal/journal.h"

#define FLUSHES    12
#define WAL_HEADER 32
#define WAL_FRAME  (24 + 4096)

static char folder[64], path[96], wal[104];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-crash-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.1.run", folder);
    snprintf(wal, sizeof wal, "%s-wal", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void append(struct mu_journal *journal, int n)
{
    char value[600];
    snprintf(value, sizeof value, "{\"n\":%d,\"fill\":\"%0500d\"}", n, n);
    struct mu_row row = {.epoch = 1,
                         .type = n % 2 ? 'i' : 'o',
                         .task = "r",
                         .seq = n,
                         .verb = "zone.set_mx",
                         .args = "[]",
                         .digest = "d",
                         .src = "playbook.lua:1",
                         .step = "s",
                         .ts = n,
                         .value = value};
    mu_journal_append(journal, &row);
}

/* Every row must be the one that was written, in its place. */
static bool check_row(const struct mu_row *row, void *ud)
{
    int64_t *count = ud;
    char value[64];
    int len = snprintf(value, sizeof value, "{\"n\":%lld,\"fill\":\"", (long long)row->gsn);
    assert_int_equal(row->gsn, ++*count);
    assert_memory_equal(row->value, value, (size_t)len);
    return true;
}

/* Rows that can be read; the file must hold and be ready for more. -1: it is no journal (yet). */
static int64_t rows_left(void)
{
    struct mu_fail fail = {0};
    struct mu_journal *journal = NULL;
    struct mu_journal_verdict verdict;
    if (mu_journal_open(path, &journal, &fail) != MU_OK) {
        assert_non_null(strstr(fail.text, "cut short"));
        return -1;
    }
    int64_t count = 0;
    assert_int_equal(mu_journal_each(journal, 0, check_row, &count, &fail), MU_OK);
    assert_int_equal(count, mu_journal_last_gsn(journal));
    assert_int_equal(mu_journal_verify(path, &verdict, &fail), MU_OK);
    assert_true(verdict.ok);
    append(journal, (int)count + 1);
    assert_int_equal(mu_journal_flush(journal, true, &fail), MU_OK);
    mu_journal_close(journal);
    return count;
}

/* Length of the frames in it: zeros are laid out behind them. */
static off_t wal_written(void)
{
    FILE *file = fopen(wal, "r");
    off_t at = 0, end = 0;
    for (int octet; file && (octet = getc(file)) != EOF; at++)
        if (octet != 0)
            end = at + 1;
    if (file == NULL)
        return -1;
    fclose(file);
    return end <= WAL_HEADER
               ? end
               : WAL_HEADER + (end - WAL_HEADER + WAL_FRAME - 1) / WAL_FRAME * WAL_FRAME;
}

struct promise {
    off_t wal_size;
    int64_t gsn;
};

static int write_and_die(int out)
{
    struct mu_journal *journal = NULL;
    int n = 0;
    if (mu_journal_create(path, &journal, NULL) != MU_OK)
        return 1;
    for (int flush = 0; flush < FLUSHES; flush++) {
        for (int i = 0; i <= flush % 4 * 3; i++)
            append(journal, ++n);
        if (mu_journal_flush(journal, flush % 3 == 0, NULL) != MU_OK)
            return 2;
        struct promise promise = {wal_written(), n};
        if (write(out, &promise, sizeof promise) != sizeof promise)
            return 3;
    }
    append(journal, ++n); /* still in the batch: lost, and nobody was told otherwise */
    return kill(getpid(), SIGKILL);
}

static char *slurp(const char *file, size_t *len)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    *len = (size_t)st.st_size;
    char *bytes = mu_xcalloc(*len + 1, 1);
    assert_int_equal(read(fd, bytes, *len), *len);
    close(fd);
    return bytes;
}

static void spit(const char *file, const char *bytes, size_t len)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void drop_shm(void)
{
    char shm[104];
    snprintf(shm, sizeof shm, "%s-shm", path);
    unlink(shm);
}

static int64_t promised(const struct promise *promises, size_t wal_size)
{
    int64_t gsn = 0;
    for (int i = 0; i < FLUSHES; i++)
        if ((size_t)promises[i].wal_size <= wal_size)
            gsn = promises[i].gsn;
    return gsn;
}

/* What a power cut leaves of the WAL, at every 100th octet: exactly the flushes that are whole. */
static void torn_wal_is_a_prefix(void **state)
{
    (void)state;
    struct promise promises[FLUSHES];
    int told[2], status;
    assert_int_equal(pipe(told), 0);
    fflush(NULL);
    if (fork() == 0)
        _exit(write_and_die(told[1]));
    wait(&status);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(read(told[0], promises, sizeof promises), sizeof promises);
    close(told[0]);
    close(told[1]);
    size_t main_len, wal_len;
    char *main_bytes = slurp(path, &main_len), *wal_bytes = slurp(wal, &wal_len);
    wal_len = (size_t)wal_written() + 200;
    const size_t step = SLOWED(100, 700);
    for (size_t cut = wal_len;; cut -= cut > step ? step : cut) {
        drop_shm();
        spit(path, main_bytes, main_len);
        spit(wal, wal_bytes, cut);
        int64_t left = rows_left();
        int64_t expected = promised(promises, cut);
        if (left != expected && !(left == -1 && expected == 0))
            fail_msg("WAL cut at %zu of %zu: %lld rows, expected %lld", cut, wal_len,
                     (long long)left, (long long)expected);
        if (cut == 0)
            break;
    }
    free(main_bytes);
    free(wal_bytes);
}

/* Appends and flushes until killed; tells each number after its durable flush. */
static int write_for_ever(int out)
{
    struct mu_journal *journal = NULL;
    if (mu_journal_open(path, &journal, NULL) != MU_OK || mu_journal_lock(journal, NULL) != MU_OK)
        return 1;
    for (int64_t n = mu_journal_last_gsn(journal) + 1;; n++) {
        append(journal, (int)n);
        if (mu_journal_flush(journal, n % 5 == 0, NULL) != MU_OK)
            return 2;
        if (n % 5 == 0 && write(out, &n, sizeof n) != sizeof n)
            return 3;
    }
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    struct mu_journal *journal = NULL;
    assert_int_equal(mu_journal_create(path, &journal, NULL), MU_OK);
    append(journal, 1);
    assert_int_equal(mu_journal_flush(journal, true, NULL), MU_OK);
    mu_journal_close(journal);
    for (unsigned round = 0; round < 15; round++) {
        int told[2], status;
        int64_t last = 0, gsn;
        assert_int_equal(pipe(told), 0);
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            _exit(write_for_ever(told[1]));
        close(told[1]);
        for (unsigned i = 0; i <= round * 7 && read(told[0], &gsn, sizeof gsn) == sizeof gsn; i++)
            last = gsn;
        kill(pid, SIGKILL);
        while (read(told[0], &gsn, sizeof gsn) == sizeof gsn)
            last = gsn;
        close(told[0]);
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        assert_true(rows_left() >= last);
    }
}

/* Killed between putting the sealed file in place and removing the WAL: the WAL is not looked at.
 */
static void killed_while_sealing(void **state)
{
    (void)state;
    struct mu_journal *journal = NULL;
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    assert_int_equal(mu_journal_create(path, &journal, NULL), MU_OK);
    for (int n = 1; n <= 20; n++)
        append(journal, n);
    assert_int_equal(mu_journal_flush(journal, true, NULL), MU_OK);
    size_t len;
    char *bytes = slurp(wal, &len);
    char sealing[112];
    snprintf(sealing, sizeof sealing, "%s.sealing", path);
    spit(sealing, "half", 4); /* of one that was killed earlier */
    assert_int_equal(mu_journal_seal(journal, &fail), MU_OK);
    mu_journal_close(journal);
    spit(wal, bytes, len);
    free(bytes);
    assert_int_equal(mu_journal_open_read(path, &journal, &fail), MU_OK);
    assert_true(mu_journal_sealed(journal));
    int64_t count = 0;
    assert_int_equal(mu_journal_each(journal, 0, check_row, &count, NULL), MU_OK);
    assert_int_equal(count, 20);
    mu_journal_close(journal);
    assert_int_equal(mu_journal_verify(path, &verdict, &fail), MU_OK);
    assert_true(verdict.ok);
    assert_int_equal(mu_journal_open(path, &journal, &fail), MU_STORAGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(torn_wal_is_a_prefix), T(killed_at_any_moment),
                                       T(killed_while_sealing)};
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
