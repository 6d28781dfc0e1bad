/* SPDX-License-Identifier: MIT
 *
 * Names of RR types and response codes. Pure. Type names are ldns's; response codes are the IANA
 * registry's, since ldns knows only those of RFC 1035 and 2136. */
#include "io/dns.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const rcode_names[] = {
    [0] = "NOERROR",  [1] = "FORMERR",    [2] = "SERVFAIL", [3] = "NXDOMAIN",  [4] = "NOTIMP",
    [5] = "REFUSED",  [6] = "YXDOMAIN",   [7] = "YXRRSET",  [8] = "NXRRSET",   [9] = "NOTAUTH",
    [10] = "NOTZONE", [11] = "DSOTYPENI", [16] = "BADVERS", [17] = "BADKEY",   [18] = "BADTIME",
    [19] = "BADMODE", [20] = "BADNAME",   [21] = "BADALG",  [22] = "BADTRUNC", [23] = "BADCOOKIE",
};

/* RFC 3597 section 5: "TYPE" and a decimal number. */
static uint16_t generic_type(const char *digits)
{
    char *end;
    unsigned long number = strtoul(digits, &end, 10);
    bool good = *digits >= '0' && *digits <= '9' && *end == '\0' && number <= UINT16_MAX;
    return good ? (uint16_t)number : 0;
}

uint16_t mu_dns_type_number(const char *text)
{
    if (strncasecmp(text, "TYPE", 4) == 0)
        return generic_type(text + 4);
    return (uint16_t)ldns_get_rr_type_by_name(text);
}

const char *mu_dns_type_text(uint16_t type, char buf[16])
{
    const ldns_rr_descriptor *descriptor = ldns_rr_descript(type);
    const char *name = descriptor ? descriptor->_name : NULL;
    /* ldns gives a nameless descriptor for what it does not know. */
    if (name && strlen(name) < 16 && strcmp(name, "NULL") != 0)
        return memcpy(buf, name, strlen(name) + 1);
    snprintf(buf, 16, "TYPE%u", type);
    return buf;
}

const char *mu_dns_rcode_text(int rcode, char buf[16])
{
    if (rcode >= 0 && (size_t)rcode < MU_COUNT(rcode_names) && rcode_names[rcode])
        return rcode_names[rcode];
    snprintf(buf, 16, "RCODE%d", rcode);
    return buf;
}
