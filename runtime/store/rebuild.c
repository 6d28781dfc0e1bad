/* SPDX-License-Identifier: MIT
 *
 * The index of runs, made again from what the run files say (design J1), in one transaction. Gates,
 * votes, orders and messages are this store's own truth and are left as they are; so are the locks,
 * except in a store that was lost whole, where those of runs that go on are taken again.
 *
 *   run       missing ones are added, wrong ones corrected; those without a file stay, and are named
 *   counter   at least the highest number in use, so that no name comes twice
 *   incident  those that runs name and nobody knows */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

struct rebuilding {
    struct mu_store *store;
    struct mu_store_rebuilt *out;
    struct mu_fail *fail;
};
static const char what[] = "rebuilding the index of runs";

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
        " exit = ?14, number = ?15, waits_for = iif(?7 = 'running', waits_for, ?16) WHERE name = ?1"
        " AND ((playbook, version, world, incident, subject, state, result, who, path, ended <> 0,"
        " exit, number) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10, ?11, ?13 <> 0, ?14, ?15)"
        " OR abs(started - ?12) > 60000)" /* its row is written a moment before its file */,
        STORE_VALUES(STORE_TEXT(run->name), STORE_TEXT(run->playbook), STORE_TEXT(run->version),
                     STORE_TEXT(run->world), STORE_TEXT(run->incident), STORE_TEXT(run->subject),
                     STORE_TEXT(run->state), STORE_TEXT(run->result), STORE_TEXT(run->why),
                     STORE_TEXT(run->who), STORE_TEXT(run->path), STORE_NUMBER(run->started),
                     STORE_NUMBER(run->ended), STORE_NUMBER(run->exit),
                     STORE_NUMBER(number_of(run->name)), STORE_TEXT(run->waits_for)));
    if (err == MU_OK)
        rebuilding->out->corrected += store_changes(rebuilding->store);
    return err;
}

static enum mu_err put_run(const struct rebuilding *rebuilding, const struct mu_store_run *run)
{
    enum mu_err err = store_exec(
        rebuilding->store, what, rebuilding->fail,
        "INSERT INTO run (name, playbook, version, world, incident, subject, state, result, why, "
        "who,"
        " path, started, ended, pid, exit, waits_for, number)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
        STORE_VALUES(STORE_TEXT(run->name), STORE_TEXT(run->playbook), STORE_TEXT(run->version),
                     STORE_TEXT(run->world), STORE_TEXT(run->incident), STORE_TEXT(run->subject),
                     STORE_TEXT(run->state), STORE_TEXT(run->result), STORE_TEXT(run->why),
                     STORE_TEXT(run->who), STORE_TEXT(run->path), STORE_NUMBER(run->started),
                     STORE_NUMBER(run->ended), STORE_NUMBER(run->exit), STORE_TEXT(run->waits_for),
                     STORE_NUMBER(number_of(run->name))));
    if (err != MU_OK)
        return err;
    if (store_changes(rebuilding->store) == 0)
        return correct(rebuilding, run);
    rebuilding->out->added++;
    return MU_OK;
}

static enum mu_err take_lock(const struct rebuilding *rebuilding,
                             const struct mu_store_found *found)
{
    enum mu_err err =
        store_exec(rebuilding->store, what, rebuilding->fail,
                   "INSERT INTO lock (world, name, run, since) VALUES (?, ?, ?, ?)"
                   " ON CONFLICT (world, name) DO NOTHING",
                   STORE_VALUES(STORE_TEXT(found->run.world), STORE_TEXT(found->lock),
                                STORE_TEXT(found->run.name), STORE_NUMBER(found->run.started)));
    if (err == MU_OK)
        rebuilding->out->locks += store_changes(rebuilding->store);
    return err;
}

static enum mu_err put(const struct rebuilding *rebuilding, const struct mu_store_found *found)
{
    enum mu_err err = put_run(rebuilding, &found->run);
    if (err == MU_OK)
        err = raise_counter(rebuilding, found->run.playbook, number_of(found->run.name));
    if (err == MU_OK)
        err = put_incident(rebuilding, found);
    if (err == MU_OK && rebuilding->out->was_lost && found->lock[0] && found->run.ended == 0)
        err = take_lock(rebuilding, found);
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

enum mu_err mu_store_rebuild(struct mu_store *store, const struct mu_store_found *found,
                             size_t count, struct mu_store_rebuilt *out, struct mu_fail *fail)
{
    struct rebuilding rebuilding = {store, out, fail};
    int64_t known = 0;
    *out = (struct mu_store_rebuilt){0};
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_ask(store, what, fail, &known, 0,
                    "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM counter)",
                    STORE_NO_VALUES);
    out->was_lost = known == 0 && count > 0;
    for (size_t i = 0; err == MU_OK && i < count; i++)
        err = put(&rebuilding, &found[i]);
    if (err == MU_OK)
        err = put_in_order(&rebuilding);
    return store_end(store, err, what, fail);
}
