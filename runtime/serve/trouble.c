/* SPDX-License-Identifier: MIT
 *
 * Ticks that start nothing, in words; see trouble.h. */
#include "serve/trouble.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/redact.h"

/* Takes why and subject. */
static void finish(const struct mu_maker *maker, struct trouble *out, char *why_take,
                   char *subject_take, const char *advice)
{
    char *body = mu_xasprintf("%s\n\n%sLook: muster %s%s\n", why_take, advice,
                              maker->schedule ? "schedules " : "status",
                              maker->schedule ? maker->schedule->name : "");
    out->why = mu_redact_text(why_take);
    out->subject = mu_redact_text(subject_take);
    out->body = mu_redact_text(body);
    free(why_take);
    free(subject_take);
    free(body);
    out->row.why = out->why;
    out->row.to = maker->owner;
    out->row.subject = out->subject;
    out->row.body = out->body;
    out->note = &out->row;
}

/* A lock that is held is held, by whomever and however long: the text would be another one each time. */
static const char *cause_of(const struct mu_fail *why)
{
    return why->class == MU_CONFLICT ? mu_err_name(MU_CONFLICT) : why->text;
}

static void refused_schedule(const struct mu_maker *maker, int64_t tick, const struct mu_fail *why,
                             struct trouble *out)
{
    const struct mu_schedule *schedule = maker->schedule;
    char at[MU_SCHEDULE_CLOCK_TEXT];
    out->row.cause = cause_of(why);
    finish(maker, out,
           mu_xasprintf("The tick of %s started no run of %s: %s",
                        mu_schedule_clock(schedule, tick, at), schedule->playbook, why->text),
           mu_xasprintf("Schedule %s: %s was not started", schedule->name, schedule->playbook),
           "Its next ticks are tried as ever. You hear of it again when the reason is another one, "
           "and when it comes back after a run was started.\n");
}

/* Each outage is news, its cause or not. */
static void refused_watch(const struct mu_maker *maker, const struct mu_fail *why,
                          struct trouble *out)
{
    const struct mu_watched *watched = maker->watched;
    out->cause = mu_xasprintf("%lld: %s", (long long)watched->since, cause_of(why));
    out->row.cause = out->cause;
    finish(maker, out,
           mu_xasprintf("%s: %s. No run of %s was started: %s", watched->name, watched->why,
                        watched->playbook, why->text),
           mu_xasprintf("Outage, and nothing started: %s", watched->name),
           "A run is tried again after each look that is bad. You hear of it again when the reason "
           "is another one.\n");
}

void trouble_refused(const struct mu_maker *maker, const char *source, int64_t tick,
                     const struct mu_fail *why, struct trouble *out)
{
    *out = (struct trouble){
        .row = {.source = source, .kind = "refused", .since = tick, .last = tick, .count = 1}};
    if (maker->schedule)
        refused_schedule(maker, tick, why, out);
    else if (maker->watched)
        refused_watch(maker, why, out);
}

/* "The tick of ..." or "3 ticks from ... to ...". */
static char *which(const struct mu_schedule *schedule, const struct mu_store_missed *missed)
{
    char first[MU_SCHEDULE_CLOCK_TEXT], last[MU_SCHEDULE_CLOCK_TEXT];
    mu_schedule_clock(schedule, missed->first, first);
    if (missed->count == 1)
        return mu_xasprintf("The tick of %s", first);
    return mu_xasprintf("%lld ticks from %s to %s", (long long)missed->count, first,
                        mu_schedule_clock(schedule, missed->last, last));
}

static void passed_late(const struct mu_maker *maker, const struct mu_store_missed *missed,
                        struct trouble *out)
{
    char *ticks = which(maker->schedule, missed);
    finish(
        maker, out,
        mu_xasprintf("%s did not fire: nobody looked in time. muster serve was not running, the "
                     "machine slept, or its clock was set forward.",
                     ticks),
        mu_xasprintf("Schedule %s: ticks were missed", maker->schedule->name),
        "misfire and late of the schedule say which of them fire late. You hear of it again when "
        "that happens after a run was started.\n");
    free(ticks);
}

static void passed_dark(const struct mu_maker *maker, const struct mu_store_missed *missed,
                        struct trouble *out)
{
    char *ticks = which(maker->schedule, missed);
    out->row.cause = maker->schedule->blackout_digest;
    finish(maker, out, mu_xasprintf("%s did not fire: that is in a blackout.", ticks),
           mu_xasprintf("Schedule %s: ticks lie in its blackout", maker->schedule->name),
           "You hear of it once; again when the windows of the blackout are changed.\n");
    free(ticks);
}

static void set_back(const struct mu_maker *maker, const struct mu_store_missed *missed,
                     struct trouble *out)
{
    char from[MU_SCHEDULE_CLOCK_TEXT], to[MU_SCHEDULE_CLOCK_TEXT];
    finish(maker, out,
           mu_xasprintf("The clock of the machine was set back from %s to %s: it was wrong before, "
                        "and ticks count from there.",
                        mu_schedule_clock(maker->schedule, missed->last, from),
                        mu_schedule_clock(maker->schedule, missed->first, to)),
           mu_xasprintf("Schedule %s: the clock was set back", maker->schedule->name), "");
}

void trouble_passed(const struct mu_maker *maker, const char *source,
                    const struct mu_store_missed *missed, struct trouble *out)
{
    *out = (struct trouble){.note = NULL};
    if (maker->schedule == NULL)
        return;
    out->row = (struct mu_store_trouble){.source = source,
                                         .kind = missed->why,
                                         .cause = missed->why,
                                         .since = missed->first,
                                         .last = missed->last,
                                         .count = missed->count};
    if (strcmp(missed->why, "late") == 0)
        passed_late(maker, missed, out);
    else if (strcmp(missed->why, "blackout") == 0)
        passed_dark(maker, missed, out);
    else
        set_back(maker, missed, out);
}

void trouble_unread(const struct mu_maker *maker, const char *source, int64_t now, const char *why,
                    struct trouble *out)
{
    const struct mu_schedule *schedule = maker->schedule;
    *out = (struct trouble){.row = {.source = source,
                                    .kind = "unread",
                                    .cause = why,
                                    .since = now,
                                    .last = now,
                                    .count = 1}};
    char *subject = schedule ? mu_xasprintf("Schedule %s: %s can't be started", schedule->name,
                                            schedule->playbook)
                             : mu_xasprintf("Not watched: %s", maker->watched->name);
    char *text = schedule ? mu_xasprintf("No tick starts a run of %s until it loads: %s",
                                         schedule->playbook, why)
                          : mu_xasprintf("Nobody looks, and no outage starts a run of %s, until it "
                                         "loads: %s",
                                         maker->watched->playbook, why);
    finish(maker, out, text, subject,
           "It is read again by itself: mend the playbook (muster check). What is mended in "
           "muster.lua counts from muster serve --reload on. You hear of it again when the reason "
           "is another one.\n");
}

void trouble_fini(struct trouble *trouble)
{
    free(trouble->cause);
    free(trouble->why);
    free(trouble->subject);
    free(trouble->body);
}
