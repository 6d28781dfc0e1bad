/* SPDX-License-Identifier: MIT
 *
 * An SPF record, taken apart (RFC 7208, 4.5 to 6, 12). Pure. The whole record is read before anything of it is evaluated:
 * one syntax error anywhere is a permerror (4.6). */
#ifndef MU_MAIL_SPF_RECORD_H
#define MU_MAIL_SPF_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum spf_mechanism { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

struct spf_term {
    enum spf_mechanism mechanism;
    char qualifier;      /* + - ~ ? */
    char *text;          /* as it stands in the record, "-all" */
    char *spec;          /* domain-spec, NULL where there is none: the current domain */
    uint8_t network[16]; /* ip4, ip6: 4 or 16 octets */
    int bits4, bits6;    /* of the prefix */
};

struct spf_record {
    struct spf_term *terms;
    size_t count;
    char *redirect, *exp; /* domain-specs, NULL */
};

/* Is this TXT record (its strings joined) an SPF record (4.5)? */
bool spf_record_is(const char *text);
/* MU_PROTO with the term that is wrong: permerror. Free it in both cases. */
enum mu_err spf_record_parse(const char *text, struct spf_record *out, struct mu_fail *fail);
void spf_record_free(struct spf_record *);
/* Does it cost one of the ten lookups (4.6.4)? */
bool spf_term_looks_up(const struct spf_term *);

#endif
