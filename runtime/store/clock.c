/* SPDX-License-Identifier: MIT
 *
 * Steps of the wall clock (NTP, an administrator). Deadlines and times of sending are wall times, since
 * people read them and other processes compare them; but a gate of ten minutes stays one of ten
 * minutes when the clock jumps by an hour. So the store remembers how far the wall clock is ahead of
 * the boot clock, which never jumps, and who finds it changed moves what is still to come by as much.
 * That happens at the start of every transaction: a vote, an expiry and whoever sends a message never
 * see a deadline of one clock and a time of the other.
 *
 * After a reboot nothing is known, and wall times count as they are. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store_internal.h"

static const char what[] = "following the clock";

static const char *const moves[] = {
    "UPDATE gate SET opened = opened + ?1, deadline = iif(deadline = 0, 0, deadline + ?1)"
    " WHERE state = 'open'",
    "UPDATE message SET not_before = not_before + ?1"
    " WHERE sent = 0 AND not_before <> 0 AND not_before <> 9223372036854775807",
    "UPDATE message SET claimed = claimed + ?1 WHERE sent = 0 AND claimed <> 0",
};

static enum mu_err move(struct mu_store *store, int64_t jump_ms, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    mu_warn("store", "the wall clock jumped by %lld ms: deadlines move with it",
            (long long)jump_ms);
    for (size_t i = 0; err == MU_OK && i < sizeof moves / sizeof moves[0]; i++)
        err = store_exec(store, what, fail, moves[i], STORE_VALUES(STORE_NUMBER(jump_ms)));
    return err;
}

enum mu_err store_follow_clock(struct mu_store *store, struct mu_fail *fail)
{
    struct store_table table = {0};
    int64_t ahead = mu_clock_wall_ahead_ms(), jump_ms = 0;
    const char *boot = mu_clock_boot_id();
    enum mu_err err =
        store_select(store, what, fail, &table, "SELECT boot, ahead FROM clock", STORE_NO_VALUES);
    bool known = table.rows > 0 && boot[0] && strcmp(store_text(&table, 0, 0), boot) == 0;
    if (known)
        jump_ms = ahead - store_number(&table, 0, 1);
    store_table_free(&table);
    if (err != MU_OK || (known && jump_ms < MU_CLOCK_STEP_MS && jump_ms > -MU_CLOCK_STEP_MS))
        return err;
    if (known)
        err = move(store, jump_ms, fail);
    return err != MU_OK
               ? err
               : store_exec(store, what, fail,
                            "INSERT OR REPLACE INTO clock (id, boot, ahead) VALUES (1, ?, ?)",
                            STORE_VALUES(STORE_TEXT(boot), STORE_NUMBER(ahead)));
}

enum mu_err mu_store_follow_clock(struct mu_store *store, struct mu_fail *fail)
{
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    return err == MU_OK ? store_end(store, err, what, fail) : err;
}
