/* SPDX-License-Identifier: MIT
 *
 * A DKIM key record (RFC 6376, 3.6.1; RFC 8301; RFC 8463). Pure. */
#ifndef MU_MAIL_DKIM_KEY_H
#define MU_MAIL_DKIM_KEY_H

#include <jansson.h>
#include <stdbool.h>

enum dkim_state {
    DKIM_VALID,
    DKIM_WEAK, /* receivers may not count signatures of it: RSA below 1024 bits (RFC 8301, 3.2) */
    DKIM_REVOKED, /* p= is empty */
    DKIM_BROKEN,  /* receivers take no signature of it */
    DKIM_ABSENT,  /* no such record */
};
const char *dkim_state_name(enum dkim_state);

struct dkim_key {
    enum dkim_state state;
    char type[16]; /* "rsa", "ed25519", "" */
    int bits;      /* 0: not known */
    bool testing;  /* t=y: signatures of it are to be taken for none */
    bool strict;   /* t=s: not for subdomains */
    char why[300]; /* what is wrong, or worth knowing; "" */
};

/* TXT records of SELECTOR._domainkey.DOMAIN as dns.query shows them. */
struct dkim_key dkim_key_read(const json_t *shown);

#endif
