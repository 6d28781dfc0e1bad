/* SPDX-License-Identifier: MIT
 *
 * journal: verify finds what was changed and names it; and whatever octets it is given, it never
 * crashes, and never calls a file good that tells another story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "journal/journal.h"

#define ROWS 12

static char folder[64], path[96];
static char *original, *story;
static size_t original_len;

static char *slurp(size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    *len = (size_t)st.st_size;
    char *bytes = mu_xcalloc(*len + 1, 1);
    assert_int_equal(read(fd, bytes, *len), *len);
    close(fd);
    return bytes;
}

static void spit(const char *bytes, size_t len)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void append(struct mu_journal *journal, int n)
{
    static char large[MU_LIMIT_INLINE + 100];
    char value[64], args[64], digest[40];
    snprintf(value, sizeof value, "{\"marked-value\":%d}", n);
    snprintf(args, sizeof args, "[\"marked-args\",%d]", n);
    snprintf(digest, sizeof digest, "marked-digest-%d", n);
    memset(large, 'L', sizeof large - 1);
    struct mu_row row = {.epoch = 1,
                         .type = n == 1  ? 'h'
                                 : n % 2 ? 'o'
                                         : 'i',
                         .task = "marked-task",
                         .seq = n,
                         .verb = "zone.set_mx",
                         .args = args,
                         .digest = digest,
                         .src = "marked-src:1",
                         .step = "marked-step",
                         .ts = n,
                         .value = n == 9 ? large : value};
    mu_journal_append(journal, &row);
}

static bool write_row(const struct mu_row *row, void *ud)
{
    mu_buf_addf(ud, "%lld|%lld|%c|%s|%lld|%s|%s|%s|%s|%s|%lld|%s\n", (long long)row->gsn,
                (long long)row->epoch, row->type, row->task, (long long)row->seq, row->verb,
                row->args, row->digest, row->src, row->step, (long long)row->ts, row->value);
    return true;
}

/* NULL when it can't be read to its end. */
static char *read_story(void)
{
    struct mu_journal *journal = NULL;
    struct mu_buf buf = {0};
    if (mu_journal_open_read(path, &journal, NULL) != MU_OK)
        return NULL;
    enum mu_err err = mu_journal_each(journal, 0, write_row, &buf, NULL);
    mu_journal_close(journal);
    if (err == MU_OK)
        return mu_buf_take(&buf);
    mu_buf_free(&buf);
    return NULL;
}

static int setup_all(void **state)
{
    (void)state;
    struct mu_journal *journal = NULL;
    snprintf(folder, sizeof folder, "/tmp/muster-verify-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.1.run", folder);
    assert_int_equal(mu_journal_create(path, &journal, NULL), MU_OK);
    mu_journal_put_file(journal, "playbook.lua", "marked-file", 11);
    mu_journal_put_file(journal, "templates/a.md", "", 0);
    for (int n = 1; n <= ROWS; n++)
        append(journal, n);
    assert_int_equal(mu_journal_seal(journal, NULL), MU_OK);
    mu_journal_close(journal);
    story = read_story();
    original = slurp(&original_len);
    return 0;
}

static int teardown_all(void **state)
{
    (void)state;
    free(original);
    free(story);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void execute(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void verdict_is(int64_t bad_gsn, const char *part)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    if (mu_journal_verify(path, &verdict, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    assert_false(verdict.ok);
    if (strstr(verdict.why, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, verdict.why);
    assert_int_equal(verdict.bad_gsn, bad_gsn);
}

static void untouched_holds(void **state)
{
    (void)state;
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    struct mu_journal *journal = NULL;
    uint8_t head[MU_SHA256];
    spit(original, original_len);
    assert_int_equal(mu_journal_verify(path, &verdict, &fail), MU_OK);
    assert_true(verdict.ok);
    assert_int_equal(verdict.rows, ROWS);
    assert_int_equal(mu_journal_open_read(path, &journal, &fail), MU_OK);
    mu_journal_head(journal, head);
    mu_journal_close(journal);
    assert_memory_equal(head, verdict.head, MU_SHA256);
}

static const struct {
    const char *sql;
    int64_t gsn;
    const char *why;
} changes[] = {
    {"UPDATE row SET epoch = 2 WHERE gsn = 5", 5,
     "row 5 (o zone.set_mx): the chain does not match"},
    {"UPDATE row SET type = 'n' WHERE gsn = 5", 5,
     "row 5 (n zone.set_mx): the chain does not match"},
    {"UPDATE row SET task = 'r' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET seq = 6 WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET verb = 'zone.set_ns' WHERE gsn = 5", 5, "row 5 (o zone.set_ns)"},
    {"UPDATE row SET args = args || ' ' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET digest = '' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET src = 'playbook.lua:2' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET step = '' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET ts = -ts WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET value = '' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET chain = zeroblob(32) WHERE gsn = 5", 5, "row 5"},
    /* the border between two columns moves, their octets stay */
    {"UPDATE row SET step = 'marked-ste', src = 'marked-src:1p' WHERE gsn = 5", 5, "row 5"},
    {"UPDATE row SET verb = CAST(x'7a00' AS TEXT) WHERE gsn = 5", 5, "a text holds a NUL"},
    {"UPDATE row SET verb = CAST(x'1b5b324aff' AS TEXT) WHERE gsn = 5", 5, "row 5 (o ?[2J?)"},
    {"PRAGMA ignore_check_constraints = 1; UPDATE row SET type = 'xy' WHERE gsn = 5", 5,
     "no such type"},
    {"PRAGMA ignore_check_constraints = 1; UPDATE row SET chain = x'00' WHERE gsn = 5", 5,
     "no chain value"},
    {"DELETE FROM row WHERE gsn = 5", 5, "row 5 is missing: row 6 follows row 4"},
    {"DELETE FROM row WHERE gsn = 1", 1, "row 1 is missing"},
    {"DELETE FROM row WHERE gsn = 5; UPDATE row SET gsn = gsn - 1 WHERE gsn > 5", 5, "row 5"},
    {"UPDATE row SET gsn = 100 WHERE gsn = 5; UPDATE row SET gsn = 5 WHERE gsn = 6;"
     "UPDATE row SET gsn = 6 WHERE gsn = 100",
     5, "row 5 (i zone.set_mx): the chain does not match"},
    {"UPDATE row SET gsn = -gsn WHERE gsn > 5; UPDATE row SET gsn = 1 - gsn WHERE gsn < 0;"
     "INSERT INTO row SELECT 6, epoch, type, task, seq, verb, args, digest, src, step, ts, value, "
     "chain"
     " FROM row WHERE gsn = 5",
     6, "row 6 (o zone.set_mx): the chain does not match"},
    {"UPDATE blob SET bytes = zeroblob(length(bytes)) WHERE length(bytes) > 1000", 9,
     "row 9 (o zone.set_mx): its value, a blob, was changed"},
    {"DELETE FROM blob WHERE length(bytes) > 1000", 9, "its value lies in a blob that is missing"},
    {"UPDATE blob SET bytes = x'00' WHERE length(bytes) = 11", 0,
     "the bundle's file playbook.lua was changed"},
    {"DELETE FROM blob WHERE length(bytes) = 11", 0, "the bundle's file playbook.lua is missing"},
    {"UPDATE file SET path = '../playbook.lua' WHERE path = 'playbook.lua'", 0, "impossible path"},
    {"UPDATE file SET path = '/etc/passwd' WHERE path = 'playbook.lua'", 0, "impossible path"},
};

static void every_change_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(changes); i++) {
        spit(original, original_len);
        execute(changes[i].sql);
        verdict_is(changes[i].gsn, changes[i].why);
    }
}

static void flipped_octets_of_texts_are_found(void **state)
{
    (void)state;
    static const char *const marks[] = {"marked-task",       "zone.set_mx", "[\"marked-args\"",
                                        "marked-digest",     "marked-src",  "marked-step",
                                        "{\"marked-value\"", "marked-file", "LLLLLLLL"};
    for (size_t i = 0; i < MU_COUNT(marks); i++) {
        struct mu_journal_verdict verdict;
        size_t at = 0, mark_len = strlen(marks[i]);
        char *bytes = mu_xstrndup(original, original_len);
        while (at + mark_len <= original_len && memcmp(bytes + at, marks[i], mark_len) != 0)
            at++;
        assert_true(at + mark_len <= original_len);
        bytes[at + 1] ^= 1;
        spit(bytes, original_len);
        free(bytes);
        assert_int_equal(mu_journal_verify(path, &verdict, NULL), MU_OK);
        assert_false(verdict.ok);
    }
}

/* Things a journal never has could run when it is read: not opened at all. */
static void a_foreign_schema_is_refused(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE extra (x)",
        "CREATE INDEX i ON row (verb)",
        "CREATE TRIGGER t AFTER INSERT ON row BEGIN SELECT 1; END",
        "ALTER TABLE row RENAME TO old; CREATE VIEW row AS SELECT * FROM old",
        "DROP TABLE file",
        "PRAGMA application_id = 0",
        "PRAGMA user_version = 0",
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'row'"};
    for (size_t i = 0; i < MU_COUNT(schemas); i++) {
        struct mu_journal_verdict verdict;
        struct mu_fail fail = {0};
        spit(original, original_len);
        execute(schemas[i]);
        assert_int_equal(mu_journal_verify(path, &verdict, &fail), MU_STORAGE);
        assert_true(fail.text[0]);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Reads, verifies and reads again; a file that is called good tells the story that was written. */
static void look(size_t *good, size_t *bad)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    char *read = read_story();
    if (mu_journal_verify(path, &verdict, &fail) == MU_OK && verdict.ok) {
        assert_non_null(read);
        assert_int_equal(strncmp(story, read, strlen(read)),
                         0); /* a tail may be gone, see verify.c */
        if (verdict.rows == ROWS)
            assert_string_equal(story, read);
        ++*good;
    } else {
        assert_true(verdict.why[0] != '\0' || fail.text[0] != '\0');
        ++*bad;
    }
    free(read);
}

static void damaged_files_never_crash_it(void **state)
{
    (void)state;
    size_t good = 0, bad = 0;
    uint32_t seed = 2463534242u;
    for (int round = 0; round < 1500; round++) {
        char *bytes = mu_xstrndup(original, original_len);
        /* the first pages hold what steers the reading: headers, schema, cell pointers */
        size_t span = round % 2 ? original_len : 4096 * 4 < original_len ? 4096 * 4 : original_len;
        for (int flips = 1 + round % 4; flips > 0; flips--)
            bytes[next_random(&seed) % span] ^= (char)(1 << next_random(&seed) % 8);
        spit(bytes, original_len);
        free(bytes);
        look(&good, &bad);
    }
    assert_true(bad > 100);
    for (size_t len = 0; len < original_len; len += 1021) {
        spit(original, len);
        look(&good, &bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(untouched_holds),
                                       cmocka_unit_test(every_change_is_named),
                                       cmocka_unit_test(flipped_octets_of_texts_are_found),
                                       cmocka_unit_test(a_foreign_schema_is_refused),
                                       cmocka_unit_test(damaged_files_never_crash_it)};
    return cmocka_run_group_tests_name("verify", tests, setup_all, teardown_all);
}
