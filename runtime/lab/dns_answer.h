/* SPDX-License-Identifier: MIT
 *
 * From the bytes of a query to the bytes of its answer: pure, no socket. RFC 1034 4.3.2, 2308
 * (negative answers), 4592 (wildcards), 6891 (EDNS), 8020. */
#ifndef MU_LAB_DNS_ANSWER_H
#define MU_LAB_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/zone.h"

enum mu_lab_dns_role {
    MU_LAB_AUTHORITATIVE, /* AA; REFUSED outside its zones */
    MU_LAB_RESOLVER       /* RA; NXDOMAIN outside the zones: the lab is the whole world */
};

/* False: drop it in silence (no DNS header, or itself an answer). Else *out (free() it) and
 * *out_len hold the answer, at most 65535 octets; over UDP at most what the client takes. */
bool mu_lab_dns_answer(struct mu_lab_zones *, enum mu_lab_dns_role, const uint8_t *query,
                       size_t len, bool tcp, uint8_t **out, size_t *out_len);

#endif
