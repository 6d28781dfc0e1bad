/* SPDX-License-Identifier: MIT
 *
 * dns.propagation; see propagation.h.
 *
 *   dns.query at="authoritative" ─▶ each address: has it, or what it has instead
 *   dns.query server=RESOLVER    ─▶ each cache:   has it, or forgets what it holds in `ttl` seconds
 *
 * Never one boolean alone: of a change that has arrived at three of four servers people want to know the fourth. */
#include "propagation.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "records.h"

#define MOST_RESOLVERS 50

struct spread {
    struct mu_call *call;
    int64_t started_ms;
    uint16_t type;
    json_t *wanted;    /* in the one form; NULL: what most name servers say */
    json_t *resolvers; /* addresses */
    json_t *authoritative;
    json_t *cached[MOST_RESOLVERS];
    struct asked {
        struct spread *of;
        size_t number;
    } asked[MOST_RESOLVERS];
    size_t pending;
};

static void spread_free(struct spread *spread)
{
    for (size_t i = 0; i < MOST_RESOLVERS; i++)
        json_decref(spread->cached[i]);
    json_decref(spread->authoritative);
    json_decref(spread->resolvers);
    json_decref(spread->wanted);
    spread->call->state = NULL;
    free(spread);
}

void mu_dns_propagation_cancel(struct mu_call *call)
{
    if (call->state)
        spread_free(call->state);
}

/* --- judging --- */

struct tally {
    size_t servers, servers_have, caches, caches_have, unknown;
    int64_t cached_until; /* 0: none holds anything else */
    json_t *rows, *cache_rows;
    const char *behind; /* the first that has it not */
};

static bool has(const struct spread *spread, const json_t *seen)
{
    return mu_dns_told(seen) && json_equal(json_object_get(seen, "records"), spread->wanted);
}

static void judge_server(const struct spread *spread, const json_t *seen, struct tally *tally)
{
    if (mu_json_bool(seen, "no_route", false))
        return;
    bool good = has(spread, seen);
    tally->servers++;
    tally->servers_have += good;
    tally->unknown += !mu_dns_told(seen);
    if (!good && !tally->behind)
        tally->behind = mu_json_str(seen, "server", mu_json_str(seen, "address", "?"));
    json_array_append_new(
        tally->rows,
        json_pack("{s:O*, s:O*, s:b, s:O*, s:O*}", "server", json_object_get(seen, "server"),
                  "address", json_object_get(seen, "address"), "has", good, "records",
                  mu_dns_told(seen) ? json_object_get(seen, "records") : NULL, "why",
                  mu_dns_told(seen) ? NULL : json_object_get(seen, "why")));
}

/* What a cache holds it may hold for its TTL; that it holds nothing, for the zone's negative TTL, which the answer tells
 * in the same place where there is one. */
static void judge_cache(const struct spread *spread, size_t number, struct tally *tally)
{
    const json_t *seen = spread->cached[number];
    const char *address = json_string_value(json_array_get(spread->resolvers, number));
    bool good = has(spread, seen);
    int64_t ttl = mu_json_int(seen, "ttl", -1),
            until = !good && mu_dns_told(seen) && ttl >= 0 ? mu_clock_real_ms() / 1000 + ttl : 0;
    tally->caches++;
    tally->caches_have += good;
    tally->unknown += !mu_dns_told(seen);
    if (until > tally->cached_until)
        tally->cached_until = until;
    if (!good && !tally->behind)
        tally->behind = address;
    json_t *row = json_pack("{s:s, s:b, s:O*, s:O*}", "address", address, "has", good, "records",
                            mu_dns_told(seen) ? json_object_get(seen, "records") : NULL, "why",
                            mu_dns_told(seen) ? NULL : json_object_get(seen, "why"));
    if (until)
        json_object_set_new(row, "cached_until", json_integer(until));
    json_array_append_new(tally->cache_rows, row);
}

static json_t *value_of(const struct spread *spread, const struct tally *tally)
{
    bool ok = tally->servers > 0 && tally->servers_have == tally->servers &&
              tally->caches_have == tally->caches;
    struct mu_buf why = {0};
    mu_buf_addf(&why, "%zu of %zu name server addresses", tally->servers_have, tally->servers);
    if (tally->caches)
        mu_buf_addf(&why, " and %zu of %zu resolvers", tally->caches_have, tally->caches);
    mu_buf_adds(&why, " have it");
    if (tally->behind)
        mu_buf_addf(&why, "; not yet: %s", tally->behind);
    json_t *value = json_pack(
        "{s:b, s:s, s:O, s:b, s:o, s:o}", "ok", ok, "why", mu_buf_text(&why), "records",
        spread->wanted, "served", tally->servers > 0 && tally->servers_have == tally->servers,
        "servers", json_incref(tally->rows), "resolvers", json_incref(tally->cache_rows));
    mu_buf_free(&why);
    if (!ok)
        json_object_set_new(value, "class",
                            json_string(mu_err_name(tally->unknown ? MU_NET : MU_REMOTE)));
    if (tally->cached_until)
        json_object_set_new(value, "cached_until", json_integer(tally->cached_until));
    return value;
}

static void finish(struct spread *spread)
{
    struct mu_call *call = spread->call;
    struct tally tally = {.rows = json_array(), .cache_rows = json_array()};
    size_t i;
    json_t *seen;
    if (!spread->wanted)
        spread->wanted = json_incref(json_object_get(spread->authoritative, "records"));
    json_array_foreach(json_object_get(spread->authoritative, "servers"), i, seen)
        judge_server(spread, seen, &tally);
    for (i = 0; i < json_array_size(spread->resolvers); i++)
        judge_cache(spread, i, &tally);
    json_t *value = value_of(spread, &tally);
    if (tally.servers == 0)
        json_object_set(value, "why", json_object_get(spread->authoritative, "why"));
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - spread->started_ms));
    json_decref(tally.rows);
    json_decref(tally.cache_rows);
    spread_free(spread);
    mu_call_done(call, value);
}

/* --- asking --- */

static void one_less(struct spread *spread)
{
    mu_call_progress(spread->call, "%zu answers are out", spread->pending - 1);
    if (--spread->pending == 0)
        finish(spread);
}

static void on_authoritative(struct mu_call *call, const json_t *result, void *ud)
{
    struct spread *spread = ud;
    (void)call;
    spread->authoritative = json_deep_copy(result);
    one_less(spread);
}

static void on_cache(struct mu_call *call, const json_t *result, void *ud)
{
    struct asked *asked = ud;
    (void)call;
    asked->of->cached[asked->number] = json_deep_copy(result);
    one_less(asked->of);
}

/* Given, or those that muster itself asks. A new list. */
static json_t *resolvers_of(const struct mu_call *call)
{
    const json_t *given = mu_json_get(call->args, "resolvers");
    const char *names[MOST_RESOLVERS];
    if (json_is_array(given))
        return json_deep_copy(given);
    json_t *own = json_array();
    size_t count = mu_dns_resolvers(call->host->dns, names, MOST_RESOLVERS);
    for (size_t i = 0; i < count && i < MOST_RESOLVERS; i++)
        json_array_append_new(own, json_string(names[i]));
    return own;
}

static bool are_texts(const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return json_array_size(list) <= MOST_RESOLVERS;
}

static void ask_all(struct spread *spread)
{
    struct mu_call *call = spread->call;
    size_t count = json_array_size(spread->resolvers);
    spread->pending = count + 1;
    mu_sub(call, "dns.query",
           json_pack("{s:O, s:O, s:s}", "name", json_object_get(call->args, "name"), "type",
                     json_object_get(call->args, "type"), "at", "authoritative"),
           on_authoritative, spread);
    for (size_t i = 0; i < count; i++) {
        spread->asked[i] = (struct asked){spread, i};
        mu_sub(call, "dns.query",
               json_pack("{s:O, s:O, s:O}", "name", json_object_get(call->args, "name"), "type",
                         json_object_get(call->args, "type"), "server",
                         json_array_get(spread->resolvers, i)),
               on_cache, &spread->asked[i]);
    }
}

void mu_dns_propagation_start(struct mu_call *call)
{
    const char *type = mu_json_str(call->args, "type", "");
    const json_t *records = mu_json_get(call->args, "records");
    uint16_t number = mu_dns_type_number(type);
    json_t *resolvers = resolvers_of(call);
    const char *wrong = number == 0             ? "no such record type"
                        : !are_texts(resolvers) ? "resolvers are texts, at most 50"
                        : json_is_array(records) && !are_texts(records) ? "records are texts"
                                                                        : NULL;
    if (wrong) {
        json_decref(resolvers);
        mu_call_fail(call, MU_USAGE, false, "%s (%.40s)", wrong, type);
        return;
    }
    struct spread *spread = MU_NEW(struct spread);
    call->state = spread;
    spread->call = call;
    spread->started_ms = mu_clock_mono_ms();
    spread->type = number;
    spread->resolvers = resolvers;
    spread->wanted = json_is_array(records) ? mu_dns_records_normal(records, number) : NULL;
    ask_all(spread);
}
