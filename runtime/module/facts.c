/* SPDX-License-Identifier: MIT
 *
 * The fact table: one JSON object a fact, from key to what is assumed. It only keeps; what a fact
 * means to a probe is the business of the probe's `under`. */
#include "module/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

struct mu_facts {
    json_t *known[MU_FACTS]; /* NULL until the first of its kind is set */
    json_t *until
        [MU_FACTS]; /* {key: [when it ends, what holds then or null]}; NULL until there is one */
};

static const char *const names[MU_FACTS] = {
#define MU_FACT(id, name, key, keys, states, value) [MU_FACT_##id] = name,
#include "module/facts.def"
#undef MU_FACT
};

static const char *const keys[MU_FACTS] = {
#define MU_FACT(id, name, key, keys, states, value) [MU_FACT_##id] = keys,
#include "module/facts.def"
#undef MU_FACT
};

static const char *const states[MU_FACTS] = {
#define MU_FACT(id, name, key, keys, states, value) [MU_FACT_##id] = states,
#include "module/facts.def"
#undef MU_FACT
};

struct mu_facts *mu_facts_new(void)
{
    return MU_NEW(struct mu_facts);
}

void mu_facts_free(struct mu_facts *facts)
{
    if (facts == NULL)
        return;
    for (int fact = 0; fact < MU_FACTS; fact++) {
        json_decref(facts->known[fact]);
        json_decref(facts->until[fact]);
    }
    free(facts);
}

void mu_facts_set(struct mu_facts *facts, enum mu_fact fact, const char *key, json_t *value_take)
{
    if (facts->known[fact] == NULL)
        facts->known[fact] = json_object();
    json_object_set_new(facts->known[fact], key, value_take);
    json_object_del(facts->until[fact], key);
}

void mu_facts_set_until(struct mu_facts *facts, enum mu_fact fact, const char *key,
                        json_t *value_take, int64_t mono_ms)
{
    const json_t *before = mu_facts_get(facts, fact, key);
    json_t *end = json_pack("[I, O?]", (json_int_t)mono_ms, before);
    mu_facts_set(facts, fact, key, value_take);
    if (facts->until[fact] == NULL)
        facts->until[fact] = json_object();
    json_object_set_new(facts->until[fact], key, end);
}

void mu_facts_forget(struct mu_facts *facts, enum mu_fact fact, const char *key)
{
    json_object_del(facts->known[fact], key);
    json_object_del(facts->until[fact], key);
}

const json_t *mu_facts_get(const struct mu_facts *facts, enum mu_fact fact, const char *key)
{
    const json_t *end = facts ? json_object_get(facts->until[fact], key) : NULL;
    if (end && mu_clock_mono_ms() >= json_integer_value(json_array_get(end, 0))) {
        const json_t *then = json_array_get(end, 1);
        return json_is_null(then) ? NULL : then;
    }
    return facts ? json_object_get(facts->known[fact], key) : NULL;
}

const json_t *mu_facts_closest(const struct mu_facts *facts, enum mu_fact fact, const char *name,
                               const char *suffix)
{
    for (const char *at = name; at && *at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
        char *key = mu_xasprintf("%s%s", at, suffix);
        const json_t *value = mu_facts_get(facts, fact, key);
        free(key);
        if (value)
            return value;
    }
    return NULL;
}

bool mu_facts_empty(const struct mu_facts *facts)
{
    for (int fact = 0; facts != NULL && fact < MU_FACTS; fact++)
        if (json_object_size(facts->known[fact]) != 0)
            return false;
    return true;
}

const char *mu_fact_name(enum mu_fact fact)
{
    return names[fact];
}

const char *mu_fact_keys(enum mu_fact fact)
{
    return keys[fact];
}

const char *mu_fact_states(enum mu_fact fact)
{
    return states[fact];
}

json_t *mu_facts_json(const struct mu_facts *facts)
{
    json_t *all = json_object(), *value;
    const char *key;
    for (int fact = 0; facts != NULL && fact < MU_FACTS; fact++) {
        json_t *now = json_object();
        json_object_foreach(facts->known[fact], key, value)
        {
            const json_t *holds = mu_facts_get(facts, (enum mu_fact)fact, key);
            if (holds)
                json_object_set_new(now, key, json_deep_copy(holds));
        }
        if (json_object_size(now) != 0)
            json_object_set(all, names[fact], now);
        json_decref(now);
    }
    return all;
}
