/* SPDX-License-Identifier: MIT
 *
 * What a person says about an act in doubt (design J6), after looking at the far side:
 *
 *   applied      it took effect: the result is what the verb would have returned
 *   result       it took effect, and this is its result
 *   not-applied  it did not: the playbook gets an error, as for any act that failed
 *   retry        send it again, marked as repeated
 *   skip         go on as if it had not been asked for: {ok = true, skipped = true, why = ...}
 *
 * A decision is an `h decide` row before it has any effect, so that it survives a crash, with who and why.
 * It counts until its act has an outcome or was sent again (`h again`): nobody's retry is used twice, and what
 * was found out about one sending says nothing of the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"

static json_t *applied(struct call *call, const json_t *decision)
{
    (void)decision;
    if (call->errand->pub.verb->foresee == NULL)
        return json_pack("{s:b}", "ok", 1);
    struct mu_facts *scratch = mu_facts_new();
    json_t *value = call->errand->pub.verb->foresee(&call->errand->pub, scratch);
    mu_facts_free(scratch);
    json_object_del(value, "foreseen");
    return value;
}

static json_t *given(struct call *call, const json_t *decision)
{
    (void)call;
    return json_deep_copy(json_object_get(decision, "result"));
}

static json_t *skipped(struct call *call, const json_t *decision)
{
    (void)call;
    return json_pack("{s:b, s:b, s:s}", "ok", 1, "skipped", 1, "why",
                     mu_json_str(decision, "reason", ""));
}

static const struct {
    const char *name;
    json_t *(*value)(struct call *, const json_t *decision); /* NULL: not a result */
} choices[] = {
    {"applied", applied},  {"result", given}, {"skip", skipped},
    {"not-applied", NULL}, {"retry", NULL},
};

bool mu_run_decision_known(const char *name)
{
    for (size_t i = 0; i < MU_COUNT(choices); i++)
        if (strcmp(choices[i].name, name) == 0)
            return true;
    return false;
}

static bool fits(const json_t *decision, const char *task, int64_t seq)
{
    return mu_json_int(decision, "seq", -1) == seq &&
           strcmp(mu_json_str(decision, "task", ""), task) == 0;
}

static void forget(struct run *run, const char *task, int64_t seq)
{
    for (size_t i = json_array_size(run->decisions); i-- > 0;)
        if (fits(json_array_get(run->decisions, i), task, seq))
            json_array_remove(run->decisions, i);
}

/* How often decisions about the act were used up, counted as journal/doubts.h does. */
static int64_t round_of(const struct run *run, const char *task, int64_t seq)
{
    char name[MU_LIMIT_CALL];
    snprintf(name, sizeof name, "%s/%lld", task, (long long)seq);
    return mu_json_int(run->rounds, name, 0);
}

void decision_next_round(struct run *run, const char *task, int64_t seq)
{
    char name[MU_LIMIT_CALL];
    snprintf(name, sizeof name, "%s/%lld", task, (long long)seq);
    json_object_set_new(run->rounds, name, json_integer(mu_json_int(run->rounds, name, 0) + 1));
}

/* `again` and `frozen` of an act whose intent stood before them. */
static void recall_round(struct run *run, const struct mu_row *row, const json_t *value)
{
    const char *task = mu_json_str(value, "task", "");
    int64_t seq = mu_json_int(value, "seq", -1);
    const struct recorded *intent = cursor_find(run->cursor, task, seq);
    if (intent && intent->row.gsn < row->gsn)
        decision_next_round(run, task, seq);
}

static bool recall(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    bool host = row->type == MU_ROW_HOST, decide = host && strcmp(row->verb, "decide") == 0,
         again = host && strcmp(row->verb, "again") == 0,
         frozen = host && strcmp(row->verb, "frozen") == 0;
    if (row->type == MU_ROW_OUTCOME)
        forget(run, row->task, row->seq);
    if (!decide && !again && !frozen)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    bool used = mu_json_bool(value, "used", false);
    if (!decide || used)
        recall_round(run, row, value);
    if (used)
        forget(run, mu_json_str(value, "task", ""), mu_json_int(value, "seq", -1));
    if (frozen || mu_json_get(value, "refused")) { /* refused: the person was told so */
        json_decref(value);
        return true;
    }
    forget(run, mu_json_str(value, "task", ""), mu_json_int(value, "seq", -1));
    if (decide)
        json_array_append(run->decisions, value);
    json_decref(value);
    return true;
}

/* What is decided and not yet used, from the rows of former executors. */
void decisions_recall(struct run *run)
{
    run->decisions = json_array();
    run->rounds = json_object();
    cursor_each(run->cursor, recall, run);
}

static struct call *act_of(struct run *run, const json_t *decision)
{
    for (struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_VERB && call->intended && call->task &&
            fits(decision, call->task->path, call->seq))
            return call;
    return NULL;
}

static const json_t *decided_before(const struct run *run, const json_t *decision)
{
    size_t i;
    json_t *other;
    json_array_foreach(run->decisions, i, other)
    {
        if (fits(other, mu_json_str(decision, "task", ""), mu_json_int(decision, "seq", -1)))
            return other;
    }
    return NULL;
}

/* Before the replay comes to it: its intent is recorded, and no outcome. */
static bool to_be_replayed(const struct run *run, const char *task, int64_t seq)
{
    const struct recorded *known = run->live ? NULL : cursor_find(run->cursor, task, seq);
    return known && known->row.type == MU_ROW_INTENT &&
           cursor_outcome(run->cursor, task, seq) == NULL;
}

/* Why it can't count, a new text; NULL when it does. One retry that waits for a thaw may still be changed. */
static char *objection(const struct run *run, const struct call *call, const json_t *decision)
{
    const json_t *before = decided_before(run, decision);
    const char *task = mu_json_str(decision, "task", "");
    int64_t seq = mu_json_int(decision, "seq", -1), now = round_of(run, task, seq);
    bool waits = call && call->state == MU_CALL_FROZEN;
    bool open = call && call->state != MU_CALL_MATCHED
                    ? waits || call->state == MU_CALL_DOUBT || call->state == MU_CALL_ASKED
                    : to_be_replayed(run, task, seq);
    if (!open)
        return mu_xstrdup("it is not in doubt (any more)");
    if (mu_json_int(decision, "round", now) != now)
        return mu_xstrdup("it was sent again since, or waited for a thaw: look once more");
    if (run->stop != STOP_NONE && strcmp(mu_json_str(decision, "decision", ""), "retry") == 0)
        return mu_xstrdup(DOUBT_AT_END ": say applied, not-applied or skip");
    if (before == NULL || waits)
        return NULL;
    return mu_xasprintf("%s decided it before: %s",
                        mu_json_str(json_object_get(before, "who"), "name", "a person"),
                        mu_json_str(before, "decision", "?"));
}

/* By the run's own clock, which does not step: an order is mostly read when it was given. */
static void note_time(struct run *run, json_t *decision)
{
    int64_t waited = run_wall(run) - run->order_at;
    json_object_set_new(decision, "said_at",
                        json_integer(run_clock(run) - (waited > 0 ? waited : 0)));
    json_object_set_new(decision, "away", json_integer(run->away_unknown_gsn));
}

/* A retry is said knowing what undo runs had made of the act by then. */
static void note_undone(struct run *run, json_t *decision)
{
    if (strcmp(mu_json_str(decision, "decision", ""), "retry") != 0)
        return;
    char *mark = undone_mark(run, mu_json_str(decision, "task", ""),
                             mu_json_int(decision, "seq", -1), run->order_at);
    if (mark)
        json_object_set_new(decision, "undone", json_string(mark));
    free(mark);
}

/* Who took the act back, or tried to, behind that word: a new text; NULL: nobody. */
static char *undone_since(const struct call *call, const json_t *decision)
{
    char *mark = undone_mark(call->run, call->task->path, call->seq, INT64_MAX);
    bool known = mark == NULL || strcmp(mark, mu_json_str(decision, "undone", "")) == 0;
    free(mark);
    return known ? NULL : undone_act(call);
}

/* An order "decide": {task, seq, round, verb, decision, result?, reason} in the order's text. */
bool decision_take(struct run *run, json_t *person, const char *text)
{
    json_t *decision = mu_json_parse(text, strlen(text), NULL);
    if (decision == NULL || !mu_run_decision_known(mu_json_str(decision, "decision", ""))) {
        json_decref(decision);
        return false;
    }
    json_object_set(decision, "who", person);
    json_object_set_new(decision, "order", json_string(run->order));
    note_time(run, decision);
    note_undone(run, decision);
    struct call *call = act_of(run, decision);
    char *refused = objection(run, call, decision);
    if (refused) {
        json_object_set_new(decision, "refused", json_string(refused));
        record_host(run, "decide", decision);
        free(refused);
        return false;
    }
    forget(run, mu_json_str(decision, "task", ""), mu_json_int(decision, "seq", -1));
    json_array_append(run->decisions, decision);
    record_host(run, "decide", decision);
    if (call && record_barrier(run))
        decision_apply(call);
    return true;
}

static void refuse_applied(struct call *call, const json_t *decision)
{
    const char *reason = mu_json_str(decision, "reason", "");
    char *why = mu_xasprintf("%s says that it did not take effect%s%s",
                             mu_json_str(json_object_get(decision, "who"), "name", "a person"),
                             reason[0] ? ": " : "", reason);
    call_arrive_error(call, MU_REMOTE, why, false, "person");
    free(why);
}

/* Used up without effect, so that a person may say what can be done. */
static void refuse_retry(struct call *call, json_t *decision, const char *why)
{
    json_object_set_new(decision, "refused", json_string(why));
    json_object_set_new(decision, "used", json_true());
    record_host(call->run, "decide", json_incref(decision));
    decision_next_round(call->run, call->task->path, call->seq);
}

static void refuse_and_ask(struct call *call, json_t *decision, const char *why)
{
    refuse_retry(call, decision, why);
    doubt_ask(call, why);
}

/* While its zone is frozen it is not sent: the decision stays, and counts after the thaw. What can be read back is read
 * back then: somebody may have changed it under the freeze. */
static void retry(struct call *call, json_t *decision)
{
    if (call->run->stop != STOP_NONE && call->run->stop != STOP_CANCEL) {
        refuse_and_ask(call, decision, DOUBT_AT_END);
        return;
    }
    char *undone = undone_since(call, decision);
    if (undone) {
        refuse_and_ask(call, decision, undone);
        free(undone);
        return;
    }
    call->errand->old_key = doubt_key_was_old(call, decision);
    call->errand->blind = doubt_reads_back(call);
    doubt_send_again(call, !call_unsent(call), "a person said: retry");
    if (call->state != MU_CALL_FROZEN)
        return;
    if (doubt_reads_back(call)) {
        refuse_retry(call, decision, "it is frozen: behind the thaw it is read back first");
        json_decref(call->errand->who); /* what comes is nobody's word */
        call->errand->who = NULL;
    } else
        json_array_append(call->run->decisions, decision);
}

/* What a person says was done by another hand, as it had not left, is nothing that this run did. */
static json_t *result_of(struct call *call, const json_t *decision, size_t choice)
{
    json_t *value = choices[choice].value(call, decision);
    if (choices[choice].value == applied && call_unsent(call))
        json_object_set_new(value, "changed", json_false());
    return value;
}

bool decision_apply(struct call *call)
{
    struct run *run = call->run;
    size_t i;
    json_t *decision, *found = NULL;
    json_array_foreach(run->decisions, i, decision)
    {
        if (fits(decision, call->task->path, call->seq))
            found = json_incref(decision);
    }
    if (found == NULL)
        return false;
    forget(run, call->task->path, call->seq);
    mu_timer_cancel(call->timer);
    call->timer = NULL;
    doubt_stop_asking(call);
    json_decref(call->errand->who);
    call->errand->who = json_incref(json_object_get(found, "who"));
    const char *name = mu_json_str(found, "decision", "");
    if (strcmp(name, "retry") == 0)
        retry(call, found);
    else if (strcmp(name, "not-applied") == 0)
        refuse_applied(call, found);
    for (i = 0; i < MU_COUNT(choices); i++)
        if (choices[i].value && strcmp(choices[i].name, name) == 0)
            call_arrive_value(call, result_of(call, found, i), "person");
    json_decref(found);
    return true;
}
