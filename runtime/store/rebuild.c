/* SPDX-License-Identifier: MIT
 *
 * The index of runs, made again from what the run files say (design J1), in one transaction. Gates,
 * votes, orders and messages are this store's own truth and are left as they are.
 *
 *   run       missing ones are added, wrong ones corrected; those without a file stay, and are named
 *   changed   read again by who asks for it, of those that are added or get another end
 *   lock      that of a run that goes on, where nobody has it and nobody took it from that run
 *   counter   at least the highest number in use, so that no name comes twice
 *   incident  those that runs name and nobody knows
 *   tick      those that runs were started by: neither a schedule nor a parent starts one twice
 *   version   those that runs carry and nobody knows, with their files and signatures
 *   freeze    of everything, when the store was lost: what was frozen nobody knows */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/store_internal.h"

struct rebuilding {
    struct mu_store *store;
    struct mu_store_rebuilt *out;
    struct mu_fail *fail;
    int64_t oldest_known, newest_added; /* when they started; 0 = there is none */
};
static const char what[] = "rebuilding the index of runs";
static const char rebuilt_counter[] = "/rebuilt";

static int64_t number_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? strtoll(dot + 1, NULL, 10) : 0;
}

static enum mu_err raise_counter(const struct rebuilding *rebuilding, const char *counter,
                                 int64_t to)
{
    return store_exec(rebuilding->store, what, rebuilding->fail,
                      "INSERT INTO counter (name, last) VALUES (?1, ?2)"
                      " ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)",
                      STORE_VALUES(STORE_TEXT(counter), STORE_NUMBER(to)));
}

static enum mu_err put_incident(const struct rebuilding *rebuilding,
                                const struct mu_store_found *found)
{
    const char *incident = found->run.incident;
    if (strncmp(incident, "INC-", 4) != 0)
        return MU_OK;
    enum mu_err err =
        store_exec(rebuilding->store, what, rebuilding->fail,
                   "INSERT INTO incident (name, title, who, at) VALUES (?, ?, ?, ?)"
                   " ON CONFLICT (name) DO NOTHING",
                   STORE_VALUES(STORE_TEXT(incident), STORE_TEXT(found->title),
                                STORE_TEXT(found->run.who), STORE_NUMBER(found->run.started)));
    if (err == MU_OK)
        rebuilding->out->incidents += store_changes(rebuilding->store);
    return err == MU_OK ? raise_counter(rebuilding, "/incident", strtoll(incident + 4, NULL, 10))
                        : err;
}

/* A run that goes on may stand as running or waiting; only the executor knows what it waits for. */
static enum mu_err correct(const struct rebuilding *rebuilding, const struct mu_store_run *run)
{
    enum mu_err err = store_exec(
        rebuilding->store, what, rebuilding->fail,
        "UPDATE run SET playbook = ?2, version = ?3, world = ?4, incident = ?5, subject = ?6,"
        " state = ?7, result = ?8, why = ?9, who = ?10, path = ?11, started = ?12, ended = ?13,"
        " exit = ?14, number = ?15, waits_for = iif(?7 = 'running', waits_for, ?16), bundle = ?17, "
        "undoes = ?18"
        " WHERE name = ?1"
        " AND ((playbook, version, world, incident, subject, state, result, who, path, ended <> 0,"
        " exit, number) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10, ?11, ?13 <> 0, ?14, ?15)"
        " OR (bundle, undoes) IS NOT (?17, ?18)" /* also of older musters, which kept none */
        " OR abs(started - ?12) > 60000)" /* its row is written a moment before its file */,
        STORE_VALUES(STORE_TEXT(run->name), STORE_TEXT(run->playbook), STORE_TEXT(run->version),
                     STORE_TEXT(run->world), STORE_TEXT(run->incident), STORE_TEXT(run->subject),
                     STORE_TEXT(run->state), STORE_TEXT(run->result), STORE_TEXT(run->why),
                     STORE_TEXT(run->who), STORE_TEXT(run->path), STORE_NUMBER(run->started),
                     STORE_NUMBER(run->ended), STORE_NUMBER(run->exit),
                     STORE_NUMBER(number_of(run->name)), STORE_TEXT(run->waits_for),
                     STORE_TEXT(run->bundle), STORE_TEXT(run->undoes)));
    if (err == MU_OK)
        rebuilding->out->corrected += store_changes(rebuilding->store);
    return err;
}

static enum mu_err put_run(struct rebuilding *rebuilding, const struct mu_store_run *run)
{
    enum mu_err err = store_exec(
        rebuilding->store, what, rebuilding->fail,
        "INSERT INTO run (name, playbook, version, world, incident, subject, state, result, why, "
        "who,"
        " path, started, ended, pid, exit, waits_for, number, bundle, undoes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO NOTHING",
        STORE_VALUES(STORE_TEXT(run->name), STORE_TEXT(run->playbook), STORE_TEXT(run->version),
                     STORE_TEXT(run->world), STORE_TEXT(run->incident), STORE_TEXT(run->subject),
                     STORE_TEXT(run->state), STORE_TEXT(run->result), STORE_TEXT(run->why),
                     STORE_TEXT(run->who), STORE_TEXT(run->path), STORE_NUMBER(run->started),
                     STORE_NUMBER(run->ended), STORE_NUMBER(run->exit), STORE_TEXT(run->waits_for),
                     STORE_NUMBER(number_of(run->name)), STORE_TEXT(run->bundle),
                     STORE_TEXT(run->undoes)));
    if (err != MU_OK)
        return err;
    if (store_changes(rebuilding->store) == 0) {
        if (rebuilding->oldest_known == 0 || run->started < rebuilding->oldest_known)
            rebuilding->oldest_known = run->started;
        return correct(rebuilding, run);
    }
    rebuilding->out->added++;
    if (run->started > rebuilding->newest_added)
        rebuilding->newest_added = run->started;
    return MU_OK;
}

/* It may have ended, and left its locks, since its file was read. */
static enum mu_err drop_locks_of_ended(const struct rebuilding *rebuilding,
                                       struct mu_store_found *found)
{
    int64_t ended = 0;
    enum mu_err err = store_ask(rebuilding->store, what, rebuilding->fail, &ended, 0,
                                "SELECT ended FROM run WHERE name = ?",
                                STORE_VALUES(STORE_TEXT(found->run.name)));
    for (size_t i = 0; ended && i < MU_STORE_RUN_LOCKS; i++)
        found->locks[i].name = "";
    return err;
}

static enum mu_err put_version(const struct rebuilding *rebuilding,
                               const struct mu_store_found *found)
{
    bool added = false;
    enum mu_err err =
        found->files
            ? store_version_restore(rebuilding->store, &found->version, found->files,
                                    found->file_count, found->signatures, &added, rebuilding->fail)
            : MU_OK;
    rebuilding->out->versions += added;
    return err;
}

/* In the order in which they were published: rollbacks and "highest" go by that. */
static enum mu_err put_versions(const struct rebuilding *rebuilding, struct mu_store_found *found,
                                size_t count)
{
    enum mu_err err = MU_OK;
    for (int64_t last = INT64_MIN; err == MU_OK;) {
        const struct mu_store_found *next = NULL;
        for (size_t i = 0; i < count; i++)
            if (found[i].files && found[i].version.at > last &&
                (next == NULL || found[i].version.at < next->version.at))
                next = &found[i];
        if (next == NULL)
            break;
        last = next->version.at;
        for (size_t i = 0; err == MU_OK && i < count; i++) /* several in one transaction */
            if (found[i].files && found[i].version.at == last)
                err = put_version(rebuilding, &found[i]);
    }
    return err;
}

/* One that is taken, or refused, and known here stays as it is. */
static enum mu_err put_tick(const struct rebuilding *rebuilding, const struct mu_store_found *found)
{
    if (found->source == NULL)
        return MU_OK;
    enum mu_err err =
        store_exec(rebuilding->store, what, rebuilding->fail,
                   "INSERT INTO tick (source, at, state, run, why, taken, done)"
                   " VALUES (?1, ?2, 'started', ?3, '', ?4, ?4) ON CONFLICT DO NOTHING",
                   STORE_VALUES(STORE_TEXT(found->source), STORE_NUMBER(found->tick),
                                STORE_TEXT(found->run.name), STORE_NUMBER(found->run.started)));
    if (err == MU_OK)
        rebuilding->out->ticks += store_changes(rebuilding->store);
    return err;
}

static enum mu_err put(struct rebuilding *rebuilding, struct mu_store_found *found)
{
    enum mu_err err = drop_locks_of_ended(rebuilding, found);
    if (err == MU_OK)
        err = put_run(rebuilding, &found->run);
    if (err == MU_OK)
        err = raise_counter(rebuilding, found->run.playbook, number_of(found->run.name));
    if (err == MU_OK)
        err = put_tick(rebuilding, found);
    return err == MU_OK ? put_incident(rebuilding, found) : err;
}

/* --- locks --- */

/* What people took from it stays taken. An ended run that still stands there has none. */
static enum mu_err take_lock(const struct rebuilding *rebuilding,
                             const struct mu_store_found *found,
                             const struct mu_store_found_lock *lock)
{
    enum mu_err err = store_exec(
        rebuilding->store, what, rebuilding->fail,
        "INSERT INTO lock (world, name, run, since) SELECT ?1, ?2, ?3, ?4"
        " WHERE NOT EXISTS (SELECT 1 FROM lock_break WHERE world = ?1 AND name = ?2 AND run = ?3"
        " AND at >= ?4)"
        " ON CONFLICT (world, name) DO UPDATE SET run = excluded.run, since = excluded.since"
        " WHERE (SELECT state FROM run WHERE name = lock.run) IN ('finished', 'failed',"
        " 'cancelled')",
        STORE_VALUES(STORE_TEXT(found->run.world), STORE_TEXT(lock->name),
                     STORE_TEXT(found->run.name), STORE_NUMBER(lock->since)));
    if (err == MU_OK)
        rebuilding->out->locks += store_changes(rebuilding->store);
    return err;
}

static enum mu_err say_holder(const struct rebuilding *rebuilding,
                              const struct mu_store_found *found, struct mu_store_found_lock *lock)
{
    enum mu_err err = mu_store_lock_owner(rebuilding->store, lock->name, found->run.world,
                                          lock->held_by, rebuilding->fail);
    if (strcmp(lock->held_by, found->run.name) == 0 ||
        strcmp(lock->held_by, found->run.undoes) == 0)
        lock->held_by[0] = '\0';
    return err;
}

static enum mu_err take_locks(const struct rebuilding *rebuilding, struct mu_store_found *found)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < MU_STORE_RUN_LOCKS; i++) {
        struct mu_store_found_lock *lock = &found->locks[i];
        if (lock->name[0] == '\0')
            continue;
        err = take_lock(rebuilding, found, lock);
        if (err == MU_OK)
            err = say_holder(rebuilding, found, lock);
    }
    return err;
}

/* An undo shares the lock of the run it takes back as long as that has not ended: that one comes first. */
static enum mu_err take_all_locks(const struct rebuilding *rebuilding, struct mu_store_found *found,
                                  size_t count)
{
    enum mu_err err = MU_OK;
    for (int undoes = 0; undoes < 2; undoes++)
        for (size_t i = 0; err == MU_OK && i < count; i++)
            if ((found[i].run.undoes[0] != '\0') == undoes && found[i].run.ended == 0)
                err = take_locks(rebuilding, &found[i]);
    return err;
}

/* "Newest first" goes by id: what was added late stands where it belongs. */
static enum mu_err put_in_order(const struct rebuilding *rebuilding)
{
    enum mu_err err = MU_OK;
    if (rebuilding->out->added > 0)
        err = store_exec(
            rebuilding->store, what, rebuilding->fail,
            "UPDATE run SET id = -(SELECT count(*) FROM run b WHERE (b.started, b.number,"
            " b.name) <= (run.started, run.number, run.name))",
            STORE_NO_VALUES);
    if (err == MU_OK && rebuilding->out->added > 0)
        err = store_exec(rebuilding->store, what, rebuilding->fail, "UPDATE run SET id = -id",
                         STORE_NO_VALUES);
    return err;
}

/* What was frozen is lost with the store. Nothing leaves until a person who knows says so. */
static enum mu_err freeze_all(const struct rebuilding *rebuilding)
{
    return store_exec(
        rebuilding->store, what, rebuilding->fail,
        "INSERT INTO freeze (zone, who, reason, since, thawed, thawed_by, thaw_reason)"
        " SELECT '', 'doctor --rebuild', 'the control store was lost, and with it what was frozen;"
        " when you know that nothing else is to be: muster thaw --all', ?1, 0, '', ''"
        " WHERE NOT EXISTS (SELECT 1 FROM freeze WHERE zone = '' AND thawed = 0)",
        STORE_VALUES(STORE_NUMBER(mu_clock_real_ms())));
}

enum mu_err mu_store_rebuild(struct mu_store *store, struct mu_store_found *found, size_t count,
                             struct mu_store_rebuilt *out, struct mu_fail *fail)
{
    struct rebuilding rebuilding = {.store = store, .out = out, .fail = fail};
    *out = (struct mu_store_rebuilt){0};
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    for (size_t i = 0; err == MU_OK && i < count; i++)
        err = put(&rebuilding, &found[i]);
    if (err == MU_OK)
        err = put_in_order(&rebuilding);
    if (err == MU_OK)
        err = take_all_locks(&rebuilding, found, count);
    if (err == MU_OK)
        err = put_versions(&rebuilding, found, count);
    if (err == MU_OK && out->added > 0)
        err = raise_counter(&rebuilding, rebuilt_counter, mu_clock_real_ms());
    out->was_lost = out->added > 0 && (rebuilding.oldest_known == 0 ||
                                       rebuilding.oldest_known > rebuilding.newest_added);
    out->was_lost = out->was_lost || store->draft != NULL;
    if (err == MU_OK && out->was_lost)
        err = freeze_all(&rebuilding);
    err = store_end(store, err, what, fail);
    return err == MU_OK ? store_put_draft_in_place(store, fail) : err;
}

enum mu_err mu_store_rebuilt_at(struct mu_store *store, int64_t *out, struct mu_fail *fail)
{
    return store_ask(store, "looking whether the control store was rebuilt", fail, out, 0,
                     "SELECT last FROM counter WHERE name = ?",
                     STORE_VALUES(STORE_TEXT(rebuilt_counter)));
}
