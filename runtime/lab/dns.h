/* SPDX-License-Identifier: MIT
 *
 * The lab's DNS servers: the resolver, ns1 and ns2, each on its own address, UDP and TCP on one
 * common port. Sockets and framing only; what is said comes from dns_answer.c.
 *
 *   UDP: one datagram, one answer.   TCP (RFC 7766): | length 16 bit | message |, pipelined */
#ifndef MU_LAB_DNS_H
#define MU_LAB_DNS_H

#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "lab/zone.h"

struct mu_lab_dns;

/* Listens at once; *port is the one they share. zones must outlive it. */
enum mu_err mu_lab_dns_start(uv_loop_t *, struct mu_lab_zones *, struct mu_lab_dns **out,
                             uint16_t *port, struct mu_fail *);
/* Closes all handles; memory goes with mu_lab_dns_free() once the loop has run empty. */
void mu_lab_dns_stop(struct mu_lab_dns *);
void mu_lab_dns_free(struct mu_lab_dns *);

#endif
