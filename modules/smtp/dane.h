/* SPDX-License-Identifier: MIT
 *
 * smtp.dane: would a sender that honours DANE (RFC 7672) deliver to this host? */
#ifndef MU_SMTP_DANE_H
#define MU_SMTP_DANE_H

#include <jansson.h>
#include <stdbool.h>

#include "module/module.h"

void mu_smtp_dane_start(struct mu_call *);
void mu_smtp_dane_cancel(struct mu_call *);

/* How one TLSA record ("3 1 1 0a1b...") and what a server showed go together. Pure. */
enum dane_match {
    DANE_UNUSABLE, /* of no usage, selector or matching type that SMTP has (RFC 7672 3.1.3, 3.1.4) */
    DANE_DIFFERS,
    DANE_NOT_LINKED, /* usage 2: it names a certificate that was sent, and no chain leads to it */
    DANE_WRONG_NAME, /* usage 2: the certificate is of another host */
    DANE_EXPIRED,    /* usage 2 */
    DANE_MATCHES
};
/* chain: mu_tls_chain()'s; name_matches: the certificate's host_matches. */
enum dane_match dane_match(const char *record, const json_t *chain, bool name_matches);

#endif
