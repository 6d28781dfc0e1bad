/* SPDX-License-Identifier: MIT
 *
 * One DNS message out and many back over one TCP connection: a zone transfer (RFC 5936). What the
 * messages mean, and when the last one has come, only the caller knows. */
#ifndef MU_IO_DNS_STREAM_H
#define MU_IO_DNS_STREAM_H

#include "io/dns.h"

/* Called for every message that carries the id sent, in order, and once with err when the stream
 * ends before the caller ended it (wire is then NULL). True: more is expected. False, or err: that
 * was the last call, the operation is dead. */
typedef bool mu_dns_stream_cb(const struct mu_dns_raw_answer *, void *ud);

/* Every silence may last timeout_ms (0 = 5000). Never calls back at once, never returns NULL. */
MU_API struct mu_op *mu_dns_stream(struct mu_dns *, const struct sockaddr *server,
                                   const uint8_t *wire, size_t len, int timeout_ms,
                                   mu_dns_stream_cb *, void *ud);

#endif
