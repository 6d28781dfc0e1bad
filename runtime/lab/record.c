/* SPDX-License-Identifier: MIT
 *
 * Judging records; see record.h. Messages are PowerDNS 4.7.3's, taken from its answers. */
#include "lab/record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"

#define CONTENT_MAX 4096 /* a TXT record of 16 strings */

#define PARSING "Parsing record content (try 'pdnsutil check-zone'): "

struct subject { /* what is judged, for the messages */
    const char *name, *type, *content;
};

static enum mu_err refuse(const struct subject *s, struct mu_fail *fail, const char *what,
                          const char *detail)
{
    return mu_fail_set(fail, MU_USAGE, "Record %s/%s '%s': %s%s", s->name, s->type, s->content,
                       what, detail);
}

static enum mu_err refuse_field(const struct subject *s, struct mu_fail *fail, const char *what)
{
    char detail[CONTENT_MAX + 64];
    snprintf(detail, sizeof detail, "%s '%s'", what, s->content);
    return refuse(s, fail, PARSING, detail);
}

static enum mu_err refuse_format(const struct subject *s, struct mu_fail *fail, const char *parsed)
{
    return mu_fail_set(fail, MU_USAGE, "Record %s/%s '%s': Not in expected format (parsed as '%s')",
                       s->name, s->type, s->content, parsed);
}

/* "10 host.": a 16-bit number, then one name. */
static enum mu_err check_mx(const struct subject *s, struct mu_fail *fail)
{
    const char *p = s->content;
    if (*p == '\0')
        return refuse_field(s, fail, "missing field at the end of record content");
    if (!isdigit((unsigned char)*p))
        return refuse_field(s, fail, "expected digits at position 0 in");
    if (strtoull(p, NULL, 10) > UINT16_MAX)
        return refuse(s, fail, PARSING, "Overflow reading 16 bit integer from record content");
    p += strspn(p, "0123456789");
    p += strspn(p, " \t");
    if (*p == '\0')
        return refuse_field(s, fail, "missing field at the end of record content");
    const char *rest = p + strcspn(p, " \t");
    char detail[CONTENT_MAX + 4];
    snprintf(detail, sizeof detail, "'%s'", rest);
    if (*rest != '\0')
        return refuse(s, fail, "When parsing MX trailing data was not parsed: ", detail);
    if (strstr(p, "..") != NULL || (p[0] == '.' && p[1] != '\0'))
        return refuse(s, fail, "Found . in wrong position in DNSName ", p);
    if (strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != strlen(p))
        return mu_fail_set(fail, MU_USAGE, "RRset %s IN MX non-hostname content %s", s->name, p);
    return MU_OK;
}

static size_t dots_in(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '.';
    return n;
}

static enum mu_err check_a(const struct subject *s, struct mu_fail *fail)
{
    if (!isdigit((unsigned char)s->content[0]))
        return refuse_field(s, fail, "while parsing IP address, expected digits at position 0 in");
    size_t dots = dots_in(s->content);
    if (dots != 3)
        return refuse(s, fail, PARSING,
                      dots < 3 ? "unable to parse IP address, not enough dots"
                               : "unable to parse IP address, too many dots");
    unsigned long octets[4] = {0};
    const char *p = s->content;
    for (size_t i = 0; i < MU_COUNT(octets); i++) {
        char *end;
        octets[i] = isdigit((unsigned char)*p) ? strtoul(p, &end, 10) : ULONG_MAX;
        if (octets[i] > 255 || *end != (i < 3 ? '.' : '\0'))
            return refuse(s, fail, PARSING, "unable to parse IP address");
        p = end + 1;
    }
    char text[16];
    snprintf(text, sizeof text, "%lu.%lu.%lu.%lu", octets[0] & 255, octets[1] & 255,
             octets[2] & 255, octets[3] & 255);
    return strcmp(text, s->content) == 0 ? MU_OK : refuse_format(s, fail, text);
}

static enum mu_err check_aaaa(const struct subject *s, struct mu_fail *fail)
{
    struct in6_addr addr;
    return inet_pton(AF_INET6, s->content, &addr) == 1
               ? MU_OK
               : refuse(s, fail, "Invalid IPv6 address", "");
}

static const struct {
    const char *type;
    enum mu_err (*check)(const struct subject *, struct mu_fail *);
} checks[] = {{"MX", check_mx}, {"A", check_a}, {"AAAA", check_aaaa}};

/* Everything that could end or comment a line of a zone file is refused before ldns reads it. */
static enum mu_err check_bytes(const struct subject *s, struct mu_fail *fail)
{
    if (strlen(s->content) > CONTENT_MAX)
        return mu_fail_set(fail, MU_USAGE, "Record %s/%s: content longer than %d octets", s->name,
                           s->type, CONTENT_MAX);
    for (const char *p = s->content; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return mu_fail_set(fail, MU_USAGE, "Record %s/%s: control character in content",
                               s->name, s->type);
    return MU_OK;
}

char *mu_lab_record_content(const ldns_rr *rr)
{
    struct mu_buf buf = {0};
    for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
        char *field = ldns_rdf2str(ldns_rr_rdf(rr, i));
        mu_buf_addf(&buf, "%s%s", i ? " " : "", field ? field : "?");
        free(field);
    }
    return mu_buf_take(&buf);
}

static ldns_rr *read_rr(const struct subject *s, uint32_t ttl, struct mu_fail *fail)
{
    char *line = mu_xasprintf("%s %u IN %s %s", s->name, ttl, s->type, s->content);
    ldns_rr *rr = NULL;
    ldns_status status = ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL);
    free(line);
    if (status == LDNS_STATUS_OK && ldns_rr_rd_count(rr) > 0)
        return rr;
    ldns_rr_free(status == LDNS_STATUS_OK ? rr : NULL);
    if (status == LDNS_STATUS_OK || status == LDNS_STATUS_SYNTAX_MISSING_VALUE_ERR)
        refuse_field(s, fail, "missing field at the end of record content");
    else
        refuse(s, fail, PARSING, ldns_get_errorstr_by_id(status));
    return NULL;
}

enum mu_err mu_lab_record_parse(const char *name, const char *type, uint32_t ttl,
                                const char *content, ldns_rr **out, char **canonical,
                                struct mu_fail *fail)
{
    const struct subject s = {name, type, content};
    enum mu_err err = check_bytes(&s, fail);
    for (size_t i = 0; i < MU_COUNT(checks) && err == MU_OK; i++)
        if (strcmp(checks[i].type, type) == 0)
            err = checks[i].check(&s, fail);
    if (err != MU_OK)
        return err;
    ldns_rr *rr = read_rr(&s, ttl, fail);
    if (rr == NULL)
        return MU_USAGE;
    char *text = mu_lab_record_content(rr);
    if (strcmp(type, "AAAA") != 0 && strcasecmp(text, content) != 0) {
        err = refuse_format(&s, fail, text);
        free(text);
        ldns_rr_free(rr);
        return err;
    }
    *out = rr;
    *canonical = text;
    return MU_OK;
}

/* Types that are questions or belong to a transport, not to a zone. */
static bool is_meta(ldns_rr_type type)
{
    return type == 0 || type == LDNS_RR_TYPE_OPT || (type >= 128 && type <= 255);
}

uint16_t mu_lab_record_type(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p))
            return 0;
    ldns_rr_type type = ldns_get_rr_type_by_name(text);
    return is_meta(type) ? 0 : (uint16_t)type;
}

const char *mu_lab_record_type_text(uint16_t type, char *buf)
{
    char *text = ldns_rr_type2str((ldns_rr_type)type);
    snprintf(buf, 16, "%s", text ? text : "");
    free(text);
    return buf;
}
