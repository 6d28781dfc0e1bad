/* SPDX-License-Identifier: MIT
 *
 * The authoritative servers of a zone: who they are, and whether each of them, on every address,
 * serves what was written. "The API said OK" is not "the record changed" (design section 8).
 *
 *   find (prepare; what it finds is kept in the intent):
 *             io/dns_authority.h ─▶ [{server, address}]
 *   confirm:  ask each address, no recursion ─▶ same rrset? else again, until all do or time is up
 */
#ifndef MU_REGISTRAR_SERVERS_H
#define MU_REGISTRAR_SERVERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "module/module.h"

/* --- who they are --- */

struct mu_zone_find;

struct mu_zone_found {
    enum mu_err err; /* MU_OK: at least one address can be asked from here */
    const char *why;
    json_t *servers; /* [{server, address}], or {server, address?, why} for one that can't be asked
                        (no address, no route from this host). Borrowed */
    int64_t negative_ttl; /* seconds "no such rrset" may be cached (RFC 2308), -1 unknown */
};
typedef void mu_zone_found_cb(const struct mu_zone_found *, void *ud);

/* Never calls back at once. */
struct mu_zone_find *mu_zone_find_start(const struct mu_host *, const char *zone,
                                        mu_zone_found_cb *, void *ud);
void mu_zone_find_cancel(struct mu_zone_find *); /* NULL is fine; dead after the callback */

/* --- do they serve it --- */

struct mu_zone_confirm;

struct mu_zone_confirmed {
    bool all; /* every address that can be asked serves it */
    size_t serving, asked;
    json_t *servers;     /* [{server, address, ok, ttl, records, why}], borrowed */
    const char *lagging; /* "ns2.example.com 192.0.2.2: still serves TTL 3600: 10 mx1...; ..." */
};
typedef void mu_zone_confirmed_cb(const struct mu_zone_confirmed *, void *ud);
/* Each time one more serves it. */
typedef void mu_zone_confirm_progress_cb(size_t serving, size_t asked, void *ud);

/* servers: as found. rrset: {ttl, records} in normal form, empty = must be gone. Never calls back
 * at once. */
struct mu_zone_confirm *mu_zone_confirm_start(const struct mu_host *, const json_t *servers,
                                              const char *name, uint16_t type, const json_t *rrset,
                                              int64_t within_ms, mu_zone_confirm_progress_cb *,
                                              mu_zone_confirmed_cb *, void *ud);
void mu_zone_confirm_cancel(struct mu_zone_confirm *);

#endif
