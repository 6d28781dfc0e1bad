/* SPDX-License-Identifier: MIT
 *
 * Answers of people to a gate, and the decision. Everything about one answer happens in one write
 * transaction: whoever comes second finds the gate as the first left it, and expiry (gates.c) is
 * just another one that may come first.
 *
 *   answer  ─▶ late? changed? own? known? ─▶ recorded ─▶ "no": declined
 *                                                   └─▶ as many people as the quorum: decided
 *
 * Who said yes may still say no; nothing else can be said twice. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/store_internal.h"

static const char voting[] = "recording an answer";

/* What an agreeing answer is called for each kind of gate, and what it makes of the gate. */
static const struct kind {
    const char *kind, *agree, *state;
} kinds[] = {
    {"approve", "yes", "approved"},
    {"ack", "ack", "acknowledged"},
    {"todo", "yes", "answered"},
    {"ask", NULL, "answered"}, /* any text that is not "no" */
};

/* One answer on its way through the transaction. */
struct ballot {
    struct mu_store *store;
    const struct mu_store_vote *vote;
    struct mu_store_gate gate;
    struct store_table votes; /* who, answer, at: in order */
    const struct kind *kind;
    enum mu_store_vote_result result;
    char *text_out;
};

static void MU_PRINTF(3, 4)
    say(struct ballot *ballot, enum mu_store_vote_result result, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(ballot->text_out, MU_FAIL_TEXT, fmt, ap);
    va_end(ap);
    ballot->result = result;
}

/* Who decided: everybody who gave the answer that counted, or the one who said no. */
static const char *deciders(const struct ballot *ballot, struct mu_buf *buf)
{
    bool declined = strcmp(ballot->gate.state, "declined") == 0;
    for (size_t i = 0; i < ballot->votes.rows; i++)
        if ((strcmp(store_text(&ballot->votes, i, 1), "no") == 0) == declined)
            mu_buf_addf(buf, "%s%.80s", buf->len ? ", " : " by ", store_text(&ballot->votes, i, 0));
    return mu_buf_text(buf);
}

static bool too_late(struct ballot *ballot)
{
    const struct mu_store_gate *gate = &ballot->gate;
    char at[MU_TIME_TEXT];
    struct mu_buf who = {0};
    if (strcmp(gate->state, "expired") == 0)
        say(ballot, MU_VOTE_TOO_LATE, "too late: it expired at %s", mu_time_hms(gate->decided, at));
    else if (strcmp(gate->state, "open") != 0)
        say(ballot, MU_VOTE_TOO_LATE, "too late: %s%.300s at %s%s%.200s", gate->state,
            strcmp(gate->state, "cancelled") == 0 ? "" : deciders(ballot, &who),
            mu_time_hms(gate->decided, at), gate->reason[0] ? ": " : "", gate->reason);
    else if (gate->deadline != 0 && ballot->vote->at >= gate->deadline)
        say(ballot, MU_VOTE_TOO_LATE, "too late: the deadline was %s",
            mu_time_hms(gate->deadline, at));
    else
        return false;
    mu_buf_free(&who);
    return true;
}

static bool changed(struct ballot *ballot)
{
    const char *seen = ballot->vote->digest;
    if (seen == NULL || strcmp(seen, ballot->gate.digest) == 0)
        return false;
    say(ballot, MU_VOTE_REFUSED, "what you saw has changed; look again: muster show %s",
        ballot->gate.run);
    return true;
}

static bool own(struct ballot *ballot)
{
    if (!ballot->gate.no_self || strcmp(ballot->vote->who, ballot->gate.starter) != 0)
        return false;
    say(ballot, MU_VOTE_REFUSED, "you started %s: this gate needs somebody else (%s is asked)",
        ballot->gate.run, ballot->gate.by[0] ? ballot->gate.by : "nobody in particular");
    return true;
}

static bool is_no(const char *answer)
{
    return strcmp(answer, "no") == 0;
}

static bool said_before(struct ballot *ballot)
{
    char at[MU_TIME_TEXT];
    for (size_t i = 0; i < ballot->votes.rows; i++) {
        if (strcmp(store_text(&ballot->votes, i, 0), ballot->vote->who) != 0 ||
            is_no(ballot->vote->answer))
            continue;
        say(ballot, MU_VOTE_REFUSED, "you answered \"%.80s\" at %s already; it stands at %d of %d",
            store_text(&ballot->votes, i, 1), mu_time_hms(store_number(&ballot->votes, i, 2), at),
            ballot->gate.votes_yes, ballot->gate.quorum);
        return true;
    }
    return false;
}

static bool senseless(struct ballot *ballot)
{
    const char *answer = ballot->vote->answer;
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, ballot->gate.kind) == 0)
            ballot->kind = &kinds[i];
    if (ballot->kind == NULL)
        say(ballot, MU_VOTE_REFUSED, "this muster can't answer a gate of kind \"%.40s\"",
            ballot->gate.kind);
    else if (answer == NULL || answer[0] == '\0')
        say(ballot, MU_VOTE_REFUSED, "an answer is missing");
    else if (!is_no(answer) && ballot->kind->agree && strcmp(answer, ballot->kind->agree) != 0)
        say(ballot, MU_VOTE_REFUSED, "\"%.80s\" is no answer here: say %s or no", answer,
            ballot->kind->agree);
    else
        return false;
    return true;
}

/* In the order in which a person wants to know. */
static bool (*const objections[])(struct ballot *) = {too_late, changed, own, senseless,
                                                      said_before};

static bool objected(struct ballot *ballot)
{
    for (size_t i = 0; i < MU_COUNT(objections); i++)
        if (objections[i](ballot))
            return true;
    return false;
}

static enum mu_err load(struct ballot *ballot, const char *id, struct store_table *table,
                        struct mu_fail *fail)
{
    enum mu_err err = store_select(ballot->store, voting, fail, table,
                                   "SELECT " STORE_GATE_COLUMNS " FROM gate WHERE id = ?",
                                   STORE_VALUES(STORE_TEXT(id)));
    if (err == MU_OK && table->rows == 0)
        err =
            mu_fail_set(fail, MU_USAGE, "no gate %.200s; `muster pending` lists the open ones", id);
    if (err != MU_OK)
        return err;
    store_gate_of(table, 0, &ballot->gate);
    return store_select(ballot->store, voting, fail, &ballot->votes,
                        "SELECT who, answer, at FROM vote WHERE gate = ? ORDER BY id",
                        STORE_VALUES(STORE_TEXT(id)));
}

static enum mu_err record(struct ballot *ballot, struct mu_fail *fail)
{
    const struct mu_store_vote *vote = ballot->vote;
    return store_exec(ballot->store, voting, fail,
                      "INSERT INTO vote (gate, who, source, answer, reason, digest, at)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?)",
                      STORE_VALUES(STORE_TEXT(ballot->gate.id), STORE_TEXT(vote->who),
                                   STORE_TEXT(vote->from ? vote->from : ""),
                                   STORE_TEXT(vote->answer), STORE_TEXT(vote->reason),
                                   STORE_TEXT(vote->digest), STORE_NUMBER(vote->at)));
}

/* People who gave this very answer, this one included. */
static int agreeing(const struct ballot *ballot)
{
    int count = 1;
    for (size_t i = 0; i < ballot->votes.rows; i++)
        count += strcmp(store_text(&ballot->votes, i, 1), ballot->vote->answer) == 0;
    return count;
}

static enum mu_err decide(struct ballot *ballot, struct mu_fail *fail)
{
    const struct mu_store_vote *vote = ballot->vote;
    int count = agreeing(ballot);
    if (!is_no(vote->answer) && count < ballot->gate.quorum) {
        say(ballot, MU_VOTE_RECORDED, "recorded, %d of %d", count, ballot->gate.quorum);
        return MU_OK;
    }
    const char *state = is_no(vote->answer) ? "declined" : ballot->kind->state;
    bool choice = ballot->kind->agree == NULL && !is_no(vote->answer);
    say(ballot, MU_VOTE_DECIDED, "%s%s%.200s", state, choice ? ": " : "",
        choice ? vote->answer : "");
    return store_exec(
        ballot->store, voting, fail,
        "UPDATE gate SET state = ?, reason = ?, decided = ? WHERE id = ? AND state = 'open'",
        STORE_VALUES(STORE_TEXT(state), STORE_TEXT(vote->reason ? vote->reason : ""),
                     STORE_NUMBER(vote->at), STORE_TEXT(ballot->gate.id)));
}

static enum mu_err cast(struct ballot *ballot, const char *id, struct store_table *table,
                        struct mu_fail *fail)
{
    enum mu_err err = load(ballot, id, table, fail);
    if (err != MU_OK || objected(ballot))
        return err;
    err = record(ballot, fail);
    return err == MU_OK ? decide(ballot, fail) : err;
}

enum mu_err mu_store_gate_vote(struct mu_store *store, const char *id,
                               const struct mu_store_vote *vote, enum mu_store_vote_result *result,
                               char *text_out, struct mu_fail *fail)
{
    struct ballot ballot = {
        .store = store, .vote = vote, .result = MU_VOTE_REFUSED, .text_out = text_out};
    struct store_table table = {0};
    text_out[0] = '\0';
    if (vote->who == NULL || vote->who[0] == '\0')
        return mu_fail_set(fail, MU_USAGE,
                           "an answer needs a person: add yourself to `people` in muster.lua");
    enum mu_err err = store_begin(store, STORE_TRUTH, voting, fail);
    if (err != MU_OK)
        return err;
    err = cast(&ballot, id, &table, fail);
    err = store_end(store, err, voting, fail);
    *result = ballot.result;
    store_table_free(&ballot.votes);
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_votes(struct mu_store *store, const char *id, mu_store_vote_cb *cb, void *ud,
                           struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "reading answers", fail, &table,
                                   "SELECT who, source, answer, coalesce(reason, ''), digest, at"
                                   " FROM vote WHERE gate = ? ORDER BY id",
                                   STORE_VALUES(STORE_TEXT(id)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_vote vote = {.who = store_text(&table, i, 0),
                                     .from = store_text(&table, i, 1),
                                     .answer = store_text(&table, i, 2),
                                     .reason = store_text(&table, i, 3),
                                     .digest = store_text(&table, i, 4),
                                     .at = store_number(&table, i, 5)};
        if (!cb(&vote, ud))
            break;
    }
    store_table_free(&table);
    return err;
}
