/* SPDX-License-Identifier: MIT
 *
 * Macros of SPF (RFC 7208, 7). Pure. */
#ifndef MU_MAIL_SPF_MACRO_H
#define MU_MAIL_SPF_MACRO_H

#include <stdbool.h>
#include <stdint.h>

#define SPF_DOMAIN_MAX \
    253 /* octets of an expanded name; longer ones lose labels on the left (7.3) */

enum spf_syntax {
    SPF_MACRO_STRING, /* an unknown modifier */
    SPF_DOMAIN_SPEC,  /* ends in a top label or in a macro */
    SPF_EXPLANATION   /* with spaces and the letters c, r, t */
};

/* What is wrong with it, for people; NULL: nothing. */
const char *spf_macro_wrong(const char *text, enum spf_syntax);
/* Is there a %{p} in it, which takes lookups to expand? */
bool spf_macro_needs_name(const char *text);

struct spf_values {
    const char *sender, *local, *sender_domain; /* s, l, o */
    const char *domain;                         /* d: whose record it stands in */
    const char *helo, *receiver;                /* h, r */
    const char *validated;                      /* p: name of the client, "unknown" */
    int family;                                 /* AF_INET, AF_INET6 */
    uint8_t address[16];
    int64_t now_s; /* t */
};

/* text must not be wrong; a new text. */
char *spf_macro_expand(const char *text, const struct spf_values *);
/* The same as a name to look up: shortened, without final dot. */
char *spf_macro_domain(const char *text, const struct spf_values *);

#endif
