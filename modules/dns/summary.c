/* SPDX-License-Identifier: MIT
 *
 * The sum of what servers said, and what it would be under assumed facts; see answer.h.
 *
 * Servers may disagree: a change on its way, a dead transfer. The result is then the answer most of
 * them give, `consistent` is false and `why` names who says otherwise. A server this host has no
 * way to (IPv6 without a route) says nothing about agreement and is left out of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "records.h"

#define NAMED 3 /* servers named in `why`; the rest is counted */

bool mu_dns_told(const json_t *server)
{
    return mu_json_bool(server, "ok", false) ||
           (strcmp(mu_json_str(server, "rcode", ""), "NXDOMAIN") == 0 &&
            !mu_json_bool(server, "lame", false));
}

/* TTLs are left out: a resolver's count down, and a server that only lags in TTL is told by
 * registrar. */
static bool same_answer(const json_t *a, const json_t *b)
{
    return strcmp(mu_json_str(a, "rcode", ""), mu_json_str(b, "rcode", "")) == 0 &&
           strcmp(mu_json_str(a, "canonical", ""), mu_json_str(b, "canonical", "")) == 0 &&
           json_equal(json_object_get(a, "records"), json_object_get(b, "records"));
}

static size_t count_same(const json_t *servers, const json_t *as)
{
    size_t count = 0, i;
    json_t *server;
    json_array_foreach(servers, i, server) count += mu_dns_told(server) && same_answer(server, as);
    return count;
}

static size_t count_askable(const json_t *servers)
{
    size_t count = 0, i;
    json_t *server;
    json_array_foreach(servers, i, server) count += !mu_json_bool(server, "no_route", false);
    return count;
}

/* The observation whose answer most servers share, the first of them; NULL when none answered. */
static const json_t *prevailing(const json_t *servers)
{
    const json_t *best = NULL;
    size_t most = 0, i;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        size_t count = mu_dns_told(server) ? count_same(servers, server) : 0;
        if (count > most) {
            most = count;
            best = server;
        }
    }
    return best;
}

static void add_deviation(struct mu_buf *out, const json_t *server)
{
    const char *name = mu_json_str(server, "server", NULL),
               *address = mu_json_str(server, "address", NULL);
    bool said_something = mu_json_str(server, "rcode", NULL) != NULL;
    if (!said_something) /* the client's reason names the address */
        address = NULL;
    mu_buf_addf(out, "%s%s%s", name ? name : "", name && address ? " " : "",
                address ? address : "");
    if (!mu_dns_told(server)) {
        mu_buf_addf(out, "%s%s", name || address ? " " : "",
                    mu_json_str(server, "why", "gives no answer"));
        return;
    }
    json_t *first = json_array_get(json_object_get(server, "records"), 0);
    size_t count = json_array_size(json_object_get(server, "records"));
    const char *instead = json_string_value(first) ? json_string_value(first)
                                                   : mu_json_str(server, "why", "no such record");
    mu_buf_addf(out, " says %s%s", instead, count > 1 ? " ..." : "");
}

/* "ns2.example.net 192.0.2.2:53 timeout after 3 tries; 1 more": those who do not share `as`. */
static void list_deviations(struct mu_buf *out, const json_t *servers, const json_t *as)
{
    size_t named = 0, more = 0, i;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        if (as && mu_dns_told(server) && same_answer(server, as))
            continue;
        if (as && mu_json_bool(server, "no_route", false))
            continue;
        if (named == NAMED) {
            more++;
            continue;
        }
        mu_buf_adds(out, named++ ? "; " : "");
        add_deviation(out, server);
    }
    if (more)
        mu_buf_addf(out, "; %zu more", more);
}

static void set_text(json_t *object, const char *key, const struct mu_buf *text)
{
    if (text->len)
        json_object_set_new(object, key, mu_json_lenient_string(text->data, text->len));
}

static void explain(json_t *result, const json_t *servers, const json_t *as, const char *name,
                    uint16_t type)
{
    struct mu_buf why = {0};
    char buf[16];
    size_t same = as ? count_same(servers, as) : 0, all = count_askable(servers);
    if (as && !mu_json_bool(as, "ok", false))
        mu_buf_adds(&why, mu_json_str(as, "why", ""));
    else if (as && mu_json_str(as, "canonical", NULL) &&
             json_array_size(json_object_get(as, "records")) == 0)
        mu_buf_addf(&why, "%s is an alias of %s, which has no %s record here", name,
                    mu_json_str(as, "canonical", ""), mu_dns_type_text(type, buf));
    else if (as && json_array_size(json_object_get(as, "records")) == 0)
        mu_buf_addf(&why, "%s has no %s record", name, mu_dns_type_text(type, buf));
    if (as && same < all)
        mu_buf_addf(&why, "%s%zu of %zu addresses agree: ", why.len ? "; " : "", same, all);
    if (!as || same < all)
        list_deviations(&why, servers, as);
    set_text(result, "why", &why);
    mu_buf_free(&why);
}

/* The highest TTL of those who share the answer: what a cache may hold longest. */
static int64_t highest_ttl(const json_t *servers, const json_t *as)
{
    int64_t highest = -1;
    size_t i;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        int64_t ttl =
            mu_dns_told(server) && same_answer(server, as) ? mu_json_int(server, "ttl", -1) : -1;
        highest = ttl > highest ? ttl : highest;
    }
    return highest;
}

/* Copies the fields of an observation that also stand in a result. */
static void copy_fields(json_t *result, const json_t *from)
{
    static const char *const fields[] = {"rcode", "class", "canonical", "ad"};
    for (size_t i = 0; i < MU_COUNT(fields); i++)
        if (mu_json_get(from, fields[i]))
            json_object_set(result, fields[i], mu_json_get(from, fields[i]));
}

json_t *mu_dns_summary(const char *name, uint16_t type, json_t *servers_take, const char *why,
                       enum mu_err class)
{
    char buf[16];
    const json_t *as = prevailing(servers_take);
    size_t askable = count_askable(servers_take);
    json_t *result =
        json_pack("{s:s, s:s, s:b, s:b, s:[]}", "name", name, "type", mu_dns_type_text(type, buf),
                  "ok", as && mu_json_bool(as, "ok", false), "consistent",
                  as && count_same(servers_take, as) == askable, "records");
    copy_fields(result, as ? as : json_array_get(servers_take, 0));
    if (as) {
        int64_t ttl = highest_ttl(servers_take, as);
        json_object_set(result, "records", json_object_get(as, "records"));
        if (ttl >= 0)
            json_object_set_new(result, "ttl", json_integer(ttl));
    }
    if (json_array_size(servers_take) == 0) {
        json_object_set_new(result, "why", mu_json_lenient_string(why, strlen(why)));
        json_object_set_new(result, "class", json_string(mu_err_name(class)));
    } else {
        explain(result, servers_take, as, name, type);
    }
    json_object_set_new(result, "servers", servers_take);
    return result;
}

void mu_dns_add_mx(json_t *result)
{
    json_t *mx = json_array(), *text;
    size_t i;
    bool null_mx = false;
    json_array_foreach(json_object_get(result, "records"), i, text)
    {
        int64_t preference;
        char host[MU_NAME_TEXT];
        if (!mu_dns_mx_parse(json_string_value(text), &preference, host))
            continue;
        null_mx = strcmp(host, ".") == 0;
        json_array_append_new(
            mx, json_pack("{s:I, s:s}", "preference", (json_int_t)preference, "host", host));
    }
    /* RFC 7505 3: only a null MX that stands alone means "no mail". */
    json_object_set_new(result, "null_mx", json_boolean(null_mx && json_array_size(mx) == 1));
    json_object_set_new(result, "mx", mx);
}

/* --- under assumed facts --------------------------------------------------------------------- */

static void assume_one(json_t *server, json_t *records, int64_t ttl)
{
    static const char *const gone[] = {"why", "class", "canonical", "no_route", "ttl"};
    for (size_t i = 0; i < MU_COUNT(gone); i++)
        json_object_del(server, gone[i]);
    json_object_set_new(server, "ok", json_true());
    json_object_set_new(server, "lame", json_false());
    json_object_set_new(server, "aa", json_true());
    json_object_set_new(server, "rcode", json_string("NOERROR"));
    json_object_set(server, "records", records);
    if (ttl >= 0 && json_array_size(records))
        json_object_set_new(server, "ttl", json_integer(ttl));
}

static json_t *records_of(const json_t *fact, uint16_t type)
{
    return mu_dns_records_normal(json_is_array(fact) ? fact : json_object_get(fact, "records"),
                                 type);
}

json_t *mu_dns_observe_assumed(const char *server, uint16_t type, const json_t *fact)
{
    json_t *observation = json_pack("{s:s, s:i}", "server", server, "ms", 0);
    json_t *records = records_of(fact, type);
    assume_one(observation, records, mu_json_int(fact, "ttl", -1));
    json_decref(records);
    return observation;
}

json_t *mu_dns_assume(const char *name, uint16_t type, const json_t *fact, json_t *real_take)
{
    json_t *records = records_of(fact, type);
    int64_t ttl = mu_json_int(fact, "ttl", mu_json_int(real_take, "ttl", -1));
    json_t *servers = json_deep_copy(json_object_get(real_take, "servers")), *server;
    size_t i;
    if (json_array_size(servers) == 0) {
        json_decref(servers);
        servers = json_pack("[{s:s, s:i}]", "server", "assumed", "ms", 0);
    }
    json_array_foreach(servers, i, server) assume_one(server, records, ttl);
    json_decref(records);
    json_t *result = mu_dns_summary(name, type, servers, "", MU_OK);
    json_object_set_new(result, "ms", json_integer(mu_json_int(real_take, "ms", 0)));
    json_decref(real_take);
    return result;
}
