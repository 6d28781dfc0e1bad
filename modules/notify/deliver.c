/* SPDX-License-Identifier: MIT
 *
 * Sends a message to all its recipients at once, each over its contact points in order until one
 * takes it. A failure of one never holds up another.
 *
 *   recipient:  point 1 ─▶ try ─┬─ SENT ──────────────────────────────────▶ reached
 *                 ▲        ▲    ├─ LATER ─▶ wait (Retry-After, else 1 2 4 s) ─┐
 *                 │        └────┼──────────── inside the channel's deadline ──┘
 *                 │             ├─ MAYBE ─▶ the same key again where the far side drops doubles,
 *                 │             │           else:
 *                 └─ next ◀─────┴─ NEVER, MAYBE, out of time                 none left ─▶ failed
 *
 * A try behind one that may have arrived (MAYBE, or a refusal that does not say that nothing was done) is marked as
 * a possible duplicate, unless the far side drops doubles.
 *
 * Who is told was fixed by prepare; how they are reached is read from muster.lua again, because
 * what the intent shows may be hidden. Somebody who left muster.lua in between is not told. */
#include "notify/deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "io/loop.h"
#include "notify/channel.h"
#include "notify/message.h"

#define IN_FLIGHT_MAX \
    32 /* recipients at once: below the 50 connections a Postfix takes from one client */
#define TRIES_MAX   4 /* at one contact point when it does not say when to come back: 1 + 2 + 4 s */
#define BACKOFF_MS  1000
#define WAIT_MIN_MS 50 /* "Retry-After: 0" must not become a busy loop */
#define TIMEOUT_MIN_MS \
    1000                /* of the last try before a deadline: less would only make a duplicate */
#define RETRIES_MAX 60  /* and this many of them are enough */
#define WHY_MAX     600 /* of all failures of one recipient, in its result */
#define DUPLICATE   "(possible duplicate) "

struct recipient {
    struct delivery *delivery;
    const json_t *prepared; /* {recipient, label, ...} */
    json_t *points;         /* real ones; NULL when gone from muster.lua */
    size_t next_point;
    struct channel channel;
    char *point; /* in use */
    char *shown_address;
    int tries;           /* at this point */
    int attempts;        /* at all */
    int64_t started_ms;  /* mono */
    int64_t deadline_ms; /* mono, of this point */
    struct mu_op *op;
    struct mu_timer *timer;
    struct mu_buf why; /* what went wrong so far: "push: HTTP 503; relay: ..." */
    bool refused_only; /* nothing but refusals so far */
    bool maybe;        /* a try that was not confirmed may have arrived all the same, */
    bool elsewhere;    /* over an earlier contact point: no key keeps the two together */
    json_t *result;    /* once decided */
};

struct delivery {
    struct mu_call *call;
    struct message message, again; /* again: marked as a possible duplicate */
    char *again_subject, *again_text;
    json_t *no_vars;
    struct failing failing;
    struct recipient *list;
    size_t count, next, in_flight, reached;
};

static void pump(struct delivery *);
static void next_point(struct recipient *);
static void attempt(struct recipient *);
static void decide(struct recipient *, const struct channel_answer *);

/* --- setting up --- */

static enum mu_priority priority_of(const char *name)
{
    return strcmp(name, "high") == 0  ? MU_PRIORITY_HIGH
           : strcmp(name, "low") == 0 ? MU_PRIORITY_LOW
                                      : MU_PRIORITY_NORMAL;
}

static void set_messages(struct delivery *delivery)
{
    const struct mu_call *call = delivery->call;
    const json_t *vars = mu_json_get(call->args, "vars");
    delivery->no_vars = json_object();
    delivery->message = (struct message){
        .run = call->run,
        .incident = call->incident,
        .kind = mu_json_str(call->prepared, "kind", "message"),
        .subject = mu_json_str(call->prepared, "subject", ""),
        .text = mu_json_str(call->prepared, "text", ""),
        .vars = vars ? vars : delivery->no_vars,
        .priority = priority_of(mu_json_str(call->prepared, "priority", "")),
        .created_ms = mu_clock_real_ms(),
    };
    delivery->again = delivery->message;
    delivery->again.subject = delivery->again_subject =
        mu_xasprintf(DUPLICATE "%s", delivery->message.subject);
    delivery->again.text = delivery->again_text =
        mu_xasprintf(DUPLICATE "%s", delivery->message.text);
}

/* The contact points as they really are, found again by what prepare showed. A name is used up: two
 * hidden ones show the same. */
static json_t *real_points(const json_t *live, char **shown, const char *wanted)
{
    for (size_t i = 0; i < json_array_size(live); i++)
        if (shown[i] != NULL && strcmp(shown[i], wanted) == 0) {
            free(shown[i]);
            shown[i] = NULL;
            return json_incref(mu_json_get(json_array_get(live, i), "points"));
        }
    return NULL;
}

static char **shown_names(const struct mu_host *host, const json_t *live)
{
    char **shown = mu_xcalloc(json_array_size(live), sizeof *shown);
    for (size_t i = 0; i < json_array_size(live); i++)
        shown[i] = mu_notify_point_shown(host, mu_json_str(json_array_get(live, i), "name", ""));
    return shown;
}

static void set_recipients(struct delivery *delivery)
{
    const struct mu_call *call = delivery->call;
    const json_t *prepared = mu_json_get(call->prepared, "recipients");
    json_t *live = NULL;
    (void)!mu_people_recipients(call->host->config, mu_json_str(call->prepared, "audience", ""),
                                &live, NULL);
    char **shown = shown_names(call->host, live);
    delivery->count = json_array_size(prepared);
    delivery->list = mu_xcalloc(delivery->count, sizeof *delivery->list);
    for (size_t i = 0; i < delivery->count; i++) {
        struct recipient *recipient = &delivery->list[i];
        recipient->delivery = delivery;
        recipient->prepared = json_array_get(prepared, i);
        recipient->points =
            real_points(live, shown, mu_json_str(recipient->prepared, "recipient", ""));
        recipient->refused_only = true;
        recipient->why.max = WHY_MAX;
    }
    for (size_t i = 0; i < json_array_size(live); i++)
        free(shown[i]);
    free(shown);
    json_decref(live);
}

void mu_notify_deliver(struct mu_call *call)
{
    struct delivery *delivery = MU_NEW(struct delivery);
    delivery->call = call;
    call->state = delivery;
    mu_notify_failing(call->prepared, &delivery->failing);
    set_messages(delivery);
    set_recipients(delivery);
    pump(delivery);
}

static void delivery_free(struct delivery *delivery)
{
    for (size_t i = 0; i < delivery->count; i++) {
        struct recipient *recipient = &delivery->list[i];
        mu_op_cancel(recipient->op);
        mu_timer_cancel(recipient->timer);
        json_decref(recipient->points);
        json_decref(recipient->result);
        mu_buf_free(&recipient->why);
        free(recipient->shown_address);
        free(recipient->point);
    }
    free(delivery->list);
    free(delivery->again_subject);
    free(delivery->again_text);
    json_decref(delivery->no_vars);
    free(delivery);
}

void mu_notify_deliver_cancel(struct mu_call *call)
{
    if (call->state != NULL)
        delivery_free(call->state);
    call->state = NULL;
}

/* --- one recipient --- */

static const char *name_of(const struct recipient *recipient)
{
    return mu_json_str(recipient->prepared, "recipient", "");
}

static void add_why(struct recipient *recipient, const char *channel, const char *why)
{
    struct mu_buf part = {0};
    mu_buf_addf(&part, "%s%s%s%s", recipient->why.len ? "; " : "", channel, channel[0] ? ": " : "",
                why);
    mu_buf_add(&recipient->why, mu_buf_text(&part), part.len);
    mu_buf_free(&part);
}

static json_t *text_or_null(const char *text)
{
    return text[0] ? mu_json_lenient_string(text, strlen(text)) : json_null();
}

/* The recipient's line of the result. */
static void conclude(struct recipient *recipient, bool ok, const char *id)
{
    const char *shown = recipient->shown_address ? recipient->shown_address : "";
    recipient->result = json_pack(
        "{s:s, s:o, s:o, s:b, s:o, s:o, s:i, s:I}", "recipient", name_of(recipient), "channel",
        text_or_null(recipient->channel.name), "address", text_or_null(shown), "ok", ok, "why",
        text_or_null(mu_buf_text(&recipient->why)), "id", text_or_null(id), "attempts",
        recipient->attempts, "ms", (json_int_t)(mu_clock_mono_ms() - recipient->started_ms));
    struct delivery *delivery = recipient->delivery;
    delivery->in_flight--;
    delivery->reached += ok;
    if (ok)
        mu_call_progress(delivery->call, "%zu of %zu told", delivery->reached, delivery->count);
}

static void begin(struct recipient *recipient)
{
    recipient->started_ms = mu_clock_mono_ms();
    recipient->delivery->in_flight++;
    if (recipient->points == NULL) {
        add_why(recipient, "", "is no longer in muster.lua");
        conclude(recipient, false, "");
        return;
    }
    if (json_array_size(recipient->points) == 0)
        add_why(recipient, "", "has no contact points in muster.lua");
    next_point(recipient);
}

static void show_address(struct recipient *recipient, const char *point)
{
    char *shown = mu_notify_point_shown(recipient->delivery->call->host, point);
    size_t len;
    const char *address = mu_people_point(shown, &len);
    free(recipient->shown_address);
    recipient->shown_address = mu_xstrdup(address);
    free(shown);
}

/* Makes point, or what stands for it in a drill, the one in use; false when it can't be. */
static bool use_point(struct recipient *recipient, const char *point)
{
    const struct mu_call *call = recipient->delivery->call;
    struct mu_fail fail;
    free(recipient->point);
    recipient->point = mu_notify_point_now(call, point, &fail); /* the channel's address is in it */
    show_address(recipient, recipient->point ? recipient->point : point);
    enum mu_err err = recipient->point ? mu_notify_channel_find(call->host, recipient->point,
                                                                &recipient->channel, &fail)
                                       : fail.class;
    if (err == MU_OK)
        err = mu_notify_channel_loops(&recipient->channel, &recipient->delivery->failing, &fail);
    if (err == MU_OK)
        return true;
    if (err != MU_REFUSED)
        recipient->refused_only = false;
    add_why(recipient, "", fail.text);
    return false;
}

/* Goes on with the next contact point that can be used; concludes when there is none. */
static void next_point(struct recipient *recipient)
{
    while (recipient->next_point < json_array_size(recipient->points)) {
        const char *point =
            json_string_value(json_array_get(recipient->points, recipient->next_point++));
        if (!use_point(recipient, point))
            continue;
        recipient->refused_only = false;
        recipient->elsewhere = recipient->maybe;
        recipient->tries = 0;
        recipient->deadline_ms = mu_clock_mono_ms() + recipient->channel.deadline_ms;
        attempt(recipient);
        return;
    }
    conclude(recipient, false, "");
}

/* The same for every try, and after a crash: from the call, the person and the contact point. */
static void derive_key(const struct recipient *recipient, char out[33])
{
    const struct mu_call *call = recipient->delivery->call;
    const char *point =
        json_string_value(json_array_get(recipient->points, recipient->next_point - 1));
    struct mu_buf text = {0};
    char hex[MU_SHA256_HEX];
    mu_buf_addf(&text, "%s\n%s\n%s", call->key ? call->key : "", name_of(recipient), point);
    mu_sha256_hex(mu_buf_text(&text), text.len, hex);
    snprintf(out, 33, "%.32s", hex);
    mu_buf_free(&text);
}

static void on_answer(const struct channel_answer *, void *ud);

static void attempt(struct recipient *recipient)
{
    const struct delivery *delivery = recipient->delivery;
    int64_t left = recipient->deadline_ms - mu_clock_mono_ms();
    if (left < TIMEOUT_MIN_MS)
        left = TIMEOUT_MIN_MS;
    bool mark = recipient->elsewhere || ((delivery->call->repeated || recipient->maybe) &&
                                         !recipient->channel.class->keyed);
    char key[33];
    derive_key(recipient, key);
    recipient->tries++;
    recipient->attempts++;
    struct channel_request request = {
        .host = delivery->call->host,
        .channel = &recipient->channel,
        .message = mark ? &delivery->again : &delivery->message,
        .label = mu_json_str(recipient->prepared, "label", ""),
        .key = key,
        .timeout_ms =
            recipient->channel.timeout_ms < left ? recipient->channel.timeout_ms : (int)left,
    };
    recipient->op = recipient->channel.class->send(&request, on_answer, recipient);
}

static void on_answer(const struct channel_answer *answer, void *ud)
{
    struct recipient *recipient = ud;
    recipient->op = NULL;
    decide(recipient, answer);
    pump(recipient->delivery);
}

static void on_wait(void *ud)
{
    struct recipient *recipient = ud;
    recipient->timer = NULL;
    attempt(recipient);
}

/* How long until the next try at this point; -1 = no more of them. */
static int64_t wait_before_retry(const struct recipient *recipient,
                                 const struct channel_answer *answer)
{
    int64_t wait = answer->retry_after_ms;
    bool told = wait >= 0;
    bool last = recipient->next_point == json_array_size(recipient->points);
    if (!told)
        wait = (int64_t)BACKOFF_MS << (recipient->tries - 1);
    if (recipient->tries >= (told ? RETRIES_MAX : last ? TRIES_MAX : TRIES_MAX - 1))
        return -1;
    if (wait < WAIT_MIN_MS)
        wait = WAIT_MIN_MS;
    return mu_clock_mono_ms() + wait < recipient->deadline_ms ? wait : -1;
}

static void decide(struct recipient *recipient, const struct channel_answer *answer)
{
    bool again = answer->verdict == CHANNEL_LATER ||
                 (answer->verdict == CHANNEL_MAYBE && recipient->channel.class->keyed);
    if (answer->verdict == CHANNEL_SENT) {
        conclude(recipient, true, answer->id);
        return;
    }
    recipient->maybe = recipient->maybe || answer->maybe || answer->verdict == CHANNEL_MAYBE;
    int64_t wait = again ? wait_before_retry(recipient, answer) : -1;
    if (wait >= 0) {
        recipient->timer =
            mu_timer_start(recipient->delivery->call->host->loop, wait, on_wait, recipient);
        return;
    }
    add_why(recipient, recipient->channel.name, answer->why);
    next_point(recipient);
}

/* --- all of them --- */

static void fail_all(struct delivery *delivery)
{
    struct mu_call *call = delivery->call;
    struct mu_buf text = {0};
    bool maybe = false, refused = true;
    for (size_t i = 0; i < delivery->count; i++) {
        const struct recipient *recipient = &delivery->list[i];
        mu_buf_addf(&text, "%s%s (%s)", i ? ", " : "", name_of(recipient),
                    mu_buf_text(&recipient->why));
        maybe = maybe || recipient->maybe;
        refused = refused && recipient->refused_only && recipient->why.len > 0;
    }
    call->state = NULL;
    delivery_free(delivery);
    if (maybe && call->repeated) /* once is enough: no third time by itself */
        mu_call_fail_unknown(call, MU_REMOTE, "nobody is known to have been reached: %s",
                             mu_buf_text(&text));
    else
        mu_call_fail(call, refused ? MU_REFUSED : MU_REMOTE, maybe, "nobody was reached: %s",
                     mu_buf_text(&text));
    mu_buf_free(&text);
}

static void complete(struct delivery *delivery)
{
    struct mu_call *call = delivery->call;
    if (delivery->reached == 0) {
        fail_all(delivery);
        return;
    }
    json_t *sent = json_array();
    for (size_t i = 0; i < delivery->count; i++)
        json_array_append(sent, delivery->list[i].result);
    json_t *value = json_pack("{s:b, s:i, s:i, s:o}", "ok", 1, "reached", (int)delivery->reached,
                              "failed", (int)(delivery->count - delivery->reached), "sent", sent);
    call->state = NULL;
    delivery_free(delivery);
    mu_call_done(call, value);
}

/* Starts as many as may be in flight; ends the call when all are decided. */
static void pump(struct delivery *delivery)
{
    while (delivery->in_flight < IN_FLIGHT_MAX && delivery->next < delivery->count)
        begin(&delivery->list[delivery->next++]);
    if (delivery->in_flight == 0 && delivery->next == delivery->count)
        complete(delivery);
}
