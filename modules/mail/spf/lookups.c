/* SPDX-License-Identifier: MIT
 *
 * See lookups.h.
 *
 *   spf_look_hosts:  A or AAAA of each host ─▶ one address within the prefix: FOUND
 *   spf_look_names:  PTR of the client ─▶ A or AAAA of each name ─▶ those that have the client's address */
#include "lookups.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

struct spf_look {
    struct mu_call *call;
    int family;
    uint8_t address[16];
    int voids;
    /* the question that is under way */
    bool counts;
    spf_records_cb *on_records;
    void *records_ud;
    /* the hosts that are gone through */
    json_t *hosts;
    size_t at;
    int bits;
    spf_hosts_cb *on_host;
    void *host_ud;
    /* the names of the client */
    json_t *names; /* NULL: nobody has looked */
    spf_names_cb *on_names;
    void *names_ud;
};

struct spf_look *spf_look_new(struct mu_call *call, int family, const uint8_t address[16])
{
    struct spf_look *look = MU_NEW(struct spf_look);
    look->call = call;
    look->family = family;
    memcpy(look->address, address, sizeof look->address);
    return look;
}

void spf_look_free(struct spf_look *look)
{
    if (look == NULL)
        return;
    json_decref(look->hosts);
    json_decref(look->names);
    free(look);
}

int spf_look_voids(const struct spf_look *look)
{
    return look->voids;
}

bool spf_look_within(const struct spf_look *look, const uint8_t *network, int family, int bits)
{
    if (family != look->family)
        return false;
    int octets = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return memcmp(look->address, network, (size_t)octets) == 0 &&
           (rest == 0 || ((look->address[octets] ^ network[octets]) & mask) == 0);
}

/* --- one question --- */

/* A name as zone files write it: what is no letter, digit, hyphen or underscore as \DDD. */
static char *escaped(const char *name)
{
    struct mu_buf out = {0};
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (isalnum(*c) || strchr("-_.", *c))
            mu_buf_addc(&out, (char)*c);
        else
            mu_buf_addf(&out, "\\%03u", *c);
    return mu_buf_take(&out);
}

static void on_answer(struct mu_call *call, const json_t *result, void *ud)
{
    struct spf_look *look = ud;
    const json_t *records = json_object_get(result, "records");
    (void)call;
    bool said = mu_mail_dns_told(result);
    enum spf_sight sight = !said ? SPF_FAILED : json_array_size(records) > 0 ? SPF_FOUND : SPF_VOID;
    look->voids += sight == SPF_VOID && look->counts;
    look->on_records(sight, records, mu_json_str(result, "why", "no answer"), look->records_ud);
}

void spf_look_records(struct spf_look *look, const char *name, const char *type, bool counts,
                      spf_records_cb *done, void *ud)
{
    char *asked = escaped(name);
    look->counts = counts;
    look->on_records = done;
    look->records_ud = ud;
    mu_sub(look->call, "dns.raw", json_pack("{s:s, s:s}", "name", asked, "type", type), on_answer,
           look);
    free(asked);
}

static const char *address_type(const struct spf_look *look)
{
    return look->family == AF_INET ? "A" : "AAAA";
}

static bool any_within(const struct spf_look *look, const json_t *records, int bits)
{
    size_t i;
    json_t *text;
    json_array_foreach(records, i, text)
    {
        uint8_t address[16];
        if (inet_pton(look->family, json_string_value(text), address) == 1 &&
            spf_look_within(look, address, look->family, bits))
            return true;
    }
    return false;
}

/* --- hosts --- */

static void ask_host(struct spf_look *);

static void on_host_records(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct spf_look *look = ud;
    look->at++;
    if (sight == SPF_FAILED)
        look->on_host(SPF_FAILED, why, look->host_ud);
    else if (sight == SPF_FOUND && any_within(look, records, look->bits))
        look->on_host(SPF_FOUND, "", look->host_ud);
    else if (look->at == json_array_size(look->hosts) || look->voids > SPF_MOST_VOIDS)
        look->on_host(SPF_VOID, "", look->host_ud);
    else
        ask_host(look);
}

static void ask_host(struct spf_look *look)
{
    spf_look_records(look, json_string_value(json_array_get(look->hosts, look->at)),
                     address_type(look), true, on_host_records, look);
}

void spf_look_hosts(struct spf_look *look, const json_t *hosts, int bits, spf_hosts_cb *done,
                    void *ud)
{
    json_decref(look->hosts);
    look->hosts = json_copy((json_t *)hosts);
    look->at = 0;
    look->bits = bits;
    look->on_host = done;
    look->host_ud = ud;
    ask_host(look);
}

/* --- the names of the client --- */

static void ask_name(struct spf_look *);

static void on_name_records(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct spf_look *look = ud;
    (void)why; /* such a name is left out (5.5) */
    json_t *name = json_array_get(look->hosts, look->at++);
    if (sight == SPF_FOUND && any_within(look, records, look->family == AF_INET ? 32 : 128))
        json_array_append(look->names, name);
    if (look->at == json_array_size(look->hosts))
        look->on_names(look->names_ud);
    else
        ask_name(look);
}

static void ask_name(struct spf_look *look)
{
    spf_look_records(look, json_string_value(json_array_get(look->hosts, look->at)),
                     address_type(look), false, on_name_records, look);
}

static void on_pointers(enum spf_sight sight, const json_t *records, const char *why, void *ud)
{
    struct spf_look *look = ud;
    size_t i;
    json_t *text;
    (void)sight, (void)why; /* without names nothing matches (5.5) */
    json_decref(look->hosts);
    look->hosts = json_array();
    json_array_foreach(records, i, text)
    {
        const char *name = json_string_value(text);
        size_t len = strlen(name);
        if (i < SPF_MOST_HOSTS)
            json_array_append_new(look->hosts,
                                  json_stringn(name, len - (len > 1 && name[len - 1] == '.')));
    }
    look->at = 0;
    if (json_array_size(look->hosts) == 0)
        look->on_names(look->names_ud);
    else
        ask_name(look);
}

static char *pointer_name(const struct spf_look *look)
{
    struct mu_buf out = {0};
    for (int i = 3; look->family == AF_INET && i >= 0; i--)
        mu_buf_addf(&out, "%u.", look->address[i]);
    for (int i = 15; look->family == AF_INET6 && i >= 0; i--)
        mu_buf_addf(&out, "%x.%x.", look->address[i] & 15, look->address[i] >> 4);
    mu_buf_adds(&out, look->family == AF_INET ? "in-addr.arpa" : "ip6.arpa");
    return mu_buf_take(&out);
}

void spf_look_names(struct spf_look *look, spf_names_cb *done, void *ud)
{
    char *name = pointer_name(look);
    json_decref(look->names);
    look->names = json_array();
    look->on_names = done;
    look->names_ud = ud;
    spf_look_records(look, name, "PTR", false, on_pointers, look);
    free(name);
}

bool spf_look_has_names(const struct spf_look *look)
{
    return look->names != NULL;
}

static bool is_within(const char *name, const char *domain)
{
    size_t name_len = strlen(name), len = strlen(domain);
    return name_len >= len && strcasecmp(name + name_len - len, domain) == 0 &&
           (name_len == len || name[name_len - len - 1] == '.');
}

const char *spf_look_name_in(const struct spf_look *look, const char *domain)
{
    const char *within = NULL;
    size_t i;
    json_t *text;
    json_array_foreach(look->names, i, text)
    {
        const char *name = json_string_value(text);
        if (strcasecmp(name, domain) == 0)
            return name;
        if (within == NULL && is_within(name, domain))
            within = name;
    }
    return within;
}

const char *spf_look_name(const struct spf_look *look, const char *domain)
{
    const char *within = spf_look_name_in(look, domain),
               *any = json_string_value(json_array_get(look->names, 0));
    return within ? within : any ? any : "unknown";
}
