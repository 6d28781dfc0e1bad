/* SPDX-License-Identifier: MIT
 *
 * A channel: a way to reach people that muster.lua names under `channels`. A channel class knows
 * one kind ("email", "slack" ...): how its configuration must look, how one message goes out once,
 * and how to see that it would work. Who is told, in which order, how often a failure is tried
 * again and what is told of it: deliver.c.
 *
 * To add a kind: a file in channels/ with one `const struct channel_class`, and a line in
 * channel.c. */
#ifndef MU_NOTIFY_CHANNEL_H
#define MU_NOTIFY_CHANNEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/template.h"
#include "io/op.h"
#include "module/module.h"

struct channel_class;

/* One contact point: a configured channel and an address in it. Borrows from configuration. */
struct channel {
    const struct channel_class *class;
    const json_t *config;
    char name[64];       /* key in `channels` */
    const char *address; /* "" when the point names none */
    int timeout_ms;      /* of one try */
    int deadline_ms;     /* of all tries together */
};

/* What is told; the same for every recipient. */
struct message {
    const char *run, *incident, *kind; /* kind: notify, page, gate ... */
    const char *subject, *text;
    const json_t *vars;
    enum mu_priority priority;
    int64_t created_ms;
};

struct channel_request {
    const struct mu_host *host;
    const struct channel *channel;
    const struct message *message;
    const char *label; /* of the recipient, for people */
    const char *key; /* 32 hex digits, the same whenever this message goes to this contact point */
    int timeout_ms;
};

enum channel_verdict {
    CHANNEL_SENT,  /* the far side took it */
    CHANNEL_LATER, /* not now: rate limit, overload, no connection */
    CHANNEL_NEVER, /* it says no, and would again */
    CHANNEL_MAYBE  /* sent, but no answer: it may have arrived */
};

struct channel_answer {
    enum channel_verdict verdict;
    bool maybe; /* LATER, NEVER: it may have arrived all the same; MAYBE always says so */
    int64_t retry_after_ms; /* LATER: when the far side said; -1 = it did not */
    char why[256];          /* when not SENT; never holds a secret */
    char id[160];           /* what the far side, or we, call this message; "" = nothing */
};

typedef void channel_done(const struct channel_answer *, void *ud);

struct channel_class {
    const char *kind;
    bool keyed;     /* the far side drops a second message with the same key */
    int timeout_ms; /* of one try, where configuration says nothing */
    /* MU_CONFIG with what to change in muster.lua. */
    enum mu_err (*check)(const struct mu_host *, const struct channel *, struct mu_fail *);
    /* With it every contact point needs an address, and this kind of one; NULL = as one likes. */
    enum mu_err (*check_address)(const struct channel *, struct mu_fail *);
    /* The address is as good as a password, so it is not shown. NULL = never. */
    bool (*hides_address)(const struct channel *);
    /* MU_REFUSED when the message would have to travel through the name that fails. NULL = never.
     */
    enum mu_err (*loops)(const struct channel *, const char *failing, struct mu_fail *);
    /* Sends once. done is called exactly once, never from inside, unless the operation is
     * cancelled. */
    struct mu_op *(*send)(const struct channel_request *, channel_done *, void *ud);
    /* Would it work? Connects, but tells nobody anything. As send. */
    struct mu_op *(*look)(const struct channel_request *, channel_done *, void *ud);
};

/* Contact point → channel, with its configuration and address checked. MU_CONFIG says what is
 * wrong. */
/* In a drill: {channels: {channel: channel or point}} or {lab: true}; the verbs' redirect. */
json_t *mu_notify_redirect(struct mu_call *, struct mu_fail *);
/* The contact point that is used for this one, a new text: itself, in a drill that of drill.channels. NULL: none,
 * *fail says why. */
char *mu_notify_point_now(const struct mu_call *, const char *point, struct mu_fail *);
enum mu_err mu_notify_channel_find(const struct mu_host *, const char *point, struct channel *,
                                   struct mu_fail *);
/* The same without an address, for a look at the channel alone. */
enum mu_err mu_notify_channel_alone(const struct mu_host *, const char *name, struct channel *,
                                    struct mu_fail *);
/* The names that fail: where the message is about an outage of example.com, no e-mail may depend on
 * it. */
struct failing {
    char names[3][256];
    size_t count;
};
enum mu_err mu_notify_channel_loops(const struct channel *, const struct failing *,
                                    struct mu_fail *);
/* A contact point as it may be shown and kept; new text. Other texts are copied as they are. */
char *mu_notify_point_shown(const struct mu_host *, const char *point);
/* The text of a key that may be a secret; NULL when absent or unknown. */
const char *mu_notify_channel_text(const struct mu_host *, const struct channel *, const char *key);
/* URLs that carry a token are registered as secrets before anything can log them. */
void mu_notify_channel_guard(const struct mu_host *);

/* Sets verdict and why. */
void mu_notify_answer(struct channel_answer *, enum channel_verdict, const char *fmt, ...)
    MU_PRINTF(3, 4);

extern const struct channel_class mu_notify_email, mu_notify_slack, mu_notify_webhook,
    mu_notify_ntfy;

#endif
