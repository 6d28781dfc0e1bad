/* SPDX-License-Identifier: MIT
 *
 * zone.set and zone.set_mx on the network. What a change means is in plan.c; how one provider is
 * spoken to is in drivers/.
 *
 *   prepare    read the rrset ─▶ only_if holds? ─▶ find the authoritative servers ─▶ the intent
 *                               └ not, in a drill: does it of the production rrset that the playbook saw?
 *   start      [read again ─▶ still before?] ─▶ write ─▶ read back, equal? ─▶ every authoritative
 *               └ not with compare-and-set: the write itself compares          address serves it?
 *   readback   read ─▶ after:  every authoritative address ─▶ APPLIED, or PENDING while some lag
 *                   ─▶ before: NOT_APPLIED, or CHANGED when the zone's serial moved meanwhile
 *                   ─▶ else:   CHANGED                             no answer: UNKNOWN           */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "assumed.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "plan.h"
#include "provider.h"
#include "rrset.h"
#include "servers.h"
#include "verbs.h"

struct change {
    struct mu_call *call;
    struct mu_zone_ask ask;
    struct mu_zone_ask view; /* prepare, in a drill: what the playbook saw */
    struct mu_zone_find *find;
    struct mu_zone_confirm *confirm;
    struct mu_timer *timer;   /* until what was written should be there */
    struct mu_zone_plan plan; /* prepare only */
    json_t *before, *after;   /* {ttl, records}; start and readback take them from call->prepared */
    bool reading_back;        /* readback(), not start() */
    bool by_others;           /* it was so when we came to write */
    bool waited;              /* for a provider that is late */
    int64_t guard_us;         /* when the last read before the write was sent */
    int64_t race_window_ms;
    int64_t written_s; /* wall time of the write's answer */
};

static void free_change(struct change *change)
{
    change->call->state = NULL;
    mu_zone_ask_fini(&change->ask);
    mu_zone_ask_fini(&change->view);
    mu_zone_find_cancel(change->find);
    mu_zone_confirm_cancel(change->confirm);
    mu_timer_cancel(change->timer);
    mu_zone_plan_fini(&change->plan);
    json_decref(change->before);
    json_decref(change->after);
    free(change);
}

void mu_zone_change_cancel(struct mu_call *call)
{
    if (call->state)
        free_change(call->state);
}

/* --- ends --- */

static void end_fail(struct change *change, enum mu_err class, bool in_doubt, const char *text)
{
    struct mu_call *call = change->call;
    char *copy = mu_xstrdup(text);
    free_change(change);
    mu_call_fail(call, class, in_doubt, "%s", copy);
    free(copy);
}

/* The change is made. */
static void end_late(struct change *change, const char *text)
{
    struct mu_call *call = change->call;
    free_change(change);
    mu_call_fail_done(call, MU_REMOTE, "%s", text);
}

static void end_done(struct change *change, json_t *value)
{
    struct mu_call *call = change->call;
    free_change(change);
    mu_call_done(call, value);
}

static void end_readback(struct change *change, enum mu_known known, json_t *value, const char *why)
{
    struct mu_call *call = change->call;
    char *copy = mu_xstrdup(why);
    free_change(change);
    mu_call_readback(call, known, value, copy);
    free(copy);
}

/* "example.com MX" */
static const char *subject(const struct change *change, char *buf, size_t size)
{
    char type[16];
    snprintf(buf, size, "%s %s", change->ask.job.name,
             mu_dns_type_text(change->ask.job.type, type));
    return buf;
}

/* --- prepare --- */

static json_t *intent(const struct change *change, const struct mu_zone_found *found)
{
    const struct mu_zone_job *job = &change->ask.job;
    const struct mu_zone_driver *driver = job->provider.driver;
    char type_buf[16];
    const char *type = mu_dns_type_text(job->type, type_buf);
    char *target = mu_xasprintf("%s (%s) %s/%s", job->provider.name, driver->name, job->name, type);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:O, s:o, s:I}", "target", target,
                  "provider", job->provider.name, "zone", job->zone, "name", job->name, "type",
                  type, "before", mu_zone_plan_image(change->plan.as_mx, change->before), "after",
                  mu_zone_plan_image(change->plan.as_mx, change->after), "witness", job->witness,
                  "race", driver->race, "servers", found->servers, "negative_ttl",
                  found->negative_ttl < 0 ? json_null() : json_integer(found->negative_ttl), "at",
                  (json_int_t)(mu_clock_real_ms() / 1000));
    free(target);
    if (change->call->redirect)
        json_object_set_new(value, "stands_for", json_string(change->plan.name));
    return value;
}

static void on_found(const struct mu_zone_found *found, void *ud)
{
    struct change *change = ud;
    change->find = NULL;
    if (found->err != MU_OK) {
        char *text = mu_xasprintf("nobody could confirm a change of %s: %s", change->ask.job.name,
                                  found->why);
        end_fail(change, found->err, false, text);
        free(text);
        return;
    }
    end_done(change, intent(change, found));
}

/* What the zone holds or, after an act that was only foreseen, would hold. */
static enum mu_err take_before(struct change *change, struct mu_fail *fail)
{
    const struct mu_zone_job *job = &change->ask.job;
    *fail = job->fail;
    if (fail->class != MU_OK)
        return fail->class;
    change->before = mu_zone_rrset_assumed(change->call->facts, job->name, job->type, fail);
    if (change->before == NULL)
        change->before = json_incref(job->rrset);
    return fail->class;
}

static void find_servers(struct change *change)
{
    change->after = mu_zone_plan_after(&change->plan, change->before);
    change->find = mu_zone_find_start(change->call->host, change->ask.job.zone, on_found, change);
}

/* What stands in the drill zone is left from the drill before, say. only_if is about what was seen: production. */
static void on_view(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    struct mu_fail fail = ask->job.fail;
    if (fail.class == MU_OK && mu_zone_plan_guard(&change->plan, ask->job.rrset, &fail) == MU_OK)
        find_servers(change);
    else
        end_fail(change, fail.class, false, fail.text);
}

static void guard_view(struct change *change)
{
    struct mu_zone_job *job = &change->view.job;
    struct mu_fail fail;
    json_t *assumed =
        mu_zone_rrset_assumed(change->call->facts, change->plan.name, change->plan.type, &fail);
    if (assumed == NULL && fail.class == MU_OK &&
        mu_zone_provider_of(change->call->host, change->plan.name, &job->provider, &fail) ==
            MU_OK) {
        memcpy(job->name, change->plan.name, sizeof job->name);
        job->type = change->plan.type;
        mu_zone_ask(&change->view, MU_ZONE_READ, on_view, NULL);
    } else if (assumed && mu_zone_plan_guard(&change->plan, assumed, &fail) == MU_OK) {
        find_servers(change);
    } else {
        end_fail(change, fail.class, false, fail.text);
    }
    json_decref(assumed);
}

static void on_before(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    struct mu_fail fail;
    if (take_before(change, &fail) == MU_OK &&
        mu_zone_plan_guard(&change->plan, change->before, &fail) == MU_OK)
        find_servers(change);
    else if (change->before && change->call->redirect)
        guard_view(change);
    else
        end_fail(change, fail.class, false, fail.text);
}

/* In a drill a fault of the DNS host is one of the host that stands for it. */
static enum mu_err check_host(const struct change *change, struct mu_fail *fail)
{
    struct mu_zone_provider real;
    struct mu_fail unknown;
    const struct mu_call *call = change->call;
    if (call->redirect == NULL ||
        mu_zone_provider_of(call->host, change->plan.name, &real, &unknown) != MU_OK)
        return MU_OK;
    return mu_zone_assumed_answers(call->facts, real.name, fail);
}

static struct change *new_change(struct mu_call *call)
{
    struct change *change = MU_NEW(struct change);
    change->call = call;
    change->written_s = -1;
    change->ask.ud = change;
    change->ask.job.host = change->view.job.host = call->host;
    change->ask.job.for_change = true;
    change->view.ud = change;
    call->state = change;
    return change;
}

void mu_zone_change_prepare(struct mu_call *call)
{
    struct change *change = new_change(call);
    struct mu_zone_job *job = &change->ask.job;
    struct mu_fail fail;
    enum mu_err err = mu_zone_plan_init(&change->plan, call, &fail);
    if (err == MU_OK)
        err = check_host(change, &fail);
    if (err == MU_OK) {
        mu_zone_elsewhere(call, change->plan.name, job->name);
        err = mu_zone_provider_of(
            call->host, call->redirect ? job->name : mu_json_str(call->args, "domain", ""),
            &job->provider, &fail);
    }
    if (err != MU_OK) {
        end_fail(change, err, false, fail.text);
        return;
    }
    job->type = change->plan.type;
    mu_zone_ask(&change->ask, MU_ZONE_READ, on_before, NULL);
}

/* --- start and readback begin with what the intent recorded --- */

/* The change of call->prepared; NULL with *fail when muster.lua lost the provider meanwhile. */
static struct change *resume(struct mu_call *call, struct mu_fail *fail)
{
    const json_t *prepared = call->prepared;
    struct mu_zone_provider provider;
    if (mu_zone_provider_named(call->host, mu_json_str(prepared, "provider", ""), &provider,
                               fail) != MU_OK)
        return NULL;
    struct change *change = new_change(call);
    struct mu_zone_job *job = &change->ask.job;
    job->provider = provider;
    job->type = mu_dns_type_number(mu_json_str(prepared, "type", ""));
    snprintf(job->name, sizeof job->name, "%s", mu_json_str(prepared, "name", ""));
    snprintf(job->zone, sizeof job->zone, "%s", mu_json_str(prepared, "zone", ""));
    change->before = json_incref(json_object_get(prepared, "before"));
    change->after = json_incref(json_object_get(prepared, "after"));
    job->before = change->before;
    job->after = change->after;
    return change;
}

/* --- every authoritative address --- */

static json_t *result(const struct change *change, const struct mu_zone_confirmed *confirmed)
{
    int64_t written_s = change->written_s < 0 ? mu_clock_real_ms() / 1000 : change->written_s;
    json_t *value = mu_zone_plan_result(change->call->prepared, confirmed->servers, confirmed->all,
                                        change->race_window_ms, written_s);
    if (change->by_others)
        json_object_set_new(value, "changed", json_false());
    return value;
}

static void on_confirmed(const struct mu_zone_confirmed *confirmed, void *ud)
{
    struct change *change = ud;
    char about[MU_NAME_TEXT + 20];
    change->confirm = NULL;
    subject(change, about, sizeof about);
    char *lagging =
        mu_xasprintf("%s: %zu of %zu authoritative addresses serve the change; the "
                     "others: %s. The change is made "
                     "at %s%s and is not undone",
                     about, confirmed->serving, confirmed->asked, confirmed->lagging,
                     change->ask.job.provider.name, change->by_others ? " by somebody else" : "");
    if (change->reading_back)
        end_readback(change, confirmed->all ? MU_APPLIED : MU_PENDING, result(change, confirmed),
                     confirmed->all
                         ? "the provider has it and every authoritative address serves it"
                         : lagging);
    else if (confirmed->all)
        end_done(change, result(change, confirmed));
    else if (change->by_others)
        end_fail(change, MU_REMOTE, false, lagging);
    else
        end_late(change, lagging);
    free(lagging);
}

static void on_progress(size_t serving, size_t asked, void *ud)
{
    struct change *change = ud;
    mu_call_progress(change->call, "%zu/%zu authoritative addresses", serving, asked);
}

static void confirm(struct change *change)
{
    struct mu_zone_job *job = &change->ask.job;
    mu_call_progress(change->call, "API reads it back");
    change->confirm = mu_zone_confirm_start(
        job->host, json_object_get(change->call->prepared, "servers"), job->name, job->type,
        change->after, mu_json_int(change->call->args, "confirm", 0), on_progress, on_confirmed,
        change);
}

/* --- start --- */

static void on_read_back(struct mu_zone_ask *ask);

static void read_again(void *ud)
{
    struct change *change = ud;
    change->timer = NULL;
    mu_zone_ask(&change->ask, MU_ZONE_READ, on_read_back, NULL);
}

/* As before behind a write that was accepted: the provider may be late, or it dropped the change without a word (RFC
 * 2136 3.4.2.2, data beside a CNAME). Read once more when it must be there, it is known not to be done. */
static bool wait_for_late(struct change *change, bool as_before)
{
    if (!as_before || change->waited || change->written_s < 0)
        return false;
    change->waited = true;
    change->timer =
        mu_timer_start(change->call->host->loop, change->call->verb->settle_ms, read_again, change);
    return true;
}

static void on_read_back(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    struct mu_zone_job *job = &ask->job;
    char about[MU_NAME_TEXT + 20], *text = NULL;
    bool unread = job->fail.class != MU_OK;
    if (!unread && mu_zone_rrset_is(job->rrset, change->after)) {
        confirm(change);
        return;
    }
    bool as_before = !unread && mu_zone_rrset_is(job->rrset, change->before);
    if (wait_for_late(change, as_before))
        return;
    subject(change, about, sizeof about);
    if (unread) {
        text = mu_xasprintf("%s: the write was accepted, but reading it back failed: %s", about,
                            job->fail.text);
    } else {
        char *is = mu_zone_rrset_text(job->rrset), *wanted = mu_zone_rrset_text(change->after);
        text = mu_xasprintf("%s: %s accepted the write but now reads %.250s instead of %.250s",
                            about, job->provider.name, is, wanted);
        free(is);
        free(wanted);
    }
    end_fail(change, unread ? job->fail.class : MU_REMOTE,
             unread || (change->written_s >= 0 && !as_before), text);
    free(text);
}

static void on_written(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    if (ask->job.fail.class != MU_OK) {
        end_fail(change, ask->job.fail.class, ask->job.in_doubt, ask->job.fail.text);
        return;
    }
    change->written_s = mu_clock_real_ms() / 1000;
    if (!ask->job.provider.driver->compare_and_set)
        change->race_window_ms = (mu_clock_mono_us() - change->guard_us + 999) / 1000;
    mu_zone_ask(ask, MU_ZONE_READ, on_read_back, NULL);
}

static void conflict(struct change *change)
{
    struct mu_zone_job *job = &change->ask.job;
    char about[MU_NAME_TEXT + 20];
    char *is = mu_zone_rrset_text(job->rrset), *was = mu_zone_rrset_text(change->before);
    char *text = mu_xasprintf("the zone is no longer what you saw: %s is %.250s; it was %.250s "
                              "when this was prepared; nothing was "
                              "written",
                              subject(change, about, sizeof about), is, was);
    end_fail(change, MU_CONFLICT, false, text);
    free(is);
    free(was);
    free(text);
}

/* Somebody did the same, and it is theirs. */
static void confirm_others(struct change *change)
{
    change->by_others = true;
    confirm(change);
}

static void guard(struct mu_zone_ask *ask);

static void on_guarded(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    if (ask->job.fail.class != MU_OK)
        end_fail(change, ask->job.fail.class, false, ask->job.fail.text);
    else if (mu_zone_rrset_is(ask->job.rrset, change->before))
        mu_zone_ask(ask, MU_ZONE_WRITE, on_written, guard);
    else if (mu_zone_rrset_is(ask->job.rrset, change->after))
        confirm_others(change);
    else
        conflict(change);
}

static void guard(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    change->guard_us = mu_clock_mono_us();
    mu_zone_ask(ask, MU_ZONE_READ, on_guarded, NULL);
}

void mu_zone_change_start(struct mu_call *call)
{
    struct mu_fail fail;
    struct change *change = resume(call, &fail);
    if (change == NULL)
        mu_call_fail(call, fail.class, false, "%s", fail.text);
    else if (mu_zone_rrset_is(change->before, change->after))
        mu_zone_ask(&change->ask, MU_ZONE_READ, on_read_back,
                    NULL); /* nothing to write, all to confirm */
    else if (change->ask.job.provider.driver->compare_and_set)
        mu_zone_ask(&change->ask, MU_ZONE_WRITE, on_written, NULL);
    else
        guard(&change->ask);
}

/* --- readback --- */

/* The rrset is as it was before. Only an unchanged witness proves that our write never landed: when
 * the serial moved, it may have landed and been taken back by somebody (design J6). */
static void as_before(struct change *change)
{
    const char *then = mu_json_str(change->call->prepared, "witness", ""),
               *now = change->ask.job.witness;
    char why[256];
    bool unchanged = now[0] && strcmp(then, now) == 0; /* two that are not known are not equal */
    if (unchanged)
        snprintf(why, sizeof why, "the rrset is as it was, and so is the zone's serial (%.60s)",
                 now);
    else
        snprintf(
            why, sizeof why,
            "the rrset is as it was, but the zone's serial moved from %.60s to %.60s: our change "
            "may have been made and taken back",
            then[0] ? then : "one not known", now[0] ? now : "one not known");
    end_readback(change, unchanged ? MU_NOT_APPLIED : MU_CHANGED, NULL, why);
}

static void changed_by_others(struct change *change)
{
    char about[MU_NAME_TEXT + 20];
    char *is = mu_zone_rrset_text(change->ask.job.rrset);
    char *why = mu_xasprintf("%s is %.300s: neither what was there before nor what we wrote",
                             subject(change, about, sizeof about), is);
    json_t *evidence =
        json_pack("{s:O, s:O, s:O, s:s}", "now", change->ask.job.rrset, "before", change->before,
                  "after", change->after, "witness", change->ask.job.witness);
    end_readback(change, MU_CHANGED, evidence, why);
    free(is);
    free(why);
}

static void on_readback(struct mu_zone_ask *ask)
{
    struct change *change = ask->ud;
    if (ask->job.fail.class != MU_OK)
        end_readback(change, MU_UNKNOWN, NULL, ask->job.fail.text);
    else if (mu_zone_rrset_is(ask->job.rrset, change->after))
        confirm(change);
    else if (mu_zone_rrset_is(ask->job.rrset, change->before))
        as_before(change);
    else
        changed_by_others(change);
}

void mu_zone_change_readback(struct mu_call *call)
{
    struct mu_fail fail;
    struct change *change = resume(call, &fail);
    if (change == NULL) {
        mu_call_readback(call, MU_UNKNOWN, NULL, fail.text);
        return;
    }
    change->reading_back = true;
    mu_zone_ask(&change->ask, MU_ZONE_READ, on_readback, NULL);
}
