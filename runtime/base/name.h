/* SPDX-License-Identifier: MIT
 *
 * Domain names, host names, addresses and mail addresses as people type them, brought to the one form
 * muster uses everywhere: lower case, A-labels (IDNA2008, RFC 5891), no trailing dot. */
#ifndef MU_BASE_NAME_H
#define MU_BASE_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/limits.h"

#define MU_NAME_TEXT (MU_LIMIT_NAME + 2)

/* A domain people own: at least two labels, LDH plus underscore-free labels after IDNA (RFC 5890,
 * RFC 1123 2.1); no address, no URL. out holds MU_NAME_TEXT. */
MU_API enum mu_err mu_name_domain(const char *typed, char *out, struct mu_fail *fail);
/* A host: as a domain, one label allowed ("localhost"). */
MU_API enum mu_err mu_name_host(const char *typed, char *out, struct mu_fail *fail);
/* An owner name in DNS: underscores and "*" allowed ("_dmarc.example.com", "*.example.com"). */
MU_API enum mu_err mu_name_owner(const char *typed, char *out, struct mu_fail *fail);
/* True when child == parent or child ends in "." parent (both already in our form). */
MU_API bool mu_name_within(const char *child, const char *parent);
/* The same of a host that somebody typed: case, U-labels and a final dot make no difference. */
MU_API bool mu_name_typed_within(const char *typed, const char *parent);
/* local@domain, RFC 5321 4.1.2 dot-string or quoted local part; the domain is normalised into out
 * (holds 320 + MU_NAME_TEXT). */
MU_API enum mu_err mu_name_mailbox(const char *typed, char *out, struct mu_fail *fail);

/* "192.0.2.1", "2001:db8::1", "192.0.2.1:53", "[2001:db8::1]:53" → sockaddr; false if it is none.
 * port is used where the text names none. */
MU_API bool mu_addr_parse(const char *text, uint16_t port, struct sockaddr_storage *out);
#define MU_ADDR_TEXT 64
/* "192.0.2.1" or, with_port, "192.0.2.1:53" / "[2001:db8::1]:53". buf holds MU_ADDR_TEXT; returns it. */
MU_API const char *mu_addr_text(const struct sockaddr *addr, bool with_port, char *buf);
MU_API uint16_t mu_addr_port(const struct sockaddr *addr);
MU_API void mu_addr_set_port(struct sockaddr_storage *addr, uint16_t port);

#endif
