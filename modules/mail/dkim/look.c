/* SPDX-License-Identifier: MIT
 *
 * mail.dkim; see ../dkim.h.
 *
 *   selectors given, or domains[domain].dkim of muster.lua, or those that are common ─▶ TXT of each, side by side
 *
 * Which selectors there are DNS does not tell: where nobody named them, none found is not "none there". */
#include "../dkim.h"

#include <stdlib.h>
#include <string.h>

#include "../txt.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "key.h"

#define MOST_SELECTORS 50

/* Of providers and of common software: Google; Microsoft 365; Fastmail; Proton Mail; Zoho; Mailchimp, Mandrill; SendGrid; the
 * rest by habit. */
static const char *const common[] = {
    "google",      "selector1",   "selector2", "fm1",     "fm2",  "fm3", "protonmail",
    "protonmail2", "protonmail3", "zmail",     "zoho",    "k1",   "k2",  "k3",
    "mandrill",    "s1",          "s2",        "default", "dkim", "mail"};

struct question {
    struct sight *of;
    const char *selector; /* of selectors */
    json_t *answer;
};

struct sight {
    struct mu_call *call;
    int64_t started_ms;
    bool named; /* by a person */
    json_t *selectors;
    struct question questions[MOST_SELECTORS];
    size_t count, left;
};

static void sight_free(struct sight *sight)
{
    for (size_t i = 0; i < sight->count; i++)
        json_decref(sight->questions[i].answer);
    json_decref(sight->selectors);
    sight->call->state = NULL;
    free(sight);
}

void mu_mail_dkim_cancel(struct mu_call *call)
{
    if (call->state)
        sight_free(call->state);
}

/* --- judgement --- */

struct counts {
    int valid, wrong, absent, unknown;
    const char *selector; /* the first that is wrong or not known, and why */
    char why[400];
};

static void note(struct counts *counts, const char *selector, const char *state, const char *why)
{
    if (counts->selector)
        return;
    counts->selector = selector;
    snprintf(counts->why, sizeof counts->why, "%s%s%s", state, why[0] ? ": " : "", why);
}

static void count_key(struct counts *counts, const char *selector, const struct dkim_key *key)
{
    counts->valid += key->state == DKIM_VALID;
    counts->absent += key->state == DKIM_ABSENT;
    if (key->state == DKIM_WEAK || key->state == DKIM_BROKEN) {
        counts->wrong++;
        note(counts, selector, dkim_state_name(key->state), key->why);
    }
}

static json_t *key_json(const struct question *question, const struct dkim_key *key)
{
    return json_pack("{s:s, s:s, s:s*, s:I, s:b, s:b, s:O*, s:s*}", "selector", question->selector,
                     "state", dkim_state_name(key->state), "type", key->type[0] ? key->type : NULL,
                     "bits", (json_int_t)key->bits, "testing", key->testing, "strict", key->strict,
                     "delegated_to", mu_json_get(question->answer, "canonical"), "why",
                     key->why[0] ? key->why : NULL);
}

static void judge_one(const struct question *question, struct counts *counts, json_t *keys,
                      bool named)
{
    const json_t *answer = question->answer;
    if (!mu_mail_dns_told(answer)) {
        const char *why = mu_json_str(answer, "why", "no answer");
        counts->unknown++;
        note(counts, question->selector, "can't be looked up", why);
        json_array_append_new(keys, json_pack("{s:s, s:s, s:s}", "selector", question->selector,
                                              "state", "unknown", "why", why));
        return;
    }
    struct dkim_key key = dkim_key_read(json_object_get(answer, "records"));
    count_key(counts, question->selector, &key);
    if (named && key.state == DKIM_ABSENT)
        note(counts, question->selector, "absent", "");
    if (named || key.state != DKIM_ABSENT)
        json_array_append_new(keys, key_json(question, &key));
}

static char *sum_up(const struct sight *sight, const struct counts *counts)
{
    const char *trouble = counts->selector;
    if (counts->valid == 0 && !trouble)
        return mu_xasprintf("no key under %zu common selectors: name yours, in selectors or in "
                            "domains[\"%s\"].dkim of muster.lua",
                            sight->count, mu_json_str(sight->call->args, "domain", ""));
    return mu_xasprintf("%d valid key%s%s%s%s%s", counts->valid, counts->valid == 1 ? "" : "s",
                        trouble ? "; " : "", trouble ? trouble : "", trouble ? ": " : "",
                        trouble ? counts->why : "");
}

static void finish(struct sight *sight)
{
    struct mu_call *call = sight->call;
    struct counts counts = {.valid = 0};
    json_t *keys = json_array();
    for (size_t i = 0; i < sight->count; i++)
        judge_one(&sight->questions[i], &counts, keys, sight->named);
    bool ok = counts.valid > 0 && counts.wrong == 0 && counts.unknown == 0 &&
              (!sight->named || counts.absent == 0);
    char *why = sum_up(sight, &counts);
    json_t *value =
        json_pack("{s:b, s:o, s:o, s:b, s:I}", "ok", ok, "why",
                  mu_json_lenient_string(why, strlen(why)), "keys", keys, "named", sight->named,
                  "ms", (json_int_t)(mu_clock_mono_ms() - sight->started_ms));
    if (!ok)
        json_object_set_new(value, "class",
                            json_string(mu_err_name(counts.unknown ? MU_NET : MU_REMOTE)));
    free(why);
    sight_free(sight);
    mu_call_done(call, value);
}

/* --- asking --- */

static void on_answer(struct mu_call *call, const json_t *result, void *ud)
{
    struct question *question = ud;
    struct sight *sight = question->of;
    question->answer = json_deep_copy(result);
    sight->left--;
    mu_call_progress(call, "%zu/%zu selectors asked", sight->count - sight->left, sight->count);
    if (sight->left == 0)
        finish(sight);
}

static json_t *selectors_of(struct mu_call *call, bool *named)
{
    const char *domain = mu_json_str(call->args, "domain", "");
    const json_t *section = mu_json_get(mu_config(call->host, "domains"), domain),
                 *given = mu_json_get(call->args, "selectors");
    json_t *list = json_array(), *item;
    size_t i;
    given = given ? given : mu_json_get(section, "dkim");
    *named = json_array_size(given) > 0;
    json_array_foreach(given, i, item)
    {
        json_array_append(list, item);
    }
    for (i = 0; !*named && i < MU_COUNT(common); i++)
        json_array_append_new(list, json_string(common[i]));
    return list;
}

/* NULL, or why they can't all be asked for: none is left out in silence. */
static const char *wrong_with(const json_t *selectors)
{
    size_t i;
    json_t *selector;
    if (json_array_size(selectors) > MOST_SELECTORS)
        return "more than 50 selectors";
    json_array_foreach(selectors, i, selector)
    {
        if (!json_is_string(selector))
            return "a selector is a text, as in s= of a signature";
    }
    return NULL;
}

void mu_mail_dkim_start(struct mu_call *call)
{
    bool named;
    json_t *selectors = selectors_of(call, &named);
    const char *wrong = wrong_with(selectors);
    if (wrong) {
        json_decref(selectors);
        mu_call_fail(call, MU_USAGE, false, "%s", wrong);
        return;
    }
    struct sight *sight = MU_NEW(struct sight);
    size_t i;
    json_t *selector;
    call->state = sight;
    sight->call = call;
    sight->started_ms = mu_clock_mono_ms();
    sight->selectors = selectors;
    sight->named = named;
    sight->count = sight->left = json_array_size(sight->selectors);
    json_array_foreach(sight->selectors, i, selector)
    {
        struct question *question = &sight->questions[i];
        *question = (struct question){.of = sight, .selector = json_string_value(selector)};
        mu_sub(call, "dns.query",
               json_pack("{s:o, s:s}", "name",
                         json_sprintf("%s._domainkey.%s", question->selector,
                                      mu_json_str(call->args, "domain", "")),
                         "type", "TXT"),
               on_answer, question);
    }
}
