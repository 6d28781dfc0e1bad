/* SPDX-License-Identifier: MIT
 *
 * check_host() of RFC 7208; see spf.h.
 *
 *   enter(domain) ─ TXT ─▶ record ─▶ advance(): term by term ─▶ match ─▶ leave(result) ─▶ the include above, or finish()
 *                                      │  ▲                       none of them: redirect, or neutral
 *                                      ▼  │ matched(yes | no)
 *                          lookups.h: A, AAAA, MX, PTR
 *
 * An include is a frame above the one it stands in; a redirect takes the place of its frame. What a result means one frame
 * below is 5.2 (include) and 6.1 (redirect). Without a client nothing matches, and all that the record leads to is read:
 * how many lookups it takes, and what is wrong with it. */
#include "../spf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "lookups.h"
#include "macro.h"
#include "record.h"

#define MOST_LOOKUPS 10  /* 4.6.4 */
#define MOST_TRACED  200 /* lines of the trace */

enum result { NONE, NEUTRAL, PASS, FAIL, SOFTFAIL, TEMPERROR, PERMERROR };
static const char *const results[] = {"none",     "neutral",   "pass",     "fail",
                                      "softfail", "temperror", "permerror"};

struct frame {
    struct frame *below; /* whose include this is */
    char *domain;
    struct spf_record record;
    size_t at;
    bool redirected;
};

struct check {
    struct mu_call *call;
    int64_t started_ms;
    struct spf_look *look;
    struct frame *top;
    struct spf_values values;
    char *sender, *local, *sender_domain;
    char *target; /* what the present term is about, expanded */
    bool walks;   /* there is no client */
    int lookups;
    json_t *trace, *value;
};

static void advance(struct check *);
static void leave(struct check *, enum result);
static void enter(struct check *, const char *domain);
static void read_policy(struct check *);

static void frame_free(struct frame *frame)
{
    spf_record_free(&frame->record);
    free(frame->domain);
    free(frame);
}

static void check_free(struct check *check)
{
    while (check->top) {
        struct frame *below = check->top->below;
        frame_free(check->top);
        check->top = below;
    }
    spf_look_free(check->look);
    free(check->sender);
    free(check->local);
    free(check->sender_domain);
    free(check->target);
    json_decref(check->trace);
    json_decref(check->value);
    check->call->state = NULL;
    free(check);
}

void mu_mail_spf_cancel(struct mu_call *call)
{
    if (call->state)
        check_free(call->state);
}

/* What strangers wrote may be cut, or be no text. */
static MU_PRINTF(1, 0) json_t *words(const char *fmt, va_list ap)
{
    char *text = mu_xvasprintf(fmt, ap);
    json_t *string = mu_json_lenient_string(text, strlen(text));
    free(text);
    return string;
}

static void trace(struct check *check, const char *term, const char *fmt, ...) MU_PRINTF(3, 4);
static void trace(struct check *check, const char *term, const char *fmt, ...)
{
    va_list ap;
    if (json_array_size(check->trace) == MOST_TRACED)
        return;
    va_start(ap, fmt);
    json_t *said = words(fmt, ap);
    va_end(ap);
    json_array_append_new(check->trace, json_pack("{s:s, s:s, s:o}", "domain",
                                                  check->top ? check->top->domain : "", "term",
                                                  term, "said", said));
}

/* --- the end --- */

static void set_why(struct check *check, const char *fmt, ...) MU_PRINTF(2, 3);
static void set_why(struct check *check, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    json_object_set_new(check->value, "why", words(fmt, ap));
    va_end(ap);
}

/* "FAIL by -all of example.com, 3 of 10 lookups" */
static void sum_up(struct check *check, enum result result)
{
    char word[16] = "";
    const char *matched = mu_json_str(check->value, "matched", NULL);
    for (size_t i = 0; results[result][i]; i++)
        word[i] = (char)toupper((unsigned char)results[result][i]);
    if (json_object_get(check->value, "why"))
        return;
    if (check->walks)
        set_why(check, "well-formed, %d of %d lookups", check->lookups, MOST_LOOKUPS);
    else
        set_why(check, "%s by %s%s%s, %d of %d lookups", word, matched ? matched : "no term",
                check->sender_domain[0] ? " of " : "", check->sender_domain, check->lookups,
                MOST_LOOKUPS);
}

static void finish(struct check *check, enum result result)
{
    struct mu_call *call = check->call;
    json_t *value = json_incref(check->value);
    sum_up(check, result);
    json_object_set_new(value, "ok", json_boolean(result != TEMPERROR && result != PERMERROR));
    if (result == TEMPERROR || result == PERMERROR)
        json_object_set_new(value, "class",
                            json_string(mu_err_name(result == TEMPERROR ? MU_NET : MU_REMOTE)));
    json_object_set_new(value, "result", json_string(results[result]));
    json_object_set_new(value, "lookups", json_integer(check->lookups));
    json_object_set_new(value, "void_lookups", json_integer(spf_look_voids(check->look)));
    json_object_set(value, "trace", check->trace);
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - check->started_ms));
    check_free(check);
    mu_call_done(call, value);
}

/* --- what a term is about --- */

static const char *spec_of(const struct check *check)
{
    const struct frame *top = check->top;
    if (top->at < top->record.count)
        return top->record.terms[top->at].spec;
    return top->record.redirect;
}

/* The spec with its macros, or the domain itself. */
static char *expanded(struct check *check, const char *spec)
{
    const char *domain = check->top->domain;
    check->values.domain = domain;
    check->values.validated = spf_look_name(check->look, domain);
    return spec ? spf_macro_domain(spec, &check->values) : mu_xstrdup(domain);
}

/* --- the explanation of a failure (6.2): whatever is wrong with it, there is none then --- */

static void say_explanation(void *ud)
{
    struct check *check = ud;
    check->values.validated = spf_look_name(check->look, check->values.domain);
    char *said = spf_macro_expand(check->target, &check->values);
    json_object_set_new(check->value, "explanation", mu_json_lenient_string(said, strlen(said)));
    free(said);
    finish(check, FAIL);
}

static void on_explanation(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct check *check = ud;
    (void)why;
    free(check->target);
    check->target = sight == SPF_FOUND && json_array_size(records) == 1
                        ? mu_mail_txt_join(json_string_value(json_array_get(records, 0)))
                        : NULL;
    if (check->target == NULL || spf_macro_wrong(check->target, SPF_EXPLANATION))
        finish(check, FAIL);
    else if (spf_macro_needs_name(check->target) && !spf_look_has_names(check->look))
        spf_look_names(check->look, say_explanation, check);
    else
        say_explanation(check);
}

static void ask_explanation(void *ud)
{
    struct check *check = ud;
    char *name = expanded(check, check->top->record.exp);
    spf_look_records(check->look, name, "TXT", false, on_explanation, check);
    free(name);
}

static void explain(struct check *check)
{
    if (spf_macro_needs_name(check->top->record.exp) && !spf_look_has_names(check->look))
        spf_look_names(check->look, ask_explanation, check);
    else
        ask_explanation(check);
}

/* --- results, frame by frame --- */

static enum result result_of(char qualifier)
{
    return qualifier == '+'   ? PASS
           : qualifier == '-' ? FAIL
           : qualifier == '~' ? SOFTFAIL
                              : NEUTRAL;
}

static void next_term(struct check *check)
{
    check->top->at++;
    advance(check);
}

static void matches(struct check *check)
{
    const struct spf_term *term = &check->top->record.terms[check->top->at];
    enum result result = result_of(term->qualifier);
    trace(check, term->text, "match: %s", results[result]);
    if (check->top->below == NULL) /* what stands in an include is its reason */
        json_object_set_new(check->value, "matched", json_string(term->text));
    leave(check, result);
}

static void misses(struct check *check)
{
    trace(check, check->top->record.terms[check->top->at].text, "no match");
    next_term(check);
}

/* What an include came to, for whom it stands in (5.2). */
static void leave_include(struct check *check, enum result result)
{
    const struct spf_term *term = &check->top->record.terms[check->top->at];
    if (result == NONE) {
        set_why(check, "%s of %s: nothing can be included, that domain has no policy", term->text,
                check->top->domain);
        trace(check, term->text, "that domain has no policy");
        result = PERMERROR;
    }
    if (result == TEMPERROR || result == PERMERROR)
        leave(check, result);
    else if (result == PASS)
        matches(check);
    else if (check->walks)
        next_term(check);
    else
        misses(check);
}

static void leave(struct check *check, enum result result)
{
    struct frame *left = check->top;
    if (left->redirected && result == NONE) { /* 6.1 */
        set_why(check, "redirect=%s: that domain has no policy", left->domain);
        result = PERMERROR;
    }
    if (left->below) {
        check->top = left->below;
        frame_free(left);
        leave_include(check, result);
    } else if (result == FAIL && left->record.exp) {
        explain(check); /* the record's own words, or those of whom it redirected to */
    } else {
        finish(check, result);
    }
}

static bool is_over(struct check *check)
{
    if (check->lookups > MOST_LOOKUPS)
        set_why(check, "more than %d lookups (RFC 7208, 4.6.4)", MOST_LOOKUPS);
    else if (spf_look_voids(check->look) > SPF_MOST_VOIDS)
        set_why(check, "more than %d lookups that found nothing (RFC 7208, 4.6.4)", SPF_MOST_VOIDS);
    else
        return false;
    trace(check, "", "too many lookups");
    return true;
}

/* --- terms that look --- */

static void on_hosts(enum spf_sight sight, const char *why, void *ud)
{
    struct check *check = ud;
    const char *term = check->top->record.terms[check->top->at].text;
    if (sight == SPF_FAILED) {
        set_why(check, "%s of %s: %s", term, check->top->domain, why);
        trace(check, term, "%s", why);
        leave(check, TEMPERROR);
    } else if (sight == SPF_FOUND) {
        matches(check);
    } else if (is_over(check)) {
        leave(check, PERMERROR);
    } else {
        misses(check);
    }
}

static int bits_of(const struct check *check)
{
    const struct spf_term *term = &check->top->record.terms[check->top->at];
    return check->values.family == AF_INET ? term->bits4 : term->bits6;
}

/* "10 mx.example.com." → "mx.example.com" */
static json_t *hosts_of(const json_t *records)
{
    json_t *hosts = json_array(), *text;
    size_t i;
    json_array_foreach(records, i, text)
    {
        const char *space = strchr(json_string_value(text), ' '), *host = space ? space + 1 : "";
        size_t len = strlen(host);
        if (strcmp(host, ".") != 0 && len > 0) /* the null MX names nobody */
            json_array_append_new(hosts, json_stringn(host, len - (host[len - 1] == '.')));
    }
    return hosts;
}

static void on_mx(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct check *check = ud;
    json_t *hosts = hosts_of(records);
    if (sight != SPF_FOUND || json_array_size(hosts) == 0) {
        on_hosts(sight == SPF_FAILED ? SPF_FAILED : SPF_VOID, why, check);
    } else if (json_array_size(hosts) > SPF_MOST_HOSTS) {
        set_why(check, "%s of %s: more than %d MX hosts (RFC 7208, 4.6.4)",
                check->top->record.terms[check->top->at].text, check->top->domain, SPF_MOST_HOSTS);
        leave(check, PERMERROR);
    } else {
        spf_look_hosts(check->look, hosts, bits_of(check), on_hosts, check);
    }
    json_decref(hosts);
}

static void on_exists(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    (void)records;
    on_hosts(sight, why, ud);
}

static void on_ptr_names(void *ud)
{
    struct check *check = ud;
    if (spf_look_name_in(check->look, check->target))
        matches(check);
    else
        misses(check);
}

static void on_names_for_macro(void *ud)
{
    advance(ud);
}

static void look_at(struct check *check, const struct spf_term *term)
{
    json_t *host;
    switch (term->mechanism) {
    case SPF_A:
        host = json_pack("[s]", check->target);
        spf_look_hosts(check->look, host, bits_of(check), on_hosts, check);
        json_decref(host);
        break;
    case SPF_MX:
        spf_look_records(check->look, check->target, "MX", true, on_mx, check);
        break;
    case SPF_EXISTS:
        spf_look_records(check->look, check->target, "A", true, on_exists, check);
        break;
    case SPF_PTR:
        if (spf_look_has_names(check->look))
            on_ptr_names(check);
        else
            spf_look_names(check->look, on_ptr_names, check);
        break;
    default:
        enter(check, check->target); /* include */
    }
}

/* Without a client: what it would take, and what an include leads to. */
static void walk(struct check *check, const struct spf_term *term)
{
    if (term->mechanism == SPF_INCLUDE && strchr(term->spec, '%') == NULL)
        enter(check, check->target);
    else
        next_term(check);
}

/* --- the record, term by term --- */

static bool matches_at_once(const struct check *check, const struct spf_term *term)
{
    if (term->mechanism == SPF_ALL)
        return true;
    return term->mechanism == SPF_IP4
               ? spf_look_within(check->look, term->network, AF_INET, term->bits4)
               : spf_look_within(check->look, term->network, AF_INET6, term->bits6);
}

static void take_term(struct check *check, const struct spf_term *term)
{
    if (!spf_term_looks_up(term)) {
        if (!check->walks && matches_at_once(check, term))
            matches(check);
        else if (check->walks)
            next_term(check);
        else
            misses(check);
        return;
    }
    check->lookups++;
    if (is_over(check)) {
        leave(check, PERMERROR);
        return;
    }
    free(check->target);
    check->target = expanded(check, term->spec);
    if (check->walks)
        walk(check, term);
    else
        look_at(check, term);
}

/* Behind the last term (4.7, 6.1). */
static void take_redirect(struct check *check)
{
    const char *redirect = check->top->record.redirect;
    if (redirect == NULL) {
        leave(check, NEUTRAL);
        return;
    }
    check->lookups++;
    if (is_over(check)) {
        leave(check, PERMERROR);
        return;
    }
    struct frame *top = check->top;
    char *domain = expanded(check, redirect);
    trace(check, "redirect", "%s", domain);
    spf_record_free(&top->record);
    free(top->domain);
    top->domain = domain;
    top->redirected = true;
    top->at = 0;
    read_policy(check);
}

static bool has_all(const struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->terms[i].mechanism == SPF_ALL)
            return true;
    return false;
}

static void advance(struct check *check)
{
    struct frame *top = check->top;
    const char *spec = spec_of(check);
    if (!check->walks && spf_macro_needs_name(spec) && !spf_look_has_names(check->look))
        spf_look_names(check->look, on_names_for_macro, check);
    else if (top->at < top->record.count)
        take_term(check, &top->record.terms[top->at]);
    else if (check->walks && has_all(&top->record)) /* redirect counts only without it (6.1) */
        leave(check, NEUTRAL);
    else
        take_redirect(check);
}

/* --- a domain's record --- */

/* The one SPF record among them, joined; NULL: there is none, or *many. */
static char *record_among(const json_t *records, bool *many)
{
    char *found = NULL;
    size_t i;
    json_t *shown;
    *many = false;
    json_array_foreach(records, i, shown)
    {
        char *text = mu_mail_txt_join(json_string_value(shown));
        bool is = spf_record_is(text);
        if (!is || found) {
            *many = *many || is;
            free(text);
        } else {
            found = text;
        }
    }
    return found;
}

static void take_record(struct check *check, const char *text)
{
    struct frame *top = check->top;
    struct mu_fail fail;
    if (top->below == NULL && !top->redirected)
        json_object_set_new(check->value, "record", mu_json_lenient_string(text, strlen(text)));
    trace(check, "", "%.1000s", text);
    if (spf_record_parse(text, &top->record, &fail) != MU_OK) {
        set_why(check, "%s: %s", top->domain, fail.text);
        trace(check, "", "%s", fail.text);
        leave(check, PERMERROR);
    } else {
        advance(check);
    }
}

static void on_policy(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct check *check = ud;
    const char *domain = check->top->domain;
    bool many;
    char *text = record_among(records, &many);
    if (sight == SPF_FAILED) {
        set_why(check, "the policy of %s can't be read: %s", domain, why);
        leave(check, TEMPERROR);
    } else if (many) {
        set_why(check, "%s has more than one SPF record (RFC 7208, 4.5)", domain);
        leave(check, PERMERROR);
    } else if (text == NULL) {
        trace(check, "", "no SPF record");
        if (check->top->below == NULL && !check->top->redirected)
            set_why(check, "%s has no SPF record", domain);
        leave(check, NONE);
    } else {
        take_record(check, text);
    }
    free(text);
}

/* Labels of 1 to 63 octets, two at least (4.3). */
static bool is_askable(const char *domain)
{
    size_t labels = 0, len = strlen(domain);
    if (len == 0 || len > SPF_DOMAIN_MAX || domain[0] == '[')
        return false;
    while (*domain) {
        size_t label = strcspn(domain, ".");
        if (label == 0 || label > 63)
            return false;
        labels++;
        domain += label + (domain[label] == '.');
    }
    return labels > 1;
}

/* Of the domain of the top frame. */
static void read_policy(struct check *check)
{
    const char *domain = check->top->domain;
    if (is_askable(domain)) {
        spf_look_records(check->look, domain, "TXT", false, on_policy, check);
        return;
    }
    if (check->top->below == NULL && !check->top->redirected)
        set_why(check, "\"%.100s\" is no domain", domain);
    leave(check, NONE);
}

static void enter(struct check *check, const char *domain)
{
    struct frame *frame = MU_NEW(struct frame);
    frame->below = check->top;
    frame->domain = mu_xstrdup(domain);
    check->top = frame;
    read_policy(check);
}

/* --- from outside --- */

/* "local@domain", "domain" or "", which is that of HELO (2.4). */
static void take_sender(struct check *check, const char *typed)
{
    const char *at = strrchr(typed, '@'), *domain = at         ? at + 1
                                                    : typed[0] ? typed
                                                               : check->values.helo;
    check->local =
        at && at > typed ? mu_xstrndup(typed, (size_t)(at - typed)) : mu_xstrdup("postmaster");
    check->sender_domain = mu_xstrdup(domain);
    check->sender = mu_xasprintf("%s@%s", check->local, domain);
    check->values.local = check->local;
    check->values.sender_domain = check->sender_domain;
    check->values.sender = check->sender;
}

/* IPv4 in IPv6 clothes is IPv4 (5). */
static void take_address(struct check *check, const char *typed)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_storage address;
    check->walks = typed == NULL || !mu_addr_parse(typed, 0, &address);
    if (check->walks)
        return;
    const struct sockaddr_in *four = (const void *)&address;
    const struct sockaddr_in6 *six = (const void *)&address;
    check->values.family = address.ss_family;
    if (address.ss_family == AF_INET) {
        memcpy(check->values.address, &four->sin_addr, 4);
    } else if (memcmp(&six->sin6_addr, mapped, sizeof mapped) == 0) {
        check->values.family = AF_INET;
        memcpy(check->values.address, (const uint8_t *)&six->sin6_addr + sizeof mapped, 4);
    } else {
        memcpy(check->values.address, &six->sin6_addr, 16);
    }
}

void mu_mail_spf_start(struct mu_call *call)
{
    struct check *check = MU_NEW(struct check);
    call->state = check;
    check->call = call;
    check->started_ms = mu_clock_mono_ms();
    check->trace = json_array();
    check->value = json_object();
    check->values.helo = mu_json_str(call->args, "helo", "unknown");
    check->values.receiver = mu_json_str(call->args, "receiver", "unknown");
    check->values.now_s = mu_clock_real_ms() / 1000;
    take_sender(check, mu_json_str(call->args, "sender", ""));
    take_address(check, mu_json_str(call->args, "ip", NULL));
    check->look = spf_look_new(call, check->values.family, check->values.address);
    enter(check, check->sender_domain);
}
