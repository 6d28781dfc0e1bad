/* SPDX-License-Identifier: MIT
 *
 * TSIG (RFC 8945) of one key from muster.lua, over ldns: signs what we send, checks what comes
 * back.
 *
 *   providers["knot"].tsig = { name = "key.", algorithm = "hmac-sha256", secret = secret "knot" }
 */
#ifndef MU_REGISTRAR_TSIG_H
#define MU_REGISTRAR_TSIG_H

#include <ldns/ldns.h>

#include "../driver.h"

#define MU_TSIG_MAC 66 /* length (2) and a SHA-512 */

struct mu_tsig {
    char name[MU_NAME_TEXT];  /* "key." */
    const char *algorithm;    /* "hmac-sha256." */
    const char *secret;       /* base64; borrowed from the host, never shown */
    uint8_t mac[MU_TSIG_MAC]; /* of the last message signed or checked */
    size_t mac_len;
};

/* From the provider's entry; MU_CONFIG names the key that is missing or wrong. */
enum mu_err mu_tsig_init(struct mu_tsig *, const struct mu_host *, const struct mu_zone_provider *,
                         struct mu_fail *);
enum mu_err mu_tsig_sign(struct mu_tsig *, ldns_pkt *, struct mu_fail *);
/* Is this the signed answer to what was signed last? On failure *fail says what to do about it, and
 * *in_doubt whether somebody other than the server may have said it. `first` is false for the later
 * messages of a transfer. */
enum mu_err mu_tsig_check(struct mu_tsig *, ldns_pkt *, const uint8_t *wire, size_t wire_len,
                          bool first, bool *in_doubt, struct mu_fail *);

#endif
