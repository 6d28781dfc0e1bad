/* SPDX-License-Identifier: MIT
 *
 * Gates: durable waits for people (design J13). The intent row says what was shown, durably, before
 * anybody is asked. Votes and expiry meet in the control store's one transaction; this file opens the
 * gate there, has the askers told through the outbox, polls for the decision and turns it into the
 * call's result. The code a person types is the store's; it is no part of the run's replay.
 *
 *   gate_issue ─▶ world ─▶ intend (row i) ─▶ gate_open ─▶ store + outbox ─▶ gate_poll_all ─▶ row o
 *                                                              └─ nobody waits any more: gate_close ─▶ row o
 *
 * What the store says is what counts, and what people were told. A gate that the run no longer waits
 * for is closed there first, behind a barrier, and its 'o' row copies what the store then says: also
 * an answer that was given in the very last moment. gate_tell.c has the words.                       */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/people.h"
#include "engine/internal.h"

#define GATE_POLL_MS 1000 /* how often all of them are looked at, see run.c */

/* What the question is made of; the first element of the args array. */
static json_t *question_of(const struct call *call)
{
    json_t *args = mu_json_parse(call->args_text, strlen(call->args_text), NULL);
    json_t *question = json_incref(json_array_get(args, 0));
    json_decref(args);
    return question;
}

/* What a person saw is this question: the same words asked by another run, for the next batch, or as
 * another kind are another one. Only the intent row knows it from then on, whatever a later muster puts in. */
static void digest_question(const struct call *call, const json_t *question,
                            char out[MU_SHA256_HEX])
{
    json_t *seen = json_pack("{s:s, s:s, s:O}", "gate", call->errand->gate_id, "kind", call->name,
                             "question", question ? (json_t *)question : json_null());
    char *text = mu_json_text(seen);
    mu_sha256_hex(text, strlen(text), out);
    free(text);
    json_decref(seen);
}

/* What only some kinds of gate have. */
static void describe_options(json_t *gate, const json_t *question)
{
    static const char *const kept[] = {"choices", "default", "remind_ms"};
    for (size_t i = 0; i < MU_COUNT(kept); i++) {
        json_t *value = mu_json_get(question, kept[i]);
        if (value)
            json_object_set(gate, kept[i], value);
    }
}

/* The value of the intent row. */
static json_t *describe(struct call *call, json_t *question)
{
    char digest[MU_SHA256_HEX];
    digest_question(call, question, digest);
    char *title = drill_subject(call->run, mu_json_str(question, "title", ""));
    int64_t within = mu_json_int(question, "deadline_ms", 0);
    json_t *show = mu_json_get(question, "show");
    json_t *gate = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:b, s:s, s:O}", "gate",
                             call->errand->gate_id, "kind", call->name, "title", title, "by",
                             mu_json_str(question, "by", ""), "quorum",
                             (json_int_t)mu_json_int(question, "quorum", 1), "deadline_ms",
                             (json_int_t)(within ? run_wall(call->run) + within : 0), "within_ms",
                             (json_int_t)within, "then_ask", mu_json_str(question, "then_ask", ""),
                             "no_self", mu_json_bool(question, "no_self", false), "digest", digest,
                             "show", show ? show : json_null());
    free(title);
    describe_options(gate, question);
    return gate;
}

/* Fills in id and description, also for a gate that a former executor opened. */
void gate_set_up(struct call *call)
{
    if (call->errand->gate_id)
        return;
    call->errand->gate_id =
        mu_xasprintf("%s/%s/%lld", call->run->name, call->task->path, (long long)call->seq);
    struct recorded *rec =
        call->intended ? cursor_find(call->run->cursor, call->task->path, call->seq) : NULL;
    json_t *question = rec ? NULL : question_of(call);
    call->errand->gate = rec ? mu_json_parse(rec->row.value, strlen(rec->row.value), NULL)
                             : describe(call, question);
    json_decref(question);
}

static json_t *starter_of(const struct run *run)
{
    return json_object_get(json_object_get(run->start, "who"), "name");
}

/* Who started the run: the name of then, and whoever has that account now. */
static void take_out_starter(json_t *people, const struct run *run)
{
    const char *account = mu_json_str(json_object_get(run->start, "who"), "account", ""),
               *now = mu_people_of_account(run->config->values, account);
    json_object_del(people, json_string_value(starter_of(run)));
    if (now)
        json_object_del(people, now);
}

/* Adds the people who are or are in `by`. */
static void add_members(json_t *people, const json_t *config, const char *by)
{
    json_t *members = mu_people_members(config, by), *name;
    size_t i;
    json_array_foreach(members, i, name)
    {
        json_object_set_new(people, json_string_value(name), json_true());
    }
    json_decref(members);
}

/* A gate that nobody can answer, or too few, would only run out. */
static bool enough_may_answer(struct call *call)
{
    const json_t *config = call->run->config->values;
    const char *by = mu_json_str(call->errand->gate, "by", ""),
               *then_ask = mu_json_str(call->errand->gate, "then_ask", "");
    if (json_object_size(mu_config_at(config, "people")) == 0)
        return true;
    char text[MU_FAIL_TEXT] = "";
    json_t *people = json_object();
    add_members(people, config, by);
    size_t first = json_object_size(people);
    json_t *next = json_object();
    add_members(next, config, then_ask);
    json_object_update(people, next);
    if (mu_json_bool(call->errand->gate, "no_self", false))
        take_out_starter(people, call->run);
    int64_t quorum = mu_json_int(call->errand->gate, "quorum", 1);
    if (first == 0 || (then_ask[0] && json_object_size(next) == 0))
        snprintf(text, sizeof text,
                 "%s asks \"%.100s\", and nobody in people{} of muster.lua is or is in that",
                 call->name, first ? then_ask : by);
    else if ((int64_t)json_object_size(people) < quorum)
        snprintf(text, sizeof text,
                 "%s wants %lld people, and only %zu of people{} in muster.lua may answer it%s",
                 call->name, (long long)quorum, json_object_size(people),
                 mu_json_bool(call->errand->gate, "no_self", false)
                     ? " (who started the run may not)"
                     : "");
    json_decref(people);
    json_decref(next);
    if (text[0])
        call_arrive_error(call, MU_CONFIG, text, false, "not sent");
    return text[0] == '\0';
}

bool gate_begin(struct call *call)
{
    const struct mu_world *world = call->run->world;
    bool resumed = call->intended;
    gate_set_up(call);
    /* One that is asked already is not asked back because people{} was edited meanwhile. */
    if (!resumed && !enough_may_answer(call))
        return false;
    if (resumed && world->sends)
        gate_open(call);
    else if (!resumed)
        call_intend(call, !world->sends);
    return true;
}

/* --- open, poll, decide --- */

/* Puts it into the store, or finds it there. */
static enum mu_err store_gate(struct call *call, char code[8], struct mu_fail *fail)
{
    struct run *run = call->run;
    json_t *choices = mu_json_get(call->errand->gate, "choices");
    char uid[MU_PEOPLE_UID], *shown = mu_json_text(json_object_get(call->errand->gate, "show")),
                             *names = choices ? mu_json_text(choices) : NULL;
    struct mu_store_gate gate = {.id = call->errand->gate_id,
                                 .run = run->name,
                                 .incident = run->incident,
                                 .world = run->world_name,
                                 .kind = call->name,
                                 .title = mu_json_str(call->errand->gate, "title", ""),
                                 .by = mu_json_str(call->errand->gate, "by", ""),
                                 .then_ask = mu_json_str(call->errand->gate, "then_ask", ""),
                                 .shown = shown,
                                 .choices = names,
                                 .digest = mu_json_str(call->errand->gate, "digest", ""),
                                 .quorum = (int)mu_json_int(call->errand->gate, "quorum", 1),
                                 .no_self = mu_json_bool(call->errand->gate, "no_self", false),
                                 .starter = json_string_value(starter_of(run)),
                                 .starter_uid =
                                     mu_people_uid(json_object_get(run->start, "who"), uid),
                                 .opened = run_wall(run),
                                 .deadline = mu_json_int(call->errand->gate, "deadline_ms", 0),
                                 .within_ms = mu_json_int(call->errand->gate, "within_ms", 0)};
    enum mu_err err =
        run->store ? mu_store_gate_open(run->store, &gate, code, fail)
                   : mu_fail_set(fail, MU_STORAGE, "no control store: people can't be asked");
    free(shown);
    free(names);
    return err;
}

void gate_open(struct call *call)
{
    struct run *run = call->run;
    struct mu_fail fail;
    char code[8];
    enum mu_err err = store_gate(call, code, &fail);
    call_enter(call, MU_CALL_ASKED);
    if (err == MU_STORAGE && run->store) { /* a full disk is no answer: the next executor asks */
        mu_error("engine", "%s: nothing more is done: %s", run->name, fail.text);
        run_stop(run, STOP_LEAVE, "storage", fail.text);
        return;
    }
    if (err != MU_OK) {
        call_arrive_error(call, fail.class, fail.text, false, "not sent");
        return;
    }
    record_host(run, "gate",
                json_pack("{s:s, s:s, s:s}", "gate", call->errand->gate_id, "kind", call->name,
                          "code", code));
    gate_poll(call);
}

static bool add_vote(const struct mu_store_vote *vote, void *ud)
{
    json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:s}", "who", vote->who, "from", vote->from, "at",
                            (json_int_t)vote->at, "answer", vote->answer, "reason",
                            vote->reason ? vote->reason : "");
    if (vote->text && vote->text[0])
        json_object_set_new(row, "text", json_string(vote->text));
    json_array_append_new(ud, row);
    return true;
}

static bool copy_news(const struct mu_store_gate *gate, void *ud)
{
    struct gate_news *news = ud;
    snprintf(news->state, sizeof news->state, "%s", gate->state);
    snprintf(news->by, sizeof news->by, "%s", gate->by);
    snprintf(news->before, sizeof news->before, "%s", gate->before);
    snprintf(news->code, sizeof news->code, "%s", gate->code);
    free(news->reason);
    free(news->text);
    news->reason = mu_xstrdup(gate->reason);
    news->text = mu_xstrdup(gate->text);
    news->opened = gate->opened;
    news->deadline = gate->deadline;
    news->decided = gate->decided;
    news->votes_yes = gate->votes_yes;
    news->quorum = gate->quorum;
    return true;
}

static void news_fini(struct gate_news *news)
{
    free(news->reason);
    free(news->text);
}

static bool is_open(const struct gate_news *news)
{
    return strcmp(news->state, "open") == 0;
}

/* The last answer is the one that decided, unless no answer did. */
static const char *decider(const struct gate_news *news, const json_t *votes)
{
    size_t count = json_array_size(votes);
    bool nobody = strcmp(news->state, "expired") == 0 || strcmp(news->state, "cancelled") == 0;
    return nobody || count == 0 ? "" : mu_json_str(json_array_get(votes, count - 1), "who", "");
}

/* What the playbook gets and the 'o' row keeps. */
static json_t *answer_of(const struct run *run, const char *id, const char *kind,
                         const json_t *fallback, const struct gate_news *news)
{
    json_t *votes = json_array();
    (void)!mu_store_votes(run->store, id, add_vote, votes, NULL);
    const struct mu_gate_kind *known = mu_gate_kind(kind);
    bool yes = known && strcmp(news->state, known->state) == 0;
    const char *who = decider(news, votes);
    json_t *value =
        json_pack("{s:b, s:s, s:s, s:I, s:o}", "yes", yes, "how", news->state, "reason",
                  news->reason, "at", (json_int_t)(news->decided / 1000), "votes", votes);
    if (who[0])
        json_object_set_new(value, "by", json_pack("{s:s}", "name", who));
    if (yes && news->text[0])
        json_object_set_new(value, "text", json_string(news->text));
    else if (!yes && fallback && strcmp(news->state, "expired") == 0)
        json_object_set(value, "text", (json_t *)fallback); /* the playbook said so before */
    return value;
}

static void decided(struct call *call, const struct gate_news *news)
{
    struct run *run = call->run;
    mu_timer_cancel(call->timer);
    call->timer = NULL;
    run_heard_after(run, run_wall(run) - news->decided);
    (void)!mu_store_run_update(run->store, run->name, NULL, NULL, NULL, "", -1, -1, -1, NULL);
    run_scrub_said(run);
    call_arrive_value(call,
                      answer_of(run, call->errand->gate_id, call->name,
                                mu_json_get(call->errand->gate, "default"), news),
                      "person");
}

/* --- poll --- */

static void poll_at_due(void *ud)
{
    struct call *call = ud;
    call->timer = NULL;
    if (call->run->stop == STOP_NONE)
        gate_poll(call);
}

/* The poll of all gates comes once a second; a deadline and a reminder are kept to the millisecond. */
static void wake_at(struct call *call, int64_t due_ms)
{
    call->due_ms = due_ms;
    mu_timer_cancel(call->timer);
    int64_t left = due_ms - run_wall(call->run);
    call->timer = due_ms == 0 || (left > GATE_POLL_MS && !call->run->world->alone)
                      ? NULL
                      : mu_timer_start(call->run->loop, left > 1 ? left : 1, poll_at_due, call);
}

/* What the store says of the gate now; it is opened, or its deadline passes, where that is due. */
static enum mu_err ask_store(struct call *call, struct gate_news *news, int64_t now,
                             struct mu_fail *fail)
{
    struct mu_store *store = call->run->store;
    char code[8];
    enum mu_err err = mu_store_gate_find(store, call->errand->gate_id, copy_news, news, fail);
    if (err == MU_USAGE) /* a former executor wrote its intent down and did not come to open it */
        err = store_gate(call, code, fail);
    if (err != MU_OK || !is_open(news) || news->deadline == 0 || news->deadline > now)
        return err;
    err = mu_store_gate_expire(store, call->errand->gate_id, now,
                               mu_json_int(call->errand->gate, "within_ms", 0), fail);
    return err == MU_OK ? mu_store_gate_find(store, call->errand->gate_id, copy_news, news, fail)
                        : err;
}

void gate_poll(struct call *call)
{
    struct run *run = call->run;
    struct mu_fail fail;
    struct gate_news news = {0};
    int64_t now = run_wall(run);
    enum mu_err err = ask_store(call, &news, now, &fail);
    run_store_answered(run, err, &fail);
    call->errand->polled = err == MU_OK && news.state[0]; /* else asked again at the next poll */
    if (call->errand->polled && is_open(&news)) {
        int64_t next = gate_tell(call, &news, now);
        wake_at(call, news.deadline && (next == 0 || news.deadline < next) ? news.deadline : next);
    } else if (call->errand->polled) {
        decided(call, &news);
    }
    news_fini(&news);
}

void gate_poll_all(struct run *run)
{
    if (run->stop != STOP_NONE) /* gate_close_all() has the last word */
        return;
    int64_t version = mu_store_data_version(run->store), now = run_wall(run);
    bool news = version < 0 || version != run->gates_version;
    run->gates_version = version;
    for (struct call *call = run->pending, *next; call; call = next) {
        next = call->next_pending;
        if (call->kind == MU_CALL_GATE && call->state == MU_CALL_ASKED &&
            (news || !call->errand->polled || (call->due_ms && call->due_ms - now <= GATE_POLL_MS)))
            gate_poll(call);
    }
}

/* --- close --- */

static const char no_longer[] = "the playbook no longer needs it";

/* What an 'o' row of a gate nobody waits for is made of. */
struct closing {
    const char *id, *task, *verb, *digest, *src, *step;
    int64_t seq;
    const json_t *gate; /* as the intent row has it */
};

/* Closed in the store; then what the store says, be it an answer of the last moment, is the outcome. */
static void close_gate(struct run *run, const struct closing *gate, const char *why)
{
    struct gate_news news = {0};
    struct mu_fail fail;
    int64_t now = run_wall(run);
    enum mu_err err = mu_store_gate_cancel(run->store, gate->id, now, why, &fail);
    if (err == MU_OK)
        err = mu_store_gate_find(run->store, gate->id, copy_news, &news, &fail);
    if (err == MU_USAGE) { /* its intent was written down, it was never opened */
        snprintf(news.state, sizeof news.state, "cancelled");
        news.reason = mu_xstrdup(why);
        news.text = mu_xstrdup("");
        news.decided = now;
        err = MU_OK;
    }
    if (err != MU_OK) {
        mu_warn("engine", "%s: gate %s could not be closed: %s", run->name, gate->id, fail.text);
    } else {
        json_t *value =
            answer_of(run, gate->id, gate->verb, mu_json_get(gate->gate, "default"), &news);
        gate_tell_unused(run, gate->gate, value, why);
        json_t *outcome = json_pack("{s:b, s:s, s:o}", "ok", 1, "how", "person", "value", value);
        char *text = mu_json_text(outcome);
        record_row(run, MU_ROW_OUTCOME, gate->task, gate->seq, gate->verb, "", gate->digest,
                   gate->src, gate->step, now, text);
        free(text);
        json_decref(outcome);
    }
    news_fini(&news);
}

/* Whether people may have been asked, and the journal does not say yet what came of it. */
static bool has_no_outcome(const struct call *call)
{
    const struct run *run = call->run;
    if (run->store == NULL || !run->world->sends || run->verifying || !call->intended ||
        call->state == MU_CALL_INTENDED) /* its row is not written: nobody was asked */
        return false;
    return !call->kept && cursor_outcome(run->cursor, call->task->path, call->seq) == NULL;
}

/* Why the playbook stopped waiting must be on disk before people are told that nobody waits: else a
 * later executor may come to wait again, at a gate that is closed. */
static void close_call(struct call *call, const char *why)
{
    struct run *run = call->run;
    gate_set_up(call);
    if (!record_barrier(run))
        return;
    struct closing gate = {.id = call->errand->gate_id,
                           .task = call->task->path,
                           .seq = call->seq,
                           .verb = call->name,
                           .digest = call->digest,
                           .src = call->src,
                           .step = call->step,
                           .gate = call->errand->gate};
    close_gate(run, &gate, why);
}

void gate_unheard(struct call *call)
{
    if (call->kind != MU_CALL_GATE || !call->ok || call->run->store == NULL)
        return;
    json_t *answer = mu_json_parse(call->value, strlen(call->value), NULL);
    gate_tell_unused(call->run, call->errand->gate, answer, no_longer);
    json_decref(answer);
}

void gate_cancel(struct call *call)
{
    if (call->run->live && has_no_outcome(call))
        close_call(call, no_longer);
    else if (call->run->live && call->kept)
        gate_unheard(call);
}

static bool is_pending(const struct run *run, const struct mu_row *row)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_GATE && call->seq == row->seq &&
            strcmp(call->task->path, row->task) == 0)
            return true;
    return false;
}

struct left_open {
    struct run *run;
    const char *why;
};

/* A former executor asked, and the playbook does not wait for it any more. */
static void close_asked(struct run *run, const struct mu_row *row, const json_t *asked,
                        const char *why)
{
    struct closing gate = {.id = mu_json_str(asked, "gate", ""),
                           .task = row->task,
                           .seq = row->seq,
                           .verb = row->verb,
                           .digest = row->digest,
                           .src = row->src,
                           .step = row->step,
                           .gate = asked};
    close_gate(run, &gate, why);
}

/* A former executor had the answer, and did not live to say that nobody heard of it. */
static void tell_unheard(struct run *run, const struct recorded *rec, const json_t *asked,
                         const char *why)
{
    json_t *outcome = mu_json_parse(rec->row.value, strlen(rec->row.value), NULL);
    if (rec->unheard)
        gate_tell_unused(run, asked, mu_json_get(outcome, "value"), why);
    json_decref(outcome);
}

static bool close_recorded(const struct mu_row *row, void *ud)
{
    const struct left_open *left = ud;
    struct run *run = left->run;
    if (row->type != MU_ROW_INTENT || mu_gate_kind(row->verb) == NULL || is_pending(run, row))
        return true;
    const struct recorded *rec = cursor_outcome(run->cursor, row->task, row->seq);
    json_t *asked = mu_json_parse(row->value, strlen(row->value), NULL);
    if (rec)
        tell_unheard(run, rec, asked, left->why);
    else
        close_asked(run, row, asked, left->why);
    json_decref(asked);
    return true;
}

static void close_forgotten(struct run *run, const char *why)
{
    struct left_open left = {run, why};
    if (run->store && run->world->sends && !run->gates_closed && record_barrier(run))
        cursor_each(run->cursor, close_recorded, &left);
    run->gates_closed = true;
}

void gate_close_forgotten(struct run *run)
{
    close_forgotten(run, no_longer);
}

void gate_close_all(struct run *run)
{
    static const char why[] = "the run has ended";
    if (run->store == NULL || !run->world->sends)
        return;
    for (struct call *call = run->pending; call; call = call->next_pending) {
        if (call->kind != MU_CALL_GATE || !has_no_outcome(call))
            continue;
        call_queue_remove(&run->arrived, call); /* nobody hears of it, so who decided it is told */
        close_call(call, why);
    }
    close_forgotten(run, why);
}

struct own_gates {
    const char *run;
    json_t *ids;
};

static bool collect_own(const struct mu_store_gate *gate, void *ud)
{
    struct own_gates *own = ud;
    if (strcmp(gate->run, own->run) == 0)
        json_array_append_new(own->ids, json_string(gate->id));
    return true;
}

/* Nothing is written any more, the end row stands: whatever the store still has open for this run. */
void gate_sweep(struct run *run)
{
    struct own_gates own = {run->name, json_array()};
    size_t i;
    json_t *id;
    (void)!mu_store_gates_open(run->store, collect_own, &own, NULL);
    json_array_foreach(own.ids, i, id)
    {
        (void)!mu_store_gate_cancel(run->store, json_string_value(id), run_wall(run),
                                    "the run has ended", NULL);
    }
    json_decref(own.ids);
}
