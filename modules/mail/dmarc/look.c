/* SPDX-License-Identifier: MIT
 *
 * mail.dmarc; see ../dmarc.h.
 *
 *   TXT _dmarc.DOMAIN, then of each name above it (4.10) ─▶ whose record is applied
 *     ─ np= stands in it, of a name above ─▶ A, AAAA, MX: does the domain exist?
 *     ─ reports go to other organizations ─▶ TXT DOMAIN._report._dmarc.THEIRS: do they take them (RFC 7489, 7.1)?
 *     ─▶ judgement, and beside it what receivers find that still go by RFC 7489 and the public suffix list */
#include "../dmarc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/suffix.h"
#include "record.h"

#define MOST_TARGETS 10 /* hosts that reports go to, which are asked whether they want them */

struct sight {
    struct mu_call *call;
    int64_t started_ms;
    struct dmarc_walk walk;
    const struct dmarc_step *applied;
    bool cut;    /* a name above its own record can't be looked up: the organization is not known */
    size_t type; /* of existence_types, that is asked */
    bool exists; /* or nobody asked */
    json_t *targets; /* hosts of other organizations */
    size_t target;   /* that is asked */
    json_t *problems;
};

static const char *const existence_types[] = {"A", "AAAA", "MX"};

static void sight_free(struct sight *sight)
{
    for (size_t i = 0; i < sight->walk.count; i++) {
        free(sight->walk.steps[i].domain);
        dmarc_record_free(&sight->walk.steps[i].record);
    }
    json_decref(sight->targets);
    json_decref(sight->problems);
    sight->call->state = NULL;
    free(sight);
}

void mu_mail_dmarc_cancel(struct mu_call *call)
{
    if (call->state)
        sight_free(call->state);
}

static void ask(struct sight *sight, const char *name, const char *type, mu_sub_cb *done)
{
    mu_sub(sight->call, "dns.query", json_pack("{s:s, s:s}", "name", name, "type", type), done,
           sight);
}

/* --- the result --- */

static void add_problem(struct sight *sight, char *text_take)
{
    json_array_append_new(sight->problems, mu_json_lenient_string(text_take, strlen(text_take)));
    free(text_take);
}

static json_t *walk_json(const struct sight *sight)
{
    json_t *walk = json_array();
    for (size_t i = 0; i < sight->walk.count; i++) {
        const struct dmarc_step *step = &sight->walk.steps[i];
        json_array_append_new(
            walk, json_pack("{s:s, s:s*}", "domain", step->domain, "record", step->record.text));
    }
    return walk;
}

/* RFC 7489, 6.6.3: the domain's own record, or that of what the public suffix list says was registered. */
static json_t *older_json(const struct sight *sight)
{
    const struct dmarc_walk *walk = &sight->walk;
    const char *domain = walk->steps[0].domain, *org = mu_suffix_registrable(domain), *tag;
    const struct dmarc_step *found = walk->steps[0].record.text ? &walk->steps[0] : NULL;
    for (size_t i = 1; i < walk->count && found == NULL; i++)
        if (org && walk->steps[i].record.text && strcmp(walk->steps[i].domain, org) == 0)
            found = &walk->steps[i];
    enum dmarc_policy policy = found && found->record.p != DMARC_ABSENT
                                   ? dmarc_asked(walk, found, true, &tag)
                                   : DMARC_ABSENT;
    return json_pack("{s:s, s:s}", "org_domain", org ? org : domain, "policy",
                     dmarc_policy_name(policy));
}

static char *sum_up(const struct sight *sight, enum dmarc_policy policy, const char *tag,
                    const char *older)
{
    const struct dmarc_step *applied = sight->applied;
    size_t problems = json_array_size(sight->problems);
    if (applied == NULL)
        return mu_xasprintf("no DMARC policy of %s or above it", sight->walk.steps[0].domain);
    const char *differs = strcmp(older, dmarc_policy_name(policy)) != 0 ? older : NULL;
    return mu_xasprintf("%s (%s= of %s%s)%s%s%s%s", dmarc_policy_name(policy), tag, applied->domain,
                        applied->record.testing ? ", only tested" : "",
                        differs ? "; receivers that go by RFC 7489 apply " : "",
                        differs ? differs : "", problems ? "; " : "",
                        problems ? json_string_value(json_array_get(sight->problems, 0)) : "");
}

static void add_record(json_t *value, const struct dmarc_step *applied)
{
    const struct dmarc_record *record = &applied->record;
    json_object_update_new(
        value, json_pack("{s:s, s:s, s:b, s:s, s:s, s:O, s:O}", "domain", applied->domain, "record",
                         record->text, "testing", record->testing, "adkim",
                         record->strict_dkim ? "s" : "r", "aspf", record->strict_spf ? "s" : "r",
                         "rua", record->rua, "ruf", record->ruf));
}

static void finish(struct sight *sight)
{
    struct mu_call *call = sight->call;
    const char *tag = NULL;
    enum dmarc_policy policy = sight->applied
                                   ? dmarc_asked(&sight->walk, sight->applied, sight->exists, &tag)
                                   : DMARC_ABSENT;
    json_t *older = older_json(sight),
           *value = json_pack(
               "{s:s, s:s*, s:s*, s:[], s:[], s:O, s:o, s:o}", "policy", dmarc_policy_name(policy),
               "tag", tag, "org_domain", sight->cut ? NULL : dmarc_org_domain(&sight->walk), "rua",
               "ruf", "problems", sight->problems, "walk", walk_json(sight), "rfc7489", older);
    if (sight->applied)
        add_record(value, sight->applied);
    bool broken = sight->applied && policy == DMARC_ABSENT;
    char *why = sum_up(sight, policy, tag, mu_json_str(older, "policy", ""));
    json_object_set_new(value, "ok", json_boolean(!broken));
    json_object_set_new(value, "why", mu_json_lenient_string(why, strlen(why)));
    if (broken)
        json_object_set_new(value, "class", json_string(mu_err_name(MU_REMOTE)));
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - sight->started_ms));
    free(why);
    sight_free(sight);
    mu_call_done(call, value);
}

/* Nobody could tell: receivers may find what we did not. */
static void give_up(struct sight *sight, const char *what, const json_t *result)
{
    struct mu_call *call = sight->call;
    json_t *why = json_sprintf("%s can't be found out: %s", what,
                               mu_json_str(result, "why", "no answer")),
           *value = json_pack("{s:b, s:s, s:o?, s:[], s:[], s:[], s:o, s:I}", "ok", 0, "class",
                              mu_err_name(MU_NET), "why", why, "rua", "ruf", "problems", "walk",
                              walk_json(sight), "ms",
                              (json_int_t)(mu_clock_mono_ms() - sight->started_ms));
    sight_free(sight);
    mu_call_done(call, value);
}

/* --- who takes the reports --- */

static void ask_target(struct sight *);

static void on_target(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    struct dmarc_record said;
    (void)call;
    const char *host = json_string_value(json_array_get(sight->targets, sight->target++));
    dmarc_record_read(json_object_get(result, "records"), &said);
    if (!mu_mail_dns_told(result))
        add_problem(sight, mu_xasprintf("whether %s takes reports can't be found out: %s", host,
                                        mu_json_str(result, "why", "no answer")));
    else if (said.text == NULL)
        add_problem(sight,
                    mu_xasprintf("%s does not say that it takes reports of others: it needs TXT "
                                 "%s._report._dmarc.%s \"v=DMARC1;\"",
                                 host, sight->applied->domain, host));
    dmarc_record_free(&said);
    ask_target(sight);
}

static void ask_target(struct sight *sight)
{
    const char *host = json_string_value(json_array_get(sight->targets, sight->target));
    if (host == NULL) {
        finish(sight);
        return;
    }
    char *name = mu_xasprintf("%s._report._dmarc.%s", sight->applied->domain, host);
    ask(sight, name, "TXT", on_target);
    free(name);
}

/* The host of "mailto:dmarc@example.net", in our form; false: it has none, or it is no mail. */
static bool host_of(const char *uri, char out[MU_NAME_TEXT])
{
    struct mu_fail ignored;
    if (strncasecmp(uri, "mailto:", 7) != 0)
        return false;
    char *address = mu_xstrndup(uri + 7, strcspn(uri + 7, "?"));
    const char *at = strrchr(address, '@');
    bool good = at && mu_name_domain(at + 1, out, &ignored) == MU_OK;
    free(address);
    return good;
}

/* Of another organization than the one whose record it is. */
static void add_targets(struct sight *sight, const json_t *uris)
{
    const char *ours = mu_suffix_registrable(sight->applied->domain);
    size_t i;
    json_t *uri;
    json_array_foreach(uris, i, uri)
    {
        char host[MU_NAME_TEXT];
        if (!host_of(json_string_value(uri), host))
            continue;
        const char *theirs = mu_suffix_registrable(host);
        bool same = ours && theirs && strcmp(ours, theirs) == 0;
        if (same || mu_json_lists(sight->targets, host))
            continue;
        if (json_array_size(sight->targets) < MOST_TARGETS)
            json_array_append_new(sight->targets, json_string(host));
        else
            add_problem(sight,
                        mu_xasprintf("%s is one more host than the %d that are asked whether "
                                     "they take reports",
                                     host, MOST_TARGETS));
    }
}

static void look_at_reports(struct sight *sight)
{
    if (sight->applied) {
        add_targets(sight, sight->applied->record.rua);
        add_targets(sight, sight->applied->record.ruf);
    }
    ask_target(sight);
}

/* --- does the domain exist? (3.2.10) --- */

static void on_existence(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    (void)call;
    if (!mu_mail_dns_told(result)) {
        give_up(sight, "whether the domain exists, which np= asks for,", result);
        return;
    }
    sight->exists = json_array_size(json_object_get(result, "records")) > 0;
    if (sight->exists || ++sight->type == MU_COUNT(existence_types))
        look_at_reports(sight);
    else
        ask(sight, sight->walk.steps[0].domain, existence_types[sight->type], on_existence);
}

static void look_at_existence(struct sight *sight)
{
    const struct dmarc_step *applied = sight->applied;
    if (applied && applied != &sight->walk.steps[0] && applied->record.np != DMARC_ABSENT)
        ask(sight, sight->walk.steps[0].domain, existence_types[0], on_existence);
    else
        look_at_reports(sight);
}

/* --- the walk --- */

static void climb(struct sight *sight, const char *domain);

/* Of the record that is applied, and of those that are none because there are several. */
static void collect_problems(struct sight *sight)
{
    for (size_t i = 0; i < sight->walk.count; i++) {
        const struct dmarc_step *step = &sight->walk.steps[i];
        if (step == sight->applied || step->record.text == NULL)
            json_array_extend(sight->problems, step->record.problems);
    }
}

static void look_at_applied(struct sight *sight)
{
    sight->applied = dmarc_applied(&sight->walk);
    collect_problems(sight);
    look_at_existence(sight);
}

static void on_record(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    struct dmarc_step *step = &sight->walk.steps[sight->walk.count - 1];
    (void)call;
    if (!mu_mail_dns_told(result) && sight->walk.steps[0].record.text) {
        sight->cut = true;
        look_at_applied(sight);
        return;
    }
    if (!mu_mail_dns_told(result)) {
        give_up(sight, "the DMARC policy", result);
        return;
    }
    dmarc_record_read(json_object_get(result, "records"), &step->record);
    const char *next = dmarc_ends_walk(&step->record) || sight->walk.count == DMARC_WALK
                           ? NULL
                           : dmarc_next_name(step->domain, sight->walk.count == 1);
    if (next) {
        climb(sight, next);
        return;
    }
    look_at_applied(sight);
}

static void climb(struct sight *sight, const char *domain)
{
    char *name = mu_xasprintf("_dmarc.%s", domain);
    sight->walk.steps[sight->walk.count++].domain = mu_xstrdup(domain);
    ask(sight, name, "TXT", on_record);
    free(name);
}

void mu_mail_dmarc_start(struct mu_call *call)
{
    struct sight *sight = MU_NEW(struct sight);
    call->state = sight;
    sight->call = call;
    sight->started_ms = mu_clock_mono_ms();
    sight->exists = true;
    sight->targets = json_array();
    sight->problems = json_array();
    climb(sight, mu_json_str(call->args, "domain", ""));
}
