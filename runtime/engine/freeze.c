/* SPDX-License-Identifier: MIT
 *
 * The last look before an act leaves: does the run still hold its locks, and is nothing frozen that
 * the act would touch? Asked before the intent row is written, and again behind its sync (call_leave()). The truth stands in the control store; PRAGMA data_version says whether it has
 * to be read anew.
 *
 *   lock gone ─▶ the run parks (lock_lost)     taken back by an undo run ─▶ it parks (undone.c)     frozen ─▶ the act waits (h frozen), the run stays alive
 *   thawed ─▶ h thawed ─▶ prepared anew; what has its intent: read back anew; after stale_after a person is asked first
 *
 * A freeze covers an act when the parameter that may_change looks at (verb.target), the name that it changes
 * (prepared.name), or one of those that it hands on (prepared.names: what a program is told) is the zone or lies
 * below it; one of "" covers every act of every verb. Probes, gates and the
 * host's own messages are no acts: they go on. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/redact.h"
#include "base/scarce.h"
#include "engine/internal.h"

/* --- what is frozen --- */

/* "%65" is "e", as the far side of a URL reads it (RFC 3986, 2.1). */
static void decode_percent(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        unsigned value;
        if (in[0] == '%' && isxdigit((unsigned char)in[1]) && isxdigit((unsigned char)in[2]) &&
            sscanf(in + 1, "%2x", &value) == 1 && value != 0) {
            *out++ = (char)value;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
}

/* However it is spelt, it is the same host: capitals, U-labels, a final dot. What is no host only loses its capitals. */
static void normalise(const char *spelt, char out[MU_NAME_TEXT])
{
    if (mu_name_host(spelt, out, NULL) == MU_OK)
        return;
    snprintf(out, MU_NAME_TEXT, "%s", spelt);
    for (char *p = out; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    size_t len = strlen(out);
    if (len > 1 && out[len - 1] == '.')
        out[len - 1] = '\0';
}

/* "https://API.example.com:8443/x" -> "api.example.com"; anything else is a name as it stands. */
static void host_of(const char *target, char host[MU_NAME_TEXT])
{
    const char *scheme = strstr(target, "://");
    const char *begin = scheme ? scheme + 3 : target;
    size_t len = scheme ? strcspn(begin, "/?#\\") : strlen(begin);
    char *spelt = mu_xstrndup(begin, len);
    char *at = scheme ? strrchr(spelt, '@') : NULL;
    char *from = at ? at + 1 : spelt;
    if (scheme) {
        decode_percent(from);
        from[strcspn(from, ":")] = '\0';
    }
    normalise(from, host);
    free(spelt);
}

bool mu_freeze_covers(const char *zone, const char *target)
{
    char host[MU_NAME_TEXT];
    if (zone[0] == '\0')
        return true;
    if (target == NULL || target[0] == '\0')
        return false;
    if (strncmp(zone, "*.", 2) == 0) /* taken by an earlier muster, and meant so */
        zone += 2;
    host_of(target, host);
    return mu_name_within(host, zone);
}

static bool covers_act(const char *zone, const struct mu_call *act)
{
    const char *target = act->verb->target ? mu_json_str(act->args, act->verb->target, NULL) : NULL;
    size_t i;
    json_t *name;
    if (mu_freeze_covers(zone, target) ||
        mu_freeze_covers(zone, mu_json_str(act->prepared, "name", NULL)))
        return true;
    json_array_foreach(mu_json_get(act->prepared, "names"), i, name)
    {
        if (mu_freeze_covers(zone, json_string_value(name)))
            return true;
    }
    return false;
}

static const json_t *covering(const struct run *run, const struct call *call)
{
    size_t i;
    json_t *freeze;
    json_array_foreach(run->freezes, i, freeze)
    {
        if (covers_act(mu_json_str(freeze, "zone", ""), &call->errand->pub))
            return freeze;
    }
    return NULL;
}

static bool keep_freeze(const struct mu_store_freeze *freeze, void *ud)
{
    char *reason = mu_redact_text(freeze->reason); /* a person may have typed a secret of ours */
    json_array_append_new(ud, json_pack("{s:s, s:s, s:s, s:I}", "zone", freeze->zone, "who",
                                        freeze->who, "reason", reason, "since",
                                        (json_int_t)freeze->since));
    free(reason);
    return true;
}

/* --- whether our locks are still ours --- */

struct loss {
    char text[MU_FAIL_TEXT];
    int64_t at;
};

static bool tell_loss(const struct mu_store_break *broken, void *ud)
{
    struct loss *loss = ud;
    char when[MU_TIME_TEXT];
    json_t *who = mu_json_parse(broken->who, strlen(broken->who), NULL);
    loss->at = broken->at;
    snprintf(loss->text, sizeof loss->text, "%.60s took it %s%.128s at %s: %.200s",
             mu_json_str(who, "name", "somebody"), broken->taker[0] ? "for " : "from it",
             broken->taker, mu_time_local(broken->at, when), broken->reason);
    json_decref(who);
    return true;
}

static struct loss loss_of(struct run *run, const char *lock, const char *from)
{
    struct loss loss = {.text = "it is not in the control store any more"};
    (void)!mu_store_lock_broken(run->store, lock, run->world_name, from, tell_loss, &loss, NULL);
    return loss;
}

static void note_lock(struct run *run, const char *lock, const char *event, const char *taker,
                      const json_t *who, const char *reason)
{
    record_host(run, "lock",
                json_pack("{s:s, s:s, s:s, s:O?, s:s}", "lock", lock, "event", event, "taker",
                          taker, "who", who, "reason", reason));
}

/* The run that we take back has ended and left its lock, which was ours, too. Not when a person took it. */
static bool inherited(struct run *run, const char *lock, const char *undone)
{
    if (undone[0] == '\0' || loss_of(run, lock, undone).at >= run->started_ms ||
        loss_of(run, lock, run->name).at > 0)
        return false;
    if (mu_store_lock_take(run->store, lock, run->world_name, run->name, mu_clock_real_ms(),
                           NULL) != MU_OK)
        return false;
    note_lock(run, lock, "taken", run->name, NULL, "the run that is taken back has ended");
    return true;
}

static enum mu_err check_lock(struct run *run, const char *lock, struct mu_fail *fail)
{
    char owner[128] = "";
    const char *undone = mu_json_str(run->start, "undoes", "");
    enum mu_err err = mu_store_lock_owner(run->store, lock, run->world_name, owner, fail);
    if (err != MU_OK || strcmp(owner, run->name) == 0 || (owner[0] && strcmp(owner, undone) == 0) ||
        (owner[0] == '\0' && inherited(run, lock, undone)))
        return err;
    struct loss loss = loss_of(run, lock, run->name);
    run->lost_lock = mu_xasprintf("this run has lost its lock %.200s: %.300s; %s holds it now",
                                  lock, loss.text, owner[0] ? owner : "nobody");
    return MU_OK;
}

static enum mu_err check_locks(struct run *run, struct mu_fail *fail)
{
    size_t i;
    json_t *lock;
    enum mu_err err = MU_OK;
    free(run->lost_lock);
    run->lost_lock = NULL;
    if (!run->world->sends)
        return MU_OK;
    json_array_foreach(json_object_get(run->start, "locks"), i, lock)
    {
        if (err == MU_OK && run->lost_lock == NULL)
            err = check_lock(run, json_string_value(lock), fail);
    }
    return err == MU_OK ? undone_look(run, fail) : err;
}

void freeze_lock_lost(struct run *run, json_t *who, const char *order)
{
    json_t *said = mu_json_parse(order, strlen(order), NULL);
    note_lock(run, mu_json_str(said, "lock", ""), "lost", mu_json_str(said, "taker", ""), who,
              mu_json_str(said, "reason", ""));
    json_decref(said);
}

void freeze_retake_locks(struct run *run)
{
    size_t i;
    json_t *lock;
    char owner[128];
    if (run->store == NULL || !run->world->sends)
        return;
    json_array_foreach(json_object_get(run->start, "locks"), i, lock)
    {
        const char *name = json_string_value(lock);
        if (mu_store_lock_owner(run->store, name, run->world_name, owner, NULL) != MU_OK ||
            owner[0] ||
            mu_store_lock_take(run->store, name, run->world_name, run->name, mu_clock_real_ms(),
                               NULL) != MU_OK)
            continue; /* who has it is said before the next act */
        note_lock(run, name, "taken", run->name, NULL, "it was free");
    }
    run->guard_version = 0;
}

/* --- the look --- */

/* False: the store can't be read, and what can't be known must not be risked. */
static bool look(struct run *run)
{
    struct mu_fail fail = {.class = MU_STORAGE, .text = "it does not answer"};
    if (!run_in_place(run))
        return false;
    int64_t version = mu_store_data_version(run->store);
    if (version >= 0 && version == run->guard_version)
        return true;
    json_t *freezes = json_array();
    if (version >= 0 && mu_store_freezes(run->store, keep_freeze, freezes, &fail) == MU_OK &&
        check_locks(run, &fail) == MU_OK) {
        json_decref(run->freezes);
        run->freezes = freezes;
        run->guard_version = version;
        return true;
    }
    json_decref(freezes);
    char *why = mu_xasprintf("whether a lock was taken or something is frozen can't be read, so no "
                             "act leaves: %s",
                             fail.text);
    mu_error("engine", "%s: %s", run->name, why);
    run_stop(run, STOP_LEAVE, "storage", why);
    free(why);
    return false;
}

static const char *zone_text(const json_t *freeze)
{
    const char *zone = mu_json_str(freeze, "zone", "");
    return zone[0] ? zone : "everything";
}

static char *waiting_text(const json_t *freeze)
{
    return mu_xasprintf("waits for thaw of %s, frozen by %s: %s", zone_text(freeze),
                        mu_json_str(freeze, "who", "?"), mu_json_str(freeze, "reason", ""));
}

static void tell_frozen(struct call *call, const char *text)
{
    struct run *run = call->run;
    const char *owner = mu_run_owner(run->start);
    if (mu_config_at(run->config->values, "people") == NULL)
        return;
    char *subject = mu_xasprintf("%s %s %s", run->incident, run->name, text);
    char *body = mu_xasprintf("%s (%s) %s.\n\nIt goes on by itself after: muster thaw %s\nOr end "
                              "it: muster cancel %s\n",
                              call->name, call->src, text,
                              mu_json_str(call->errand->freeze, "zone", "")[0]
                                  ? zone_text(call->errand->freeze)
                                  : "--all",
                              run->name);
    char *dedup = mu_xasprintf("%s/frozen/%s/%lld", run->name, zone_text(call->errand->freeze),
                               (long long)mu_json_int(call->errand->freeze, "since", 0));
    outbox_put(run, "frozen", owner, subject, body, dedup);
    free(subject);
    free(body);
    free(dedup);
}

/* Once for each freeze, however many acts wait for it. NULL: nothing waits any more. */
static void say_waiting(struct run *run, struct call *call)
{
    json_t *freeze = call ? call->errand->freeze : NULL;
    if (freeze == run->frozen_said || json_equal(freeze, run->frozen_said))
        return;
    json_decref(run->frozen_said);
    run->frozen_said = json_incref(freeze);
    char *text = freeze ? waiting_text(freeze) : mu_xstrdup("");
    (void)!mu_store_run_update(run->store, run->name, NULL, NULL, NULL, text, -1, -1, -1, NULL);
    if (call)
        tell_frozen(call, text);
    free(text);
}

/* --- waiting --- */

struct earlier { /* a former executor wrote that this act waits */
    const struct call *call;
    int64_t since;
};

static bool find_earlier(const struct mu_row *row, void *ud)
{
    struct earlier *earlier = ud;
    bool frozen = strcmp(row->verb, "frozen") == 0, thawed = strcmp(row->verb, "thawed") == 0;
    if (row->type != MU_ROW_HOST)
        return true;
    if (strcmp(row->verb, "unpark") == 0 && earlier->since) /* a person knew of the wait so far */
        earlier->since = row->ts;
    if (!frozen && !thawed)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (mu_json_int(value, "seq", 0) == earlier->call->seq &&
        strcmp(mu_json_str(value, "task", ""), earlier->call->task->path) == 0)
        earlier->since = frozen ? row->ts : 0;
    json_decref(value);
    return true;
}

/* What was prepared may be old after the thaw: it is prepared anew. An act in doubt keeps its intent. */
static void back_to_checked(struct call *call)
{
    json_decref(call->errand->pub.prepared);
    json_decref(call->errand->undo);
    free(call->errand->row_value);
    call->errand->pub.prepared = call->errand->undo = NULL;
    call->errand->row_value = NULL;
    call->intended = false;
}

static void hold(struct call *call, const json_t *freeze)
{
    struct run *run = call->run;
    struct earlier earlier = {.call = call};
    bool in_doubt = call->state == MU_CALL_DOUBT || call->state == MU_CALL_ASKED;
    if (call->state == MU_CALL_FROZEN || !call_enter(call, MU_CALL_FROZEN))
        return; /* a person's "retry" of one that waits already */
    if (!in_doubt && !call->stands)
        back_to_checked(call);
    if (call->errand->frozen_ms == 0)
        cursor_each(run->cursor, find_earlier, &earlier);
    call->errand->freeze = json_incref((json_t *)freeze);
    call->errand->frozen_ms = earlier.since && !run->unparked ? earlier.since : run_clock(run);
    if (earlier.since == 0) {
        record_host(run, "frozen",
                    json_pack("{s:s, s:I, s:s, s:O, s:O, s:O, s:O}", "task", call->task->path,
                              "seq", (json_int_t)call->seq, "verb", call->name, "zone",
                              json_object_get(freeze, "zone"), "who",
                              json_object_get(freeze, "who"), "reason",
                              json_object_get(freeze, "reason"), "since",
                              json_object_get(freeze, "since")));
        if (call->stands)
            decision_next_round(run, call->task->path, call->seq);
        run_scrub_said(run);
    }
    say_waiting(run, call);
}

bool scarce_parks(struct call *call, int errnum, const char *why)
{
    char text[MU_FAIL_TEXT];
    if (errnum == 0 && why == NULL)
        return false;
    if (why == NULL) {
        mu_scarce_text(errnum, text);
        why = text;
    }
    run_park(call->run, "resources",
             "nothing leaves any more, for %.400s. It stops before %s at %s: give it more, or find "
             "what uses them up",
             why, call->name, call->src);
    return true;
}

bool freeze_holds(struct call *call)
{
    struct run *run = call->run;
    if (run->store == NULL || call->kind != MU_CALL_VERB || run->stop != STOP_NONE)
        return false; /* after a stop nothing leaves anyway */
    if (!look(run) || drill_yields(run))
        return true;
    if (run->lost_lock) {
        run_park(run, "lock_lost", "%.500s. It stops before %s at %s", run->lost_lock, call->name,
                 call->src);
        return true;
    }
    if (undone_parks(run) || scarce_parks(call, mu_scarce_look(), NULL))
        return true;
    const json_t *freeze = covering(run, call);
    if (freeze)
        hold(call, freeze);
    return freeze != NULL;
}

void freeze_sift(struct run *run)
{
    struct call_queue all = run->barrier;
    run->barrier = (struct call_queue){0};
    for (struct call *call; (call = call_queue_pop(&all)) != NULL;)
        if (run->stop != STOP_NONE || call->kind != MU_CALL_VERB || !freeze_holds(call))
            call_queue_push(&run->barrier, call);
}

const json_t *freeze_foreseen(struct call *call)
{
    return call->run->store && look(call->run) ? covering(call->run, call) : NULL;
}

/* --- thaw --- */

static void note_thaw(struct call *call)
{
    struct run *run = call->run;
    char who[128], reason[MU_FAIL_TEXT];
    const char *zone = mu_json_str(call->errand->freeze, "zone", "");
    mu_store_thawed_by(run->store, zone, who, reason);
    record_host(run, "thawed",
                json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:I}", "task", call->task->path, "seq",
                          (json_int_t)call->seq, "verb", call->name, "zone", zone, "who", who,
                          "reason", reason, "waited_ms", (json_int_t)run->waited_ms));
    run_scrub_said(run);
    json_decref(call->errand->freeze);
    call->errand->freeze = NULL;
}

static void thaw(struct call *call)
{
    struct run *run = call->run;
    run->waited_ms = run_clock(run) - call->errand->frozen_ms;
    run->stale = run->stale || run->waited_ms > run->stale_after_ms;
    note_thaw(call);
    if (!call->intended) {
        run->world->act(call);
        return;
    }
    call->errand->doubt_until_ms = 0; /* the wait was no attempt */
    call->errand->sent_again = 0;
    if (call_unsent(call)) {
        doubt_unsent(call);
        return;
    }
    char *why = mu_xstrdup(call->errand->lost_why);
    doubt_enter(call, why);
    free(why);
}

static bool stands(const struct run *run, const json_t *freeze)
{
    size_t i;
    json_t *other;
    json_array_foreach(run->freezes, i, other)
    {
        if (json_equal(other, freeze))
            return true;
    }
    return false;
}

/* What it was prepared with may be gone (back_to_checked()), and with it the name by which its freeze holds it: that
 * one holds until it is thawed. Another may cover it by then: it waits for that one, without a row of its own. */
static bool still_frozen(struct call *call)
{
    if (stands(call->run, call->errand->freeze))
        return true;
    json_t *freeze = json_incref((json_t *)covering(call->run, call));
    if (freeze == NULL)
        return false;
    json_decref(call->errand->freeze);
    call->errand->freeze = freeze;
    return true;
}

void freeze_look(struct run *run)
{
    struct call *waits = NULL;
    for (struct call *call = run->pending, *next; call && run->stop == STOP_NONE; call = next) {
        next = call->next_pending;
        if (call->state != MU_CALL_FROZEN)
            continue;
        if (!look(run))
            return;
        if (still_frozen(call))
            waits = call;
        else
            thaw(call);
    }
    if (run->stop == STOP_NONE)
        say_waiting(run, waits);
}

void freeze_leave(struct run *run)
{
    for (struct call *call = run->pending; call; call = call->next_pending) {
        if (call->state != MU_CALL_FROZEN || !call->intended)
            continue;
        run->ends_in_doubt = run->ends_in_doubt || call->errand->pub.repeated;
        call_arrive_error(call, MU_CANCELLED,
                          "the run ended while it waited for a thaw to be sent again",
                          call->errand->pub.repeated, "readback");
    }
}
