/* SPDX-License-Identifier: MIT
 *
 * In-memory zones; see zone.h. */
#include "lab/zone.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lab/plan.h"
#include "lab/record.h"

struct mu_lab_rrset *mu_lab_rrset_new(const char *name, uint16_t type, uint32_t ttl)
{
    struct mu_lab_rrset *set = MU_NEW(struct mu_lab_rrset);
    set->name = mu_xstrdup(name);
    set->type = type;
    set->ttl = ttl;
    mu_lab_record_type_text(type, set->type_text);
    return set;
}

void mu_lab_rrset_free(struct mu_lab_rrset *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->records[i].content);
        ldns_rr_free(set->records[i].rr);
    }
    free(set->records);
    free(set->name);
    free(set);
}

static void append(struct mu_lab_rrset *set, struct mu_lab_record record)
{
    set->records = mu_xrealloc(set->records, set->count + 1, sizeof *set->records);
    set->records[set->count++] = record;
}

/* Types of which a name has one record: RFC 1034 3.6.2, RFC 1035 3.3.13, RFC 6672 2.4. */
static bool is_single(uint16_t type)
{
    return type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_SOA || type == LDNS_RR_TYPE_DNAME;
}

/* PowerDNS prints the content of a duplicate without its final dot. */
static enum mu_err refuse_duplicate(const struct mu_lab_rrset *set, const char *content,
                                    struct mu_fail *fail)
{
    size_t len = strlen(content);
    if (len > 1 && content[len - 1] == '.')
        len--;
    return mu_fail_set(fail, MU_USAGE, "Duplicate record in RRset %s IN %s with content \"%.*s\"",
                       set->name, set->type_text, (int)len, content);
}

enum mu_err mu_lab_rrset_add(struct mu_lab_rrset *set, const char *content, bool disabled,
                             struct mu_fail *fail)
{
    struct mu_lab_record record = {.disabled = disabled};
    enum mu_err err = mu_lab_record_parse(set->name, set->type_text, set->ttl, content, &record.rr,
                                          &record.content, fail);
    if (err != MU_OK)
        return err;
    for (size_t i = 0; i < set->count && err == MU_OK; i++)
        if (ldns_rr_compare(set->records[i].rr, record.rr) == 0)
            err = refuse_duplicate(set, record.content, fail);
    if (err == MU_OK && set->count > 0 && is_single(set->type))
        err = mu_fail_set(fail, MU_USAGE, "RRset %s IN %s has more than one record", set->name,
                          set->type_text);
    if (err == MU_OK && set->count >= MU_LIMIT_LAB_RECORDS)
        err = mu_fail_set(fail, MU_USAGE, "RRset %s IN %s has more than %d records", set->name,
                          set->type_text, MU_LIMIT_LAB_RECORDS);
    if (err == MU_OK) {
        append(set, record);
    } else {
        free(record.content);
        ldns_rr_free(record.rr);
    }
    return err;
}

static struct mu_lab_rrset *rrset_copy(const struct mu_lab_rrset *from)
{
    struct mu_lab_rrset *set = mu_lab_rrset_new(from->name, from->type, from->ttl);
    for (size_t i = 0; i < from->count; i++) {
        struct mu_lab_record record = {.content = mu_xstrdup(from->records[i].content),
                                       .disabled = from->records[i].disabled,
                                       .rr = ldns_rr_clone(from->records[i].rr)};
        append(set, record);
    }
    return set;
}

struct mu_lab_zone *mu_lab_zone_new(const char *name)
{
    struct mu_lab_zone *zone = MU_NEW(struct mu_lab_zone);
    zone->name = mu_xstrdup(name);
    return zone;
}

static void insert(struct mu_lab_zone *zone, struct mu_lab_rrset *set_take)
{
    zone->rrsets = mu_xrealloc(zone->rrsets, zone->count + 1, sizeof(struct mu_lab_rrset *));
    zone->rrsets[zone->count++] = set_take;
}

struct mu_lab_zone *mu_lab_zone_copy(const struct mu_lab_zone *from)
{
    struct mu_lab_zone *zone = mu_lab_zone_new(from->name);
    for (size_t i = 0; i < from->count; i++)
        insert(zone, rrset_copy(from->rrsets[i]));
    return zone;
}

void mu_lab_zone_free(struct mu_lab_zone *zone)
{
    if (zone == NULL)
        return;
    for (size_t i = 0; i < zone->count; i++)
        mu_lab_rrset_free(zone->rrsets[i]);
    free(zone->rrsets);
    free(zone->name);
    free(zone);
}

static size_t index_of(const struct mu_lab_zone *zone, const char *name, uint16_t type)
{
    size_t i = 0;
    while (i < zone->count &&
           (zone->rrsets[i]->type != type || strcmp(zone->rrsets[i]->name, name) != 0))
        i++;
    return i;
}

struct mu_lab_rrset *mu_lab_zone_find(const struct mu_lab_zone *zone, const char *name,
                                      uint16_t type)
{
    size_t i = index_of(zone, name, type);
    return i < zone->count ? zone->rrsets[i] : NULL;
}

static bool within(const char *name, const char *parent)
{
    size_t len = strlen(name), parent_len = strlen(parent);
    if (len < parent_len || strcmp(name + len - parent_len, parent) != 0)
        return false;
    return len == parent_len || name[len - parent_len - 1] == '.';
}

bool mu_lab_zone_has(const struct mu_lab_zone *zone, const char *name)
{
    for (size_t i = 0; i < zone->count; i++)
        if (within(zone->rrsets[i]->name, name))
            return true;
    return false;
}

bool mu_lab_zone_covers(const struct mu_lab_zone *zone, const char *name)
{
    return within(name, zone->name);
}

void mu_lab_zone_remove(struct mu_lab_zone *zone, const char *name, uint16_t type)
{
    size_t i = index_of(zone, name, type);
    if (i == zone->count)
        return;
    mu_lab_rrset_free(zone->rrsets[i]);
    memmove(zone->rrsets + i, zone->rrsets + i + 1,
            (zone->count - i - 1) * sizeof(struct mu_lab_rrset *));
    zone->count--;
}

enum mu_err mu_lab_zone_put(struct mu_lab_zone *zone, struct mu_lab_rrset *take,
                            struct mu_fail *fail)
{
    mu_lab_zone_remove(zone, take->name, take->type);
    if (zone->count >= MU_LIMIT_LAB_RRSETS) {
        mu_lab_rrset_free(take);
        return mu_fail_set(fail, MU_USAGE, "Zone %s has more than %d rrsets", zone->name,
                           MU_LIMIT_LAB_RRSETS);
    }
    insert(zone, take);
    return MU_OK;
}

enum { SOA_SERIAL = 2 }; /* RFC 1035 3.3.13: the third field */

uint32_t mu_lab_zone_serial(const struct mu_lab_zone *zone)
{
    const struct mu_lab_rrset *soa = mu_lab_zone_find(zone, zone->name, LDNS_RR_TYPE_SOA);
    if (soa == NULL || soa->count == 0)
        return 0;
    return ldns_rdf2native_int32(ldns_rr_rdf(soa->records[0].rr, SOA_SERIAL));
}

static uint32_t first_of_day(int64_t now_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;
    if (gmtime_r(&now, &tm) == NULL)
        return 0;
    unsigned year = (unsigned)(tm.tm_year + 1900) % 10000;
    return ((year * 100 + (unsigned)tm.tm_mon + 1) * 100 + (unsigned)tm.tm_mday) * 100 + 1;
}

void mu_lab_zone_bump(struct mu_lab_zone *zone, int64_t now_ms)
{
    struct mu_lab_rrset *soa = mu_lab_zone_find(zone, zone->name, LDNS_RR_TYPE_SOA);
    if (soa == NULL || soa->count == 0)
        return;
    uint32_t next = mu_lab_zone_serial(zone) + 1, today = first_of_day(now_ms);
    struct mu_lab_record *record = &soa->records[0];
    ldns_rdf *old = ldns_rr_set_rdf(
        record->rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, next > today ? next : today),
        SOA_SERIAL);
    ldns_rdf_deep_free(old);
    free(record->content);
    record->content = mu_lab_record_content(record->rr);
}

/* Names of the plan become canonical ones: a final dot. */
static enum mu_err plant(struct mu_lab_zones *zones, const char *name, const char *type,
                         uint32_t ttl, const char *const *content, size_t count,
                         struct mu_fail *fail)
{
    char full[MU_LIMIT_NAME + 2];
    snprintf(full, sizeof full, "%s.", name);
    struct mu_lab_zone **zone = mu_lab_zones_for(zones, full);
    assert(zone != NULL);
    struct mu_lab_rrset *set = mu_lab_rrset_new(full, mu_lab_record_type(type), ttl);
    for (size_t i = 0; i < count && content[i] != NULL; i++) {
        enum mu_err err = mu_lab_rrset_add(set, content[i], false, fail);
        if (err != MU_OK) {
            mu_lab_rrset_free(set);
            return err;
        }
    }
    return mu_lab_zone_put(*zone, set, fail);
}

enum mu_err mu_lab_zones_init(struct mu_lab_zones *zones, int64_t now_ms, struct mu_fail *fail)
{
    zones->list[0] = mu_lab_zone_new("example.com.");
    zones->list[1] = mu_lab_zone_new("example.net.");
    enum mu_err err = MU_OK;
    for (const struct mu_lab_plan_rrset *p = mu_lab_plan_rrsets; p->name && err == MU_OK; p++)
        err = plant(zones, p->name, p->type, p->ttl, p->content, MU_COUNT(p->content), fail);
    for (size_t i = 0; i < MU_LAB_HOSTS && err == MU_OK; i++)
        err = plant(zones, mu_lab_plan_hosts[i].name, "A", 3600, &mu_lab_plan_hosts[i].address, 1,
                    fail);
    for (size_t i = 0; i < MU_LAB_ZONES; i++)
        mu_lab_zone_bump(zones->list[i], now_ms);
    return err;
}

void mu_lab_zones_fini(struct mu_lab_zones *zones)
{
    for (size_t i = 0; i < MU_LAB_ZONES; i++) {
        mu_lab_zone_free(zones->list[i]);
        zones->list[i] = NULL;
    }
}

struct mu_lab_zone **mu_lab_zones_for(struct mu_lab_zones *zones, const char *name)
{
    for (size_t i = 0; i < MU_LAB_ZONES; i++)
        if (mu_lab_zone_covers(zones->list[i], name))
            return &zones->list[i];
    return NULL;
}
