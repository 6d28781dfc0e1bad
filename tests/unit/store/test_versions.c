/* SPDX-License-Identifier: MIT
 *
 * store: published versions: once under a number, never changed, all or nothing; two publishers at once, and
 * publishers that are killed in the middle. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "playbook/bundle.h"
#include "store/store.h"

#define PROCESSES 8
#define KILLS     25

static char folder[64];
static struct mu_store *store;

static struct mu_store *opened(void)
{
    struct mu_store *one = NULL;
    struct mu_fail fail = {0};
    if (mu_store_open(folder, &one, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return one;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-versions-XXXXXX");
    assert_non_null(mkdtemp(folder));
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

/* A bundle of so many files; the text is in each of them. */
struct content {
    struct mu_bundle *bundle;
    char digest[MU_SHA256_HEX];
    struct mu_store_file files[64];
    size_t count;
};

static bool take_file(const char *path, const char *bytes, size_t len, void *ud)
{
    struct content *content = ud;
    content->files[content->count++] = (struct mu_store_file){path, bytes, len};
    return true;
}

static void make(struct content *content, const char *text, int files)
{
    *content = (struct content){.bundle = mu_bundle_new()};
    for (int i = 0; i < files; i++) {
        char *path = mu_xasprintf(i ? "templates/%d.md" : "playbook.lua", i);
        char *bytes = mu_xasprintf("%s %d\n", text, i % 3);
        mu_bundle_add(content->bundle, path, bytes, strlen(bytes));
        free(path);
        free(bytes);
    }
    mu_bundle_digest(content->bundle, content->digest);
    mu_bundle_each(content->bundle, take_file, content);
}

static struct mu_store_publishing row(const struct content *content, const char *name,
                                      const char *version)
{
    return (struct mu_store_publishing){.version = {.playbook = name,
                                                    .version = version,
                                                    .digest = content->digest,
                                                    .who = "ana",
                                                    .account = "ana",
                                                    .host = "jump1",
                                                    .folder = "/x",
                                                    .commit = "",
                                                    .at = 1000},
                                        .files = content->files,
                                        .file_count = content->count};
}

static enum mu_err put(const char *name, const char *version, const char *text, bool *added)
{
    struct content content;
    struct mu_fail fail = {0};
    make(&content, text, 4);
    struct mu_store_publishing one = row(&content, name, version);
    enum mu_err err = mu_store_publish(store, &one, 1, &fail);
    if (err != MU_OK && err != MU_CONFLICT)
        fail_msg("%s", fail.text);
    *added = one.added;
    if (err == MU_CONFLICT) {
        assert_non_null(strstr(fail.text, "was published with other content, by ana"));
        assert_string_equal(one.taken, "1.0.0");
    }
    mu_bundle_free(content.bundle);
    return err;
}

static bool count_version(const struct mu_store_version *version, void *ud)
{
    (void)version;
    (*(int *)ud)++;
    return true;
}

static int versions(const char *name)
{
    int count = 0;
    assert_int_equal(mu_store_versions(store, name, count_version, &count, NULL), MU_OK);
    return count;
}

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

static bool whole(const struct mu_store_version *version, void *ud)
{
    char digest[MU_SHA256_HEX];
    struct mu_bundle *bundle = mu_bundle_new();
    (void)ud;
    assert_int_equal(mu_store_bundle(store, version->digest, add_file, bundle, NULL), MU_OK);
    mu_bundle_digest(bundle, digest);
    mu_bundle_free(bundle);
    assert_string_equal(digest, version->digest);
    return true;
}

static void once(void **state)
{
    bool added;
    (void)state;
    assert_int_equal(put("once", "1.0.0", "a", &added), MU_OK);
    assert_true(added);
    assert_int_equal(put("once", "1.0.0", "a", &added), MU_OK);
    assert_false(added);
    assert_int_equal(put("once", "1.0.0", "b", &added), MU_CONFLICT);
    assert_int_equal(put("once", "1.0.0+ci7", "b", &added), MU_CONFLICT); /* the same number */
    assert_int_equal(put("once", "1.0.0-rc.1", "b", &added), MU_OK);
    assert_int_equal(put("once", "1.0.1", "a", &added), MU_OK); /* the same files once more */
    assert_int_equal(versions("once"), 3);
    assert_int_equal(mu_store_versions(store, "once", whole, NULL, NULL), MU_OK);
}

static void all_or_nothing(void **state)
{
    struct content content;
    struct mu_fail fail;
    bool added;
    (void)state;
    assert_int_equal(put("taken", "1.0.0", "a", &added), MU_OK);
    make(&content, "z", 3);
    struct mu_store_publishing rows[] = {row(&content, "first", "1.0.0"),
                                         row(&content, "taken", "1.0.0"),
                                         row(&content, "third", "1.0.0")};
    assert_int_equal(mu_store_publish(store, rows, 3, &fail), MU_CONFLICT);
    assert_string_equal(rows[1].taken, "1.0.0");
    assert_int_equal(versions("first") + versions("third"), 0);
    mu_bundle_free(content.bundle);
}

/* Also who writes SQL by hand is told. */
static void for_good(void **state)
{
    static const char *const attempts[] = {"UPDATE version SET digest = 'x'",
                                           "DELETE FROM version",
                                           "UPDATE content SET bytes = 'x'",
                                           "DELETE FROM content",
                                           "UPDATE bundle SET path = 'x'",
                                           "DELETE FROM bundle",
                                           "DELETE FROM rollback",
                                           "UPDATE rollback SET reason = 'x'",
                                           "DELETE FROM signature",
                                           "UPDATE signature SET person = 'x'"};
    char path[128];
    sqlite3 *db;
    bool added;
    (void)state;
    assert_int_equal(put("good", "1.0.0", "a", &added), MU_OK);
    struct mu_store_rollback back = {"good", "1.0.0", "ana", "ana", "jump1", "why", 0, 1};
    struct mu_store_signature sign = {"good", "1.0.0", "author", "ana", "...", 1};
    assert_int_equal(mu_store_roll_back(store, &back, NULL), MU_OK);
    assert_int_equal(mu_store_sign(store, &sign, NULL), MU_OK);
    snprintf(path, sizeof path, "%s/control.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < MU_COUNT(attempts); i++)
        if (sqlite3_exec(db, attempts[i], NULL, NULL, NULL) != SQLITE_CONSTRAINT)
            fail_msg("%s went through", attempts[i]);
    sqlite3_close(db);
}

static void unknown(void **state)
{
    struct mu_fail fail;
    (void)state;
    struct mu_store_rollback back = {"nobody", "1.0.0", "ana", "ana", "jump1", "why", 0, 1};
    struct mu_store_signature sign = {"nobody", "1.0.0", "author", "ana", "...", 1};
    assert_int_equal(mu_store_roll_back(store, &back, &fail), MU_USAGE);
    assert_int_equal(mu_store_sign(store, &sign, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "nobody@1.0.0 was never published"));
}

/* Each has other content for one number: one gets it, the others are told. */
static void at_once(void **state)
{
    int won = 0, refused = 0;
    pid_t pids[PROCESSES];
    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            char text[16];
            bool added;
            snprintf(text, sizeof text, "by %d", i);
            store = opened();
            enum mu_err err = put("race", "1.0.0", text, &added);
            _exit(err == MU_OK && added ? 0 : err == MU_CONFLICT ? 1 : 2);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        waitpid(pids[i], &status, 0);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        refused += WIFEXITED(status) && WEXITSTATUS(status) == 1;
    }
    assert_int_equal(won, 1);
    assert_int_equal(refused, PROCESSES - 1);
    assert_int_equal(versions("race"), 1);
    assert_int_equal(mu_store_versions(store, "race", whole, NULL, NULL), MU_OK);
}

/* One version after the other, and an octet down the pipe before and behind each. */
static void publish_for_ever(int round, int news)
{
    store = opened();
    for (int i = 0;; i++) {
        struct content content;
        char text[32], version[32];
        snprintf(text, sizeof text, "%d %d", round, i);
        snprintf(version, sizeof version, "%d.%d.0", round, i);
        make(&content, text, 40);
        struct mu_store_publishing one = row(&content, "killed", version);
        if (write(news, "<", 1) != 1 || mu_store_publish(store, &one, 1, NULL) != MU_OK ||
            write(news, ">", 1) != 1)
            _exit(1);
        mu_bundle_free(content.bundle);
    }
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Waits for one whole publication, and then for a part of the time that another takes. */
static void wait_into_publication(int news, int part, int parts)
{
    char said = '\0';
    int64_t began = 0;
    while (said != '>') {
        assert_int_equal(read(news, &said, 1), 1);
        began = said == '<' ? now_us() : began;
    }
    int64_t us = (now_us() - began) * part / parts;
    struct timespec some = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&some, NULL);
}

static bool died_in_the_middle(int news)
{
    char said[256], last = '>';
    for (ssize_t got; (got = read(news, said, sizeof said)) > 0;)
        last = said[got - 1];
    return last == '<';
}

/* Killed anywhere while it publishes one version after the other: what is listed is whole. */
static void killed(void **state)
{
    int before = 0, met = 0;
    (void)state;
    for (int round = 0; round < KILLS; round++) {
        int news[2];
        assert_int_equal(pipe(news), 0);
        pid_t pid = fork();
        if (pid == 0)
            publish_for_ever(round, news[1]);
        close(news[1]);
        wait_into_publication(news[0], round, KILLS);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        met += died_in_the_middle(news[0]);
        close(news[0]);
        assert_int_equal(mu_store_versions(store, "killed", whole, NULL, NULL), MU_OK);
        assert_true(versions("killed") > before);
        before = versions("killed");
    }
    assert_true(met > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(once),     cmocka_unit_test(all_or_nothing),
                                       cmocka_unit_test(for_good), cmocka_unit_test(unknown),
                                       cmocka_unit_test(at_once),  cmocka_unit_test(killed)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
