/* SPDX-License-Identifier: MIT
 *
 * dns.blocklists; see blocklists.h. Three questions to each list, side by side, and a fourth where the first is answered:
 *
 *   7.2.0.192.LIST A ─▶ 127.0.0.x: listed ─▶ TXT: why      127.255.255.x: it refuses our resolver ─▶ unknown
 *   2.0.0.127.LIST A    must be listed                     1.0.0.127.LIST A must not: else the list is dead ─▶ unknown
 *
 * (Of domains: test.LIST and invalid.LIST, RFC 5782 5.) A list that was given up mostly lists nothing, or the whole world:
 * neither is believed. */
#include "blocklists.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

#define MOST_LISTS 40

enum asked { ENTRY, TEST_LISTED, TEST_CLEAN, REASON, QUESTIONS };

struct list {
    struct check *of;
    const char *zone;
    json_t *answers[QUESTIONS];
    size_t pending;
};

struct question { /* what a sub call comes back to */
    struct list *list;
    enum asked asked;
};

struct check {
    struct mu_call *call;
    int64_t started_ms;
    bool domain;
    char *entry; /* "7.2.0.192", or the domain */
    json_t *zones;
    struct list lists[MOST_LISTS];
    struct question questions[MOST_LISTS][QUESTIONS];
    size_t count, pending;
};

/* Of addresses, and of domains; all of them ask heavy users, and those behind a public resolver, for a key of their own:
 * https://www.spamhaus.org/faqs/dnsbl-usage/, https://www.spamcop.net/bl.shtml, https://www.barracudacentral.org/rbl,
 * https://www.surbl.org/guidelines, http://uribl.com/usage.shtml (as of 2026-11). */
static const char *const of_addresses[] = {"zen.spamhaus.org", "bl.spamcop.net",
                                           "b.barracudacentral.org"};
static const char *const of_domains[] = {"dbl.spamhaus.org", "multi.surbl.org", "multi.uribl.com"};

static void check_free(struct check *check)
{
    for (size_t i = 0; i < check->count; i++)
        for (size_t k = 0; k < QUESTIONS; k++)
            json_decref(check->lists[i].answers[k]);
    json_decref(check->zones);
    free(check->entry);
    check->call->state = NULL;
    free(check);
}

void mu_dns_blocklists_cancel(struct mu_call *call)
{
    if (call->state)
        check_free(call->state);
}

/* --- one list --- */

static bool listed(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "records")) > 0;
}

/* The first octets of the first record, as a number in host order; 0: none. */
static uint32_t code_of(const json_t *answer)
{
    struct in_addr addr;
    const char *text = json_string_value(json_array_get(json_object_get(answer, "records"), 0));
    return text && inet_pton(AF_INET, text, &addr) == 1 ? ntohl(addr.s_addr) : 0;
}

/* Why what it says is not believed, NULL when it is. */
static const char *doubt(const struct list *list)
{
    uint32_t code = code_of(list->answers[ENTRY]);
    if (!mu_dns_told(list->answers[ENTRY]))
        return mu_json_str(list->answers[ENTRY], "why", "no answer");
    if (listed(list->answers[ENTRY]) && code >> 24 != 127)
        return "answers with an address outside of 127.0.0.0/8: the list is gone, or the resolver "
               "answers for names that do not exist";
    if (code >> 8 == 0x7fffff)
        return "refuses our resolver (too many questions, or a public one): ask through a resolver "
               "of your own, or get a key";
    if (mu_dns_told(list->answers[TEST_CLEAN]) && listed(list->answers[TEST_CLEAN]))
        return "lists what no list may list: it was given up";
    if (!listed(list->answers[ENTRY]) && mu_dns_told(list->answers[TEST_LISTED]) &&
        !listed(list->answers[TEST_LISTED]))
        return "does not list what every list must: it was given up, or our resolver is shut out";
    return NULL;
}

static const char *reason_of(const struct list *list)
{
    return json_string_value(json_array_get(json_object_get(list->answers[REASON], "records"), 0));
}

static json_t *list_json(const struct list *list, const char *why)
{
    bool is_listed = listed(list->answers[ENTRY]);
    return json_pack("{s:s, s:s, s:s*, s:O, s:s*}", "list", list->zone, "state",
                     why         ? "unknown"
                     : is_listed ? "listed"
                                 : "clean",
                     "why", why, "codes", json_object_get(list->answers[ENTRY], "records"),
                     "reason", is_listed ? reason_of(list) : NULL);
}

/* --- all --- */

struct counts {
    size_t listed, unknown;
    struct mu_buf names; /* of those that list it, else of those that are unknown */
};

static void count(struct counts *counts, const struct list *list, const char *why)
{
    bool hit = !why && listed(list->answers[ENTRY]);
    if (hit && counts->listed == 0)
        mu_buf_reset(&counts->names);
    if (hit || (why && counts->listed == 0)) {
        const char *reason = hit ? reason_of(list) : why;
        mu_buf_addf(&counts->names, "%s%s%s%.300s", counts->names.len ? "; " : "", list->zone,
                    reason ? " " : "", reason ? reason : "");
    }
    counts->listed += hit;
    counts->unknown += why != NULL;
}

static void finish(struct check *check)
{
    struct mu_call *call = check->call;
    struct counts counts = {.listed = 0};
    json_t *lists = json_array();
    for (size_t i = 0; i < check->count; i++) {
        const char *why = doubt(&check->lists[i]);
        count(&counts, &check->lists[i], why);
        json_array_append_new(lists, list_json(&check->lists[i], why));
    }
    const char *verdict = counts.listed ? "listed" : counts.unknown ? "unknown" : "clean";
    json_t *result = json_pack(
        "{s:b, s:s, s:I, s:I, s:o, s:I}", "ok", strcmp(verdict, "clean") == 0, "verdict", verdict,
        "listed", (json_int_t)counts.listed, "unknown", (json_int_t)counts.unknown, "lists", lists,
        "ms", (json_int_t)(mu_clock_mono_ms() - check->started_ms));
    if (counts.names.len)
        json_object_set_new(result, "why",
                            mu_json_lenient_string(counts.names.data, counts.names.len));
    if (strcmp(verdict, "clean") != 0)
        json_object_set_new(result, "class",
                            json_string(mu_err_name(counts.listed ? MU_REMOTE : MU_NET)));
    mu_buf_free(&counts.names);
    check_free(check);
    mu_call_done(call, result);
}

/* --- asking --- */

static void ask(struct list *list, enum asked asked);

static void on_answer(struct mu_call *call, const json_t *result, void *ud)
{
    struct question *question = ud;
    struct list *list = question->list;
    struct check *check = list->of;
    list->answers[question->asked] = json_deep_copy(result);
    list->pending--;
    if (question->asked == ENTRY && listed(result))
        ask(list, REASON);
    if (list->pending > 0)
        return;
    check->pending--;
    mu_call_progress(call, "%zu/%zu lists asked", check->count - check->pending, check->count);
    if (check->pending == 0)
        finish(check);
}

static void ask(struct list *list, enum asked asked)
{
    struct check *check = list->of;
    const char *entry = check->entry;
    if (asked == TEST_LISTED)
        entry = check->domain ? "test" : "2.0.0.127";
    else if (asked == TEST_CLEAN)
        entry = check->domain ? "invalid" : "1.0.0.127";
    list->pending++;
    mu_sub(check->call, "dns.query",
           json_pack("{s:o, s:s}", "name", json_sprintf("%s.%s", entry, list->zone), "type",
                     asked == REASON ? "TXT" : "A"),
           on_answer, &check->questions[list - check->lists][asked]);
}

/* "192.0.2.7" → "7.2.0.192", an IPv6 address by nibbles (RFC 5782 2.1, 2.4); NULL: it is no address. New. */
static char *reversed(const char *address)
{
    uint8_t octets[16];
    struct mu_buf out = {0};
    if (inet_pton(AF_INET, address, octets) == 1) {
        for (size_t i = 4; i-- > 0;)
            mu_buf_addf(&out, "%u%s", octets[i], i ? "." : "");
    } else if (inet_pton(AF_INET6, address, octets) == 1) {
        for (size_t i = 16; i-- > 0;)
            mu_buf_addf(&out, "%x.%x%s", octets[i] & 15u, octets[i] >> 4, i ? "." : "");
    } else {
        return NULL;
    }
    char *text = mu_xstrdup(mu_buf_text(&out));
    mu_buf_free(&out);
    return text;
}

/* Given, or those of muster.lua, or those that muster knows. A new reference. */
static json_t *zones_of(const struct mu_call *call, bool domain)
{
    const json_t *given = mu_json_get(call->args, "lists");
    const char *path = domain ? "dns.blocklists.domains" : "dns.blocklists.addresses";
    const json_t *own = json_array_size(given) ? given : mu_config(call->host, path);
    if (json_array_size(own))
        return json_deep_copy(own);
    json_t *known = json_array();
    for (size_t i = 0; i < (domain ? MU_COUNT(of_domains) : MU_COUNT(of_addresses)); i++)
        json_array_append_new(known, json_string(domain ? of_domains[i] : of_addresses[i]));
    return known;
}

/* The zones in our form, in place. NULL, or what is wrong with them. */
static const char *normalise(json_t *zones)
{
    char name[MU_NAME_TEXT];
    if (json_array_size(zones) > MOST_LISTS)
        return "more than 40 lists";
    for (size_t i = 0; i < json_array_size(zones); i++) {
        const char *text = json_string_value(json_array_get(zones, i));
        if (!text || mu_name_owner(text, name, NULL) != MU_OK)
            return "a list is named by its zone, as \"zen.spamhaus.org\"";
        json_array_set_new(zones, i, json_string(name));
    }
    return NULL;
}

static void ask_all(struct check *check)
{
    size_t i;
    json_t *zone;
    check->pending = json_array_size(check->zones);
    json_array_foreach(check->zones, i, zone)
    {
        struct list *list = &check->lists[check->count++];
        *list = (struct list){.of = check, .zone = json_string_value(zone)};
        for (int k = 0; k < QUESTIONS; k++)
            check->questions[i][k] = (struct question){list, (enum asked)k};
        for (int k = ENTRY; k <= TEST_CLEAN; k++)
            ask(list, (enum asked)k);
    }
}

void mu_dns_blocklists_start(struct mu_call *call)
{
    char domain[MU_NAME_TEXT];
    const char *what = mu_json_str(call->args, "what", "");
    char *entry = reversed(what);
    bool is_domain = entry == NULL;
    if (is_domain && mu_name_domain(what, domain, NULL) == MU_OK)
        entry = mu_xstrdup(domain);
    json_t *zones = zones_of(call, is_domain);
    const char *wrong = entry ? normalise(zones) : "it takes an address or a domain";
    if (wrong) {
        mu_call_fail(call, MU_USAGE, false, "\"%.100s\": %s", what, wrong);
        json_decref(zones);
        free(entry);
        return;
    }
    struct check *check = MU_NEW(struct check);
    call->state = check;
    check->call = call;
    check->started_ms = mu_clock_mono_ms();
    check->domain = is_domain;
    check->entry = entry;
    check->zones = zones;
    ask_all(check);
}
