/* SPDX-License-Identifier: MIT
 *
 * A run that was begun by one muster and goes on under another (design J10). The build is recorded, never
 * compared: a package upgrade strands nobody. What a playbook could notice is the language level and the Lua
 * release:
 *
 *   level above ours          refused, nothing is touched: who wrote it can read it
 *   level and Lua the same    it goes on; every call is matched with its record anyway (J4)
 *   level below, or other Lua the prefix is replayed offline first: the same ─▶ h upgrade, it goes on
 *                                                                   else    ─▶ parked as diverged
 * After h upgrade the run is of the newer level: going back to the older muster is refused. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/version.h"
#include "engine/internal.h"
#include "lua/vm.h"

/* {build, language, lua, seed_test} of this process. seed_test: how a table of Lua is ordered under the run's
 * seed. */
json_t *upgrade_identity(uint32_t seed)
{
    char order[17];
    snprintf(order, sizeof order, "%016llx", (unsigned long long)mu_vm_seed_test(seed));
    return json_pack("{s:s, s:i, s:s, s:s}", "build", mu_version(), "language", mu_language_level(),
                     "lua", mu_vm_release(), "seed_test", order);
}

/* Who executed it last: row 1 has the first, each h upgrade the next. */
static json_t *last_identity(const struct run *run)
{
    json_t *upgrade = cursor_last_host(run->cursor, "upgrade");
    json_t *identity = upgrade ? json_incref(json_object_get(upgrade, "to")) : NULL;
    json_decref(upgrade);
    return identity ? identity : json_incref(run->start);
}

enum mu_err upgrade_check_level(const struct run *run, struct mu_fail *fail)
{
    json_t *last = last_identity(run);
    int64_t level = mu_json_int(last, "language", 0);
    enum mu_err err = MU_OK;
    if (level > mu_language_level())
        err = mu_fail_set(
            fail, MU_REFUSED,
            "this run is of language level %lld, written by muster %s; this is muster %s, "
            "which speaks %d: resume it with muster %s or a newer one. Nothing was "
            "touched",
            (long long)level, mu_json_str(last, "build", "?"), mu_version(), mu_language_level(),
            mu_json_str(last, "build", "?"));
    json_decref(last);
    return err;
}

static bool same(const json_t *a, const json_t *b, const char *key)
{
    return json_equal(json_object_get(a, key), json_object_get(b, key));
}

static void replay_first(struct run *run, const json_t *last)
{
    struct mu_fail fail;
    if (mu_run_verify(run->journal, run->config, &fail) != MU_OK)
        run_park(
            run, "diverged",
            "muster %s (language level %d, %s) replays this run otherwise than muster %s wrote it: "
            "%.300s. Resume it with muster %s",
            mu_version(), mu_language_level(), mu_vm_release(), mu_json_str(last, "build", "?"),
            fail.text, mu_json_str(last, "build", "?"));
}

void upgrade_take(struct run *run)
{
    json_t *last = last_identity(run), *now = upgrade_identity(run->seed);
    static const char *const noticeable[] = {"language", "lua", "seed_test"};
    bool replay = false;
    for (size_t i = 0; i < MU_COUNT(noticeable); i++)
        replay = replay || !same(last, now, noticeable[i]);
    if (replay)
        replay_first(run, last);
    if (run->stop == STOP_NONE && (replay || !same(last, now, "build"))) {
        json_t *from = json_object();
        json_object_set(from, "build", json_object_get(last, "build"));
        for (size_t i = 0; i < MU_COUNT(noticeable); i++)
            json_object_set(from, noticeable[i], json_object_get(last, noticeable[i]));
        record_host(run, "upgrade",
                    json_pack("{s:o, s:O, s:b}", "from", from, "to", now, "replayed", replay));
        record_barrier(run);
    }
    json_decref(last);
    json_decref(now);
}
