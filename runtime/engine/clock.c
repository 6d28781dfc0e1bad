/* SPDX-License-Identifier: MIT
 *
 * The clock of a run. It is the wall clock of the run's start, and from then on moves with the boot
 * clock: across executors of one boot a step of the wall clock (NTP, an administrator) neither ends a
 * wait early nor makes it last, and how long nobody executed the run is known whatever the wall clock
 * did meanwhile. After a reboot it is the wall clock again, never going back. Steps are noticed once a
 * second and become rows `h clock`, so that a report can say why its times differ from other logs.
 *
 * What people and other processes compare with (deadlines in the store, times of sending) stays
 * wall time; store/clock.c moves it with the steps. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/internal.h"

json_t *clock_json(const struct run *run)
{
    int64_t wall = mu_clock_wall_ahead_ms();
    return json_pack("{s:s, s:I, s:I}", "boot", mu_clock_boot_id(), "ahead_ms",
                     (json_int_t)(run ? run->ahead_ms : wall), "wall_ms",
                     (json_int_t)(run ? run->wall_ms : wall));
}

int64_t run_clock(const struct run *run)
{
    int64_t now = mu_clock_boot_ms() + run->ahead_ms + run->skipped_ms;
    return now > run->now_ms ? now : run->now_ms;
}

int64_t run_wall(const struct run *run)
{
    return mu_clock_real_ms() + run->skipped_ms;
}

/* Where the executor before us had it: of row 1 or the last resume, and the steps noticed since. */
static bool take_recorded(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    if (row->type != MU_ROW_HOST)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    const json_t *clock = mu_json_get(value, "clock");
    if (strcmp(row->verb, "clock") == 0)
        run->wall_ms += mu_json_int(value, "jump_ms", 0);
    else if (strcmp(mu_json_str(clock, "boot", ""), mu_clock_boot_id()) == 0) {
        run->ahead_ms = mu_json_int(clock, "ahead_ms", 0);
        run->wall_ms = mu_json_int(clock, "wall_ms", 0);
        run->same_boot = true;
    } else if (clock) {
        run->same_boot = false;
    }
    json_decref(value);
    return true;
}

void clock_begin(struct run *run)
{
    int64_t last = cursor_last_ts(run->cursor), wall = mu_clock_wall_ahead_ms();
    run->same_boot = false;
    if (mu_clock_boot_id()[0])
        cursor_each(run->cursor, take_recorded, run);
    if (run->same_boot)
        return;
    run->ahead_ms = run->wall_ms = wall;
    if (mu_clock_boot_ms() + wall < last) {
        run->ahead_ms = last - mu_clock_boot_ms();
        run->away_unknown = true; /* behind its own rows: nobody knows for how long it was down */
    }
}

void clock_notice_step(struct run *run)
{
    int64_t wall = mu_clock_wall_ahead_ms(), jump_ms = wall - run->wall_ms;
    if (jump_ms < MU_CLOCK_STEP_MS && jump_ms > -MU_CLOCK_STEP_MS)
        return;
    run->wall_ms = wall;
    mu_warn("engine", "%s: the wall clock jumped by %lld ms; waits go on as they were", run->name,
            (long long)jump_ms);
    record_host(run, "clock", json_pack("{s:I}", "jump_ms", (json_int_t)jump_ms));
    struct mu_fail fail;
    run->gates_version = -1; /* look at the deadlines again, also when it was us who moved them */
    if (run->store && mu_store_follow_clock(run->store, &fail) != MU_OK)
        mu_warn("engine", "%s: deadlines move with the next transaction: %s", run->name, fail.text);
}
