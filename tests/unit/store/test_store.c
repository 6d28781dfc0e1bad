/* SPDX-License-Identifier: MIT
 *
 * store: opening in good and bad places, runs, incidents, locks, orders and the outbox; what
 * several processes do at once. Gates have a file of their own. */
#define _GNU_SOURCE /* memmem */
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
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/redact.h"
#include "store/store.h"
#include "store/store_internal.h"

#define PROCESSES 8
#define COMMITS   400

static char folder[64], dir[96];
static struct mu_store *store;

static struct mu_store *opened(void)
{
    struct mu_store *one = NULL;
    struct mu_fail fail = {0};
    if (mu_store_open(dir, &one, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return one;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(dir, sizeof dir, "%s/a/state", folder);
    store = opened();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mu_store_close(store);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void says(const struct mu_fail *fail, const char *part)
{
    if (strstr(fail->text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, fail->text);
}

static const char *new_run(const char *playbook)
{
    static char name[128];
    static char path[4096];
    struct mu_fail fail = {0};
    struct mu_store_run run = {.playbook = playbook,
                               .version = "1.0.0",
                               .world = "live",
                               .incident = "INC-1",
                               .subject = "example.com",
                               .who = "ana",
                               .started = 1000,
                               .pid = 17};
    if (mu_store_run_create(store, &run, name, path, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return name;
}

static bool write_run(const struct mu_store_run *run, void *ud)
{
    mu_buf_addf(ud, "%s %s %s %d;", run->name, run->state, run->waits_for, run->exit);
    return true;
}

static char *found(const char *typed, enum mu_err expected, struct mu_fail *fail)
{
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_run_find(store, typed, write_run, &buf, fail), expected);
    return mu_buf_take(&buf);
}

static void finds(const char *typed, const char *name)
{
    struct mu_fail fail = {0};
    char *run = found(typed, MU_OK, &fail);
    assert_memory_equal(run, name, strlen(name));
    free(run);
}

static void misses(const char *typed, const char *part)
{
    struct mu_fail fail = {0};
    free(found(typed, MU_USAGE, &fail));
    says(&fail, part);
}

static void folders_are_private_and_checked(void **state)
{
    (void)state;
    struct stat st;
    struct mu_fail fail = {0};
    struct mu_store *other = NULL;
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    char path[192];
    snprintf(path, sizeof path, "%s/control.db", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(mu_store_open(path, &other, &fail), MU_STORAGE);
    says(&fail, "not a folder");
    snprintf(path, sizeof path, "%s/control.db/x", dir);
    assert_int_equal(mu_store_open(path, &other, &fail), MU_STORAGE);
    says(&fail, "not a folder");
    assert_int_equal(mu_store_open("/proc/nothing/state", &other, &fail), MU_STORAGE);
    assert_string_equal(store_network_fs(0x6969, NULL), "NFS");
    assert_string_equal(store_network_fs(0xff534d42, NULL), "CIFS");
    assert_string_equal(store_network_fs(0x65735546, "fuse.sshfs"), "sshfs");
    assert_null(store_network_fs(0x65735546, "fuse.ntfs-3g"));
    assert_null(store_network_fs(0xef53, "ext4"));
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

static int open_as_nobody(void)
{
    struct mu_store *other = NULL;
    struct mu_fail fail = {0};
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 2;
    if (mu_store_open(dir, &other, &fail) != MU_STORAGE)
        return 3;
    fprintf(stderr, "# %s\n", fail.text);
    return strstr(fail.text, dir) ? 0 : 4;
}

static void a_folder_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    chmod(folder, 0755);
    char path[192];
    snprintf(path, sizeof path, "%s/a", folder);
    chmod(path, 0755);
    chmod(dir, 0555); /* read-only for others, with everything in it */
    assert_int_equal(in_child(open_as_nobody), 0);
    snprintf(path, sizeof path, "%s/control.db", dir);
    chmod(path, 0444);
    assert_int_equal(in_child(open_as_nobody), 0);
    chmod(dir, 0000);
    assert_int_equal(in_child(open_as_nobody), 0);
    chmod(dir, 0700);
}

static void newer_and_foreign_files_are_refused(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    struct mu_store *other = NULL;
    assert_int_equal(sqlite3_exec(store->db, "PRAGMA user_version = 99", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(mu_store_open(dir, &other, &fail), MU_STORAGE);
    says(&fail, "newer muster: schema 99");
    assert_int_equal(sqlite3_exec(store->db, "PRAGMA application_id = 1", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(mu_store_open(dir, &other, &fail), MU_STORAGE);
    says(&fail, "not muster's control store");
    mu_store_close(store);
    store = NULL;
    char path[192];
    snprintf(path, sizeof path, "rm -f %s/control.db*", dir);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "%s/control.db", dir);
    FILE *file = fopen(path, "we");
    fputs("this is a text file, longer than the head of a database: "
          "........................................"
          "..........",
          file);
    fclose(file);
    assert_int_equal(mu_store_open(dir, &other, &fail), MU_STORAGE);
    says(&fail, "not a database");
}

static void touch_run_file(void)
{
    char path[192];
    snprintf(path, sizeof path, "%s/runs/x.1.run", dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fclose(file);
}

static void remove_store(void)
{
    char command[192];
    snprintf(command, sizeof command, "rm -f %s/control.db*", dir);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folder */
}

static void a_lost_store_is_refused_until_it_is_rebuilt(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    struct mu_store *other = NULL, *third = NULL;
    struct mu_store_rebuilt done;
    struct mu_store_found found = {.title = "", .run.undoes = ""};
    assert_int_equal(mu_store_in_place(store, &fail), MU_OK);
    remove_store();
    assert_int_equal(mu_store_in_place(store, &fail), MU_STORAGE);
    says(&fail, "was removed while it was in use");
    touch_run_file();
    assert_int_equal(mu_store_open(dir, &other, &fail), MU_STORAGE);
    says(&fail, "holds 1 run file: ");
    says(&fail, "muster doctor --rebuild");
    assert_int_equal(mu_store_open_to_rebuild(dir, &other, &fail), MU_OK);
    assert_int_equal(mu_store_open(dir, &third, &fail), MU_STORAGE); /* nobody sees it empty */
    mu_store_close(other);
    assert_int_equal(mu_store_open(dir, &third, &fail), MU_STORAGE);
    assert_int_equal(mu_store_open_to_rebuild(dir, &other, &fail), MU_OK);
    assert_int_equal(mu_store_rebuild(other, &found, 0, &done, &fail), MU_OK);
    assert_int_equal(mu_store_in_place(other, &fail), MU_OK);
    assert_int_equal(mu_store_in_place(store, &fail), MU_STORAGE);
    says(&fail, "was replaced while it was in use");
    assert_int_equal(mu_store_open(dir, &third, &fail), MU_OK);
    mu_store_close(third);
    mu_store_close(other);
}

static void runs_are_numbered_and_found(void **state)
{
    (void)state;
    misses("last", "nothing has been run yet");
    assert_string_equal(new_run("mx-failover"), "mx-failover.1");
    assert_string_equal(new_run("standby-check"), "standby-check.1");
    assert_string_equal(new_run("mx-failover"), "mx-failover.2");
    finds("mx-failover.1", "mx-failover.1 running  -1;");
    finds("2", "mx-failover.2");
    finds("#2", "mx-failover.2");
    finds("last", "mx-failover.2");
    misses("1", "standby-check.1, mx-failover.1");
    misses("mx-failovr.2", "did you mean mx-failover.2?");
    misses("17", "the newest is mx-failover.2");
    misses("mx-failover", "its newest run is mx-failover.2");
    misses("", "a run is wanted, this is empty");
    struct mu_fail fail = {0};
    assert_int_equal(mu_store_run_update(store, "mx-failover.1", "finished", NULL, NULL, "nobody",
                                         5000, -1, 0, &fail),
                     MU_OK);
    finds("mx-failover.1", "mx-failover.1 finished nobody 0;");
    assert_int_equal(
        mu_store_run_update(store, "x.1", "failed", NULL, NULL, NULL, -1, -1, -1, &fail), MU_USAGE);
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_runs(store, NULL, 2, write_run, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf),
                        "mx-failover.2 running  -1;standby-check.1 running  -1;");
    mu_buf_reset(&buf);
    assert_int_equal(mu_store_runs(store, "finished", 0, write_run, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "mx-failover.1 finished nobody 0;");
    mu_buf_free(&buf);
    assert_int_equal(mu_store_run_forget(store, "mx-failover.2", NULL), MU_OK);
    assert_string_equal(new_run("mx-failover"),
                        "mx-failover.3"); /* a number is never given twice */
    char name[128], file[4096];
    assert_int_equal(
        mu_store_run_create(store, &(struct mu_store_run){.playbook = "../x"}, name, file, &fail),
        MU_USAGE);
}

static void leave(const char *file)
{
    char path[192];
    snprintf(path, sizeof path, "%s/runs/%s", dir, file);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static bool write_stray(const char *name, const char *path, void *ud)
{
    (void)path;
    mu_buf_addf(ud, "%s;", name);
    return true;
}

static void run_files_that_no_row_tells_of_are_strays(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    struct mu_buf buf = {0};
    assert_string_equal(new_run("mx-failover"), "mx-failover.1");
    leave("mx-failover.1.run");
    leave("mx-failover.2.run.log"); /* of a run that is no more: its number is used */
    leave("mx-failover.4.run");     /* nor is a file that lies there written over */
    leave("mx-failover.6.run-wal");
    assert_string_equal(new_run("mx-failover"), "mx-failover.3");
    assert_string_equal(new_run("mx-failover"), "mx-failover.5");
    assert_int_equal(mu_store_strays(store, write_stray, &buf, &fail), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "mx-failover.4;");
    mu_buf_free(&buf);
}

/* Runs work in PROCESSES children, each with a connection of its own; the exit codes' sum. */
static int in_children(int (*work)(struct mu_store *, int))
{
    int gate[2], sum = 0;
    assert_int_equal(pipe(gate), 0);
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        char go;
        close(gate[1]);
        ssize_t got = read(gate[0], &go, 1); /* EOF: everybody starts now */
        struct mu_store *own = NULL;
        struct mu_fail fail = {0};
        if (got < 0 || mu_store_open(dir, &own, &fail) != MU_OK)
            _exit(100);
        int code = work(own, i);
        mu_store_close(own);
        _exit(code);
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        wait(&status);
        sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
    }
    return sum;
}

static int create_runs(struct mu_store *own, int who)
{
    (void)who;
    char name[128], path[4096];
    for (int i = 0; i < 25; i++)
        if (mu_store_run_create(own, &(struct mu_store_run){.playbook = "drill"}, name, path,
                                NULL) != MU_OK)
            return 1;
    return 0;
}

static bool count_run(const struct mu_store_run *run, void *ud)
{
    (void)run;
    ++*(int *)ud;
    return true;
}

static void numbers_are_unique_across_processes(void **state)
{
    (void)state;
    assert_int_equal(in_children(create_runs), 0);
    int count = 0;
    assert_int_equal(mu_store_runs(store, NULL, 0, count_run, &count, NULL), MU_OK);
    assert_int_equal(count, 25 * PROCESSES); /* names are unique in the table */
    finds("last", "drill.200 ");
}

static int just_open(struct mu_store *own, int who)
{
    (void)who;
    char incident[32];
    return mu_store_incident_open(own, "x", "ana", 1, incident, NULL) == MU_OK ? 0 : 1;
}

static void first_opening_by_many_at_once(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/b/state", folder);
    assert_int_equal(in_children(just_open), 0);
    mu_store_close(store);
    store = opened();
    assert_true(mu_store_incident_exists(store, "INC-8"));
    assert_false(mu_store_incident_exists(store, "INC-9"));
    char command[192];
    snprintf(command, sizeof command, "ls %s | grep -q new", dir);
    assert_int_not_equal(system(command), 0);
}

static bool write_note(const char *who, const char *text, int64_t at, void *ud)
{
    mu_buf_addf(ud, "%s: %s @%lld;", who, text, (long long)at);
    return true;
}

static void incidents_collect_notes(void **state)
{
    (void)state;
    char incident[32];
    struct mu_fail fail = {0};
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_note_add(store, "INC-1", "ana", "too early", 1, &fail), MU_USAGE);
    assert_int_equal(mu_store_incident_open(store, "mail down", "ana", 10, incident, &fail), MU_OK);
    assert_string_equal(incident, "INC-1");
    assert_int_equal(mu_store_note_add(store, incident, "ana", "DC2 has no power", 11, &fail),
                     MU_OK);
    assert_int_equal(mu_store_note_add(store, incident, "bo", "ticket DC-881", 12, &fail), MU_OK);
    assert_int_equal(mu_store_note_add(store, "INC-l", "bo", "typo", 13, &fail), MU_USAGE);
    says(&fail, "INC-1");
    assert_int_equal(mu_store_notes(store, incident, write_note, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "ana: DC2 has no power @11;bo: ticket DC-881 @12;");
    mu_buf_free(&buf);
}

static void locks_belong_to_runs(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    char owner[128];
    const char *first = "mx-failover.1", *second = "mx-failover.2";
    new_run("mx-failover");
    assert_int_equal(
        mu_store_lock_take(store, "mx:example.com", "live", first, 1795400000000, &fail), MU_OK);
    assert_int_equal(
        mu_store_lock_take(store, "mx:example.com", "live", first, 1795400009000, &fail), MU_OK);
    assert_int_equal(mu_store_lock_take(store, "mx:example.com", "live", second, 5, &fail),
                     MU_CONFLICT);
    char at[MU_TIME_TEXT], expected[128];
    snprintf(expected, sizeof expected, "mx:example.com is held by mx-failover.1 since %s",
             mu_time_local(1795400000000, at));
    says(&fail, expected);
    assert_int_equal(mu_store_lock_take(store, "mx:example.com", "drill", second, 5, &fail), MU_OK);
    assert_int_equal(mu_store_lock_owner(store, "mx:example.com", "live", owner, &fail), MU_OK);
    assert_string_equal(owner, first);
    mu_store_close(store);
    store = opened(); /* they outlive processes */
    assert_int_equal(mu_store_lock_take(store, "mx:example.com", "live", second, 5, &fail),
                     MU_CONFLICT);
    assert_int_equal(mu_store_lock_release_all(store, first, &fail), MU_OK);
    assert_int_equal(mu_store_lock_owner(store, "mx:example.com", "live", owner, &fail), MU_OK);
    assert_string_equal(owner, "");
    assert_int_equal(mu_store_lock_take(store, "mx:example.com", "live", first, 5, &fail), MU_OK);
    assert_int_equal(mu_store_run_update(store, first, "failed", NULL, NULL, NULL, 9, -1, 1, &fail),
                     MU_OK);
    assert_int_equal(mu_store_lock_take(store, "mx:example.com", "live", second, 6, &fail), MU_OK);
    assert_int_equal(mu_store_lock_owner(store, "mx:example.com", "live", owner, &fail), MU_OK);
    assert_string_equal(owner, second);
}

static int take_lock(struct mu_store *own, int who)
{
    char run[32];
    snprintf(run, sizeof run, "drill.%d", who + 1);
    return mu_store_lock_take(own, "mx:example.com", "live", run, 1, NULL) == MU_OK ? 1 : 0;
}

static void one_process_gets_the_lock(void **state)
{
    (void)state;
    assert_int_equal(in_children(take_lock), 1);
}

static bool write_order(int64_t id, const char *kind, const char *who_json, const char *reason,
                        int64_t at, void *ud)
{
    mu_buf_addf(ud, "%lld %s %s %s %lld;", (long long)id, kind, who_json, reason, (long long)at);
    return mu_store_order_done(store, id, NULL) == MU_OK; /* writing while reading is fine */
}

static void orders_wait_until_done(void **state)
{
    (void)state;
    struct mu_buf buf = {0};
    int64_t version = mu_store_data_version(store);
    struct mu_store *other = opened();
    assert_int_equal(
        mu_store_order_put(other, "a.1", "cancel", "{\"name\":\"ana\"}", NULL, 7, NULL), MU_OK);
    assert_int_equal(mu_store_order_put(other, "a.1", "unpark", "{}", "go on", 8, NULL), MU_OK);
    assert_int_equal(mu_store_order_put(other, "a.2", "cancel", "{}", "", 9, NULL), MU_OK);
    mu_store_close(other);
    assert_int_not_equal(mu_store_data_version(store), version);
    assert_int_equal(mu_store_orders(store, "a.1", write_order, &buf, NULL), MU_OK);
    assert_int_equal(mu_store_orders(store, "a.1", write_order, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "1 cancel {\"name\":\"ana\"}  7;2 unpark {} go on 8;");
    mu_buf_free(&buf);
}

static bool lies_in(const char *name, const char *text)
{
    char path[256], octets[65536];
    size_t len, want = strlen(text);
    bool found = false;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while (!found && (len = fread(octets, 1, sizeof octets, file)) > want) {
        found = memmem(octets, len, text, want) != NULL;
        if (len == sizeof octets) /* it may lie across */
            fseek(file, -(long)want, SEEK_CUR);
    }
    fclose(file);
    return found;
}

static void a_secret_is_taken_out_of_the_file(void **state)
{
    (void)state;
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_order_put(store, "a.1", "cancel", "{}", "it is sesame-0pen", 7, NULL),
                     MU_OK);
    assert_true(lies_in("control.db-wal", "sesame-0pen"));
    assert_int_equal(mu_redact_register("param.token", "sesame-0pen", NULL), MU_OK);
    assert_int_equal(mu_store_scrub(store, "a.1", NULL), MU_OK);
    assert_true(lies_in("control.db-wal", "sesame-0pen")); /* its executor has not read it yet */
    assert_int_equal(mu_store_orders(store, "a.1", write_order, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "1 cancel {} it is sesame-0pen 7;");
    assert_int_equal(mu_store_scrub(store, "a.1", NULL), MU_OK);
    assert_false(lies_in("control.db-wal", "sesame-0pen"));
    assert_false(lies_in("control.db", "sesame-0pen"));
    assert_true(lies_in("control.db", "it is [secret param.token]"));
    mu_buf_free(&buf);
    mu_redact_clear();
}

static struct mu_store_decision decision_of(int64_t round, const char *said, const char *who)
{
    static char text[200], person[80];
    snprintf(text, sizeof text,
             "{\"decision\":\"%s\",\"reason\":\"seen\",\"round\":%lld,\"seq\":1,\"task\":\"r\"}",
             said, (long long)round);
    snprintf(person, sizeof person, "{\"name\":\"%s\"}", who);
    return (struct mu_store_decision){.run = "a.1",
                                      .task = "r",
                                      .seq = 1,
                                      .round = round,
                                      .who = person,
                                      .text = text,
                                      .incident = "",
                                      .at = 1000};
}

static int decide_once(struct mu_store *own, int who)
{
    int64_t id;
    struct mu_store_decision mine = decision_of(0, who % 2 ? "applied" : "not-applied", "ana");
    return mu_store_decide(own, &mine, &id, NULL) == MU_OK ? 1 : 0;
}

static void an_act_is_decided_by_one(void **state)
{
    (void)state;
    assert_int_equal(in_children(decide_once), 1);
}

static bool note_is(const char *who, const char *text, int64_t at, void *ud)
{
    assert_int_equal(at, 1000);
    mu_buf_addf(ud, "%s: %s;", who, text);
    return true;
}

static bool decision_is(int64_t id, const char *kind, const char *who_json, const char *reason,
                        int64_t at, void *ud)
{
    (void)kind;
    (void)reason;
    (void)at;
    mu_buf_addf(ud, "%lld %s;", (long long)id, who_json);
    return true;
}

static void decisions_count_once_a_round(void **state)
{
    (void)state;
    int64_t id, other;
    struct mu_fail fail;
    struct mu_buf buf = {0};
    enum mu_store_order order;
    struct mu_store_decision first = decision_of(0, "retry", "ana");
    assert_int_equal(mu_store_decide(store, &first, &id, &fail), MU_OK);
    struct mu_store_decision late = decision_of(0, "not-applied", "bo");
    assert_int_equal(mu_store_decide(store, &late, &other, &fail), MU_CONFLICT);
    says(&fail, "too late: decided by ana at ");
    says(&fail, ": retry (seen)");
    assert_int_equal(mu_store_order_done(store, id, NULL), MU_OK); /* the run has it: no other */
    assert_int_equal(mu_store_decide(store, &late, &other, &fail), MU_CONFLICT);
    late = decision_of(1, "not-applied", "bo"); /* sent again, lost again: anew */
    assert_int_equal(mu_store_decide(store, &late, &other, &fail), MU_OK);
    assert_int_equal(mu_store_order_refuse(store, other, NULL), MU_OK); /* of no use: counts not */
    assert_int_equal(mu_store_order_state(store, other, &order, NULL), MU_OK);
    assert_int_equal(order, MU_ORDER_REFUSED);
    late = decision_of(1, "applied", "cy");
    late.note = "it took effect";
    late.incident = "INC-1";
    assert_int_equal(mu_store_decide(store, &late, &other, &fail), MU_OK);
    assert_int_equal(mu_store_order_state(store, other, &order, NULL), MU_OK);
    assert_int_equal(order, MU_ORDER_DONE); /* behind the end nobody has to carry it out */
    assert_int_equal(mu_store_notes(store, "INC-1", note_is, &buf, &fail), MU_OK);
    assert_int_equal(mu_store_decisions(store, "a.1", decision_is, &buf, &fail), MU_OK);
    assert_string_equal(mu_buf_text(&buf),
                        "cy: it took effect;1 {\"name\":\"ana\"};3 {\"name\":\"cy\"};");
    mu_buf_free(&buf);
}

/* Told commits one by one from another process, over many turns of the WAL: each is seen at once, and nothing
 * where there was nothing. */
static void every_commit_is_seen(void **state)
{
    (void)state;
    int go[2], done[2];
    char byte = 'x';
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(done), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct mu_store *other = opened();
        close(go[1]);
        while (read(go[0], &byte, 1) == 1)
            if (mu_store_order_put(other, "a.1", "cancel", "{}", "", 7, NULL) != MU_OK ||
                write(done[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(go[0]);
    close(done[1]);
    int64_t version = mu_store_data_version(store);
    for (int i = 0; i < COMMITS; i++) {
        assert_int_equal(mu_store_data_version(store), version);
        assert_int_equal(write(go[1], &byte, 1), 1);
        assert_int_equal(read(done[0], &byte, 1), 1);
        int64_t now = mu_store_data_version(store);
        assert_int_not_equal(now, version);
        version = now;
    }
    close(go[1]);
    close(done[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static bool write_message(const struct mu_store_message *message, void *ud)
{
    mu_buf_addf(ud, "%lld %s %s %d;", (long long)message->id, message->to, message->subject,
                message->attempts);
    return true;
}

static void due_is(int64_t now, const char *expected)
{
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_messages_due(store, "a.1", now, write_message, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), expected);
    mu_buf_free(&buf);
}

static void messages_are_sent_once(void **state)
{
    (void)state;
    struct mu_store_message message = {.run = "a.1",
                                       .kind = "gate",
                                       .to = "ana",
                                       .subject = "S",
                                       .body = "B",
                                       .dedup = "a.1/r/1/asked",
                                       .created = 1000,
                                       .not_before = 1000};
    assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    bool repeated = true;
    due_is(999, "");
    due_is(100000, "1 ana S 0;");
    assert_true(mu_store_message_claim(store, 1, 100000, &repeated));
    assert_false(mu_store_message_claim(store, 1, 100001, &repeated));
    due_is(100001, "");
    due_is(160000, "1 ana S 0;"); /* the sender died */
    mu_store_message_renew(store, 1, 130000);
    assert_false(
        mu_store_message_claim(store, 1, 160000, &repeated)); /* whoever sends is still at it */
    mu_store_message_renew(store, 1, 100000);
    assert_true(mu_store_message_claim(store, 1, 160000, &repeated));
    assert_int_equal(mu_store_message_sent(store, 1, false, false, "550 no", 160001, 170000, NULL),
                     MU_OK);
    due_is(169999, "");
    due_is(170000, "1 ana S 1;");
    assert_true(mu_store_message_claim(store, 1, 170000, &repeated));
    assert_int_equal(mu_store_message_sent(store, 1, true, false, NULL, 170001, 0, NULL), MU_OK);
    due_is(INT64_MAX / 2, "");
    assert_false(mu_store_message_claim(store, 1, 900000, &repeated));
    message.dedup = NULL;
    assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    due_is(900000, "2 ana S 0;3 ana S 0;");
    assert_int_equal(mu_store_message_sent(store, 2, false, false, "gone", 900000, 0, NULL), MU_OK);
    due_is(INT64_MAX / 2, "3 ana S 0;");
}

/* Who began a try and did not say what became of it may have sent it. */
static void a_try_that_was_begun_is_known(void **state)
{
    (void)state;
    struct mu_store_message message = {.run = "a.1", .kind = "gate", .to = "ana"};
    bool repeated = true;
    assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    assert_true(mu_store_message_claim(store, 1, 100000, &repeated));
    assert_false(repeated);
    assert_true(mu_store_message_claim(store, 1, 160000, &repeated)); /* the sender died */
    assert_true(repeated);
    assert_int_equal(mu_store_message_sent(store, 1, false, false, "550 no", 160001, 1, NULL),
                     MU_OK);
    assert_true(mu_store_message_claim(store, 1, 170000, &repeated));
    assert_false(repeated); /* it is known not to have arrived */
    assert_int_equal(mu_store_message_sent(store, 1, false, true, "no reply", 170001, 1, NULL),
                     MU_OK);
    assert_true(mu_store_message_claim(store, 1, 180000, &repeated));
    assert_true(repeated);
}

static int claim_all(struct mu_store *own, int who)
{
    (void)who;
    int claimed = 0;
    bool repeated;
    for (int id = 1; id <= 20; id++)
        claimed += mu_store_message_claim(own, id, 1000000, &repeated);
    return claimed;
}

static void every_message_is_claimed_by_one(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct mu_store_message message = {.run = "a.1", .kind = "gate", .to = "ana"};
        assert_int_equal(mu_store_message_put(store, &message, NULL), MU_OK);
    }
    assert_int_equal(in_children(claim_all), 20);
}

static int open_incidents(struct mu_store *own, int count)
{
    char incident[32];
    struct mu_fail fail = {0};
    for (int i = 0; i < count; i++)
        if (mu_store_incident_open(own, "x", "ana", 1, incident, &fail) != MU_OK) {
            fprintf(stderr, "# %s\n", fail.text);
            return 1;
        }
    return 0;
}

/* An executor is forked from a process that has the store open, and outlives it. What SQLite
 * remembers of the parent's locks must not make the child believe that it holds them. */
static int outlive_parent(int go, int ready)
{
    struct mu_store *own = NULL;
    struct mu_fail fail = {0};
    char byte = 'x';
    if (mu_store_open(dir, &own, &fail) != MU_OK || open_incidents(own, 10) != 0)
        return 1;
    if (mu_store_incident_open(store, "x", "ana", 1, (char[32]){0}, &fail) != MU_STORAGE ||
        strstr(fail.text, "fork") == NULL)
        return 2; /* the parent's handle is of no use here, and says so */
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1 || open_incidents(own, 10) != 0)
        return 3;
    mu_store_close(store);
    store = NULL;
    int code = open_incidents(own, 10);
    mu_store_close(own);
    return code;
}

/* Who else holds SQLite's "somebody has it open" lock (os_unix.c: UNIX_SHM_DMS), 0 when nobody
 * does. */
static pid_t holder_of_shared_memory(void)
{
    char shm[192];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 128, .l_len = 1};
    snprintf(shm, sizeof shm, "%s/control.db-shm", dir);
    int fd = open(shm, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETLK, &lock), 0);
    close(fd); /* no connection of this process is open, so none loses its locks */
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

static void a_child_may_open_it_again(void **state)
{
    (void)state;
    int go[2], ready[2], status;
    char byte;
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(open_incidents(store, 10), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]); /* so that it ends when its parent fails */
        _exit(outlive_parent(go[0], ready[1]));
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    mu_store_close(store);
    assert_int_equal(holder_of_shared_memory(), pid);
    store = opened(); /* the first one here again: must not start the shared memory anew */
    assert_int_equal(open_incidents(store, 10), 0);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(open_incidents(store, 10), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(mu_store_incident_exists(store, "INC-60"));
    assert_false(mu_store_incident_exists(store, "INC-61"));
    close(go[0]), close(go[1]), close(ready[0]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(folders_are_private_and_checked),
                                       T(a_folder_that_is_not_ours_is_refused),
                                       T(newer_and_foreign_files_are_refused),
                                       T(a_lost_store_is_refused_until_it_is_rebuilt),
                                       T(runs_are_numbered_and_found),
                                       T(run_files_that_no_row_tells_of_are_strays),
                                       T(numbers_are_unique_across_processes),
                                       T(first_opening_by_many_at_once),
                                       T(incidents_collect_notes),
                                       T(locks_belong_to_runs),
                                       T(one_process_gets_the_lock),
                                       T(orders_wait_until_done),
                                       T(a_secret_is_taken_out_of_the_file),
                                       T(an_act_is_decided_by_one),
                                       T(decisions_count_once_a_round),
                                       T(every_commit_is_seen),
                                       T(messages_are_sent_once),
                                       T(a_try_that_was_begun_is_known),
                                       T(every_message_is_claimed_by_one),
                                       T(a_child_may_open_it_again)};
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
