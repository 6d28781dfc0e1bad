/* SPDX-License-Identifier: MIT
 *
 * The judgement; see judge.h. One table: what happened, and in which phase. */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/clock.h"

enum outcome {
    FINE,        /* nobody said no */
    SILENT,      /* timed out */
    LOST,        /* refused to connect, closed or reset */
    GARBAGE,     /* what came was not SMTP, or not TLS */
    LATER,       /* 4xx, and 421 in particular */
    NEVER,       /* 5xx */
    NOT_GRANTED, /* TLS was demanded */
    OURS,        /* our network, configuration or request */
    OUTCOMES
};

#define UP   MU_SMTP_UP
#define DOWN MU_SMTP_DOWN
#define REJ  MU_SMTP_REJECTING
#define INC  MU_SMTP_INCONCLUSIVE

/* clang-format off */
static const enum mu_smtp_verdict verdicts[OUTCOMES][MU_SMTP_PHASES] = {
    /*               connect greeting ehlo  starttls auth mail rcpt data quit */
    [FINE]        = {UP,     UP,      UP,   UP,      UP,  UP,  UP,  UP,  UP},
    [SILENT]      = {DOWN,   DOWN,    DOWN, DOWN,    INC, INC, INC, INC, UP},
    [LOST]        = {DOWN,   DOWN,    INC,  DOWN,    INC, INC, INC, INC, UP},
    [GARBAGE]     = {DOWN,   DOWN,    DOWN, DOWN,    INC, INC, INC, INC, UP},
    [LATER]       = {INC,    INC,     INC,  INC,     INC, INC, INC, INC, UP},
    [NEVER]       = {INC,    REJ,     INC,  INC,     INC, INC, REJ, INC, UP},
    [NOT_GRANTED] = {INC,    INC,     INC,  DOWN,    INC, INC, INC, INC, UP},
    [OURS]        = {INC,    INC,     INC,  INC,     INC, INC, INC, INC, INC},
};
/* clang-format on */

/* A permanent no that is about us, not about mail for the recipient: whoever else sends gets
 * through. */
static const char *const about_us[] = {"blocklist",
                                       "block list",
                                       "blacklist",
                                       "black list",
                                       "denylist",
                                       "spamhaus",
                                       "dnsbl",
                                       "blocked using",
                                       "reputation",
                                       "rate limit",
                                       "too many connections"};

/* Connecting failed on this side of the wire: no IPv6 here, a local firewall, no descriptors. */
static const int our_errors[] = {ENETUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, EPERM,
                                 EACCES,      EMFILE,        ENFILE,       ENOBUFS};

static const struct {
    enum outcome outcome;
    enum mu_smtp_phase phase;
    const char *text;
} hints[] = {
    {LOST, MU_SMTP_EHLO, " (it did greet: perhaps it does not like our HELO name)"},
    {NEVER, MU_SMTP_EHLO, " (perhaps it does not like our HELO name)"},
    {NEVER, MU_SMTP_MAIL, " (it refuses our sender, which says nothing about others)"},
    {OURS, MU_SMTP_CONNECT, " (this host has no way there: says nothing about the server)"},
};

struct event { /* what decided, and where */
    enum outcome outcome;
    enum mu_smtp_phase phase;
    const struct mu_smtp_reply *reply;
};

static struct event event_of(const struct mu_smtp_result *, enum mu_smtp_tls);
static void tell_reply(const struct event *, char *buf, size_t size);
static bool is_about_us(const char *text);
static const char *hint(const struct event *);

const char *mu_smtp_verdict_name(enum mu_smtp_verdict verdict)
{
    static const char *const names[] = {[MU_SMTP_UP] = "up",
                                        [MU_SMTP_DOWN] = "down",
                                        [MU_SMTP_REJECTING] = "rejecting",
                                        [MU_SMTP_INCONCLUSIVE] = "inconclusive"};
    return (size_t)verdict < MU_COUNT(names) ? names[verdict] : "inconclusive";
}

struct mu_smtp_judgement mu_smtp_judge(const struct mu_smtp_result *r,
                                       const struct mu_smtp_request *asked)
{
    struct event event = event_of(r, asked->tls);
    struct mu_smtp_judgement judgement = {.verdict = verdicts[event.outcome][event.phase],
                                          .reply = event.reply,
                                          .phase = event.phase};
    const char *remark = hint(&event);
    if (judgement.verdict == MU_SMTP_REJECTING && event.reply != NULL &&
        is_about_us(event.reply->text)) {
        judgement.verdict = MU_SMTP_INCONCLUSIVE;
        remark = " (it refuses our own address)";
    }
    if (judgement.verdict == MU_SMTP_UP)
        return judgement;
    if (r->err != MU_OK || event.reply == NULL)
        mu_smtp_failure(r, asked, judgement.why, sizeof judgement.why);
    else
        tell_reply(&event, judgement.why, sizeof judgement.why);
    size_t len = strlen(judgement.why);
    snprintf(judgement.why + len, sizeof judgement.why - len, "%s", remark);
    return judgement;
}

/* --- what decided --- */

static bool is_ours(const struct mu_smtp_result *r)
{
    for (size_t i = 0; i < MU_COUNT(our_errors); i++)
        if (r->os_error == our_errors[i])
            return true;
    return r->err == MU_CONFIG || r->err == MU_USAGE || r->err == MU_INTERNAL ||
           r->err == MU_RESOURCES;
}

static enum outcome outcome_of_failure(const struct mu_smtp_result *r)
{
    if (is_ours(r))
        return OURS;
    if (r->err == MU_REMOTE)
        return NOT_GRANTED;
    if (r->err == MU_PROTO)
        return GARBAGE;
    return r->timed_out ? SILENT : LOST;
}

static enum outcome outcome_of_code(int code)
{
    return code >= 500 ? NEVER : code >= 400 ? LATER : FINE;
}

/* Accepted by one, accepted; a permanent no counts when every recipient got one. */
static struct event event_of_rcpt(const struct mu_smtp_result *r)
{
    struct event event = {FINE, MU_SMTP_QUIT, r->rcpt_count ? &r->rcpt[0] : &r->ehlo};
    for (size_t i = 0; i < r->rcpt_count; i++) {
        enum outcome outcome = outcome_of_code(r->rcpt[i].code);
        if (outcome == FINE)
            return (struct event){FINE, MU_SMTP_QUIT, &r->rcpt[i]};
        if (event.outcome == FINE || outcome == LATER)
            event = (struct event){outcome, MU_SMTP_RCPT, &r->rcpt[i]};
    }
    return event;
}

static struct event event_of_replies(const struct mu_smtp_result *r)
{
    const struct event asked[] = {
        {outcome_of_code(r->greeting.code), MU_SMTP_GREETING, &r->greeting},
        {outcome_of_code(r->ehlo.code), MU_SMTP_EHLO, &r->ehlo},
        {outcome_of_code(r->mail.code), MU_SMTP_MAIL, &r->mail}};
    for (size_t i = 0; i < MU_COUNT(asked); i++)
        if (asked[i].outcome != FINE)
            return asked[i];
    return event_of_rcpt(r);
}

static struct event event_of(const struct mu_smtp_result *r, enum mu_smtp_tls tls)
{
    if (r->err == MU_OK)
        return event_of_replies(r);
    enum outcome outcome = outcome_of_failure(r);
    /* EHLO was fine, and senders that only try TLS then deliver without (RFC 7435). */
    if (r->phase == MU_SMTP_STARTTLS && tls == MU_SMTP_TLS_TRY && outcome != OURS)
        return (struct event){FINE, MU_SMTP_QUIT, &r->ehlo};
    const struct mu_smtp_reply *refusal =
        outcome == NOT_GRANTED && r->starttls.code ? &r->starttls : NULL;
    return (struct event){outcome, r->phase, refusal};
}

/* --- words --- */

void mu_smtp_failure(const struct mu_smtp_result *r, const struct mu_smtp_request *asked, char *buf,
                     size_t size)
{
    const char *phase = mu_smtp_phase_name(r->phase), *why = r->why ? r->why : "";
    const char *behind_address = strstr(why, phase);
    bool connecting = r->phase == MU_SMTP_CONNECT;
    char text[MU_TIME_TEXT];
    if (r->timed_out)
        snprintf(buf, size, "%s: %s within %s", phase, connecting ? "no connection" : "no reply",
                 mu_duration_text(connecting ? asked->connect_timeout_ms : asked->phase_timeout_ms,
                                  text));
    else
        snprintf(buf, size, "%s", behind_address ? behind_address : why);
}

static void tell_reply(const struct event *event, char *buf, size_t size)
{
    const struct mu_smtp_reply *reply = event->reply;
    snprintf(buf, size, "%s: %d %s%s%s", mu_smtp_phase_name(event->phase), reply->code,
             reply->enhanced, *reply->enhanced ? " " : "", reply->text);
}

static bool contains(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return false;
}

static bool is_about_us(const char *text)
{
    for (size_t i = 0; i < MU_COUNT(about_us); i++)
        if (contains(text, about_us[i]))
            return true;
    return false;
}

static const char *hint(const struct event *event)
{
    for (size_t i = 0; i < MU_COUNT(hints); i++)
        if (hints[i].outcome == event->outcome && hints[i].phase == event->phase)
            return hints[i].text;
    return "";
}
