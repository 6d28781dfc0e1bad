/* SPDX-License-Identifier: MIT
 *
 * Locks when a run is made: who holds what the playbook wants for itself, what is said to the person
 * who is refused, and taking it over from a run that is parked or dead. That a run still holds its
 * locks before each act is freeze.c's matter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

#define LOOK_MS 100
#define LOOKS   100 /* ten seconds */

struct owner { /* own copies */
    char world[24], run[128], path[4096], state[24], waits_for[300], who[128];
    int64_t since;
};

static bool copy_owner(const struct mu_store_lock *lock, void *ud)
{
    struct owner *owner = ud;
    if (strcmp(lock->world, owner->world) != 0)
        return true;
#define COPY(field) snprintf(owner->field, sizeof owner->field, "%s", lock->field)
    COPY(run);
    COPY(path);
    COPY(state);
    COPY(waits_for);
    COPY(who);
#undef COPY
    owner->since = lock->since;
    return false;
}

/* A dry run has no lock to fear. */
static bool needs_lock(const struct mu_run_request *request, const char *lock)
{
    return lock != NULL && mu_world_sends(request->world);
}

char *locks_name(const struct mu_run_request *request)
{
    const char *exclusive = request->header->exclusive;
    if (exclusive && request->undoes) /* its name as it is, filled in long ago */
        return mu_xstrdup(exclusive);
    return exclusive ? mu_params_fill(exclusive, request->params) : NULL;
}

bool mu_lock_state(const char *state, const char *waits_for, const char *path, char *text,
                   size_t size)
{
    struct mu_monitor monitor;
    int pid = mu_journal_lock_holder(path);
    bool parked = strcmp(state, "parked") == 0;
    if (parked)
        snprintf(text, size, "parked%s%.200s%s", waits_for[0] ? " (" : "", waits_for,
                 waits_for[0] ? ")" : "");
    else if (pid > 0)
        snprintf(text, size, "running (process %d)%s%.200s", pid, waits_for[0] ? ", " : "",
                 waits_for);
    else if (pid < 0)
        snprintf(text, size, "being made, or looked at");
    else if (mu_monitor_look(path, &monitor))
        mu_monitor_words(&monitor, path, text, size);
    else
        snprintf(text, size, "not over, but nobody executes it");
    return pid != 0 && !parked;
}

static enum mu_err refuse(const char *lock, const struct owner *owner, bool alive,
                          const char *state, bool take_over, struct mu_fail *fail)
{
    char since[MU_TIME_TEXT];
    mu_time_local(owner->since, since);
    if (alive)
        return mu_fail_set(
            fail, MU_CONFLICT,
            "%.200s is held by %s since %s, started by %s; it is %.200s. %sLook: muster watch %s; "
            "end it: muster cancel %s; by force: muster locks break %.200s --reason \"...\"",
            lock, owner->run, since, owner->who, state,
            take_over ? "--take-over takes it only from a run that is parked or dead. " : "",
            owner->run, owner->run, lock);
    return mu_fail_set(
        fail, MU_CONFLICT,
        "%.200s is held by %s since %s, started by %s; it is %.200s. Look: muster show %s; go on "
        "with it: muster resume %s; end it: muster cancel %s; or take the lock from it: the same "
        "command with --take-over --reason \"...\"",
        lock, owner->run, since, owner->who, state, owner->run, owner->run, owner->run);
}

/* Killed while it was made, it can't give the lock back by itself. */
static enum mu_err take_from_unborn(struct mu_store *store, struct owner *owner,
                                    struct mu_run_created *out, struct mu_fail *fail)
{
    bool unborn = false, ended = false;
    enum mu_err err =
        owner->run[0] ? mu_run_end_unborn(store, owner->run, false, &unborn, &ended, fail) : MU_OK;
    if (err == MU_OK && unborn) {
        snprintf(out->unborn, sizeof out->unborn, "%s", owner->run);
        owner->run[0] = '\0';
    }
    return err == MU_USAGE ? MU_OK : err; /* a run that nobody knows any more */
}

static enum mu_err find_owner(struct mu_store *store, const struct mu_run_request *request,
                              const char *lock, struct owner *owner, struct mu_run_created *out,
                              struct mu_fail *fail)
{
    *owner = (struct owner){.run = ""};
    snprintf(owner->world, sizeof owner->world, "%s", request->world);
    enum mu_err err = mu_store_locks(store, lock, copy_owner, owner, fail);
    return err == MU_OK ? take_from_unborn(store, owner, out, fail) : err;
}

enum mu_err locks_check(struct mu_store *store, const struct mu_run_request *request,
                        const char *lock, struct lock_plan *plan, struct mu_run_created *out,
                        struct mu_fail *fail)
{
    struct owner owner;
    char state[300];
    *plan = (struct lock_plan){.shared = false};
    if (drill_may_start(store, request, lock, fail) != MU_OK)
        return fail->class;
    if (!needs_lock(request, lock))
        return MU_OK;
    if (find_owner(store, request, lock, &owner, out, fail) != MU_OK)
        return fail->class;
    if (owner.run[0] == '\0')
        return strays_hold(store, lock, request->world, fail);
    plan->shared = request->undoes && strcmp(owner.run, request->undoes) == 0;
    if (plan->shared)
        return MU_OK;
    bool alive = mu_lock_state(owner.state, owner.waits_for, owner.path, state, sizeof state);
    if (alive || !request->take_over)
        return refuse(lock, &owner, alive, state, request->take_over, fail);
    snprintf(plan->from, sizeof plan->from, "%s", owner.run);
    return MU_OK;
}

enum mu_err locks_take(struct mu_store *store, const struct mu_run_request *request,
                       const char *lock, const char *run, struct mu_fail *fail)
{
    return needs_lock(request, lock)
               ? mu_store_lock_take(store, lock, request->world, run, mu_clock_real_ms(), fail)
               : MU_OK;
}

char *locks_undo_name(const struct mu_run_request *request)
{
    return request->undoes && mu_world_sends(request->world)
               ? mu_xasprintf("undo:%s", request->undoes)
               : NULL;
}

/* An executor that begins now finds this undo in the control store; one that had begun before is found here. That of a
 * run that has ended does no more. */
static enum mu_err still_idle(struct mu_store *store, const struct mu_run_request *request,
                              struct mu_fail *fail)
{
    const struct timespec pause = {0, LOOK_MS * 1000000L};
    int holder = mu_journal_lock_holder(request->undo_path);
    for (int i = 0; i < LOOKS && holder > 0 && !run_has_ended(store, request->undoes); i++) {
        nanosleep(&pause, NULL); /* it parks before its next act, or ends */
        holder = mu_journal_lock_holder(request->undo_path);
    }
    if (holder <= 0 || run_has_ended(store, request->undoes))
        return MU_OK;
    return mu_fail_set(fail, MU_CONFLICT,
                       "%s goes on: process %d executes it since a moment ago, and nothing was "
                       "taken back: muster cancel %s first",
                       request->undoes, holder, request->undoes);
}

/* Two people may have seen the same item open: who has the lock looks again. */
enum mu_err locks_take_undo(struct mu_store *store, const struct mu_run_request *request,
                            const char *lock, struct mu_run_created *out, struct mu_fail *fail)
{
    const char *run = out->name;
    struct owner owner;
    if (lock == NULL)
        return MU_OK;
    enum mu_err err = find_owner(store, request, lock, &owner, out, fail);
    if (err == MU_OK)
        err = mu_store_lock_take(store, lock, request->world, run, mu_clock_real_ms(), fail);
    if (err == MU_OK && request->undo_path)
        err = still_idle(store, request, fail);
    return err == MU_OK && request->undo_path ? undoable_still(store, request, run, fail) : err;
}

/* --- taken from a run --- */

enum mu_err mu_lock_tell(struct mu_store *store, const struct mu_config *config,
                         const struct mu_store_break *how, const char *path, struct mu_fail *fail)
{
    json_t *start = mu_run_beginning(path, NULL),
           *who = mu_json_parse(how->who, strlen(how->who), NULL);
    const char *owner = mu_run_owner(start), *taker = how->taker ? how->taker : "";
    char *subject = mu_xasprintf("%s %s lost its lock %s", mu_json_str(start, "incident", ""),
                                 how->run, how->name);
    char *body = mu_xasprintf(
        "%s took %s from %s%s%s: %s\n\n%s does nothing more. Look: muster show %s\nEnd it: muster "
        "cancel %s\n",
        mu_json_str(who, "name", "somebody"), how->name, how->run, taker[0] ? " for " : "", taker,
        how->reason, how->run, how->run, how->run);
    char *dedup = mu_xasprintf("%s/lock/%s/%lld", how->run, how->name, (long long)how->at);
    struct mu_store_message message = {.run = taker[0] ? taker : how->run,
                                       .kind = "lock",
                                       .to = owner,
                                       .subject = subject,
                                       .body = body,
                                       .dedup = dedup,
                                       .created = how->at};
    enum mu_err err = owner[0] && mu_config_at(config->values, "people")
                          ? mu_store_message_put(store, &message, fail)
                          : MU_OK;
    free(subject);
    free(body);
    free(dedup);
    json_decref(start);
    json_decref(who);
    return err;
}

enum mu_err locks_take_over(struct mu_store *store, const struct mu_run_request *request,
                            const char *lock, const char *from, const char *run,
                            struct mu_fail *fail)
{
    struct owner owner = {.run = ""};
    struct mu_fail untold;
    char *who = mu_json_text(request->who);
    struct mu_store_break how = {.world = request->world,
                                 .name = lock,
                                 .run = from,
                                 .taker = run,
                                 .who = who,
                                 .reason = request->reason ? request->reason : "",
                                 .at = mu_clock_real_ms()};
    snprintf(owner.world, sizeof owner.world, "%s", request->world);
    enum mu_err err = mu_store_locks(store, lock, copy_owner, &owner, fail);
    if (err == MU_OK)
        err = mu_store_lock_break(store, &how, fail);
    if (err == MU_OK && request->config)
        (void)!mu_lock_tell(store, request->config, &how, owner.path, &untold);
    free(who);
    return err;
}
