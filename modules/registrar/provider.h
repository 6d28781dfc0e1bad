/* SPDX-License-Identifier: MIT
 *
 * Which DNS host serves a domain, from muster.lua: domains[D].provider, the longest suffix of the
 * name wins, names an entry of providers[]. And names inside a domain as playbooks write them. */
#ifndef MU_REGISTRAR_PROVIDER_H
#define MU_REGISTRAR_PROVIDER_H

#include "driver.h"

/* The provider of a domain. MU_CONFIG names the key that is missing or wrong. */
enum mu_err mu_zone_provider_of(const struct mu_host *, const char *domain,
                                struct mu_zone_provider *, struct mu_fail *);
/* The provider with that name, e.g. the one an intent recorded. */
enum mu_err mu_zone_provider_named(const struct mu_host *, const char *name,
                                   struct mu_zone_provider *, struct mu_fail *);

/* "@", "www", "_dmarc" or an absolute name ("www.example.com", "www.example.com.") → our form,
 * inside the domain. out holds MU_NAME_TEXT. */
enum mu_err mu_zone_name(const char *domain, const char *typed, char *out, struct mu_fail *);
/* "MX" → its number. MU_USAGE for what is no type of data. */
enum mu_err mu_zone_type(const char *typed, uint16_t *type, struct mu_fail *);

#endif
