/* SPDX-License-Identifier: MIT
 *
 * What SPF looks up, one question after the other, through dns.raw. */
#ifndef MU_MAIL_SPF_LOOKUPS_H
#define MU_MAIL_SPF_LOOKUPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "module/module.h"

#define SPF_MOST_HOSTS 10 /* of an MX set, or of the names of an address (RFC 7208, 4.6.4) */
#define SPF_MOST_VOIDS 2

struct spf_look;

enum spf_sight { SPF_FOUND, SPF_VOID, SPF_FAILED }; /* void: no such name, or no such record */

/* records: as dns.raw shows them, borrowed, empty unless found. why: of FAILED. Never called from inside. */
typedef void spf_records_cb(enum spf_sight, const json_t *records, const char *why, void *ud);
/* FOUND: one of the hosts has an address that the client's stands in; VOID: none has. */
typedef void spf_hosts_cb(enum spf_sight, const char *why, void *ud);
typedef void spf_names_cb(void *ud);

/* family 0: there is no client. */
struct spf_look *spf_look_new(struct mu_call *, int family, const uint8_t address[16]);
void spf_look_free(struct spf_look *); /* NULL is fine; ends what is under way */

/* counts: an answer without records is a void lookup (4.6.4). */
void spf_look_records(struct spf_look *, const char *name, const char *type, bool counts,
                      spf_records_cb *, void *ud);
/* hosts: [name], not empty. bits: of the prefix. A host that can't be looked up ends it, FAILED. */
void spf_look_hosts(struct spf_look *, const json_t *hosts, int bits, spf_hosts_cb *, void *ud);
/* Finds the names of the client that lead back to it (5.5), once. */
void spf_look_names(struct spf_look *, spf_names_cb *, void *ud);

bool spf_look_has_names(const struct spf_look *);
/* One of them within the domain: itself first; NULL: there is none. */
const char *spf_look_name_in(const struct spf_look *, const char *domain);
/* One of them, the domain itself or within it when there is such a one (7.3, "p"); "unknown". */
const char *spf_look_name(const struct spf_look *, const char *domain);
int spf_look_voids(const struct spf_look *);
/* Does the client's address stand in this network? */
bool spf_look_within(const struct spf_look *, const uint8_t *network, int family, int bits);

#endif
