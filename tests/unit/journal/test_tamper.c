/* SPDX-License-Identifier: MIT
 *
 * Evidence: everything a journal says is covered. A playbook is run by the engine (the program under
 * test, as a process of its own), and its sealed journal then changed in every way there is: every
 * octet of every value of every row, every row deleted (leaving a gap, and closing it), every pair of
 * neighbours swapped, every row written twice, rows put in, blobs and files of the bundle changed and
 * removed, two journals' rows mixed. mu_journal_verify must find each.
 *
 *   test.journal.tamper               every octet with one bit of its eight, blobs by samples
 *   TAMPER=all test.journal.tamper    every bit, and every octet of blobs and files
 * With AddressSanitizer, which slows it down, every 23rd octet.
 *
 * Changes are made in a copy in memory (/dev/shm) with SQLite's checks off, one at a time, and taken
 * back by the transaction. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "harness/slowed.h"
#include "journal/journal.h"

#define COLUMNS 13
#define PARTS   2 /* processes that flip octets: verifying is all they do */
#define OCTETS  SLOWED(1, 23)

static const char *const columns[COLUMNS] = {"gsn",  "epoch", "type",   "task", "seq",
                                             "verb", "args",  "digest", "src",  "step",
                                             "ts",   "value", "chain"};
static char folder[96], original[160], other[160], victim[160];
static int64_t rows;
static long changed, missed;
static bool all;

static const char muster_lua[] =
    "return { state = \"state\", modules = { \"" MUSTER_BUILD "/drawer.so\" },"
    " drawer = { dir = \"drawer\" } }\n";
static const char playbook[] =
    "playbook { name = \"evidence\", version = \"1.0.0\", owner = \"tests\","
    " summary = \"Rows of every kind\", changelog = { [\"1.0.0\"] = \"First version\" },"
    " may_change = { \"drawer.*\" }, params = {"
    " n = param.integer \"Rounds\" { default = 1 } } }\n"
    "function main(p)\n"
    "  evidence(\"large\", string.rep(\"0123456789abcdef\", 4500))\n"
    "  for i = 1, p.n do\n"
    "    step(\"Round \" .. i)\n"
    "    drawer.put(\"slip-\" .. i % 3, \"value \" .. i)\n"
    "    drawer.read(\"slip-\" .. i % 3)\n"
    "    sleep(\"1ms\")\n"
    "    finding(\"warn\", \"ttl\", \"r\\u{f8}w \" .. i)\n"
    "    milestone(\"round \" .. i)\n"
    "  end\n"
    "  finish(\"done\", \"all rounds\")\n"
    "end\n";

static void spit(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void copy(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(in, &st), 0);
    char *bytes = mu_xcalloc((size_t)st.st_size, 1);
    assert_int_equal(read(in, bytes, (size_t)st.st_size), st.st_size);
    close(in);
    unlink(to);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(out, bytes, (size_t)st.st_size), st.st_size);
    close(out);
    free(bytes);
}

static void run_playbook(const char *rounds)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(folder) != 0)
            _exit(99);
        execl(MUSTER_BUILD "/muster", "muster", "run", "playbooks/evidence", rounds, "--wait",
              (char *)NULL);
        _exit(98);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The view ends before the file is sealed. */
static void await_seal(const char *path)
{
    struct mu_journal_verdict verdict;
    for (int i = 0; i < 600; i++) {
        if (mu_journal_verify(path, &verdict, NULL) == MU_OK && verdict.ok && verdict.sealed)
            return;
        usleep(50000);
    }
    fail_msg("%s is not sealed: %s", path, verdict.why);
}

static sqlite3 *open_victim(void)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(victim, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA ignore_check_constraints = 1; PRAGMA synchronous = OFF;"
                                  "PRAGMA journal_mode = MEMORY",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static int64_t number(const char *sql)
{
    sqlite3 *db = open_victim();
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static int setup(void **state)
{
    (void)state;
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    all = getenv("TAMPER") && strcmp(getenv("TAMPER"), "all") == 0;
    snprintf(folder, sizeof folder, "%s/muster-tamper-XXXXXX", base);
    assert_non_null(mkdtemp(folder));
    char path[256];
    static const char *const dirs[] = {"playbooks", "playbooks/evidence", "drawer"};
    for (size_t i = 0; i < MU_COUNT(dirs); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, dirs[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    spit("muster.lua", muster_lua);
    spit("playbooks/evidence/playbook.lua", playbook);
    run_playbook("n=28");
    run_playbook("n=2");
    snprintf(original, sizeof original, "%s/state/runs/evidence.1.run", folder);
    snprintf(other, sizeof other, "%s/state/runs/evidence.2.run", folder);
    snprintf(victim, sizeof victim, "%s/victim.run", folder);
    await_seal(original);
    await_seal(other);
    copy(original, victim);
    rows = number("SELECT max(gsn) FROM row");
    assert_true(rows >= 200);
    assert_int_equal(number("SELECT count(*) FROM row WHERE value LIKE 'blob:%'"), 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void must_be_found(const char *what, int64_t gsn, const char *column, size_t at)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    changed++;
    if (mu_journal_verify(victim, &verdict, &fail) == MU_OK && verdict.ok && missed++ < 20)
        print_error("not found: %s, row %lld, %s[%zu]\n", what, (long long)gsn, column, at);
}

static void must_hold(void)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    if (mu_journal_verify(victim, &verdict, &fail) != MU_OK || !verdict.ok)
        fail_msg("untouched it does not hold: %s%s", fail.text, verdict.why);
    assert_true(verdict.sealed);
}

static void report(const char *what)
{
    must_hold();
    print_message("# %s: %ld changes, %ld not found (%lld rows)\n", what, changed, missed,
                  (long long)rows);
    assert_true(changed > 0);
    assert_int_equal(missed, 0);
    changed = missed = 0;
}

static void execute(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

/* --- octets --- */

struct cell {
    bool number, blob;
    uint8_t *bytes; /* of a number: eight, big-endian */
    size_t len;
};

static struct cell read_cell(sqlite3 *db, int64_t gsn, const char *column)
{
    char sql[128];
    sqlite3_stmt *stmt = NULL;
    struct cell cell = {0};
    snprintf(sql, sizeof sql, "SELECT %s FROM row WHERE gsn = %lld", column, (long long)gsn);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    cell.number = sqlite3_column_type(stmt, 0) == SQLITE_INTEGER;
    cell.blob = sqlite3_column_type(stmt, 0) == SQLITE_BLOB;
    if (cell.number) {
        uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 0);
        cell.len = 8;
        cell.bytes = mu_xcalloc(8, 1);
        for (int i = 7; i >= 0; i--, n >>= 8)
            cell.bytes[i] = (uint8_t)n;
    } else {
        const void *bytes = sqlite3_column_blob(stmt, 0);
        cell.len = (size_t)sqlite3_column_bytes(stmt, 0);
        cell.bytes = mu_xcalloc(cell.len + 1, 1);
        if (cell.len)
            memcpy(cell.bytes, bytes, cell.len);
    }
    sqlite3_finalize(stmt);
    return cell;
}

/* False when the table itself can't hold it: a gsn that another row has. */
static bool write_cell(sqlite3_stmt *stmt, int64_t gsn, const struct cell *cell)
{
    uint64_t n = 0;
    sqlite3_reset(stmt);
    for (size_t i = 0; cell->number && i < 8; i++)
        n = n << 8 | cell->bytes[i];
    if (cell->number)
        sqlite3_bind_int64(stmt, 1, (int64_t)n);
    else if (cell->blob)
        sqlite3_bind_blob(stmt, 1, cell->bytes, (int)cell->len, SQLITE_STATIC);
    else
        sqlite3_bind_text(stmt, 1, (const char *)cell->bytes, (int)cell->len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, gsn);
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE;
}

/* The row is found by its rowid; when that is what was changed, by the new one. */
static int64_t now_at(const struct cell *cell, const char *column, int64_t gsn)
{
    uint64_t n = 0;
    if (strcmp(column, "gsn") != 0)
        return gsn;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | cell->bytes[i];
    return (int64_t)n;
}

static void flip(sqlite3_stmt *stmt, int64_t gsn, const char *column, struct cell *cell, size_t at,
                 uint8_t mask)
{
    uint8_t before = cell->bytes[at];
    cell->bytes[at] ^= mask;
    bool written = write_cell(stmt, gsn, cell);
    for (unsigned m = 1; !written && m < 256; m++) { /* a gsn that is free */
        cell->bytes[at] = (uint8_t)(before ^ m);
        written = write_cell(stmt, gsn, cell);
    }
    assert_true(written);
    must_be_found("octet flipped", gsn, column, at);
    int64_t where = now_at(cell, column, gsn);
    cell->bytes[at] = before;
    assert_true(write_cell(stmt, where, cell));
}

static void flip_cell(sqlite3 *db, int64_t gsn, const char *column)
{
    char sql[128];
    sqlite3_stmt *stmt = NULL;
    struct cell cell = read_cell(db, gsn, column);
    snprintf(sql, sizeof sql, "UPDATE row SET %s = ?1 WHERE gsn = ?2", column);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    for (size_t at = (size_t)gsn % OCTETS; at < cell.len; at += OCTETS)
        for (unsigned bit = 0; bit < 8; bit++)
            if (all || bit == (at + (size_t)gsn) % 8)
                flip(stmt, gsn, column, &cell, at, (uint8_t)(1u << bit));
    sqlite3_finalize(stmt);
    free(cell.bytes);
}

/* One of PARTS: rows part, part + PARTS, ... in a copy of its own. */
static void flip_part(int part)
{
    snprintf(victim, sizeof victim, "%s/victim-%d.run", folder, part);
    copy(original, victim);
    sqlite3 *db = open_victim();
    for (int64_t gsn = part; gsn <= rows; gsn += PARTS)
        for (size_t i = 0; i < COLUMNS; i++)
            flip_cell(db, gsn, columns[i]);
    sqlite3_close(db);
    must_hold();
}

static void every_octet_of_every_value(void **state)
{
    (void)state;
    int counts[2];
    assert_int_equal(pipe(counts), 0);
    for (int part = 1; part <= PARTS; part++) {
        if (fork() != 0)
            continue;
        flip_part(part);
        long both[2] = {changed, missed};
        _exit(write(counts[1], both, sizeof both) == sizeof both ? 0 : 1);
    }
    close(counts[1]);
    for (int part = 1; part <= PARTS; part++) {
        long both[2];
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(counts[0], both, sizeof both), sizeof both);
        changed += both[0];
        missed += both[1];
    }
    close(counts[0]);
    report("octets of values");
}

/* --- rows --- */

/* In a copy of its own: what statements leave behind is not taken back. */
static void change(const char *what, int64_t gsn, const char *fmt, ...) MU_PRINTF(3, 4);
static void change(const char *what, int64_t gsn, const char *fmt, ...)
{
    char sql[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sql, sizeof sql, fmt, ap);
    va_end(ap);
    copy(original, victim);
    sqlite3 *db = open_victim();
    execute(db, sql);
    sqlite3_close(db);
    must_be_found(what, gsn, "", 0);
}

static void every_row_deleted(void **state)
{
    (void)state;
    for (long long gsn = 1; gsn <= rows; gsn++) {
        change("deleted", gsn, "DELETE FROM row WHERE gsn = %lld", gsn);
        change("deleted, gap closed", gsn,
               "DELETE FROM row WHERE gsn = %lld; UPDATE row SET gsn = -gsn WHERE gsn > %lld;"
               "UPDATE row SET gsn = -gsn - 1 WHERE gsn < 0",
               gsn, gsn);
        change("tail cut off", gsn, "DELETE FROM row WHERE gsn >= %lld", gsn);
        change("head cut off", gsn,
               "DELETE FROM row WHERE gsn <= %lld; UPDATE row SET gsn = -gsn;"
               "UPDATE row SET gsn = -gsn - %lld",
               gsn, gsn);
    }
    copy(original, victim);
    report("rows deleted");
}

static void every_pair_swapped(void **state)
{
    (void)state;
    for (long long gsn = 1; gsn < rows; gsn++) {
        change("swapped", gsn,
               "UPDATE row SET gsn = -1 WHERE gsn = %lld; UPDATE row SET gsn = %lld WHERE gsn = "
               "%lld; UPDATE row SET gsn = %lld WHERE gsn = -1",
               gsn, gsn, gsn + 1, gsn + 1);
        change("contents swapped, chain values left", gsn,
               "CREATE TEMP TABLE a AS SELECT * FROM row WHERE gsn IN (%lld, %lld);"
               "UPDATE row SET (epoch, type, task, seq, verb, args, digest, src, step, ts, value) ="
               " (SELECT epoch, type, task, seq, verb, args, digest, src, step, ts, value FROM a"
               " WHERE a.gsn = 2 * %lld + 1 - row.gsn) WHERE gsn IN (%lld, %lld)",
               gsn, gsn + 1, gsn, gsn, gsn + 1);
    }
    copy(original, victim);
    report("neighbours swapped");
}

#define REST "epoch, type, task, seq, verb, args, digest, src, step, ts, value, chain"

static void every_row_twice(void **state)
{
    (void)state;
    for (long long gsn = 1; gsn <= rows; gsn++) {
        change("duplicated behind the last", gsn,
               "INSERT INTO row SELECT %lld, " REST " FROM row WHERE gsn = %lld",
               (long long)rows + 1, gsn);
        change("duplicated in its place", gsn,
               "UPDATE row SET gsn = -gsn WHERE gsn > %lld; UPDATE row SET gsn = 1 - gsn WHERE gsn "
               "< 0; INSERT INTO row SELECT %lld, " REST " FROM row WHERE gsn = %lld",
               gsn, gsn + 1, gsn);
        change(
            "a row put in", gsn,
            "UPDATE row SET gsn = -gsn WHERE gsn >= %lld; UPDATE row SET gsn = 1 - gsn WHERE gsn "
            "< 0; INSERT INTO row VALUES (%lld, 1, 'n', 'r', 1, 'evidence', '', '', '', '', 1, "
            "'{}', randomblob(32))",
            gsn, gsn);
    }
    copy(original, victim);
    report("rows written twice or put in");
}

static void two_journals_mixed(void **state)
{
    (void)state;
    for (long long gsn = 1; gsn <= rows; gsn++) {
        char from[400];
        snprintf(from, sizeof from, "ATTACH '%s' AS o; ", other);
        change("another journal's row", gsn,
               "%sREPLACE INTO main.row SELECT %lld, " REST
               " FROM o.row WHERE o.row.gsn = 1 + %lld "
               "%% (SELECT max(gsn) FROM o.row) AND o.row.chain <> (SELECT chain FROM main.row m "
               "WHERE m.gsn = %lld)",
               from, gsn, gsn - 1, gsn);
    }
    copy(original, victim);
    report("two journals mixed");
}

/* --- blobs and files --- */

static void flip_blob(sqlite3 *db, int64_t rowid, size_t len)
{
    for (size_t at = 0; at < len; at += all ? 1 : 613) {
        sqlite3_blob *blob = NULL;
        unsigned char octet;
        assert_int_equal(sqlite3_blob_open(db, "main", "blob", "bytes", rowid, 1, &blob),
                         SQLITE_OK);
        assert_int_equal(sqlite3_blob_read(blob, &octet, 1, (int)at), SQLITE_OK);
        octet ^= (unsigned char)(1u << at % 8);
        assert_int_equal(sqlite3_blob_write(blob, &octet, 1, (int)at), SQLITE_OK);
        sqlite3_blob_close(blob);
        must_be_found("octet of a blob", rowid, "bytes", at);
        octet ^= (unsigned char)(1u << at % 8);
        assert_int_equal(sqlite3_blob_open(db, "main", "blob", "bytes", rowid, 1, &blob),
                         SQLITE_OK);
        assert_int_equal(sqlite3_blob_write(blob, &octet, 1, (int)at), SQLITE_OK);
        sqlite3_blob_close(blob);
    }
}

static void every_blob_and_file(void **state)
{
    (void)state;
    copy(original, victim);
    int64_t blobs = number("SELECT max(rowid) FROM blob"),
            files = number("SELECT count(*) FROM file");
    for (int64_t id = 1; id <= blobs; id++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT length(bytes) FROM blob WHERE rowid = %lld",
                 (long long)id);
        size_t len = (size_t)number(sql);
        sqlite3 *db = open_victim();
        flip_blob(db, id, len);
        sqlite3_close(db);
    }
    for (long long id = 1; id <= blobs; id++) {
        change("blob removed", id, "DELETE FROM blob WHERE rowid = %lld", id);
        change("blob emptied", id, "UPDATE blob SET bytes = x'' WHERE rowid = %lld", id);
        change("blob's digest changed", id,
               "UPDATE blob SET digest = replace(digest, substr(digest, 1, 1), 'g') WHERE rowid = "
               "%lld",
               id);
    }
    for (long long id = 0; id < files; id++) {
        change("file removed", id,
               "DELETE FROM file WHERE path = (SELECT path FROM file LIMIT 1 OFFSET %lld)", id);
        change("file renamed", id,
               "UPDATE file SET path = path || 'x' WHERE path = (SELECT path FROM file LIMIT 1 "
               "OFFSET %lld)",
               id);
        change("file is another's octets", id,
               "UPDATE file SET blob = (SELECT blob FROM file LIMIT 1 OFFSET %lld) WHERE path = "
               "(SELECT path FROM file LIMIT 1 OFFSET %lld)",
               (id + 1) % files, id);
    }
    change(
        "file put in", 0,
        "INSERT INTO blob VALUES ('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
        "55', x''); INSERT INTO file VALUES ('zz.lua', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e46"
        "49b934ca495991b7852b855')");
    copy(original, victim);
    report("blobs and files");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_octet_of_every_value), cmocka_unit_test(every_row_deleted),
        cmocka_unit_test(every_pair_swapped),         cmocka_unit_test(every_row_twice),
        cmocka_unit_test(two_journals_mixed),         cmocka_unit_test(every_blob_and_file)};
    return cmocka_run_group_tests_name("tamper", tests, setup, teardown);
}
