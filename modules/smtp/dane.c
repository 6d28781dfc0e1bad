/* SPDX-License-Identifier: MIT
 *
 * smtp.dane; see dane.h.
 *
 *   dns.dnssec HOST A, AAAA ──────┐            ┌ no usable TLSA, proven: nothing is asked of the server
 *   dns.dnssec _25._tcp.HOST TLSA ┴─▶ settled? ┤
 *                                              └ some: smtp.probe (or what one has seen) ─▶ dane_match.c */
#include "dane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define SMTP_PORT 25

enum asked { ADDRESS4, ADDRESS6, TLSA, QUESTIONS };

struct look {
    struct mu_call *call;
    int64_t started_ms;
    json_t *answers[QUESTIONS]; /* of dns.dnssec */
    struct question {
        struct look *of;
        enum asked asked;
    } questions[QUESTIONS];
    size_t pending;
};

static void look_free(struct look *look)
{
    for (size_t i = 0; i < QUESTIONS; i++)
        json_decref(look->answers[i]);
    look->call->state = NULL;
    free(look);
}

void mu_smtp_dane_cancel(struct mu_call *call)
{
    if (call->state)
        look_free(call->state);
}

static const char *host_of(const struct look *look)
{
    return mu_json_str(look->call->args, "host", "");
}

static const json_t *records_of(const struct look *look)
{
    return json_object_get(look->answers[TLSA], "records");
}

static void finish(struct look *look, const char *verdict, enum mu_err class, const char *why)
{
    struct mu_call *call = look->call;
    json_t *value =
        json_pack("{s:b, s:s, s:o, s:O*, s:I}", "ok", class == MU_OK, "verdict", verdict, "why",
                  mu_json_lenient_string(why, strlen(why)), "records", records_of(look), "ms",
                  (json_int_t)(mu_clock_mono_ms() - look->started_ms));
    if (class != MU_OK)
        json_object_set_new(value, "class", json_string(mu_err_name(class)));
    look_free(look);
    mu_call_done(call, value);
}

/* --- the server --- */

static const char *match_words(enum dane_match match)
{
    switch (match) {
    case DANE_NOT_LINKED:
        return "a certificate that they name was sent, and what the server shows is not signed by "
               "it";
    case DANE_EXPIRED:
        return "a certificate on the way to the one that they name is not in force";
    case DANE_WRONG_NAME:
        return "the certificate is not of that host";
    default:
        return "they name no certificate or key that the server shows";
    }
}

static void judge_session(struct look *look, const json_t *probe)
{
    const json_t *certificate = json_object_get(probe, "certificate");
    enum dane_match best = DANE_UNUSABLE;
    size_t i;
    json_t *record;
    char why[500];
    json_array_foreach(records_of(look), i, record)
    {
        enum dane_match match =
            dane_match(json_string_value(record), json_object_get(certificate, "chain"),
                       mu_json_bool(certificate, "host_matches", false));
        best = match > best ? match : best;
    }
    if (best == DANE_MATCHES) {
        finish(look, "ok", MU_OK, "the TLSA records fit what the server shows");
        return;
    }
    snprintf(why, sizeof why,
             "the TLSA records of %.253s do not fit: %s; senders that honour DANE do not deliver",
             host_of(look), match_words(best));
    finish(look, "mismatch", MU_REMOTE, why);
}

static void on_probe(struct mu_call *call, const json_t *result, void *ud)
{
    struct look *look = ud;
    char why[700];
    (void)call;
    if (json_object_get(json_object_get(result, "certificate"), "chain")) {
        judge_session(look, result);
        return;
    }
    bool spoke = json_array_size(json_object_get(result, "capabilities")) > 0;
    if (spoke && !mu_json_bool(result, "starttls", false)) {
        snprintf(why, sizeof why,
                 "%.253s has TLSA records and offers no STARTTLS: senders that honour DANE do not "
                 "deliver",
                 host_of(look));
        finish(look, "no-tls", MU_REMOTE, why);
        return;
    }
    snprintf(why, sizeof why, "what the server shows is not known: %.400s",
             mu_json_str(result, "starttls_error", mu_json_str(result, "why", "no session")));
    finish(look, "unknown", MU_NET, why);
}

static void look_at_server(struct look *look)
{
    const json_t *seen = mu_json_get(look->call->args, "probe");
    if (seen) {
        on_probe(look->call, seen, look);
        return;
    }
    json_t *args = json_pack("{s:s, s:b, s:O*, s:O*}", "host", host_of(look), "chain", 1, "address",
                             mu_json_get(look->call->args, "address"), "port",
                             mu_json_get(look->call->args, "port"));
    mu_sub(look->call, "smtp.probe", args, on_probe, look);
}

/* --- DNS --- */

static const char *verdict_of(const struct look *look, enum asked asked)
{
    return mu_json_str(look->answers[asked], "verdict", "indeterminate");
}

static bool is(const struct look *look, enum asked asked, const char *verdict)
{
    return strcmp(verdict_of(look, asked), verdict) == 0;
}

static size_t usable(const struct look *look)
{
    size_t count = 0, i;
    json_t *record;
    json_array_foreach(records_of(look), i, record)
    {
        count += dane_match(json_string_value(record), NULL, false) != DANE_UNUSABLE;
    }
    return count;
}

/* A broken chain is no "unsigned": whoever honours DANE waits, and in the end sends back (RFC 7672 2.1.1). */
static bool broken(struct look *look)
{
    for (int i = 0; i < QUESTIONS; i++) {
        const char *why = mu_json_str(look->answers[i], "why", "");
        if (is(look, (enum asked)i, "bogus")) {
            finish(look, "bogus", MU_REMOTE, why);
            return true;
        }
        if (is(look, (enum asked)i, "indeterminate")) {
            finish(look, "unknown", MU_NET, why);
            return true;
        }
    }
    return false;
}

static void judge_dns(struct look *look)
{
    bool some = json_array_size(records_of(look)) > 0;
    char why[500];
    if (broken(look))
        return;
    if (!some) {
        finish(look, "none", MU_OK, "there are no TLSA records");
    } else if (is(look, TLSA, "insecure") || is(look, ADDRESS4, "insecure") ||
               is(look, ADDRESS6, "insecure")) {
        snprintf(why, sizeof why, "its TLSA records count for nobody: %.400s",
                 mu_json_str(look->answers[is(look, TLSA, "insecure")       ? TLSA
                                           : is(look, ADDRESS4, "insecure") ? ADDRESS4
                                                                            : ADDRESS6],
                             "why", "it is not signed"));
        finish(look, "insecure", MU_OK, why);
    } else if (usable(look) == 0) {
        finish(look, "unusable", MU_OK,
               "of the TLSA records none is of a kind that SMTP has (usage 2 or 3): TLS is "
               "demanded, any certificate goes");
    } else {
        look_at_server(look);
    }
}

static void on_answer(struct mu_call *call, const json_t *result, void *ud)
{
    struct question *question = ud;
    struct look *look = question->of;
    (void)call;
    look->answers[question->asked] = json_deep_copy(result);
    if (--look->pending == 0)
        judge_dns(look);
}

static void ask(struct look *look, enum asked asked, json_t *name_take, const char *type)
{
    look->questions[asked] = (struct question){look, asked};
    mu_sub(look->call, "dns.dnssec", json_pack("{s:o, s:s}", "name", name_take, "type", type),
           on_answer, &look->questions[asked]);
}

void mu_smtp_dane_start(struct mu_call *call)
{
    struct look *look = MU_NEW(struct look);
    long long port = (long long)mu_json_int(call->args, "port", SMTP_PORT);
    call->state = look;
    look->call = call;
    look->started_ms = mu_clock_mono_ms();
    look->pending = QUESTIONS;
    ask(look, ADDRESS4, json_string(host_of(look)), "A");
    ask(look, ADDRESS6, json_string(host_of(look)), "AAAA");
    ask(look, TLSA, json_sprintf("_%lld._tcp.%s", port, host_of(look)), "TLSA");
}
