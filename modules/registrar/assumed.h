/* SPDX-License-Identifier: MIT
 *
 * A DNS host that is only assumed: what facts (provider, dns.lag, dns.rrset) say of it in a simulated world. */
#ifndef MU_REGISTRAR_ASSUMED_H
#define MU_REGISTRAR_ASSUMED_H

#include "module/module.h"
#include "plan.h"

/* Does that entry of providers{} answer? *fail says what one would see of it. */
enum mu_err mu_zone_assumed_answers(const struct mu_facts *, const char *provider,
                                    struct mu_fail *);
/* It takes every change and makes none. */
bool mu_zone_assumed_lies(const struct mu_facts *, const char *provider);
/* The name servers of the name's zone as {server, ok, ttl, records, why}: one that lags by less than
 * confirm_ms serves `after` by then, the others still `before`. *slowest_ms: how long the last one that does
 * takes. Lagging servers, and a lagging resolver, are written into the facts ("NAME/TYPE@SERVER", modules/dns). */
json_t *mu_zone_assumed_serve(struct mu_facts *, const char *name, uint16_t type,
                              const json_t *before, const json_t *after, int64_t confirm_ms,
                              int64_t *slowest_ms);
/* module.h, prepare_under, of zone.set and zone.set_mx. */
json_t *mu_zone_change_prepare_under(struct mu_call *, const struct mu_facts *, struct mu_fail *);

#endif
