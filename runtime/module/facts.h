/* SPDX-License-Identifier: MIT
 *
 * The fact table: what is assumed of the world instead of asked. Empty in the live world. */
#ifndef MU_MODULE_FACTS_H
#define MU_MODULE_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

enum mu_fact {
#define MU_FACT(id, name, key, keys, states, value) MU_FACT_##id,
#include "module/facts.def"
#undef MU_FACT
    MU_FACTS
};

struct mu_facts;
struct mu_facts *mu_facts_new(void);
void mu_facts_free(struct mu_facts *);

MU_API void mu_facts_set(struct mu_facts *, enum mu_fact, const char *key, json_t *value_take);
/* Until then, on the monotonic clock; from then on what holds now is assumed again. */
void mu_facts_set_until(struct mu_facts *, enum mu_fact, const char *key, json_t *value_take,
                        int64_t mono_ms);
void mu_facts_forget(struct mu_facts *, enum mu_fact, const char *key);
/* Borrowed; NULL when nothing is assumed. Also fine with facts == NULL. */
MU_API const json_t *mu_facts_get(const struct mu_facts *, enum mu_fact, const char *key);
/* Of the closest name that has one: key NAME + suffix, else that of the name above it, and so on up. */
MU_API const json_t *mu_facts_closest(const struct mu_facts *, enum mu_fact, const char *name,
                                      const char *suffix);
MU_API bool mu_facts_empty(const struct mu_facts *);
const char *mu_fact_name(enum mu_fact);
/* What its value may have: "state|why". */
const char *mu_fact_keys(enum mu_fact);
/* What `state` of its value may be: "up|down"; "": it has none. */
const char *mu_fact_states(enum mu_fact);
/* All of them as {"dns.rrset": {"example.com/MX": {...}}}, a new reference. */
json_t *mu_facts_json(const struct mu_facts *);

#endif
