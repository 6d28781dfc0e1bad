/* SPDX-License-Identifier: MIT
 *
 * What people have said of acts in doubt where the journal does not have it: the run has not read it yet, or has ended
 * and reads nothing any more. Then the control store keeps their word. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "journal/doubts.h"

/* A decision of the store belongs to an act of the journal unless it was used up (an earlier round) there. */
static bool take(int64_t id, const char *kind, const char *who, const char *reason, int64_t at,
                 void *ud)
{
    struct mu_doubts *doubts = ud;
    size_t i;
    json_t *act, *decision = mu_json_parse(reason, strlen(reason), NULL),
                 *person = mu_json_parse(who, strlen(who), NULL);
    (void)id;
    (void)kind;
    json_array_foreach(doubts->open, i, act)
    {
        if (mu_json_int(decision, "seq", -1) != mu_json_int(act, "seq", 0) ||
            strcmp(mu_json_str(decision, "task", ""), mu_json_str(act, "task", "")) != 0 ||
            mu_json_int(decision, "round", 0) != mu_json_int(act, "round", 0))
            continue;
        json_object_set_new(act, "decided",
                            json_pack("{s:s, s:s, s:s, s:I}", "decision",
                                      mu_json_str(decision, "decision", ""), "who",
                                      mu_json_str(person, "name", "?"), "reason",
                                      mu_json_str(decision, "reason", ""), "at", (json_int_t)at));
    }
    json_decref(decision);
    json_decref(person);
    return true;
}

enum mu_err mu_decided_read(const char *path, bool alive, struct mu_store *store, const char *run,
                            struct mu_doubts *doubts, struct mu_fail *fail)
{
    enum mu_err err = mu_doubts_read(path, alive, doubts, fail);
    return err == MU_OK && store ? mu_store_decisions(store, run, take, doubts, fail) : err;
}

/* --- of an undo --- */

const json_t *decided_of(const struct mu_doubts *doubts, const char *task, int64_t seq)
{
    size_t i;
    json_t *act;
    json_array_foreach(doubts->open, i, act)
    {
        if (mu_json_int(act, "seq", -1) == seq && strcmp(mu_json_str(act, "task", ""), task) == 0)
            return mu_json_get(act, "decided");
    }
    return NULL;
}

bool decided_settles(const json_t *decided, bool *applied_out)
{
    const char *decision = mu_json_str(decided, "decision", "");
    *applied_out = strcmp(decision, "applied") == 0 || strcmp(decision, "result") == 0;
    return *applied_out || strcmp(decision, "not-applied") == 0;
}

char *decided_why(const json_t *decided)
{
    char at[MU_TIME_TEXT];
    return mu_xasprintf("%s, says %s at %s: %s", mu_json_str(decided, "decision", ""),
                        mu_json_str(decided, "who", "?"),
                        mu_time_local(mu_json_int(decided, "at", 0), at),
                        mu_json_str(decided, "reason", ""));
}

static void settle(json_t *item, const json_t *decided)
{
    bool applied;
    if (!decided_settles(decided, &applied))
        return;
    char *why = decided_why(decided);
    json_object_set_new(item, "state", json_string(applied ? "open" : "not_done"));
    json_object_set_new(item, "why", json_string(why));
    free(why);
}

static bool any_in_doubt(const json_t *items)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (strcmp(mu_json_str(item, "state", ""), "in_doubt") == 0)
            return true;
    }
    return false;
}

static void settle_all(const json_t *items, const struct mu_doubts *doubts)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (strcmp(mu_json_str(item, "state", ""), "in_doubt") == 0)
            settle(item,
                   decided_of(doubts, mu_json_str(item, "task", ""), mu_json_int(item, "seq", 0)));
    }
}

enum mu_err undo_decided(const char *path, struct mu_store *store, struct mu_undo *undo,
                         struct mu_fail *fail)
{
    struct mu_doubts doubts = {.ended = false};
    if (store == NULL || (!any_in_doubt(undo->items) && !any_in_doubt(undo->finals)))
        return MU_OK;
    enum mu_err err =
        mu_decided_read(path, false, store, mu_json_str(undo->start, "run", ""), &doubts, fail);
    if (err == MU_OK) {
        settle_all(undo->items, &doubts);
        settle_all(undo->finals, &doubts);
    }
    mu_doubts_fini(&doubts);
    return err;
}
