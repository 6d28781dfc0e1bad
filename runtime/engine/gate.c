/* SPDX-License-Identifier: MIT
 *
 * Gates: durable waits for people (design J13). The intent row says what was shown, durably, before
 * anybody is asked. Votes and expiry meet in the control store's one transaction; this file opens the
 * gate there, has the askers told through the outbox, polls for the decision and turns it into the
 * call's result. The code a person types is the store's; it is no part of the run's replay.
 *
 *   gate_issue ─▶ world ─▶ intend (row i) ─▶ gate_open ─▶ store + outbox ─▶ gate_poll_all ─▶ row o   */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "base/rrset.h"
#include "engine/internal.h"

/* What the question is made of; the first element of the args array. */
static json_t *question_of(const struct call *call)
{
    json_t *args = mu_json_parse(call->args_text, strlen(call->args_text), NULL);
    json_t *question = json_incref(json_array_get(args, 0));
    json_decref(args);
    return question;
}

static void digest_question(const json_t *question, char out[MU_SHA256_HEX])
{
    char *text = mu_json_text(question);
    mu_sha256_hex(text, strlen(text), out);
    free(text);
}

/* The value of the intent row. */
static json_t *describe(struct call *call, json_t *question)
{
    char digest[MU_SHA256_HEX];
    digest_question(question, digest);
    int64_t within = mu_json_int(question, "deadline_ms", 0);
    json_t *show = mu_json_get(question, "show");
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:b, s:s, s:O}", "gate",
                     call->gate_id, "kind", call->name, "title", mu_json_str(question, "title", ""),
                     "by", mu_json_str(question, "by", ""), "quorum",
                     (json_int_t)mu_json_int(question, "quorum", 1), "deadline_ms",
                     (json_int_t)(within ? run_clock(call->run) + within : 0), "within_ms",
                     (json_int_t)within, "then_ask", mu_json_str(question, "then_ask", ""),
                     "no_self", mu_json_bool(question, "no_self", false), "digest", digest, "show",
                     show ? show : json_null());
}

/* Fills in id and description, also for a gate that a former executor opened. */
void gate_set_up(struct call *call)
{
    if (call->gate_id)
        return;
    call->gate_id =
        mu_xasprintf("%s/%s/%lld", call->run->name, call->task->path, (long long)call->seq);
    struct recorded *rec =
        call->intended ? cursor_find(call->run->cursor, call->task->path, call->seq) : NULL;
    json_t *question = rec ? NULL : question_of(call);
    call->gate = rec ? mu_json_parse(rec->row.value, strlen(rec->row.value), NULL)
                     : describe(call, question);
    json_decref(question);
}

/* A gate that nobody can answer would only run out. */
static bool somebody_may_answer(struct call *call)
{
    const json_t *config = call->run->config->values;
    const char *by = mu_json_str(call->gate, "by", "");
    if (json_object_size(mu_config_at(config, "people")) == 0)
        return true;
    json_t *members = mu_people_members(config, by);
    bool some = json_array_size(members) > 0;
    json_decref(members);
    if (!some) {
        char text[MU_FAIL_TEXT];
        snprintf(text, sizeof text,
                 "%s asks \"%.100s\", and nobody in people{} of muster.lua is or is in that",
                 call->name, by);
        call_arrive_error(call, MU_CONFIG, text, false, "not sent");
    }
    return some;
}

bool gate_begin(struct call *call)
{
    const struct mu_world *world = call->run->world;
    bool resumed = call->intended;
    gate_set_up(call);
    if (!somebody_may_answer(call))
        return false;
    if (resumed && world->sends)
        gate_open(call);
    else if (!resumed)
        call_intend(call, !world->sends);
    return true;
}

/* --- telling people --- */

static void add_change(struct mu_buf *body, const json_t *show)
{
    const json_t *change = mu_json_get(show, "change");
    if (change == NULL)
        return;
    mu_buf_adds(body, "\n- ");
    mu_rrset_text(json_object_get(change, "from"), body);
    mu_buf_adds(body, "\n+ ");
    mu_rrset_text(json_object_get(change, "to"), body);
    mu_buf_adds(body, "\n");
}

/* "if we wait: senders retry 4-5 days" */
static void add_remarks(struct mu_buf *body, const json_t *show)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)show, key, value)
    {
        if (json_is_string(value))
            mu_buf_addf(body, "\n%s: %s", key, json_string_value(value));
    }
    mu_buf_adds(body, "\n");
}

static void ask_people(struct call *call, const char *by, const char *code, int64_t deadline)
{
    struct mu_buf subject = {0}, body = {0};
    char when[MU_TIME_TEXT];
    const char *title = mu_json_str(call->gate, "title", "");
    const char *verb = strcmp(call->name, "ack") == 0 ? "ack" : "approve";
    mu_buf_addf(&subject, "%s %s asks you: %s", call->run->incident, call->run->name, title);
    mu_buf_addf(&body, "%s\n", title);
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(call->gate, "show"), "items"), i, item)
    {
        if (mu_json_str(item, "why", NULL))
            mu_buf_addf(&body, "\n%s\n", mu_json_str(item, "why", ""));
    }
    add_remarks(&body, json_object_get(call->gate, "show"));
    add_change(&body, json_object_get(call->gate, "show"));
    mu_buf_addf(&body, "\nAnswer: muster %s %s", verb, code);
    if (strcmp(verb, "approve") == 0)
        mu_buf_addf(&body, "   or: muster deny %s", code);
    if (deadline)
        mu_buf_addf(&body, "\nUntil %s", mu_time_local(deadline, when));
    mu_buf_adds(&body, "\n");
    char *dedup = mu_xasprintf("%s/%s", call->gate_id, by);
    outbox_put(call->run, "gate", by, mu_buf_text(&subject), mu_buf_text(&body), dedup);
    free(dedup);
    mu_buf_free(&subject);
    mu_buf_free(&body);
}

static void say_waiting(struct call *call, const char *by, int64_t deadline)
{
    char when[MU_TIME_TEXT], text[300];
    snprintf(text, sizeof text, "%s as %s%s%s", call->name, by, deadline ? " until " : "",
             deadline ? mu_time_hms(deadline, when) : "");
    (void)!mu_store_run_update(call->run->store, call->run->name, NULL, NULL, NULL, text, -1, -1,
                               -1, NULL);
}

/* --- open, poll, decide --- */

void gate_open(struct call *call)
{
    struct run *run = call->run;
    struct mu_fail fail;
    char code[8], *shown = mu_json_text(json_object_get(call->gate, "show"));
    const char *by = mu_json_str(call->gate, "by", "");
    int64_t deadline = mu_json_int(call->gate, "deadline_ms", 0);
    struct mu_store_gate gate = {.id = call->gate_id,
                                 .run = run->name,
                                 .incident = run->incident,
                                 .world = run->world_name,
                                 .kind = call->name,
                                 .title = mu_json_str(call->gate, "title", ""),
                                 .by = by,
                                 .then_ask = mu_json_str(call->gate, "then_ask", ""),
                                 .shown = shown,
                                 .digest = mu_json_str(call->gate, "digest", ""),
                                 .quorum = (int)mu_json_int(call->gate, "quorum", 1),
                                 .no_self = mu_json_bool(call->gate, "no_self", false),
                                 .starter =
                                     mu_json_str(json_object_get(run->start, "who"), "name", ""),
                                 .opened = run_clock(run),
                                 .deadline = deadline};
    enum mu_err err =
        run->store ? mu_store_gate_open(run->store, &gate, code, &fail)
                   : mu_fail_set(&fail, MU_STORAGE, "no control store: people can't be asked");
    free(shown);
    call_enter(call, MU_CALL_ASKED);
    if (err != MU_OK) {
        call_arrive_error(call, fail.class, fail.text, false, "not sent");
        return;
    }
    record_host(
        run, "gate",
        json_pack("{s:s, s:s, s:s}", "gate", call->gate_id, "kind", call->name, "code", code));
    say_waiting(call, by, deadline);
    if (strcmp(call->name, "ack") != 0) /* a page has told them already, with its own words */
        ask_people(call, by, code, deadline);
}

static bool add_vote(const struct mu_store_vote *vote, void *ud)
{
    json_array_append_new(ud, json_pack("{s:s, s:s, s:I, s:s, s:s}", "who", vote->who, "from",
                                        vote->from, "at", (json_int_t)vote->at, "answer",
                                        vote->answer, "reason", vote->reason ? vote->reason : ""));
    return true;
}

static const char *last_voter(const json_t *votes)
{
    size_t count = json_array_size(votes);
    return count ? mu_json_str(json_array_get(votes, count - 1), "who", "") : "";
}

/* What a poll found, copied out of the store's callback. */
struct gate_news {
    char state[24], by[128], code[8];
    char *reason;
    int64_t deadline, decided;
};

static bool copy_news(const struct mu_store_gate *gate, void *ud)
{
    struct gate_news *news = ud;
    snprintf(news->state, sizeof news->state, "%s", gate->state);
    snprintf(news->by, sizeof news->by, "%s", gate->by);
    snprintf(news->code, sizeof news->code, "%s", gate->code);
    free(news->reason);
    news->reason = mu_xstrdup(gate->reason ? gate->reason : "");
    news->deadline = gate->deadline;
    news->decided = gate->decided;
    return true;
}

static void decided(struct call *call, const struct gate_news *news)
{
    struct run *run = call->run;
    json_t *votes = json_array();
    (void)!mu_store_votes(run->store, call->gate_id, add_vote, votes, NULL);
    bool yes = strcmp(news->state, "approved") == 0 || strcmp(news->state, "acknowledged") == 0;
    const char *who = strcmp(news->state, "expired") == 0 ? "" : last_voter(votes);
    json_t *value =
        json_pack("{s:b, s:s, s:s, s:I, s:o}", "yes", yes, "how", news->state, "reason",
                  news->reason, "at", (json_int_t)(news->decided / 1000), "votes", votes);
    if (who[0])
        json_object_set_new(value, "by", json_pack("{s:s}", "name", who));
    (void)!mu_store_run_update(run->store, run->name, NULL, NULL, NULL, "", -1, -1, -1, NULL);
    call_arrive_value(call, value, "person");
}

static void poll_gate(struct call *call)
{
    struct run *run = call->run;
    struct gate_news news = {0};
    int64_t now = run_clock(run);
    if (mu_store_gate_find(run->store, call->gate_id, copy_news, &news, NULL) != MU_OK)
        return; /* asked again at the next poll */
    if (strcmp(news.state, "open") == 0 && news.deadline && news.deadline <= now) {
        (void)!mu_store_gate_expire(run->store, call->gate_id, now,
                                    mu_json_int(call->gate, "within_ms", 0), NULL);
        char before[sizeof news.by];
        memcpy(before, news.by, sizeof before);
        (void)!mu_store_gate_find(run->store, call->gate_id, copy_news, &news, NULL);
        if (strcmp(news.state, "open") == 0 && strcmp(before, news.by) != 0) {
            record_host(run, "gate",
                        json_pack("{s:s, s:s, s:s, s:s}", "gate", call->gate_id, "code", news.code,
                                  "silent", before, "asks", news.by));
            say_waiting(call, news.by, news.deadline);
            ask_people(call, news.by, news.code, news.deadline);
        }
    }
    if (strcmp(news.state, "open") != 0)
        decided(call, &news);
    free(news.reason);
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

/* The run is over: nobody's answer is waited for any more. Asked of the store: a run that was cancelled
 * while nobody executed it was not replayed, and knows of no gate. */
void gate_close_all(struct run *run)
{
    struct own_gates own = {run->name, json_array()};
    size_t i;
    json_t *id;
    (void)!mu_store_gates_open(run->store, collect_own, &own, NULL);
    json_array_foreach(own.ids, i, id)
    {
        (void)!mu_store_gate_cancel(run->store, json_string_value(id), run_clock(run),
                                    "the run has ended", NULL);
    }
    json_decref(own.ids);
}

void gate_poll_all(struct run *run)
{
    for (struct call *call = run->pending, *next; call; call = next) {
        next = call->next_pending;
        if (call->kind == MU_CALL_GATE && call->state == MU_CALL_ASKED)
            poll_gate(call);
    }
}
