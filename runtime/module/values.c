/* SPDX-License-Identifier: MIT
 *
 * Types of fields: what each accepts and the one form it becomes. Pure functions over JSON; names
 * and addresses are base/name.h's business.
 *
 * A result that is not ok never passes as the value it failed to find: an MX set read from a dead
 * server is not "no MX". */
#include "module/values.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

#define GOT_TEXT    60         /* octets of a wrong text that are repeated in a failure */
#define TTL_MAX     2147483647 /* RFC 2181, 8 */
#define SECONDS_MAX (100LL * 366 * 86400)
#define URL_MAX     8000 /* RFC 9110, 4.1: what is reasonable to support */

typedef enum mu_err taker(const struct mu_field *, const json_t *, json_t **out, struct mu_fail *);

static taker take_any, take_string, take_bool, take_integer, take_number, take_domain, take_host,
    take_owner, take_mailbox, take_address, take_url, take_duration, take_time, take_choice,
    take_mx, take_rrset, take_list, take_object;

static const struct {
    taker *take;
    const char *article;
} types[] = {
    [MU_T_ANY] = {take_any, "any value"},
    [MU_T_STRING] = {take_string, "a string"},
    [MU_T_BOOL] = {take_bool, "true or false"},
    [MU_T_INTEGER] = {take_integer, "a whole number"},
    [MU_T_NUMBER] = {take_number, "a number"},
    [MU_T_DOMAIN] = {take_domain, "a domain"},
    [MU_T_HOST] = {take_host, "a host name"},
    [MU_T_OWNER] = {take_owner, "an owner name"},
    [MU_T_MAILBOX] = {take_mailbox, "a mailbox (local@domain)"},
    [MU_T_ADDRESS] = {take_address, "an IP address, with or without port"},
    [MU_T_URL] = {take_url, "an http or https URL"},
    [MU_T_DURATION] = {take_duration, "a duration (\"90s\" or seconds)"},
    [MU_T_TIME] = {take_time, "a time (RFC 3339 or seconds since 1970)"},
    [MU_T_CHOICE] = {take_choice, "one of"},
    [MU_T_MX] = {take_mx, "an mx set (a list of { preference, host })"},
    [MU_T_RRSET] = {take_rrset, "an rrset (a list of texts or { ttl, records })"},
    [MU_T_LIST] = {take_list, "a list"},
    [MU_T_OBJECT] = {take_object, "a table with names"},
};

enum mu_err mu_value_take(const struct mu_field *field, const json_t *value, json_t **out,
                          struct mu_fail *fail)
{
    if ((field->flags & MU_F_SECRET) && mu_json_str(value, "$secret", NULL) != NULL)
        return take_any(field, value, out, fail);
    if (json_is_string(value) && strlen(json_string_value(value)) != json_string_length(value))
        return mu_fail_set(fail, MU_USAGE, "takes %s, got text with a NUL octet in it",
                           mu_value_article(field));
    return types[field->type].take(field, value, out, fail);
}

const char *mu_value_article(const struct mu_field *field)
{
    static char text[160];
    if (field->type != MU_T_CHOICE)
        return types[field->type].article;
    int len = snprintf(text, sizeof text, "one of ");
    for (const char *p = field->choices; *p && len + 4 < (int)sizeof text; p++) {
        text[len++] = *p == '|' ? ',' : *p;
        if (*p == '|')
            text[len++] = ' ';
        text[len] = '\0';
    }
    return text;
}

const char *mu_value_kind(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "a table", [JSON_ARRAY] = "a list", [JSON_STRING] = "text",
        [JSON_INTEGER] = "number", [JSON_REAL] = "number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",    [JSON_NULL] = "nothing",
    };
    return value ? names[json_typeof(value)] : "nothing";
}

/* --- failures --- */

/* `takes a domain, got number 5` */
static enum mu_err not_this(const struct mu_field *field, const json_t *value, struct mu_fail *fail)
{
    const char *wanted = mu_value_article(field), *kind = mu_value_kind(value);
    if ((field->flags & MU_F_SECRET) || !(json_is_string(value) || json_is_number(value)))
        return mu_fail_set(fail, MU_USAGE, "takes %s, got %s", wanted, kind);
    char *text = mu_json_text(value);
    mu_fail_set(fail, MU_USAGE, "takes %s, got %s %.*s", wanted, kind, GOT_TEXT, text);
    free(text);
    return MU_USAGE;
}

/* `takes a domain: "foo bar" is ...`, from what base/name.h said. */
static enum mu_err not_because(const struct mu_field *field, const struct mu_fail *why,
                               struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_USAGE, "takes %s: %s", mu_value_article(field), why->text);
}

/* --- plain values --- */

static enum mu_err take_any(const struct mu_field *field, const json_t *value, json_t **out,
                            struct mu_fail *fail)
{
    (void)field;
    (void)fail;
    *out = json_incref((json_t *)value);
    return MU_OK;
}

static enum mu_err take_string(const struct mu_field *field, const json_t *value, json_t **out,
                               struct mu_fail *fail)
{
    return json_is_string(value) ? take_any(field, value, out, fail) : not_this(field, value, fail);
}

static enum mu_err take_bool(const struct mu_field *field, const json_t *value, json_t **out,
                             struct mu_fail *fail)
{
    return json_is_boolean(value) ? take_any(field, value, out, fail)
                                  : not_this(field, value, fail);
}

static enum mu_err take_number(const struct mu_field *field, const json_t *value, json_t **out,
                               struct mu_fail *fail)
{
    return json_is_number(value) ? take_any(field, value, out, fail) : not_this(field, value, fail);
}

/* Also a real without a fraction: 10 / 2 is 5.0 in Lua. */
static bool whole(const json_t *value, int64_t *n)
{
    if (json_is_integer(value)) {
        *n = json_integer_value(value);
        return true;
    }
    double real = json_real_value(value);
    if (!json_is_real(value) || real != floor(real) || fabs(real) > 9007199254740992.0)
        return false;
    *n = (int64_t)real;
    return true;
}

static enum mu_err take_integer(const struct mu_field *field, const json_t *value, json_t **out,
                                struct mu_fail *fail)
{
    int64_t n;
    if (!whole(value, &n))
        return not_this(field, value, fail);
    *out = json_integer(n);
    return MU_OK;
}

static enum mu_err take_choice(const struct mu_field *field, const json_t *value, json_t **out,
                               struct mu_fail *fail)
{
    const char *typed = json_string_value(value);
    size_t len = typed ? strlen(typed) : 0;
    for (const char *p = field->choices; typed && *p; p += strcspn(p, "|"), p += *p == '|')
        if (strcspn(p, "|") == len && memcmp(p, typed, len) == 0)
            return take_any(field, value, out, fail);
    return not_this(field, value, fail);
}

/* {} from a playbook is a table without names: it can be an empty list as well. */
static bool empty_table(const json_t *value)
{
    return json_is_object(value) && json_object_size(value) == 0;
}

static enum mu_err take_list(const struct mu_field *field, const json_t *value, json_t **out,
                             struct mu_fail *fail)
{
    if (json_is_array(value))
        return take_any(field, value, out, fail);
    if (!empty_table(value))
        return not_this(field, value, fail);
    *out = json_array();
    return MU_OK;
}

static enum mu_err take_object(const struct mu_field *field, const json_t *value, json_t **out,
                               struct mu_fail *fail)
{
    if (json_is_object(value))
        return take_any(field, value, out, fail);
    if (!json_is_array(value) || json_array_size(value) != 0)
        return not_this(field, value, fail);
    *out = json_object();
    return MU_OK;
}

/* --- names and places --- */

static enum mu_err take_name(enum mu_err (*normalise)(const char *, char *, struct mu_fail *),
                             const struct mu_field *field, const json_t *value, json_t **out,
                             struct mu_fail *fail)
{
    char name[320 + MU_NAME_TEXT];
    struct mu_fail why;
    if (!json_is_string(value))
        return not_this(field, value, fail);
    if (normalise(json_string_value(value), name, &why) != MU_OK)
        return not_because(field, &why, fail);
    *out = json_string(name);
    return MU_OK;
}

static enum mu_err take_domain(const struct mu_field *field, const json_t *value, json_t **out,
                               struct mu_fail *fail)
{
    return take_name(mu_name_domain, field, value, out, fail);
}

static enum mu_err take_host(const struct mu_field *field, const json_t *value, json_t **out,
                             struct mu_fail *fail)
{
    return take_name(mu_name_host, field, value, out, fail);
}

static enum mu_err take_owner(const struct mu_field *field, const json_t *value, json_t **out,
                              struct mu_fail *fail)
{
    return take_name(mu_name_owner, field, value, out, fail);
}

static enum mu_err take_mailbox(const struct mu_field *field, const json_t *value, json_t **out,
                                struct mu_fail *fail)
{
    return take_name(mu_name_mailbox, field, value, out, fail);
}

static enum mu_err take_address(const struct mu_field *field, const json_t *value, json_t **out,
                                struct mu_fail *fail)
{
    struct sockaddr_storage bare, ported;
    char text[MU_ADDR_TEXT];
    const char *typed = json_string_value(value);
    if (typed == NULL || !mu_addr_parse(typed, 1, &bare) || !mu_addr_parse(typed, 2, &ported))
        return not_this(field, value, fail);
    /* The same with both fallback ports: the text names one itself. */
    bool with_port = memcmp(&bare, &ported, sizeof bare) == 0;
    *out = json_string(mu_addr_text((const struct sockaddr *)&bare, with_port, text));
    return MU_OK;
}

static enum mu_err take_url(const struct mu_field *field, const json_t *value, json_t **out,
                            struct mu_fail *fail)
{
    const char *typed = json_string_value(value), *host = NULL;
    if (typed && strncasecmp(typed, "http://", 7) == 0)
        host = typed + 7;
    else if (typed && strncasecmp(typed, "https://", 8) == 0)
        host = typed + 8;
    if (host == NULL || strcspn(host, "/?#") == 0 || strlen(typed) > URL_MAX)
        return not_this(field, value, fail);
    for (const char *p = typed; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7F)
            return mu_fail_set(fail, MU_USAGE,
                               "takes %s: spaces and control characters must be written as %%20",
                               mu_value_article(field));
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "takes %s: a password in a URL would be kept in the journal; "
                           "put it in muster.lua as a secret",
                           mu_value_article(field));
    return take_any(field, value, out, fail);
}

/* --- time --- */

static enum mu_err take_duration(const struct mu_field *field, const json_t *value, json_t **out,
                                 struct mu_fail *fail)
{
    int64_t ms, s;
    if (json_is_string(value) ? !mu_duration_parse(json_string_value(value), &ms)
                              : !whole(value, &s) || s < 0 || s > SECONDS_MAX)
        return not_this(field, value, fail);
    *out = json_integer(json_is_string(value) ? ms : s * 1000);
    return MU_OK;
}

static enum mu_err take_time(const struct mu_field *field, const json_t *value, json_t **out,
                             struct mu_fail *fail)
{
    int64_t ms, s;
    if (json_is_string(value) ? !mu_time_parse(json_string_value(value), &ms) : !whole(value, &s))
        return not_this(field, value, fail);
    *out = json_integer(json_is_string(value) ? ms / 1000 : s);
    return MU_OK;
}

/* --- records --- */

static enum mu_err refuse_failed(const struct mu_field *field, const json_t *value,
                                 struct mu_fail *fail)
{
    const json_t *ok = json_object_get(value, "ok");
    if (!json_is_false(ok))
        return MU_OK;
    return mu_fail_set(
        fail, MU_USAGE,
        "takes %s, got a result that is not ok (%.200s): check `ok` first, or use need()",
        mu_value_article(field), mu_json_str(value, "why", "no reason given"));
}

/* NULL or null is "not said"; seconds, or a duration like "5m". */
static enum mu_err take_ttl(const json_t *value, int64_t *ttl, struct mu_fail *fail)
{
    int64_t ms;
    *ttl = -1;
    if (value == NULL || json_is_null(value))
        return MU_OK;
    if (json_is_string(value) && mu_duration_parse(json_string_value(value), &ms))
        *ttl = ms / 1000;
    else if (!whole(value, ttl))
        *ttl = -1;
    if (*ttl < 0 || *ttl > TTL_MAX)
        return mu_fail_set(fail, MU_USAGE, "has a ttl that is not 0 to %d seconds", TTL_MAX);
    return MU_OK;
}

static json_t *ttl_json(int64_t ttl)
{
    return ttl < 0 ? json_null() : json_integer(ttl);
}

static enum mu_err take_exchange(const json_t *item, size_t i, json_t **out, struct mu_fail *fail)
{
    int64_t preference;
    char host[MU_NAME_TEXT];
    struct mu_fail why;
    const char *typed = mu_json_str(item, "host", NULL);
    if (!json_is_object(item) || typed == NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "item %zu: an MX is { preference = 10, host = \"mx.example.net\" }",
                           i + 1);
    if (!whole(mu_json_get(item, "preference"), &preference) || preference < 0 ||
        preference > 65535)
        return mu_fail_set(fail, MU_USAGE,
                           "item %zu (%.80s): preference is a whole number from 0 to 65535", i + 1,
                           typed);
    if (strcmp(typed, ".") == 0) /* null MX, RFC 7505 */
        snprintf(host, sizeof host, ".");
    else if (mu_name_host(typed, host, &why) != MU_OK)
        return mu_fail_set(fail, MU_USAGE, "item %zu: %s", i + 1, why.text);
    *out = json_pack("{s:I, s:s}", "preference", (json_int_t)preference, "host", host);
    return MU_OK;
}

static int compare_exchanges(const void *a, const void *b)
{
    const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    int64_t by = mu_json_int(left, "preference", 0) - mu_json_int(right, "preference", 0);
    return by ? (by < 0 ? -1 : 1)
              : strcmp(mu_json_str(left, "host", ""), mu_json_str(right, "host", ""));
}

/* By preference, then host; the same exchange twice is one. */
static json_t *sorted_exchanges(json_t **items, size_t count)
{
    json_t *sorted = json_array();
    if (count > 1)
        qsort(items, count, sizeof *items, compare_exchanges);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_exchanges(&items[i - 1], &items[i]) != 0)
            json_array_append(sorted, items[i]);
    return sorted;
}

/* Reads the items into `items`; *ttl becomes the lowest they name, when they name one (RFC
 * 2181, 5.2: all of an rrset are the same; the lowest is what a cache keeps). */
static enum mu_err read_exchanges(const json_t *list, json_t **items, size_t *count, int64_t *ttl,
                                  struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        int64_t own;
        enum mu_err err = take_exchange(item, i, &items[i], fail);
        if (err != MU_OK)
            return err;
        *count = i + 1;
        err = take_ttl(json_object_get(item, "ttl"), &own, fail);
        if (err != MU_OK)
            return err;
        if (own >= 0 && (*ttl < 0 || own < *ttl))
            *ttl = own;
        if (strcmp(mu_json_str(items[i], "host", ""), ".") == 0 && json_array_size(list) > 1)
            return mu_fail_set(fail, MU_USAGE, "a null MX (host \".\") must stand alone");
    }
    return MU_OK;
}

static enum mu_err take_mx(const struct mu_field *field, const json_t *value, json_t **out,
                           struct mu_fail *fail)
{
    const json_t *list = json_is_object(value) ? json_object_get(value, "mx") : value;
    int64_t ttl = -1;
    size_t count = 0;
    if (empty_table(value) || empty_table(list)) {
        *out = json_pack("{s:n, s:[]}", "ttl", "mx");
        return MU_OK;
    }
    enum mu_err err = refuse_failed(field, value, fail);
    if (err != MU_OK)
        return err;
    if (!json_is_array(list))
        return not_this(field, value, fail);
    err = take_ttl(json_is_object(value) ? json_object_get(value, "ttl") : NULL, &ttl, fail);
    json_t **items = mu_xcalloc(json_array_size(list), sizeof *items);
    if (err == MU_OK)
        err = read_exchanges(list, items, &count, &ttl, fail);
    if (err == MU_OK)
        *out = json_pack("{s:o, s:o}", "ttl", ttl_json(ttl), "mx", sorted_exchanges(items, count));
    while (count > 0)
        json_decref(items[--count]);
    free(items);
    return err;
}

static enum mu_err take_rrset(const struct mu_field *field, const json_t *value, json_t **out,
                              struct mu_fail *fail)
{
    const json_t *list = json_is_object(value) ? json_object_get(value, "records") : value;
    size_t i;
    json_t *item;
    int64_t ttl;
    enum mu_err err = refuse_failed(field, value, fail);
    if (err != MU_OK)
        return err;
    if (!json_is_array(list) && !empty_table(list) && !empty_table(value))
        return not_this(field, value, fail);
    err = take_ttl(json_is_object(value) ? json_object_get(value, "ttl") : NULL, &ttl, fail);
    if (err != MU_OK)
        return err;
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item) || json_string_length(item) != strlen(json_string_value(item)))
            return mu_fail_set(fail, MU_USAGE,
                               "record %zu: a record is text as in a zone file, got %s", i + 1,
                               mu_value_kind(item));
    }
    *out = json_pack("{s:o, s:o}", "ttl", ttl_json(ttl), "records",
                     json_is_array(list) ? json_copy((json_t *)list) : json_array());
    return MU_OK;
}
