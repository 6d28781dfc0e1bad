/* SPDX-License-Identifier: MIT
 *
 * Answers of people to a gate, and the decision. Everything about one answer happens in one write
 * transaction: whoever comes second finds the gate as the first left it. Expiry is another one that
 * may come first; an answer behind the deadline lets it pass itself, so that "too late" is never said
 * of a gate that somebody else may still decide.
 *
 *   answer  ─▶ deadline over? ─▶ late? changed? own? known? ─▶ recorded ─▶ "no": declined
 *                                                   └─▶ as many people as the quorum: decided
 *
 * Two answers are of two people when neither name nor account is the same.
 * Who said yes may still say no, or withdraw; a person's last word is what counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "store/store_internal.h"

static const char voting[] = "recording an answer";

#define SEEN_MIN 6 /* digits of a digest that name what a person saw */

/* Columns of `votes` below. */
enum { WHO, ANSWER, AT, TEXT, UID };

/* One answer on its way through the transaction. */
struct ballot {
    struct mu_store *store;
    const struct mu_store_vote *vote;
    struct mu_store_gate gate;
    struct store_table votes; /* who, answer, at, text, uid: in order */
    char ended[24];           /* the run's state once it has ended, else "" */
    const struct mu_gate_kind *kind;
    char *text; /* of an ask: as it stands among the choices */
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

static bool is_no(const char *answer)
{
    return strcmp(answer, "no") == 0;
}

static bool is_withdrawal(const char *answer)
{
    return strcmp(answer, "withdraw") == 0;
}

bool mu_store_same_person(const char *who, const char *uid, const char *other,
                          const char *other_uid)
{
    return strcmp(who, other) == 0 || (uid && other_uid && uid[0] && strcmp(uid, other_uid) == 0);
}

/* The answer in that row is one of that person's. */
static bool is_of(const struct ballot *ballot, size_t row, const char *who, const char *uid)
{
    return mu_store_same_person(store_text(&ballot->votes, row, WHO),
                                store_text(&ballot->votes, row, UID), who, uid);
}

static bool is_voters(const struct ballot *ballot, size_t row)
{
    return is_of(ballot, row, ballot->vote->who, ballot->vote->uid);
}

/* The answer in that row is its person's last word. */
static bool stands(const struct ballot *ballot, size_t row)
{
    for (size_t i = row + 1; i < ballot->votes.rows; i++)
        if (is_of(ballot, i, store_text(&ballot->votes, row, WHO),
                  store_text(&ballot->votes, row, UID)))
            return false;
    return !is_withdrawal(store_text(&ballot->votes, row, ANSWER));
}

/* The row of the answer of this person that stands, or -1. */
static long own_answer(const struct ballot *ballot)
{
    for (size_t i = ballot->votes.rows; i-- > 0;)
        if (is_voters(ballot, i))
            return stands(ballot, i) ? (long)i : -1;
    return -1;
}

/* Who decided: everybody who gave the answer that counted, or the one who said no. */
static const char *deciders(const struct ballot *ballot, struct mu_buf *buf)
{
    bool declined = strcmp(ballot->gate.state, "declined") == 0;
    for (size_t i = 0; i < ballot->votes.rows; i++)
        if (stands(ballot, i) && is_no(store_text(&ballot->votes, i, ANSWER)) == declined)
            mu_buf_addf(buf, "%s%.80s", buf->len ? ", " : " by ",
                        store_text(&ballot->votes, i, WHO));
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
    else if (ballot->ended[0])
        say(ballot, MU_VOTE_TOO_LATE, "too late: %s has ended (%s)", gate->run, ballot->ended);
    else
        return false;
    mu_buf_free(&who);
    return true;
}

/* The first digits will do: a person types them. */
static bool changed(struct ballot *ballot)
{
    const char *seen = ballot->vote->digest;
    if (seen == NULL)
        return false;
    size_t len = strlen(seen), all = strlen(ballot->gate.digest);
    bool same = (len == all || len >= SEEN_MIN) && len <= all &&
                strncasecmp(seen, ballot->gate.digest, len) == 0;
    if (same)
        return false;
    if (len < SEEN_MIN)
        say(ballot, MU_VOTE_REFUSED,
            "\"%.20s\" names no question: give its first %d digits or more", seen, SEEN_MIN);
    else
        say(ballot, MU_VOTE_REFUSED,
            "what you saw (%.6s) is not what is asked now (%.6s); look again: muster show %s", seen,
            ballot->gate.digest, ballot->gate.run);
    return true;
}

static bool own(struct ballot *ballot)
{
    if (!ballot->gate.no_self ||
        !mu_store_same_person(ballot->vote->who, ballot->vote->uid, ballot->gate.starter,
                              ballot->gate.starter_uid))
        return false;
    say(ballot, MU_VOTE_REFUSED, "you started %s: this gate needs somebody else (%s is asked)",
        ballot->gate.run, ballot->gate.by[0] ? ballot->gate.by : "nobody in particular");
    return true;
}

static bool said_before(struct ballot *ballot)
{
    char at[MU_TIME_TEXT];
    const struct mu_store_vote *vote = ballot->vote;
    long row = own_answer(ballot);
    if (is_withdrawal(vote->answer)) {
        if (row < 0)
            say(ballot, MU_VOTE_REFUSED, "you have no answer to take back: none of %s is recorded",
                vote->who);
        return row < 0;
    }
    if (row < 0 || is_no(vote->answer))
        return false;
    const char *name = store_text(&ballot->votes, (size_t)row, WHO);
    bool renamed = strcmp(name, vote->who) != 0;
    say(ballot, MU_VOTE_REFUSED,
        "you answered \"%.80s\" at %s already%s%.80s; it stands at %d of %d",
        store_text(&ballot->votes, (size_t)row, ANSWER),
        mu_time_hms(store_number(&ballot->votes, (size_t)row, AT), at), renamed ? " as " : "",
        renamed ? name : "", ballot->gate.votes_yes, ballot->gate.quorum);
    return true;
}

/* An ask takes one of its choices, letter case aside, or any text. */
static bool no_choice(struct ballot *ballot)
{
    const char *text = ballot->vote->text ? ballot->vote->text : "";
    struct mu_near near = {.typed = text};
    struct mu_buf names = {0};
    size_t i;
    json_t *item,
        *choices = mu_json_parse(ballot->gate.choices, strlen(ballot->gate.choices), NULL);
    json_array_foreach(choices, i, item)
    {
        const char *choice = json_string_value(item);
        if (strcmp(choice, text) == 0 || (ballot->text == NULL && strcasecmp(choice, text) == 0)) {
            free(ballot->text);
            ballot->text = mu_xstrdup(choice);
        }
        mu_near_try(&near, choice);
        mu_buf_addf(&names, "%s\"%.100s\"", i ? ", " : "", choice);
    }
    if (choices == NULL)
        ballot->text = mu_xstrdup(text);
    else if (ballot->text == NULL)
        say(ballot, MU_VOTE_REFUSED, "\"%.80s\" is none of the answers%s%.100s%s: %.500s", text,
            near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", mu_buf_text(&names));
    mu_buf_free(&names);
    json_decref(choices);
    return ballot->text == NULL;
}

static bool bad_text(struct ballot *ballot)
{
    const char *text = ballot->vote->text ? ballot->vote->text : "";
    if (text[strspn(text, " \t\r\n")] == '\0')
        say(ballot, MU_VOTE_REFUSED, "an answer is missing");
    else if (strlen(text) > MU_GATE_ANSWER)
        say(ballot, MU_VOTE_REFUSED, "the answer is longer than %d octets: say it shorter",
            MU_GATE_ANSWER);
    else
        return no_choice(ballot);
    return true;
}

static bool senseless(struct ballot *ballot)
{
    const char *answer = ballot->vote->answer;
    ballot->kind = mu_gate_kind(ballot->gate.kind);
    if (ballot->kind == NULL)
        say(ballot, MU_VOTE_REFUSED, "this muster can't answer a gate of kind \"%.40s\"",
            ballot->gate.kind);
    else if (answer == NULL || answer[0] == '\0')
        say(ballot, MU_VOTE_REFUSED, "an answer is missing");
    else if (is_no(answer) && ballot->kind->refuse == NULL)
        say(ballot, MU_VOTE_REFUSED, "%s can't be declined: leave it, the next one is told",
            ballot->kind->noun);
    else if (!is_no(answer) && !is_withdrawal(answer) && strcmp(answer, ballot->kind->agree) != 0)
        say(ballot, MU_VOTE_REFUSED, "\"%.80s\" is no answer here: say %s%s", answer,
            ballot->kind->agree, ballot->kind->refuse ? " or no" : "");
    else
        return strcmp(ballot->kind->kind, "ask") == 0 && strcmp(answer, "yes") == 0 &&
               bad_text(ballot);
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
    struct store_table run = {0};
    enum mu_err err = store_select(ballot->store, voting, fail, table,
                                   "SELECT " STORE_GATE_COLUMNS " FROM gate WHERE id = ?",
                                   STORE_VALUES(STORE_TEXT(id)));
    if (err == MU_OK && table->rows == 0)
        err =
            mu_fail_set(fail, MU_USAGE, "no gate %.200s; `muster pending` lists the open ones", id);
    if (err != MU_OK)
        return err;
    store_gate_of(table, 0, &ballot->gate);
    err = store_select(ballot->store, voting, fail, &run,
                       "SELECT state FROM run WHERE name = ? AND ended <> 0",
                       STORE_VALUES(STORE_TEXT(ballot->gate.run)));
    if (err == MU_OK && run.rows == 1)
        snprintf(ballot->ended, sizeof ballot->ended, "%s", store_text(&run, 0, 0));
    store_table_free(&run);
    if (err != MU_OK)
        return err;
    return store_select(ballot->store, voting, fail, &ballot->votes,
                        "SELECT who, answer, at, text, uid FROM vote WHERE gate = ? ORDER BY id",
                        STORE_VALUES(STORE_TEXT(id)));
}

/* The deadline is over and nobody has noticed yet: this answer comes behind it. What an older muster
 * opened does not say how long the next one has; its own run knows. */
static bool deadline_over(const struct ballot *ballot)
{
    const struct mu_store_gate *gate = &ballot->gate;
    return strcmp(gate->state, "open") == 0 && gate->deadline != 0 &&
           ballot->vote->at >= gate->deadline && (gate->then_ask[0] == '\0' || gate->within_ms > 0);
}

static enum mu_err record(struct ballot *ballot, struct mu_fail *fail)
{
    const struct mu_store_vote *vote = ballot->vote;
    return store_exec(ballot->store, voting, fail,
                      "INSERT INTO vote (gate, who, source, answer, reason, digest, at, text, uid)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      STORE_VALUES(STORE_TEXT(ballot->gate.id), STORE_TEXT(vote->who),
                                   STORE_TEXT(vote->from ? vote->from : ""),
                                   STORE_TEXT(vote->answer), STORE_TEXT(vote->reason),
                                   STORE_TEXT(vote->digest), STORE_NUMBER(vote->at),
                                   STORE_TEXT(ballot->text ? ballot->text : ""),
                                   STORE_TEXT(vote->uid ? vote->uid : "")));
}

/* People who agree, this one included: their last word before was no other. */
static int agreeing(const struct ballot *ballot)
{
    int count = 1;
    for (size_t i = 0; i < ballot->votes.rows; i++)
        count += stands(ballot, i) && !is_no(store_text(&ballot->votes, i, ANSWER)) &&
                 !is_voters(ballot, i);
    return count;
}

static enum mu_err decide(struct ballot *ballot, struct mu_fail *fail)
{
    const struct mu_store_vote *vote = ballot->vote;
    int count = agreeing(ballot);
    if (is_withdrawal(vote->answer)) {
        say(ballot, MU_VOTE_RECORDED, "withdrawn, it stands at %d of %d", count - 1,
            ballot->gate.quorum);
        return MU_OK;
    }
    if (!is_no(vote->answer) && count < ballot->gate.quorum) {
        say(ballot, MU_VOTE_RECORDED, "recorded, %d of %d", count, ballot->gate.quorum);
        return MU_OK;
    }
    const char *state = is_no(vote->answer) ? "declined" : ballot->kind->state;
    say(ballot, MU_VOTE_DECIDED, "%s%s%.200s", state, ballot->text ? ": " : "",
        ballot->text ? ballot->text : "");
    return store_exec(ballot->store, voting, fail,
                      "UPDATE gate SET state = ?, reason = ?, decided = ?, answer = ?"
                      " WHERE id = ? AND state = 'open'",
                      STORE_VALUES(STORE_TEXT(state), STORE_TEXT(vote->reason ? vote->reason : ""),
                                   STORE_NUMBER(vote->at),
                                   STORE_TEXT(ballot->text ? ballot->text : ""),
                                   STORE_TEXT(ballot->gate.id)));
}

static enum mu_err cast(struct ballot *ballot, const char *id, struct store_table *table,
                        struct mu_fail *fail)
{
    enum mu_err err = load(ballot, id, table, fail);
    if (err == MU_OK && deadline_over(ballot)) {
        err = store_gate_expire(ballot->store, id, ballot->vote->at, 0, fail);
        store_table_free(table);
        store_table_free(&ballot->votes);
        *table = ballot->votes = (struct store_table){0};
        if (err == MU_OK)
            err = load(ballot, id, table, fail);
    }
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
    free(ballot.text);
    store_table_free(&ballot.votes);
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_votes(struct mu_store *store, const char *id, mu_store_vote_cb *cb, void *ud,
                           struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "reading answers", fail, &table,
                     "SELECT who, source, answer, coalesce(reason, ''), digest, at, text, uid"
                     " FROM vote WHERE gate = ? ORDER BY id",
                     STORE_VALUES(STORE_TEXT(id)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_vote vote = {.who = store_text(&table, i, 0),
                                     .from = store_text(&table, i, 1),
                                     .answer = store_text(&table, i, 2),
                                     .reason = store_text(&table, i, 3),
                                     .digest = store_text(&table, i, 4),
                                     .at = store_number(&table, i, 5),
                                     .text = store_text(&table, i, 6),
                                     .uid = store_text(&table, i, 7)};
        if (!cb(&vote, ud))
            break;
    }
    store_table_free(&table);
    return err;
}
