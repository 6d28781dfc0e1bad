/* SPDX-License-Identifier: MIT
 *
 * Rdata in presentation form, as playbooks write it and as the API of a DNS host answers it.
 *
 *   octet 0   its type (index into types[])
 *   rest      records, one a line */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "registrar/rrset.h"

static const uint16_t types[] = {LDNS_RR_TYPE_MX,    LDNS_RR_TYPE_TXT,  LDNS_RR_TYPE_A,
                                 LDNS_RR_TYPE_AAAA,  LDNS_RR_TYPE_NS,   LDNS_RR_TYPE_SRV,
                                 LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_TLSA, LDNS_RR_TYPE_CAA,
                                 LDNS_RR_TYPE_SSHFP, LDNS_RR_TYPE_NAPTR};

static json_t *lines_of(const char *text, size_t len)
{
    json_t *lines = json_array();
    while (len > 0) {
        size_t line = 0;
        while (line < len && text[line] != '\n')
            line++;
        json_array_append_new(lines, mu_json_lenient_string(text, line));
        line += line < len;
        text += line;
        len -= line;
    }
    return lines;
}

/* One normal form: it reads as itself. */
static void check_normal(uint16_t type, const json_t *records)
{
    struct mu_fail fail = {0};
    json_t *again = NULL, *mx = NULL;
    promise(mu_zone_records_normal(type, records, &again, &fail) == MU_OK);
    promise(json_equal(records, again));
    json_decref(again);
    if (type != LDNS_RR_TYPE_MX)
        return;
    promise(mu_zone_records_mx(records, &mx, &fail) == MU_OK);
    json_t *back = mu_zone_mx_records(mx);
    promise(json_equal(records, back));
    json_decref(back);
    json_decref(mx);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_fail fail = {0};
    json_t *records = NULL;
    if (len == 0 || len > 8192)
        return 0;
    uint16_t type = types[bytes[0] % (sizeof types / sizeof types[0])];
    json_t *lines = lines_of((const char *)bytes + 1, len - 1);
    enum mu_err err = mu_zone_records_normal(type, lines, &records, &fail);
    promise(err == MU_OK || (err == MU_USAGE && fail.text[0] != '\0' && records == NULL));
    if (err == MU_OK)
        check_normal(type, records);
    json_decref(records);
    json_decref(lines);
    return 0;
}
