/* SPDX-License-Identifier: MIT
 *
 * journal: what goes in comes out, in both storages; numbering, batches, blobs, files, sealing,
 * export, and the executor's lock between processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "journal/journal.h"

static char folder[64];
static char path[160];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-journal-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/mx-failover.12.run", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void append(struct mu_journal *journal, char type, const char *verb, const char *value)
{
    struct mu_row row = {.epoch = 1,
                         .type = type,
                         .task = type == 'h' ? "" : "r",
                         .seq = 3,
                         .verb = verb,
                         .args = "[\"example.com\"]",
                         .digest = "0123456789abcdef0123456789abcdef",
                         .src = "playbook.lua:17",
                         .step = "Is it down?",
                         .ts = 1795400000123,
                         .value = value};
    mu_journal_append(journal, &row);
}

static enum mu_err fails_with(enum mu_err err, const struct mu_fail *fail, const char *part)
{
    if (strstr(fail->text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, fail->text);
    return err;
}

static void flush(struct mu_journal *journal, bool durable)
{
    struct mu_fail fail = {0};
    if (mu_journal_flush(journal, durable, &fail) != MU_OK)
        fail_msg("%s", fail.text);
}

static struct mu_journal *created(void)
{
    struct mu_fail fail = {0};
    struct mu_journal *journal = NULL;
    if (mu_journal_create(path, &journal, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return journal;
}

static struct mu_journal *opened(bool write)
{
    struct mu_fail fail = {0};
    struct mu_journal *journal = NULL;
    enum mu_err err = write ? mu_journal_open(path, &journal, &fail)
                            : mu_journal_open_read(path, &journal, &fail);
    if (err != MU_OK)
        fail_msg("%s", fail.text);
    return journal;
}

/* Rows as one text, so that two journals can be compared and a failure can be read. */
static bool write_row(const struct mu_row *row, void *ud)
{
    char chain[MU_SHA256_HEX];
    mu_hex(row->chain, MU_SHA256, chain);
    mu_buf_addf(ud, "%lld|%lld|%c|%s|%lld|%s|%s|%s|%s|%s|%lld|%zu:", (long long)row->gsn,
                (long long)row->epoch, row->type, row->task, (long long)row->seq, row->verb,
                row->args, row->digest, row->src, row->step, (long long)row->ts,
                strlen(row->value));
    mu_buf_addf(ud, "%.40s|%.16s\n", row->value, chain);
    return true;
}

static char *rows_of(struct mu_journal *journal, int64_t after)
{
    struct mu_buf buf = {0};
    struct mu_fail fail = {0};
    if (mu_journal_each(journal, after, write_row, &buf, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return mu_buf_take(&buf);
}

static bool write_file(const char *name, const char *bytes, size_t len, void *ud)
{
    mu_buf_addf(ud, "%s=%.*s\n", name, (int)len, bytes);
    return true;
}

static char *files_of(struct mu_journal *journal)
{
    struct mu_buf buf = {0};
    assert_int_equal(mu_journal_each_file(journal, write_file, &buf, NULL), MU_OK);
    return mu_buf_take(&buf);
}

static void holds(const char *file)
{
    struct mu_journal_verdict verdict;
    struct mu_fail fail = {0};
    if (mu_journal_verify(file, &verdict, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    if (!verdict.ok)
        fail_msg("%s", verdict.why);
}

static void fill(struct mu_journal *journal)
{
    char *large = mu_xcalloc(MU_LIMIT_INLINE + 100, 1);
    memset(large, 'x', MU_LIMIT_INLINE + 99);
    mu_journal_put_file(journal, "playbook.lua", "return 1", 8);
    mu_journal_put_file(journal, "templates/a.md", "", 0);
    append(journal, 'h', "start", "{\"format\":1}");
    append(journal, 'c', "dns.mx", "{\"ok\":true,\"why\":\"\303\244\"}");
    flush(journal, false);
    mu_journal_put_file(journal, "playbook.lua", "return 2", 8);
    append(journal, 'i', "zone.set_mx", large);
    append(journal, 'o', "zone.set_mx", "blob:looks like one but is none");
    append(journal, 'o', "zone.set_mx", large);
    append(journal, 'n', "step", "");
    flush(journal, true);
    free(large);
}

static void file_and_memory_behave_alike(void **state)
{
    (void)state;
    struct mu_journal *both[2] = {created(), mu_journal_memory()};
    char *rows[2], *later[2], *files[2];
    uint8_t head[2][MU_SHA256];
    for (int i = 0; i < 2; i++) {
        fill(both[i]);
        assert_int_equal(mu_journal_last_gsn(both[i]), 6);
        assert_int_equal(mu_journal_batch(both[i]), 0);
        rows[i] = rows_of(both[i], 0);
        later[i] = rows_of(both[i], 4);
        files[i] = files_of(both[i]);
        mu_journal_head(both[i], head[i]);
        size_t len;
        char *file = mu_journal_file(both[i], "playbook.lua", &len);
        assert_string_equal(file, "return 2");
        assert_int_equal(len, 8);
        free(file);
        assert_null(mu_journal_file(both[i], "no.lua", &len));
        assert_int_equal(mu_journal_seal(both[i], NULL), MU_OK);
        assert_true(mu_journal_sealed(both[i]));
        append(both[i], 'n', "late", "");
        struct mu_fail fail = {0};
        assert_int_equal(fails_with(mu_journal_flush(both[i], false, &fail), &fail, "sealed"),
                         MU_STORAGE);
        char *after_seal = rows_of(both[i], 0);
        assert_string_equal(after_seal, rows[i]);
        free(after_seal);
        mu_journal_close(both[i]);
    }
    assert_string_equal(rows[0], rows[1]);
    assert_string_equal(later[0], later[1]);
    assert_string_equal(files[0], files[1]);
    assert_string_equal(files[0], "playbook.lua=return 2\ntemplates/a.md=\n");
    assert_memory_equal(head[0], head[1], MU_SHA256);
    assert_non_null(strstr(later[0], "5|1|o|r|3|zone.set_mx"));
    assert_non_null(strstr(rows[0], "|31:blob:looks like one but is none|"));
    for (int i = 0; i < 2; i++)
        free(rows[i]), free(later[i]), free(files[i]);
}

/* The chain as the comment of chain.c describes it, built by hand. */
static void chain_is_as_documented(void **state)
{
    (void)state;
    struct mu_journal *journal = mu_journal_memory();
    struct mu_row row = {.epoch = 1,
                         .type = 'n',
                         .task = "r",
                         .seq = 2,
                         .verb = "v",
                         .args = "[]",
                         .digest = "d",
                         .src = "s",
                         .step = "",
                         .ts = -2,
                         .value = "{}"};
    mu_journal_append(journal, &row);
    static const char encoded[] = "\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0\1"
                                  "\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0\1"
                                  "\0\0\0\0\0\0\0\1n"
                                  "\0\0\0\0\0\0\0\1r"
                                  "\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0\2"
                                  "\0\0\0\0\0\0\0\1v"
                                  "\0\0\0\0\0\0\0\2[]"
                                  "\0\0\0\0\0\0\0\1"
                                  "d"
                                  "\0\0\0\0\0\0\0\1s"
                                  "\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0\10\377\377\377\377\377\377\377\376"
                                  "\0\0\0\0\0\0\0\2{}";
    uint8_t bytes[MU_SHA256 + sizeof encoded - 1] = {0}, expected[MU_SHA256];
    memcpy(bytes + MU_SHA256, encoded, sizeof encoded - 1);
    mu_sha256_once(bytes, sizeof bytes, expected);
    assert_memory_equal(row.chain, expected, MU_SHA256);
    mu_journal_close(journal);
}

static void reopening_goes_on_with_number_and_chain(void **state)
{
    (void)state;
    struct mu_journal *journal = created();
    fill(journal);
    append(journal, 'n', "lost", "with the batch");
    mu_journal_close(journal);
    journal = opened(true);
    assert_int_equal(mu_journal_last_gsn(journal), 6);
    append(journal, 'h', "resume", "{}");
    assert_int_equal(mu_journal_last_gsn(journal), 7);
    flush(journal, true);
    mu_journal_close(journal);
    holds(path);
}

static void reader_follows_a_live_run(void **state)
{
    (void)state;
    struct mu_journal *journal = created();
    append(journal, 'h', "start", "{}");
    flush(journal, false);
    struct mu_journal *reader = opened(false);
    int64_t version = mu_journal_data_version(reader);
    assert_int_equal(mu_journal_data_version(reader), version);
    append(journal, 'n', "a", "");
    append(journal, 'n', "b", "");
    char *rows = rows_of(reader, 1);
    assert_string_equal(rows, ""); /* a batch is nobody's business yet */
    free(rows);
    flush(journal, false);
    assert_int_not_equal(mu_journal_data_version(reader), version);
    rows = rows_of(reader, 1);
    assert_non_null(strstr(rows, "2|1|n|r|3|a|"));
    assert_non_null(strstr(rows, "\n3|1|n|r|3|b|"));
    free(rows);
    /* Sealed while somebody looks: the look goes on, and knows. */
    assert_false(mu_journal_sealed(reader));
    assert_int_equal(mu_journal_seal(journal, NULL), MU_OK);
    assert_true(mu_journal_sealed(reader));
    rows = rows_of(reader, 0);
    assert_non_null(strstr(rows, "\n3|1|n|r|3|b|"));
    free(rows);
    mu_journal_close(reader);
    mu_journal_close(journal);
}

static int in_child(int (*work)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(work());
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int read_as_nobody(void)
{
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    struct mu_journal *journal = NULL;
    struct mu_fail fail = {0};
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK) {
        fprintf(stderr, "%s\n", fail.text);
        return 3;
    }
    char *rows = rows_of(journal, 0);
    bool all = strstr(rows, "\n6|1|n|") != NULL;
    free(rows);
    mu_journal_close(journal);
    return all ? 0 : 4;
}

static void sealed_is_one_read_only_file(void **state)
{
    (void)state;
    struct mu_journal *journal = created();
    assert_int_equal(mu_journal_lock(journal, NULL), MU_OK);
    fill(journal);
    assert_int_equal(mu_journal_seal(journal, NULL), MU_OK);
    assert_int_equal(mu_journal_seal(journal, NULL), MU_OK);
    mu_journal_close(journal);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    for (int i = 0; i < 4; i++) {
        static const char *const suffixes[] = {"-wal", "-shm", ".lock", ".sealing"};
        char side[192];
        snprintf(side, sizeof side, "%s%s", path, suffixes[i]);
        assert_int_not_equal(access(side, F_OK), 0);
    }
    struct mu_fail fail = {0};
    assert_int_equal(fails_with(mu_journal_open(path, &journal, &fail), &fail, "sealed"),
                     MU_STORAGE);
    holds(path);
    assert_int_equal(chown(path, geteuid() == 0 ? 65534 : geteuid(), (gid_t)-1), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(in_child(read_as_nobody), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

/* The main file of a run that is not sealed, in a folder nobody may write: read as far as it goes.
 */
static void live_file_in_a_read_only_folder(void **state)
{
    (void)state;
    struct mu_journal *journal = created();
    fill(journal);
    mu_journal_close(journal); /* the last one out checkpoints and takes the WAL along */
    assert_int_equal(chown(path, geteuid() == 0 ? 65534 : geteuid(), (gid_t)-1), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(in_child(read_as_nobody), 0);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void export_is_a_whole_copy(void **state)
{
    (void)state;
    char copy[128];
    snprintf(copy, sizeof copy, "%s/copy with %%20 and ?.run", folder);
    struct mu_journal *journal = created();
    fill(journal);
    struct mu_fail fail = {0};
    assert_int_equal(mu_journal_export(path, copy, &fail), MU_OK);
    holds(copy);
    assert_int_equal(fails_with(mu_journal_export(path, copy, &fail), &fail, "exists"), MU_STORAGE);
    char *rows = rows_of(journal, 0);
    mu_journal_close(journal);
    snprintf(path, sizeof path, "%s", copy);
    journal = opened(false);
    char *copied = rows_of(journal, 0);
    assert_string_equal(rows, copied);
    assert_false(
        mu_journal_sealed(journal)); /* the run goes on: nobody must take it for its whole */
    mu_journal_close(journal);
    free(rows), free(copied);
}

static char *octets_of(const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    char *bytes = mu_xcalloc((size_t)st.st_size + 1, 1), hex[MU_SHA256_HEX];
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    mu_sha256_hex(bytes, (size_t)st.st_size, hex);
    free(bytes);
    return mu_xstrdup(hex);
}

/* The same rows give the same octets, live or ended, at whatever time. */
static void export_is_the_same_every_time(void **state)
{
    (void)state;
    struct mu_journal *journal = created();
    struct mu_row end = {.epoch = 1,
                         .type = 'h',
                         .task = "",
                         .verb = "end",
                         .args = "",
                         .digest = "",
                         .src = "",
                         .step = "",
                         .value = "{}"};
    char copies[4][128], *octets[4];
    fill(journal);
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            mu_journal_append(journal, &end);
            assert_int_equal(mu_journal_seal(journal, NULL), MU_OK);
        }
        snprintf(copies[i], sizeof copies[i], "%s/copy-%d", folder, i);
        assert_int_equal(mu_journal_export(path, copies[i], NULL), MU_OK);
        octets[i] = octets_of(copies[i]);
    }
    mu_journal_close(journal);
    assert_string_equal(octets[0], octets[1]);
    assert_string_equal(octets[2], octets[3]);
    assert_string_not_equal(octets[1], octets[2]);
    snprintf(path, sizeof path, "%s", copies[3]);
    journal = opened(false);
    assert_true(mu_journal_sealed(journal));
    mu_journal_close(journal);
    for (int i = 0; i < 4; i++)
        free(octets[i]);
}

static int try_lock(void)
{
    struct mu_journal *journal = NULL;
    struct mu_fail fail = {0};
    if (mu_journal_open(path, &journal, &fail) != MU_OK)
        return 2;
    enum mu_err err = mu_journal_lock(journal, &fail);
    char pid[24];
    snprintf(pid, sizeof pid, "process %d", (int)getppid());
    int code = err == MU_CONFLICT && strstr(fail.text, pid) ? 7 : err == MU_OK ? 0 : 3;
    mu_journal_close(journal);
    return code;
}

static int lock_and_die(void)
{
    struct mu_journal *journal = NULL;
    if (mu_journal_open(path, &journal, NULL) == MU_OK && mu_journal_lock(journal, NULL) == MU_OK &&
        mu_journal_lock_holder(path) == (int)getpid())
        kill(getpid(), SIGKILL);
    return 2;
}

/* Its PATH.lock is given up, or was, and its lock of the run file is not yet. */
static int leave_slowly(int ready)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ready, "x", 1) != 1)
        return 2;
    usleep(400000);
    return 0;
}

static void who_leaves_is_waited_for(void **state)
{
    (void)state;
    int ready[2], status = 0;
    char byte;
    struct mu_journal *journal = created();
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(leave_slowly(ready[1]));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(mu_journal_lock(journal, NULL), MU_OK);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    mu_journal_close(journal);
    close(ready[0]);
    close(ready[1]);
}

static int pid_left(void)
{
    char lock[176];
    int pid = 0;
    snprintf(lock, sizeof lock, "%s.lock", path);
    FILE *file = fopen(lock, "re");
    assert_non_null(file);
    if (fscanf(file, "%d", &pid) != 1)
        pid = 0;
    fclose(file);
    return pid;
}

static void one_executor_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(mu_journal_lock_holder(path), 0);
    struct mu_journal *journal = created();
    assert_int_equal(mu_journal_lock_holder(path), 0);
    assert_int_equal(mu_journal_lock(journal, NULL), MU_OK);
    assert_int_equal(mu_journal_lock(journal, NULL), MU_OK);
    assert_int_equal(mu_journal_lock_holder(path), getpid());
    assert_int_equal(in_child(try_lock), 7);
    assert_true(mu_journal_lock_open_in(path, getpid()));
    mu_journal_close(journal);
    assert_int_equal(mu_journal_lock_holder(path), 0);
    assert_int_equal(pid_left(),
                     0); /* by the time somebody else has the lock it may be a stranger's */
    assert_int_equal(in_child(try_lock), 0);
    assert_int_equal(in_child(lock_and_die), 128 + SIGKILL);
    assert_int_equal(mu_journal_lock_holder(path), 0);
}

/* Opened, then somebody else executed and left, then locked: the head must be the newer one. */
static void lock_looks_again(void **state)
{
    (void)state;
    struct mu_journal *first = created();
    append(first, 'h', "start", "{}");
    flush(first, true);
    struct mu_journal *second = opened(true), *third = opened(true);
    append(first, 'n', "more", "");
    flush(first, true);
    mu_journal_close(first);
    assert_int_equal(mu_journal_last_gsn(second), 1);
    assert_int_equal(mu_journal_lock(second, NULL), MU_OK);
    assert_int_equal(mu_journal_last_gsn(second), 2);
    append(second, 'h', "end", "{}");
    assert_int_equal(mu_journal_seal(second, NULL), MU_OK);
    mu_journal_close(second);
    struct mu_fail fail = {0};
    assert_int_equal(fails_with(mu_journal_lock(third, &fail), &fail, "sealed"), MU_STORAGE);
    mu_journal_close(third);
    holds(path);
}

/* A forked child that opens the run its parent watches: with locks of its own, which stay when the
 * parent goes. Without them the parent's next opening would take the side files from under it. */
static int write_after_fork(struct mu_journal *inherited, int ready, int go)
{
    struct mu_journal *journal = NULL;
    struct mu_fail fail = {0};
    struct mu_buf rows = {0};
    char byte = 'x';
    if (mu_journal_open(path, &journal, &fail) != MU_OK || mu_journal_lock(journal, &fail) != MU_OK)
        return 1;
    if (mu_journal_each(inherited, 0, write_row, &rows, &fail) != MU_STORAGE ||
        !strstr(fail.text, "fork"))
        return 2;
    append(journal, 'n', "child", "");
    if (mu_journal_flush(journal, true, &fail) != MU_OK || write(ready, &byte, 1) != 1 ||
        read(go, &byte, 1) != 1)
        return 3;
    mu_journal_close(inherited);
    append(journal, 'n', "child again", "");
    if (mu_journal_flush(journal, true, &fail) != MU_OK)
        return 4;
    mu_journal_close(journal);
    return 0;
}

static void a_child_may_open_it_again(void **state)
{
    (void)state;
    int ready[2], go[2], status;
    char byte;
    struct mu_journal *journal = created();
    append(journal, 'h', "start", "{}");
    flush(journal, true);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]); /* so that it ends when its parent fails */
        _exit(write_after_fork(journal, ready[1], go[0]));
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    mu_journal_close(journal);
    char wal[192];
    snprintf(wal, sizeof wal, "%s-wal", path);
    assert_int_equal(access(wal, F_OK), 0); /* the child has it open: not the last one out */
    journal = opened(false);
    assert_int_equal(mu_journal_last_gsn(journal), 2);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    char *rows = rows_of(journal, 2);
    assert_non_null(strstr(rows, "3|1|n|r|3|child again|"));
    free(rows);
    mu_journal_close(journal);
    holds(path);
    close(ready[0]), close(go[0]), close(go[1]);
}

/* No room: the flush says so, and no later one says otherwise. */
static int run_out_of_room(void)
{
    signal(SIGXFSZ, SIG_IGN);
    struct mu_journal *journal = NULL;
    struct mu_fail first = {0}, second = {0};
    if (mu_journal_create(path, &journal, &first) != MU_OK)
        return 2;
    append(journal, 'h', "start", "{}");
    if (mu_journal_flush(journal, true, &first) != MU_OK)
        return 3;
    struct rlimit limit = {64 << 10, 64 << 10};
    setrlimit(RLIMIT_FSIZE, &limit);
    char *value = mu_xcalloc(60 << 10, 1);
    memset(value, 'v', (60 << 10) - 1);
    for (int i = 0; i < 4; i++)
        append(journal, 'n', "big", value);
    free(value);
    if (mu_journal_flush(journal, true, &first) != MU_STORAGE || !strstr(first.text, path))
        return 4;
    fprintf(stderr, "# %s\n", first.text);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    append(journal, 'i', "zone.set_mx", "{}");
    if (mu_journal_flush(journal, true, &second) != MU_STORAGE ||
        strcmp(first.text, second.text) != 0)
        return 5;
    mu_journal_close(journal);
    return 0;
}

static void failed_flush_poisons(void **state)
{
    (void)state;
    assert_int_equal(in_child(run_out_of_room), 0);
    struct mu_journal *journal = opened(true);
    assert_int_equal(mu_journal_last_gsn(journal), 1);
    mu_journal_close(journal);
    holds(path);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    struct mu_journal *journal = NULL;
    struct mu_fail fail = {0};
    assert_int_equal(fails_with(mu_journal_open(path, &journal, &fail), &fail, "No such file"),
                     MU_STORAGE);
    journal = created();
    append(journal, 'h', "start", "{}");
    flush(journal, true);
    mu_journal_close(journal);
    assert_int_equal(fails_with(mu_journal_create(path, &journal, &fail), &fail, "exists"),
                     MU_STORAGE);
    assert_int_equal(fails_with(mu_journal_open_read(folder, &journal, &fail), &fail, "not a file"),
                     MU_STORAGE);
    int fd = open(path, O_RDWR); /* user_version, file format 1.3.11 */
    assert_int_equal(pwrite(fd, "\0\0\0\2", 4, 60), 4);
    close(fd);
    assert_int_equal(fails_with(mu_journal_open(path, &journal, &fail), &fail,
                                "written by a newer muster: format 2; this one reads 1"),
                     MU_STORAGE);
    fd = open(path, O_RDWR | O_TRUNC);
    assert_int_equal(write(fd, "hello, I am a text file, and long enough to be looked at", 56), 56);
    close(fd);
    assert_int_equal(
        fails_with(mu_journal_open_read(path, &journal, &fail), &fail, "not a database"),
        MU_STORAGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(file_and_memory_behave_alike),
                                       T(chain_is_as_documented),
                                       T(reopening_goes_on_with_number_and_chain),
                                       T(reader_follows_a_live_run),
                                       T(sealed_is_one_read_only_file),
                                       T(live_file_in_a_read_only_folder),
                                       T(export_is_a_whole_copy),
                                       T(export_is_the_same_every_time),
                                       T(one_executor_at_a_time),
                                       T(who_leaves_is_waited_for),
                                       T(lock_looks_again),
                                       T(a_child_may_open_it_again),
                                       T(failed_flush_poisons),
                                       T(refusals_say_what_to_do)};
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
