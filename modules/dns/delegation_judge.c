/* SPDX-License-Identifier: MIT
 *
 * What is wrong with a delegation; see delegation.h. */
#include "delegation.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

struct judging {
    const json_t *sight;
    json_t *findings, *servers, *serials, *ns, *parent_ns; /* serials: {serial: first server} */
    size_t high, answering;
};

static void find(struct judging *judging, const char *what, bool high, const char *fmt, ...)
    MU_PRINTF(4, 5);

static void find(struct judging *judging, const char *what, bool high, const char *fmt, ...)
{
    char why[700];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    judging->high += high;
    json_array_append_new(judging->findings, json_pack("{s:s, s:s, s:o}", "what", what, "severity",
                                                       high ? "high" : "warn", "why",
                                                       mu_json_lenient_string(why, strlen(why))));
}

static const char *zone_of(const struct judging *judging)
{
    return mu_json_str(judging->sight, "zone", "");
}

/* "ns1.example.net 192.0.2.1" */
static const char *server_text(const json_t *server, char *buf, size_t size)
{
    const char *address = mu_json_str(server, "address", NULL);
    snprintf(buf, size, "%s%s%s", mu_json_str(server, "server", "?"), address ? " " : "",
             address ? address : "");
    return buf;
}

/* --- each server --- */

static int64_t serial_of(const json_t *soa)
{
    const char *text = json_string_value(json_array_get(json_object_get(soa, "records"), 0));
    for (int field = 0; text && field < 2;
         field++) { /* behind the primary's and the person's name */
        text = strchr(text, ' ');
        text = text ? text + 1 : NULL;
    }
    return text ? strtoll(text, NULL, 10) : -1;
}

static void add_names(json_t *names, const json_t *records)
{
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        char name[MU_NAME_TEXT];
        if (mu_name_owner(json_string_value(record), name, NULL) == MU_OK &&
            !mu_json_lists(names, name))
            json_array_append_new(names, json_string(name));
    }
}

static void judge_serial(struct judging *judging, const char *who, const json_t *soa)
{
    char text[24];
    int64_t serial = serial_of(soa);
    if (serial < 0)
        return;
    snprintf(text, sizeof text, "%lld", (long long)serial);
    if (!json_object_get(judging->serials, text))
        json_object_set_new(judging->serials, text, json_string(who));
}

static void judge_server(struct judging *judging, const json_t *server)
{
    char who[MU_NAME_TEXT + 80];
    const json_t *soa = mu_json_get(server, "soa");
    const char *why = mu_json_str(soa ? soa : server, "why", NULL);
    bool ok = mu_json_bool(soa, "ok", false) && serial_of(soa) >= 0,
         lame = mu_json_bool(soa, "lame", false), no_route = mu_json_bool(soa, "no_route", false);
    server_text(server, who, sizeof who);
    if (mu_json_get(server, "unasked"))
        no_route = true;
    if (lame)
        find(judging, "lame", true, "%s is %s", who, why ? why : "lame");
    else if (!ok && !mu_json_get(server, "address"))
        find(judging, "no-address", true, "%s has no address: %s", who, why ? why : "none");
    else if (!ok && !no_route)
        find(judging, mu_json_str(soa, "rcode", NULL) ? "refuses" : "silent", true, "%s: %s", who,
             why ? why : "no SOA record");
    judging->answering += ok;
    if (ok)
        judge_serial(judging, who, soa);
    add_names(judging->ns, json_object_get(mu_json_get(server, "ns"), "records"));
    json_t *row = json_pack(
        "{s:O, s:O*, s:b, s:b, s:b}", "server", json_object_get(server, "server"), "address",
        mu_json_get(server, "address"), "ok", ok, "lame", lame, "no_route", no_route);
    if (ok)
        json_object_set_new(row, "serial", json_integer(serial_of(soa)));
    if (why && !ok)
        json_object_set_new(row, "why", json_string(why));
    if (mu_json_get(soa, "ms"))
        json_object_set(row, "ms", mu_json_get(soa, "ms"));
    json_array_append_new(judging->servers, row);
}

static void judge_serials(struct judging *judging)
{
    struct mu_buf said = {0};
    const char *serial;
    json_t *who;
    if (json_object_size(judging->serials) < 2)
        return;
    json_object_foreach(judging->serials, serial, who)
        mu_buf_addf(&said, "%s%s has %s", said.len ? ", " : "", json_string_value(who), serial);
    find(judging, "serial-skew", false,
         "its servers hold different versions of %s: %s; a change is on its way, or a transfer is "
         "broken",
         zone_of(judging), mu_buf_text(&said));
    mu_buf_free(&said);
}

/* --- parent and child --- */

static void add_only(struct mu_buf *out, const json_t *names, const json_t *others)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        if (!mu_json_lists(others, json_string_value(name)))
            mu_buf_addf(out, "%s%s", out->len ? ", " : "", json_string_value(name));
    }
}

static void judge_names(struct judging *judging)
{
    struct mu_buf parent_only = {0}, child_only = {0};
    if (json_array_size(judging->parent_ns) && json_array_size(judging->ns)) {
        add_only(&parent_only, judging->parent_ns, judging->ns);
        add_only(&child_only, judging->ns, judging->parent_ns);
    }
    if (parent_only.len)
        find(judging, "parent-only", false,
             "%s delegates %s to %s, which its own NS records do not name",
             mu_json_str(judging->sight, "parent", "the parent"), zone_of(judging),
             mu_buf_text(&parent_only));
    if (child_only.len)
        find(judging, "child-only", false, "%s names %s, which %s does not delegate it to",
             zone_of(judging), mu_buf_text(&child_only),
             mu_json_str(judging->sight, "parent", "the parent"));
    mu_buf_free(&parent_only);
    mu_buf_free(&child_only);
}

/* The zone's own address without port: what is compared with glue. */
static bool is_address_of(const struct judging *judging, const char *name, const char *address)
{
    size_t i;
    json_t *server;
    json_array_foreach(json_object_get(judging->sight, "servers"), i, server)
    {
        if (strcmp(mu_json_str(server, "server", ""), name) == 0 &&
            strcmp(mu_json_str(server, "bare", ""), address) == 0)
            return true;
    }
    return false;
}

static bool is_known(const struct judging *judging, const char *name)
{
    size_t i;
    json_t *server;
    json_array_foreach(json_object_get(judging->sight, "servers"), i, server)
    {
        if (strcmp(mu_json_str(server, "server", ""), name) == 0 && mu_json_get(server, "address"))
            return true;
    }
    return false;
}

static void judge_glue(struct judging *judging, const json_t *parent)
{
    const char *name;
    json_t *addresses, *address;
    size_t i;
    json_object_foreach(json_object_get(parent, "glue"), name, addresses)
    {
        json_array_foreach(addresses, i, address)
        {
            if (is_known(judging, name) && mu_name_within(name, zone_of(judging)) &&
                !is_address_of(judging, name, json_string_value(address)))
                find(judging, "glue", true,
                     "%s hands out %s as the address of %s, which the zone does not",
                     mu_json_str(judging->sight, "parent", "the parent"),
                     json_string_value(address), name);
        }
    }
}

static void judge_parents(struct judging *judging)
{
    size_t i;
    json_t *parent;
    bool glue = false;
    json_array_foreach(json_object_get(judging->sight, "parents"), i, parent)
    {
        add_names(judging->parent_ns, json_object_get(parent, "ns"));
        if (!glue && json_object_size(json_object_get(parent, "glue"))) {
            judge_glue(judging, parent); /* of one: they hold the same zone */
            glue = true;
        }
    }
    judge_names(judging);
}

/* --- the whole --- */

/* "192.0.2.1" → "192.0.2", "2001:db8:1::5" → "2001:db8:1": what fails together. */
static void network_of(const char *address, char *out, size_t size)
{
    char mark = strchr(address, ':') ? ':' : '.';
    snprintf(out, size, "%s", address);
    char *at = out;
    for (int i = 0; i < 3 && at; i++)
        at = strchr(at + (i > 0), mark);
    if (at)
        *at = '\0';
}

static void judge_spread(struct judging *judging)
{
    char first[80] = "", network[80];
    json_t *names = json_array(), *server;
    size_t i, addresses = 0;
    bool spread = false;
    json_array_foreach(json_object_get(judging->sight, "servers"), i, server)
    {
        const char *address = mu_json_str(server, "bare", NULL);
        if (!mu_json_lists(names, mu_json_str(server, "server", "")))
            json_array_append(names, json_object_get(server, "server"));
        if (!address)
            continue;
        network_of(address, network, sizeof network);
        spread = spread || (addresses > 0 && strcmp(first, network) != 0);
        if (addresses++ == 0)
            memcpy(first, network, sizeof first);
    }
    if (json_array_size(names) == 1)
        find(judging, "one-server", false, "%s has one name server: RFC 2182 asks for two, apart",
             zone_of(judging));
    else if (addresses > 1 && !spread)
        find(judging, "one-network", false, "all name servers of %s stand in one network (%s)",
             zone_of(judging), first);
    json_decref(names);
}

static void judge_chain(struct judging *judging)
{
    const json_t *chain = json_object_get(judging->sight, "chain");
    if (strcmp(mu_json_str(chain, "verdict", ""), "bogus") == 0)
        find(judging, "bogus", true, "for whoever validates %s does not exist: %s",
             zone_of(judging), mu_json_str(chain, "why", ""));
}

static const char *first_why(const struct judging *judging)
{
    size_t i;
    json_t *finding;
    json_array_foreach(judging->findings, i, finding)
    {
        if (judging->high == 0 || strcmp(mu_json_str(finding, "severity", ""), "high") == 0)
            return mu_json_str(finding, "why", "");
    }
    return NULL;
}

json_t *mu_dns_delegation_judge(const json_t *sight)
{
    struct judging judging = {.sight = sight,
                              .findings = json_array(),
                              .servers = json_array(),
                              .serials = json_object(),
                              .ns = json_array(),
                              .parent_ns = json_array()};
    size_t i;
    json_t *server;
    json_array_foreach(json_object_get(sight, "servers"), i, server) judge_server(&judging, server);
    judge_serials(&judging);
    judge_parents(&judging);
    judge_spread(&judging);
    judge_chain(&judging);
    bool ok = judging.high == 0 && judging.answering > 0;
    json_t *result = json_pack("{s:b, s:s*, s:O, s:O*, s:o, s:o, s:o, s:o, s:o, s:s*}", "ok", ok,
                               "why", first_why(&judging), "zone", json_object_get(sight, "zone"),
                               "parent", mu_json_get(sight, "parent"), "findings", judging.findings,
                               "servers", judging.servers, "serials", judging.serials, "ns",
                               judging.ns, "parent_ns", judging.parent_ns, "dnssec",
                               mu_json_str(json_object_get(sight, "chain"), "verdict", NULL));
    if (!ok)
        json_object_set_new(result, "class", json_string(mu_err_name(MU_REMOTE)));
    return result;
}
