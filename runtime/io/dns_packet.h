/* SPDX-License-Identifier: MIT
 *
 * The bytes of a stranger's DNS message as an ldns packet. The only door to ldns_wire2pkt(). */
#ifndef MU_IO_DNS_PACKET_H
#define MU_IO_DNS_PACKET_H

#include <ldns/ldns.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* NULL when the bytes are no DNS message (RFC 1035 4.1), or one with a second OPT (RFC 6891 6.1.1)
 * or TSIG (RFC 8945 5.1). ldns_pkt_free() it. */
MU_API ldns_pkt *mu_dns_packet_read(const uint8_t *wire, size_t len);

#endif
