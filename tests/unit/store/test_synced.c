/* SPDX-License-Identifier: MIT
 *
 * store: what is nobody's copy (answers, orders, locks, freezes, messages) is on disk when it is confirmed, so
 * that a power cut can't take it back. Syncs are counted: this program's fdatasync is what SQLite calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/mem.h"
#include "store/store.h"

#define NOW 1795400000000

static char folder[64];
static struct mu_store *store;
static int syncs;

MU_API int fdatasync(int fd);
MU_API int fsync(int fd);

/* Counted, and not done: what is asked for matters here. */
int fdatasync(int fd)
{
    (void)fd;
    syncs++;
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static enum mu_err order(void)
{
    return mu_store_order_put(store, "a.1", "cancel", "{}", "", NOW, NULL);
}

static enum mu_err order_done(void)
{
    return mu_store_order_done(store, 1, NULL);
}

static enum mu_err order_refuse(void)
{
    return mu_store_order_refuse(store, 2, NULL);
}

static enum mu_err message(void)
{
    const struct mu_store_message message = {.run = "a.1", .kind = "gate", .to = "ana"};
    return mu_store_message_put(store, &message, NULL);
}

static enum mu_err message_sent(void)
{
    return mu_store_message_sent(store, 1, true, false, "", NOW, 0, NULL);
}

static enum mu_err gate(void)
{
    char code[8];
    const struct mu_store_gate gate = {
        .id = "a.1/r/1", .run = "a.1", .kind = "approve", .by = "ana", .opened = NOW};
    return mu_store_gate_open(store, &gate, code, NULL);
}

static enum mu_err vote(void)
{
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT];
    const struct mu_store_vote vote = {
        .who = "ana", .from = "shell", .answer = "yes", .reason = "DC2", .at = NOW};
    return mu_store_gate_vote(store, "a.1/r/1", &vote, &result, said, NULL);
}

static enum mu_err second_gate(void)
{
    char code[8];
    const struct mu_store_gate gate = {.id = "a.1/r/2",
                                       .run = "a.1",
                                       .kind = "approve",
                                       .by = "ana",
                                       .then_ask = "bo",
                                       .opened = NOW,
                                       .deadline = NOW + 10};
    return mu_store_gate_open(store, &gate, code, NULL);
}

static enum mu_err gate_expire(void)
{
    return mu_store_gate_expire(store, "a.1/r/2", NOW + 20, 10, NULL);
}

static enum mu_err gate_cancel(void)
{
    return mu_store_gate_cancel(store, "a.1/r/2", NOW, "over", NULL);
}

static enum mu_err freeze(void)
{
    const struct mu_store_freeze freeze = {
        .zone = "example.com", .who = "ana", .reason = "DC2", .since = NOW};
    return mu_store_freeze(store, &freeze, NULL);
}

static enum mu_err thaw(void)
{
    return mu_store_thaw(store, "example.com", "ana", "over", NOW, NULL);
}

static enum mu_err lock(void)
{
    return mu_store_lock_take(store, "mx:example.com", "live", "a.1", NOW, NULL);
}

static enum mu_err release(void)
{
    return mu_store_lock_release_all(store, "a.1", NULL);
}

static enum mu_err begin_run(void)
{
    char name[128], path[4096];
    return mu_store_run_create(store, &(struct mu_store_run){.playbook = "a", .world = "live"},
                               name, path, NULL);
}

static void what_is_confirmed_is_on_disk(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum mu_err (*act)(void);
    } acts[] = {{"a run", begin_run},
                {"an order", order},
                {"that it is done", order_done},
                {"another order", order},
                {"that it is refused", order_refuse},
                {"a message", message},
                {"that it was sent", message_sent},
                {"a gate", gate},
                {"an answer", vote},
                {"another gate", second_gate},
                {"its expiry", gate_expire},
                {"its end", gate_cancel},
                {"a freeze", freeze},
                {"a thaw", thaw},
                {"a lock", lock},
                {"locks given back", release}};
    struct mu_fail fail = {0};
    snprintf(folder, sizeof folder, "/tmp/muster-synced-XXXXXX");
    assert_non_null(mkdtemp(folder));
    if (mu_store_open(folder, &store, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    for (size_t i = 0; i < MU_COUNT(acts); i++) {
        mu_store_message_renew(store, 1, NOW); /* between them what costs no sync */
        syncs = 0;
        assert_int_equal(acts[i].act(), MU_OK);
        if (syncs == 0)
            fail_msg("%s is not synced", acts[i].what);
    }
    assert_int_equal(message(), MU_OK);
    syncs = 0;
    bool repeated = true;
    assert_true(mu_store_message_claim(store, 2, NOW, &repeated));
    assert_false(repeated);
    assert_int_not_equal(syncs, 0); /* else it is sent once more, and nobody would say so */
    mu_store_close(store);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_confirmed_is_on_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
