/* SPDX-License-Identifier: MIT
 *
 * When no executor can say it any more: its processes died one after another, or nothing can be written. The
 * owner is told by whoever is left (design J14), through the control store where that works, else directly and
 * marked "not recorded"; a park row is written where that works. No Lua and no playbook are touched. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

/* As much of the run as can be read. */
static void read_start(struct run *run, const char *path)
{
    run->start = mu_run_beginning(path, NULL);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t len = strlen(base), end = len > 4 && strcmp(base + len - 4, ".run") == 0 ? len - 4 : len;
    char *name = mu_xstrndup(base, end);
    run->name = mu_xstrdup(mu_json_str(run->start, "run", name));
    run->incident = mu_xstrdup(mu_json_str(run->start, "incident", ""));
    run->world_name = mu_xstrdup(mu_json_str(run->start, "world", "live"));
    run->world = mu_world_find(run->world_name);
    if (run->world == NULL || !run->world->sends || run->world->alone)
        run->world = &mu_world_live;
    run->params = json_object_get(run->start, "params");
    free(name);
}

static bool take_epoch(const struct mu_row *row, void *ud)
{
    ((struct run *)ud)->epoch = row->epoch;
    return true;
}

/* A row behind a journal that lost its end would stand where another stood. */
static bool is_whole(struct run *run)
{
    struct mu_fail ignored;
    return mu_journal_whole(run->journal, &ignored) == MU_OK &&
           (run->store == NULL ||
            intact_reached(run->journal, run->store, run->name, &ignored) == MU_OK);
}

/* For `muster show`; nothing is lost when it can't be written. */
static void write_park(struct run *run, const char *path)
{
    struct mu_fail ignored;
    if (mu_journal_open(path, &run->journal, &ignored) != MU_OK)
        return;
    if (mu_journal_lock(run->journal, &ignored) == MU_OK && is_whole(run)) {
        (void)!mu_journal_each(run->journal, mu_journal_last_gsn(run->journal) - 1, take_epoch, run,
                               NULL);
        record_host(run, "park", end_park_value(run));
        (void)!mu_journal_flush(run->journal, true, &ignored);
    }
    mu_journal_hand_over(run->journal); /* it may be one that is not ours to change */
    run->journal = NULL;
}

static enum mu_err open_services(struct run *run, const struct mu_execute *how,
                                 struct mu_fail *fail)
{
    struct mu_fail no_store;
    if (how->state_dir && mu_store_open(how->state_dir, &run->store, &no_store) != MU_OK)
        mu_error("engine", "%s: the control store can't be opened: %s", run->name, no_store.text);
    if (mu_run_registry(run->config, &run->registry, fail) != MU_OK)
        return fail->class;
    return host_open(run, fail);
}

void mu_run_stuck(const struct mu_execute *how, const char *why, const char *text)
{
    struct mu_fail fail;
    struct run *run = MU_NEW(struct run);
    run->config = how->config;
    run->wake_fd = -1;
    run->now_ms = mu_clock_real_ms();
    run->ahead_ms = run->wall_ms = mu_clock_wall_ahead_ms();
    run->path = mu_xstrdup(how->path);
    run->park_why = why;
    run->stop_why = mu_xstrdup(text);
    read_start(run, how->path);
    if (open_services(run, how, &fail) == MU_OK) {
        write_park(run, how->path);
        if (run->store)
            (void)!mu_store_run_update(run->store, run->name, "parked", NULL, text, why, -1, -1, -1,
                                       NULL);
        end_tell_parked(run);
        end_farewell(run);
    } else {
        mu_error("engine", "%s: nobody could be told that it is stuck: %s", run->name, fail.text);
    }
    run_unload(run);
    free(run);
}
