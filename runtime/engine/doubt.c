/* SPDX-License-Identifier: MIT
 *
 * In doubt: an act whose intent is durable and whose outcome is unknown, after a crash and after a lost
 * reply alike (design J6). What may be done is the verb's word (module.h, enum mu_in_doubt):
 *
 *   READBACK ─▶ applied: outcome "readback" · not applied, settled: sent again · pending: asked again later
 *               changed or unknown: a person decides (the run parks)
 *   REPEATABLE, KEYED ─▶ sent again, marked or with the same key        ASK ─▶ a person decides
 *
 * An executor that has sent it again twice pauses before the next time, longer each time: a far side that breaks the
 * connection at once is not hammered. What is read back, is behind the pause.
 *
 * A second sending that fails says nothing of the first: that stays in doubt. Of a REPEATABLE one the playbook is told
 * so (err.in_doubt), of the others a person is asked, where it can't be read back. Only what the far side answers to the
 * same key (KEYED) is its answer to the act.
 *
 * An act that is held back behind its sync (h unsent) has not left, if no earlier sending of it is in doubt. It is
 * sent when nothing holds it any more; where it can be read back, that comes first: what it was prepared on is old
 * by then, and a change of somebody else is not overwritten. If its block was given up meanwhile, it is not sent.
 *
 * What a person decides is in decision.c. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

#define POLL_MS       2000
#define PATIENCE_MS   60000 /* how long pending or no answer is waited out before a person is asked */
#define AT_ONCE       2     /* that often one executor sends again without a pause */
#define PAUSE_MS      500 /* before the next `again`, and twice as long before each that follows */
#define PAUSE_MOST_MS 10000

static void record_doubt(struct call *call, const char *why)
{
    record_host(call->run, "doubt",
                json_pack("{s:s, s:I, s:s, s:s, s:o}", "task", call->task->path, "seq",
                          (json_int_t)call->seq, "verb", call->name, "src", call->src, "why",
                          mu_json_lenient_string(why, strlen(why))));
}

/* The run parks; when it has ended already, it parks all the same before it says so (end.c). */
void doubt_ask(struct call *call, const char *what)
{
    struct run *run = call->run;
    call_enter(call, MU_CALL_ASKED);
    char *text = call_unsent(call)
                     ? mu_xasprintf("%s (%s) was held back and has not left, and now it may not be "
                                    "sent just so: %s. Look at the far side, then say what is to "
                                    "be: retry sends it",
                                    call->name, call->src, what)
                     : mu_xasprintf("%s (%s) was sent and nobody can tell whether it took effect: "
                                    "%s; first: %s. Look at the far side, then say what you found",
                                    call->name, call->src, what, call->errand->lost_why);
    if (call_unsent(call))
        record_doubt(call, what);
    run_park(run, "in_doubt", "%s", text);
    free(run->doubt_text);
    run->doubt_text = text;
}

/* A person has decided: nothing is read back any more. */
void doubt_stop_asking(struct call *call)
{
    if (call->phase == PHASE_READBACK && call->errand->pub.verb->cancel)
        call->errand->pub.verb->cancel(&call->errand->pub);
    call->phase = PHASE_NONE;
    mu_timer_cancel(call->timer);
    call->timer = NULL;
}

/* Its block was given up (within, race) while it was held back: the playbook went another way, and it does not leave
 * any more. Unless a person says so. One that had left is another matter: after a crash, too, it ends as it would have
 * without. */
static bool given_up(const struct call *call)
{
    return call->task && call->task->killed && call_unsent(call) && call->errand->who == NULL;
}

static void give_up(struct call *call)
{
    call_arrive_error(call, MU_CANCELLED, "its block was over before it could be sent", false,
                      "not sent");
}

bool doubt_drop(struct call *call)
{
    if (call->state != MU_CALL_FROZEN || !given_up(call))
        return false;
    give_up(call);
    return true;
}

enum mu_in_doubt doubt_policy(const struct call *call)
{
    const json_t *prepared = call->errand->pub.prepared;
    const char *said = mu_json_str(prepared, "in_doubt", "ask");
    if (call->errand->pub.verb->in_doubt != MU_AS_PREPARED)
        return call->errand->pub.verb->in_doubt;
    return strcmp(said, "keyed") == 0        ? MU_KEYED
           : strcmp(said, "repeatable") == 0 ? MU_REPEATABLE
                                             : MU_ASK;
}

static int64_t key_ttl_s(const struct call *call)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    return verb->in_doubt == MU_AS_PREPARED
               ? mu_json_int(call->errand->pub.prepared, "key_ttl_s", 0)
               : (int64_t)verb->key_ttl_s;
}

static bool key_ends(const struct call *call)
{
    return doubt_policy(call) == MU_KEYED && key_ttl_s(call) > 0;
}

/* Behind a reboot with the clock behind, nobody knows how old a key is. */
static bool key_age_unknown(const struct call *call)
{
    const struct recorded *intent = cursor_find(call->run->cursor, call->task->path, call->seq);
    return intent && intent->row.gsn < call->run->away_unknown_gsn;
}

/* The far side forgets keys: past that, sending again with the same key may do it twice. NULL: it may be sent. */
static const char *key_lapsed(const struct call *call)
{
    if (!key_ends(call))
        return NULL;
    if (key_age_unknown(call))
        return "the clock was behind after a reboot, so nobody knows how old its idempotency key "
               "is, and the far side forgets keys";
    return run_clock(call->run) - call->errand->first_sent_ms >= key_ttl_s(call) * 1000
               ? "its idempotency key is older than the far side keeps keys"
               : NULL;
}

bool doubt_key_was_old(const struct call *call, const json_t *decision)
{
    if (!key_ends(call))
        return false;
    if (key_age_unknown(call))
        return mu_json_int(decision, "away", -1) == call->run->away_unknown_gsn;
    return mu_json_int(decision, "said_at", 0) - call->errand->first_sent_ms >=
           key_ttl_s(call) * 1000;
}

bool doubt_reads_back(const struct call *call)
{
    return doubt_policy(call) == MU_READBACK && call->errand->pub.verb->readback;
}

bool doubt_key_holds(struct call *call)
{
    const char *lapsed =
        call->errand->pub.repeated && !call->errand->old_key ? key_lapsed(call) : NULL;
    if (lapsed == NULL)
        return true;
    call_stays(call, "its key got too old before it left");
    doubt_ask(call, lapsed);
    return false;
}

/* Sending what was not done, or may be done twice, is an act like the first time: not after a long absence,
 * and on disk before it leaves. */
void doubt_send_again(struct call *call, bool repeated, const char *why)
{
    struct run *run = call->run;
    if (run->stop == STOP_PARK || run->stop == STOP_LEAVE)
        return; /* the run has not ended: who goes on with it finds out again, and sends it */
    if (run->stop != STOP_NONE) {
        run->ends_in_doubt = run->ends_in_doubt || repeated;
        call_arrive_error(call, MU_CANCELLED, "the run ended before it could be sent again",
                          repeated, "readback");
        return;
    }
    call->errand->pub.repeated = repeated;
    if (run_too_stale(call) || freeze_holds(call))
        return;
    record_host(run, "again",
                json_pack("{s:s, s:I, s:s, s:b, s:s, s:b, s:b, s:o*}", "task", call->task->path,
                          "seq", (json_int_t)call->seq, "verb", call->name, "repeated", repeated,
                          "why", why, "blind", call->errand->blind, "anew",
                          doubt_policy(call) != MU_KEYED || call->errand->old_key, "over",
                          undone_idle(run)));
    decision_next_round(run, call->task->path, call->seq);
    call->held = false;
    call->doubtful = repeated;
    call->errand->refused_again = false;
    call->errand->sent_again++;
    if (record_barrier(run))
        call_leave(call);
}

static void read_back(void *ud)
{
    struct call *call = ud;
    call->timer = NULL;
    call->phase = PHASE_READBACK;
    call->run->world->read_back(call);
}

static void later(struct call *call, const char *what)
{
    if (mu_clock_mono_ms() >= call->errand->doubt_until_ms)
        doubt_ask(call, what);
    else
        call->timer = mu_timer_start(call->run->loop, POLL_MS, read_back, call);
}

/* Within the time in which a late-applying API may still apply, "not applied" proves nothing. */
static bool settled(const struct call *call)
{
    return mu_clock_mono_ms() - call->started_ms >= (int64_t)call->errand->pub.verb->settle_ms;
}

void doubt_readback_done(struct call *call, enum mu_known known, json_t *value_take,
                         const char *why)
{
    mu_info("engine", "%s: %s read back: %d %s", call->run->name, call->name, (int)known, why);
    switch (known) {
    case MU_APPLIED:
        if (call_unsent(call)) {
            doubt_ask(call, "it is so already, by somebody else's hand");
            break;
        }
        call_arrive_value(call, value_take, "readback");
        return;
    case MU_NOT_APPLIED:
        if (call_unsent(call))
            doubt_send_again(call, false, "it had not left");
        else if (settled(call)) /* it is known not to have been done: no repetition */
            doubt_send_again(call, false, "read back: not applied");
        else
            later(call, "it may still be applied");
        break;
    case MU_PENDING:
        later(call, why[0] ? why : "the far side has not applied it yet");
        break;
    case MU_CHANGED:
        doubt_ask(call, why[0] ? why : "somebody else changed the same thing meanwhile");
        break;
    case MU_UNKNOWN:
        later(call, why[0] ? why : "no answer");
        break;
    }
    json_decref(value_take);
}

static void find_out(struct call *call)
{
    char *undone = undone_act(call);
    if (undone) {
        doubt_ask(call, undone);
        free(undone);
        return;
    }
    enum mu_in_doubt policy = doubt_policy(call);
    const char *lapsed = key_lapsed(call);
    if (mu_clock_mono_ms() >= call->errand->doubt_until_ms)
        doubt_ask(call, "it was tried several times");
    else if (doubt_reads_back(call))
        read_back(call);
    else if (lapsed)
        doubt_ask(call, lapsed);
    else if (policy == MU_KEYED && call->errand->refused_again)
        doubt_ask(call, "it could not be sent again");
    else if (policy == MU_KEYED)
        doubt_send_again(call, true, "the same key: done once by the far side");
    else if (policy == MU_REPEATABLE)
        doubt_send_again(call, true, "may be repeated: a possible duplicate, said so");
    else
        doubt_ask(call, "this verb can't be read back");
}

static void pause_is_over(void *ud)
{
    struct call *call = ud;
    call->timer = NULL;
    find_out(call);
}

static int64_t pause_ms(int sent_again)
{
    int64_t pause = PAUSE_MS;
    for (int i = AT_ONCE; i < sent_again && pause < PAUSE_MOST_MS; i++)
        pause *= 2;
    return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

/* False: it has been decided, or can't be asked about. */
static bool ask_world(struct call *call)
{
    if (!call_enter(call, MU_CALL_DOUBT))
        return false;
    if (call->errand->doubt_until_ms == 0)
        call->errand->doubt_until_ms =
            mu_clock_mono_ms() + PATIENCE_MS + (int64_t)call->errand->pub.verb->settle_ms;
    return !decision_apply(call);
}

void doubt_enter(struct call *call, const char *why)
{
    free(call->errand->lost_why);
    call->errand->lost_why = mu_xstrdup(why);
    call->errand->old_key = false; /* a person who said so said it of one sending */
    call->errand->blind = false;
    if (!ask_world(call))
        return;
    record_doubt(call, why);
    int sent_again = call->errand->sent_again;
    if (sent_again >= AT_ONCE)
        call->timer = mu_timer_start(call->run->loop, pause_ms(sent_again), pause_is_over, call);
    else
        find_out(call);
}

void doubt_unsent(struct call *call)
{
    call->errand->old_key = call->errand->blind = false;
    if (!ask_world(call))
        return;
    if (given_up(call))
        give_up(call);
    else if (doubt_reads_back(call))
        read_back(call);
    else
        doubt_send_again(call, false, "it had not left");
}
