/* SPDX-License-Identifier: MIT
 *
 * PATCH of a zone; see api_patch.h. Order and words from PowerDNS 4.7.3's answers. */
#include "lab/api_patch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lab/event.h"
#include "lab/record.h"

#define TTL_MAX INT32_MAX /* RFC 2181 8 */

struct change {
    const json_t *json;
    char name[4 * MU_LIMIT_NAME + 2]; /* canonical */
    char type_text[16];
    uint16_t type;
    bool replace; /* else delete */
};

static enum mu_err need_string(const json_t *object, const char *key, const char **out,
                               struct mu_fail *fail)
{
    *out = json_string_value(json_object_get(object, key));
    return *out ? MU_OK : mu_fail_set(fail, MU_USAGE, "Key '%s' not present or not a String", key);
}

static bool allowed(const char *name)
{
    if (name[0] == '*' && name[1] == '.')
        name++;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-") ==
           strlen(name);
}

/* PowerDNS shows other octets as \DDD. */
static enum mu_err refuse_name(const char *name, struct mu_fail *fail)
{
    struct mu_buf shown = {0};
    for (const char *p = name; *p != '\0'; p++) {
        if (isgraph((unsigned char)*p))
            mu_buf_addc(&shown, *p);
        else
            mu_buf_addf(&shown, "\\%03u", (unsigned)(unsigned char)*p);
    }
    mu_fail_set(fail, MU_USAGE, "Name '%s' contains unsupported characters", mu_buf_text(&shown));
    mu_buf_free(&shown);
    return MU_USAGE;
}

static enum mu_err read_name(struct change *c, struct mu_fail *fail)
{
    const char *name;
    enum mu_err err = need_string(c->json, "name", &name, fail);
    if (err != MU_OK)
        return err;
    size_t len = strlen(name);
    if (len == 0 || name[len - 1] != '.')
        return mu_fail_set(fail, MU_USAGE, "DNS Name '%.300s' is not canonical", name);
    ldns_rdf *parsed = ldns_dname_new_frm_str(name);
    bool well_formed = parsed != NULL && strstr(name, "..") == NULL && len <= MU_LIMIT_NAME + 1;
    ldns_rdf_deep_free(parsed);
    if (!well_formed)
        return mu_fail_set(fail, MU_USAGE, "Unable to parse DNS Name '%.300s'", name);
    if (!allowed(name))
        return refuse_name(name, fail);
    for (size_t i = 0; i <= len; i++)
        c->name[i] = (char)tolower((unsigned char)name[i]);
    return MU_OK;
}

static enum mu_err read_type(struct change *c, struct mu_fail *fail)
{
    const char *text;
    enum mu_err err = need_string(c->json, "type", &text, fail);
    if (err != MU_OK)
        return err;
    c->type = mu_lab_record_type(text);
    if (c->type == 0)
        return mu_fail_set(fail, MU_USAGE, "RRset %s IN %.32s: unknown type given", c->name, text);
    mu_lab_record_type_text(c->type, c->type_text);
    return MU_OK;
}

static enum mu_err read_changetype(struct change *c, struct mu_fail *fail)
{
    const char *text;
    enum mu_err err = need_string(c->json, "changetype", &text, fail);
    if (err != MU_OK)
        return err;
    c->replace = strcasecmp(text, "REPLACE") == 0;
    if (!c->replace && strcasecmp(text, "DELETE") != 0)
        return mu_fail_set(fail, MU_USAGE, "Changetype not understood");
    return MU_OK;
}

static enum mu_err read_change(struct change *c, struct mu_fail *fail)
{
    const char *text;
    enum mu_err err = need_string(c->json, "changetype", &text, fail);
    if (err == MU_OK)
        err = read_name(c, fail);
    if (err == MU_OK)
        err = read_type(c, fail);
    return err ? err : read_changetype(c, fail);
}

/* PowerDNS takes "300" for 300 too. */
static enum mu_err read_ttl(const struct change *c, uint32_t *out, struct mu_fail *fail)
{
    const json_t *value = json_object_get(c->json, "ttl");
    json_int_t ttl = -1;
    if (json_is_number(value))
        ttl =
            json_is_integer(value) ? json_integer_value(value) : (json_int_t)json_real_value(value);
    else if (json_is_string(value) && isdigit((unsigned char)json_string_value(value)[0]))
        ttl = strtoll(json_string_value(value), NULL, 10);
    else
        return mu_fail_set(fail, MU_USAGE, "Key 'ttl' not an Integer or not present");
    if (ttl < 0 || ttl > TTL_MAX)
        return mu_fail_set(fail, MU_USAGE, "Key 'ttl' is not between 0 and %d", TTL_MAX);
    *out = (uint32_t)ttl;
    return MU_OK;
}

static enum mu_err read_record(struct mu_lab_rrset *set, const json_t *json, struct mu_fail *fail)
{
    const char *content;
    enum mu_err err = need_string(json, "content", &content, fail);
    if (err != MU_OK)
        return err;
    const json_t *disabled = json_object_get(json, "disabled");
    if (disabled != NULL && !json_is_boolean(disabled))
        return mu_fail_set(fail, MU_USAGE, "Key 'disabled' not present or not a Bool");
    return mu_lab_rrset_add(set, content, json_is_true(disabled), fail);
}

static enum mu_err read_records(const struct change *c, struct mu_lab_rrset **out,
                                struct mu_fail *fail)
{
    const json_t *records = json_object_get(c->json, "records");
    if (!json_is_array(records))
        return mu_fail_set(fail, MU_USAGE, "No change for RRset %s IN %s", c->name, c->type_text);
    uint32_t ttl = 0;
    enum mu_err err = read_ttl(c, &ttl, fail);
    if (err != MU_OK)
        return err;
    struct mu_lab_rrset *set = mu_lab_rrset_new(c->name, c->type, ttl);
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        err = read_record(set, record, fail);
        if (err != MU_OK) {
            mu_lab_rrset_free(set);
            return err;
        }
    }
    *out = set;
    return MU_OK;
}

/* RFC 1034 3.6.2: a CNAME stands alone. */
static bool conflicts(const struct mu_lab_zone *zone, const struct change *c)
{
    for (size_t i = 0; i < zone->count; i++) {
        const struct mu_lab_rrset *other = zone->rrsets[i];
        if (strcmp(other->name, c->name) == 0 && other->type != c->type &&
            (c->type == LDNS_RR_TYPE_CNAME || other->type == LDNS_RR_TYPE_CNAME))
            return true;
    }
    return false;
}

/* What the lab cannot play: a zone without SOA, and delegations (zone.h). */
static enum mu_err check_playable(const struct mu_lab_zone *zone, const struct change *c,
                                  const struct mu_lab_rrset *set, struct mu_fail *fail)
{
    bool apex = strcmp(c->name, zone->name) == 0;
    bool empty = set == NULL || set->count == 0 || set->records[0].disabled;
    if (c->type == LDNS_RR_TYPE_SOA && (apex == empty))
        return mu_fail_set(fail, MU_USAGE, "RRset %s IN SOA: the lab needs one SOA, at the apex",
                           c->name);
    if (c->type == LDNS_RR_TYPE_NS && !apex && !empty)
        return mu_fail_set(fail, MU_USAGE, "RRset %s IN NS: the lab has no delegations", c->name);
    return MU_OK;
}

static enum mu_err apply(struct mu_lab_zone *zone, const struct change *c, struct mu_fail *fail)
{
    struct mu_lab_rrset *set = NULL;
    enum mu_err err = MU_OK;
    if (c->replace && !mu_lab_zone_covers(zone, c->name))
        return mu_fail_set(fail, MU_USAGE, "RRset %s IN %s: Name is out of zone", c->name,
                           c->type_text);
    if (c->replace)
        err = read_records(c, &set, fail);
    if (err == MU_OK)
        err = check_playable(zone, c, set, fail);
    if (err == MU_OK && set && set->count > 0 && conflicts(zone, c))
        err = mu_fail_set(fail, MU_USAGE, "RRset %s IN %s: Conflicts with pre-existing RRset",
                          c->name, c->type_text);
    if (err == MU_OK && set != NULL && set->count > 0)
        return mu_lab_zone_put(zone, set, fail);
    mu_lab_rrset_free(set);
    if (err == MU_OK)
        mu_lab_zone_remove(zone, c->name, c->type);
    return err;
}

static enum mu_err refuse_repeated(const struct change *list, size_t count, struct mu_fail *fail)
{
    const struct change *c = &list[count];
    for (size_t i = 0; i < count; i++)
        if (list[i].type == c->type && list[i].replace == c->replace &&
            strcmp(list[i].name, c->name) == 0)
            return mu_fail_set(fail, MU_USAGE, "Duplicate RRset %s IN %s with changetype: %s",
                               c->name, c->type_text, c->replace ? "REPLACE" : "DELETE");
    return MU_OK;
}

static void tell(const struct mu_lab_observer *observer, const struct mu_lab_zone *zone,
                 const struct change *c)
{
    const struct mu_lab_rrset *set = mu_lab_zone_find(zone, c->name, c->type);
    struct mu_buf text = {.max = 400};
    for (size_t i = 0; set && i < set->count; i++)
        mu_buf_addf(&text, "%s%s", i ? ", " : "", set->records[i].content);
    if (set != NULL)
        mu_lab_event(observer, "provider", "%s %s is now %s (TTL %u)", c->name, c->type_text,
                     mu_buf_text(&text), set->ttl);
    else
        mu_lab_event(observer, "provider", "%s %s is gone", c->name, c->type_text);
    mu_buf_free(&text);
}

enum mu_err mu_lab_api_patch(struct mu_lab_zone **zone, const json_t *request,
                             const struct mu_lab_observer *observer, struct mu_fail *fail)
{
    const json_t *rrsets = json_object_get(request, "rrsets");
    size_t count = json_array_size(rrsets);
    if (!json_is_array(rrsets))
        return mu_fail_set(fail, MU_USAGE, "No rrsets given in update request");
    if (count > MU_LIMIT_LAB_RRSETS)
        return mu_fail_set(fail, MU_USAGE, "More than %d rrsets in update request",
                           MU_LIMIT_LAB_RRSETS);
    struct mu_lab_zone *copy = mu_lab_zone_copy(*zone);
    struct change *list = mu_xcalloc(count, sizeof *list);
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < count && err == MU_OK; i++) {
        list[i].json = json_array_get(rrsets, i);
        err = read_change(&list[i], fail);
        if (err == MU_OK)
            err = refuse_repeated(list, i, fail);
        if (err == MU_OK)
            err = apply(copy, &list[i], fail);
    }
    if (err == MU_OK) {
        mu_lab_zone_bump(copy, mu_clock_real_ms());
        mu_lab_zone_free(*zone);
        *zone = copy;
        for (size_t i = 0; i < count; i++)
            tell(observer, copy, &list[i]);
    } else {
        mu_lab_zone_free(copy);
    }
    free(list);
    return err;
}
