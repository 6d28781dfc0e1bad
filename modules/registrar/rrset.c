/* SPDX-License-Identifier: MIT
 *
 * Rrsets and their normal form; see rrset.h. ldns reads and writes rdata; this file only decides
 * what is equal. Texts come from playbooks and from providers: neither is trusted. */
#include "rrset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"

#define RECORD_MAX   (64u << 10) /* rdata is at most 65,535 octets, RFC 1035 3.2.1 */
#define STRING_MAX   255         /* octets of one character-string, RFC 1035 3.3 */
#define BEFORE_RDATA 4           /* tabs before rdata in ldns' "owner ttl class type rdata" */

/* --- one record --- */

/* The length of one octet as written: "a", "\"" escaped as \" or \DDD. */
static size_t unit_length(const char *p, bool escapes)
{
    if (!escapes || *p != '\\' || p[1] == '\0')
        return 1;
    bool decimal =
        p[1] >= '0' && p[1] <= '9' && p[2] >= '0' && p[2] <= '9' && p[3] >= '0' && p[3] <= '9';
    return decimal ? 4 : 2;
}

/* Copies the octets of one string up to `end` (not copied), as quoted strings of at most
 * STRING_MAX. */
static const char *add_strings(struct mu_buf *buf, const char *p, char end, bool escapes)
{
    size_t octets = 0;
    mu_buf_addc(buf, '"');
    while (*p != '\0' && (*p != end || !escapes)) {
        if (octets++ == STRING_MAX) {
            mu_buf_adds(buf, "\" \"");
            octets = 1;
        }
        size_t len = unit_length(p, escapes);
        if (!escapes && (*p == '"' || *p == '\\'))
            mu_buf_addc(buf, '\\');
        mu_buf_add(buf, p, len);
        p += len;
    }
    mu_buf_addc(buf, '"');
    return *p ? p + 1 : p;
}

/* TXT as people write it: bare text is one value; quoted strings may be longer than 255. */
static char *txt_text(const char *record)
{
    struct mu_buf buf = {.max = (size_t)4 * RECORD_MAX};
    if (strncmp(record, "\\# ", 3) == 0) /* any rdata in hexadecimal (RFC 3597 5) */
        return mu_xstrdup(record);
    if (*record != '"') {
        add_strings(&buf, record, '\0', false);
        return mu_buf_take(&buf);
    }
    for (const char *p = record; *p;) {
        if (*p == '"')
            p = add_strings(&buf, p + 1, '"', true);
        else
            mu_buf_addc(&buf, *p++);
    }
    return mu_buf_take(&buf);
}

static bool printable(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

/* ldns keeps the low bits of a number that is too large: MX 70000 would become 4464. True when
 * every number is what was written. Numbers come first in all types that have them. */
static bool numbers_fit(const ldns_rr *rr, const char *rdata)
{
    const char *p = rdata;
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        const ldns_rdf *field = ldns_rr_rdf(rr, i);
        ldns_rdf_type type = ldns_rdf_get_type(field);
        char *end;
        p += strspn(p, " \t(");
        unsigned long long typed = strtoull(p, &end, 10);
        if (end == p || strchr(" \t", *end) == NULL)
            return true; /* a mnemonic, or past the numbers */
        if ((type == LDNS_RDF_TYPE_INT8 && typed > 255) ||
            (type == LDNS_RDF_TYPE_INT16 && typed > 65535) ||
            (type == LDNS_RDF_TYPE_INT32 && typed > 4294967295))
            return false;
        p = end;
    }
    return true;
}

/* Does a field begin with the label "@"? In a zone file "@" is the zone's name, which is not known
 * here; ldns makes the root of every such name, and "10 @" would become "10 .". */
static bool has_origin(const char *rdata)
{
    static const char *const written[] = {"@", "\\@", "\\064"};
    for (const char *p = rdata; *p; p += strcspn(p, " \t")) {
        p += strspn(p, " \t");
        for (size_t i = 0; i < MU_COUNT(written); i++) {
            size_t len = strlen(written[i]);
            if (strncmp(p, written[i], len) == 0 && strchr(". \t", p[len]) != NULL)
                return true;
        }
    }
    return false;
}

ldns_rr *mu_zone_record_rr(const char *owner, uint16_t type, uint32_t ttl, const char *record,
                           struct mu_fail *fail)
{
    char type_buf[16];
    const char *type_text = mu_dns_type_text(type, type_buf);
    if (*record == '\0' || strlen(record) > RECORD_MAX || !printable(record)) {
        mu_fail_set(fail, MU_USAGE,
                    "'%.80s' is not %s rdata: empty, too long or with control characters", record,
                    type_text);
        return NULL;
    }
    bool strings = type == LDNS_RR_TYPE_TXT || type == LDNS_RR_TYPE_SPF;
    if (!strings && has_origin(record)) {
        mu_fail_set(fail, MU_USAGE, "'%.200s': write the name in full instead of \"@\"", record);
        return NULL;
    }
    char *rdata = strings ? txt_text(record) : mu_xstrdup(record);
    char *line = mu_xasprintf("%s. %u IN %s %s", owner, ttl, type_text, rdata);
    ldns_rr *rr = NULL;
    ldns_status status = ldns_rr_new_frm_str(&rr, line, ttl, NULL, NULL);
    if (status == LDNS_STATUS_OK && (ldns_rr_rd_count(rr) == 0 || !numbers_fit(rr, rdata))) {
        ldns_rr_free(rr);
        rr = NULL;
        status = LDNS_STATUS_SYNTAX_INTEGER_OVERFLOW;
    }
    if (status != LDNS_STATUS_OK) {
        rr = NULL;
        mu_fail_set(fail, MU_USAGE, "'%.200s' is not %s rdata as in a zone file (%s)", record,
                    type_text, ldns_get_errorstr_by_id(status));
    }
    free(rdata);
    free(line);
    return rr;
}

char *mu_zone_rr_record(const ldns_rr *rr)
{
    ldns_rr *canonical = ldns_rr_clone(rr);
    ldns_rr2canonical(canonical);
    char *line = ldns_rr2str_fmt(ldns_output_format_nocomments, canonical);
    ldns_rr_free(canonical);
    const char *p = line ? line : "";
    for (int tabs = 0; *p && tabs < BEFORE_RDATA; p++)
        tabs += *p == '\t';
    size_t len = strlen(p);
    while (len > 0 && (p[len - 1] == '\n' || p[len - 1] == ' '))
        len--;
    char *record = mu_xstrndup(p, len);
    free(line);
    return record;
}

/* --- sets of records --- */

static int compare_records(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_exchanges(const void *a, const void *b)
{
    long left = strtol(*(char *const *)a, NULL, 10), right = strtol(*(char *const *)b, NULL, 10);
    return left != right ? (left < right ? -1 : 1) : compare_records(a, b);
}

/* Sorts, drops duplicates, frees the texts. */
static json_t *set_of(uint16_t type, char **texts, size_t count)
{
    json_t *set = json_array();
    if (count > 1)
        qsort(texts, count, sizeof *texts,
              type == LDNS_RR_TYPE_MX ? compare_exchanges : compare_records);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(texts[i - 1], texts[i]) != 0)
            json_array_append_new(set, mu_json_lenient_string(texts[i], strlen(texts[i])));
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
    return set;
}

static enum mu_err check_null_mx(uint16_t type, const json_t *records, struct mu_fail *fail)
{
    if (type != LDNS_RR_TYPE_MX || json_array_size(records) < 2)
        return MU_OK;
    size_t i;
    json_t *record;
    json_array_foreach(records, i, record)
    {
        const char *space = strchr(json_string_value(record), ' ');
        if (space && strcmp(space, " .") == 0)
            return mu_fail_set(fail, MU_USAGE, "a null MX ('%s') must stand alone (RFC 7505 3)",
                               json_string_value(record));
    }
    return MU_OK;
}

/* The normal form of one text, NULL when it is no rdata. ldns takes some texts that it then writes
 * as something it does not take (RFC 3597 with a wrong length): what does not read as itself is
 * none. */
static char *normal_record(uint16_t type, const char *typed, struct mu_fail *fail)
{
    char *record = NULL;
    ldns_rr *rr = mu_zone_record_rr("", type, 0, typed, fail);
    ldns_rr *again = NULL;
    if (rr) {
        record = mu_zone_rr_record(rr);
        again = mu_zone_record_rr("", type, 0, record, NULL);
    }
    char *text = again ? mu_zone_rr_record(again) : NULL;
    if (rr && (text == NULL || strcmp(text, record) != 0)) {
        mu_fail_set(fail, MU_USAGE,
                    "'%.200s' can't be read without doubt: give it as in a zone file", typed);
        free(record);
        record = NULL;
    }
    free(text);
    ldns_rr_free(rr);
    ldns_rr_free(again);
    return record;
}

enum mu_err mu_zone_records_normal(uint16_t type, const json_t *records, json_t **out,
                                   struct mu_fail *fail)
{
    size_t count = json_array_size(records), i;
    json_t *item;
    *out = NULL;
    if (count > MU_LIMIT_DNS_ANSWERS)
        return mu_fail_set(fail, MU_USAGE, "an rrset of %zu records, more than %d", count,
                           MU_LIMIT_DNS_ANSWERS);
    char **texts = mu_xcalloc(count, sizeof *texts);
    size_t have = 0;
    json_array_foreach(records, i, item)
    {
        const char *typed = json_string_value(item);
        char *record = normal_record(type, typed ? typed : "", fail);
        if (record == NULL)
            break;
        texts[have++] = record;
    }
    bool all = have == count;
    json_t *set = set_of(type, texts, have);
    if (all && check_null_mx(type, set, fail) == MU_OK) {
        *out = set;
        return MU_OK;
    }
    json_decref(set);
    return MU_USAGE;
}

static bool owner_is(const ldns_rr *rr, const ldns_rdf *owner)
{
    return ldns_dname_compare(ldns_rr_owner(rr), owner) == 0;
}

json_t *mu_zone_records_among(const ldns_rr_list *rrs, const char *owner, uint16_t type,
                              int64_t *ttl)
{
    *ttl = -1;
    ldns_rdf *name = ldns_dname_new_frm_str(owner);
    size_t total = rrs ? ldns_rr_list_rr_count(rrs) : 0, count = 0;
    if (total > MU_LIMIT_DNS_ANSWERS)
        total = MU_LIMIT_DNS_ANSWERS;
    char **texts = mu_xcalloc(total, sizeof *texts);
    for (size_t i = 0; name && i < total; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(rrs, i);
        if (ldns_rr_get_type(rr) != type || !owner_is(rr, name))
            continue;
        if (*ttl < 0 || ldns_rr_ttl(rr) < *ttl)
            *ttl = ldns_rr_ttl(rr);
        texts[count++] = mu_zone_rr_record(rr);
    }
    ldns_rdf_deep_free(name);
    return set_of(type, texts, count);
}

/* --- MX --- */

json_t *mu_zone_mx_records(const json_t *mx)
{
    size_t count = json_array_size(mx), i;
    json_t *item;
    char **texts = mu_xcalloc(count, sizeof *texts);
    json_array_foreach(mx, i, item)
    {
        const char *host = mu_json_str(item, "host", ".");
        texts[i] = mu_xasprintf("%d %s%s", (int)mu_json_int(item, "preference", 0), host,
                                strcmp(host, ".") == 0 ? "" : ".");
    }
    return set_of(LDNS_RR_TYPE_MX, texts, count);
}

enum mu_err mu_zone_records_mx(const json_t *records, json_t **mx, struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    *mx = json_array();
    json_array_foreach(records, i, item)
    {
        const char *record = json_string_value(item);
        char *end;
        long preference = strtol(record, &end, 10);
        if (end == record || *end != ' ' || preference < 0 || preference > 65535) {
            json_decref(*mx);
            *mx = NULL;
            return mu_fail_set(fail, MU_PROTO, "'%.200s' is not an MX: PREFERENCE HOST.", record);
        }
        const char *host = end + 1;
        size_t len = strlen(host);
        if (len > 1 && host[len - 1] == '.')
            len--;
        json_array_append_new(
            *mx, json_pack("{s:I, s:s%}", "preference", (json_int_t)preference, "host", host, len));
    }
    return MU_OK;
}

/* --- rrsets --- */

json_t *mu_zone_rrset(int64_t ttl, json_t *records_take)
{
    bool known = ttl >= 0 && json_array_size(records_take) != 0;
    return json_pack("{s:o, s:o}", "ttl", known ? json_integer(ttl) : json_null(), "records",
                     records_take);
}

json_t *mu_zone_rrset_assumed(const struct mu_facts *facts, const char *name, uint16_t type,
                              struct mu_fail *fail)
{
    char buf[16];
    char *key = mu_xasprintf("%s/%s", name, mu_dns_type_text(type, buf));
    const json_t *fact = mu_facts_get(facts, MU_FACT_DNS_RRSET, key);
    json_t *records = NULL, *rrset = NULL;
    fail->class = MU_OK;
    if (fact != NULL) {
        const json_t *list = json_is_array(fact) ? fact : json_object_get(fact, "records");
        fail->class = mu_zone_records_normal(type, list, &records, fail);
        rrset = mu_zone_rrset(mu_json_int(fact, "ttl", -1), records ? records : json_array());
    }
    if (fail->class != MU_OK)
        mu_fail_prefix(fail, "the assumed %s", key);
    free(key);
    return rrset;
}

bool mu_zone_rrset_empty(const json_t *rrset)
{
    return json_array_size(json_object_get(rrset, "records")) == 0;
}

bool mu_zone_rrset_is(const json_t *actual, const json_t *expected)
{
    if (!json_equal(json_object_get(actual, "records"), json_object_get(expected, "records")))
        return false;
    const json_t *ttl = mu_json_get(expected, "ttl");
    return ttl == NULL || mu_zone_rrset_empty(expected) ||
           json_equal(ttl, json_object_get(actual, "ttl"));
}

char *mu_zone_rrset_text(const json_t *rrset)
{
    struct mu_buf buf = {.max = 4096};
    const json_t *ttl = mu_json_get(rrset, "ttl");
    size_t i;
    json_t *record;
    if (mu_zone_rrset_empty(rrset))
        return mu_xstrdup("nothing");
    if (ttl)
        mu_buf_addf(&buf, "TTL %lld: ", (long long)json_integer_value(ttl));
    json_array_foreach(json_object_get(rrset, "records"), i, record)
    {
        mu_buf_addf(&buf, "%s%s", i ? " | " : "", json_string_value(record));
    }
    return mu_buf_take(&buf);
}
