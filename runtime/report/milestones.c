/* SPDX-License-Identifier: MIT
 *
 * When it was detected, decided, mitigated and resolved. What a playbook says itself (`milestone`)
 * wins; else detected is the first bad sample or the start, decided the approval before the
 * mitigation, mitigated the first zone.* act that took effect, resolved the good end of the last
 * live run. Dry runs have none: nothing happened. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "report/timeline.h"

#define SECONDS_BELOW 100000000000LL /* as ms that is March 1973: a time so small is in seconds */

static const char *const names[MILESTONES] = {[DETECTED] = "detected",
                                              [DECIDED] = "decided",
                                              [MITIGATED] = "mitigated",
                                              [RESOLVED] = "resolved"};

static struct milestone *find(struct mu_timeline *timeline, const char *name)
{
    for (size_t i = 0; i < timeline->milestone_count; i++)
        if (strcmp(timeline->milestones[i].name, name) == 0)
            return &timeline->milestones[i];
    return NULL;
}

static struct milestone *add(struct mu_timeline *timeline, const char *name)
{
    timeline->milestones = mu_xrealloc(timeline->milestones, timeline->milestone_count + 1,
                                       sizeof *timeline->milestones);
    struct milestone *milestone = &timeline->milestones[timeline->milestone_count++];
    *milestone = (struct milestone){mu_xstrdup(name), 0, mu_xstrdup("")};
    return milestone;
}

static void set(struct milestone *milestone, int64_t at, const char *from)
{
    if (milestone->at != 0 || at == 0)
        return;
    milestone->at = at;
    free(milestone->from);
    milestone->from = mu_xstrdup(from);
}

static int64_t in_ms(int64_t at)
{
    return at < SECONDS_BELOW ? at * 1000 : at;
}

typedef void entry_cb(struct mu_timeline *, const struct run_story *, const struct entry *);

static void each_live_entry(struct mu_timeline *timeline, entry_cb *cb)
{
    for (size_t i = 0; i < timeline->count; i++)
        for (size_t j = 0; run_is_live(&timeline->runs[i]) && j < timeline->runs[i].count; j++)
            for (size_t k = 0; k < timeline->runs[i].sections[j].count; k++)
                cb(timeline, &timeline->runs[i], &timeline->runs[i].sections[j].entries[k]);
}

static void take_said(struct mu_timeline *timeline, const struct run_story *run,
                      const struct entry *entry)
{
    const char *name = mu_json_str(entry->value, "name", "");
    (void)run;
    if (entry->kind != ENTRY_MILESTONE || name[0] == '\0')
        return;
    struct milestone *milestone = find(timeline, name);
    set(milestone ? milestone : add(timeline, name),
        in_ms(mu_json_int(entry->value, "at", entry->at)), "said by the playbook");
}

static bool took_effect(const struct entry *entry)
{
    return entry->kind == ENTRY_ACT && entry->done && entry->ok &&
           strcmp(entry->how, "foreseen") != 0;
}

static void take_mitigation(struct mu_timeline *timeline, const struct run_story *run,
                            const struct entry *entry)
{
    (void)run;
    if (took_effect(entry) && strncmp(entry->verb, "zone.", 5) == 0)
        set(&timeline->milestones[MITIGATED], entry->until,
            "first change of the zone that took effect");
}

/* The last decision before the mitigation; without one, the first. */
static void take_decision(struct mu_timeline *timeline, const struct run_story *run,
                          const struct entry *entry)
{
    struct milestone *decided = &timeline->milestones[DECIDED];
    int64_t mitigated = timeline->milestones[MITIGATED].at;
    (void)run;
    if (entry->kind != ENTRY_GATE || !entry->done || strcmp(entry->verb, "approve") != 0 ||
        (decided->at != 0 && strcmp(decided->from, "the gate was decided") != 0))
        return;
    int64_t at = mu_json_int(entry->value, "at", 0);
    at = at ? in_ms(at) : entry->until;
    if (decided->at == 0 || (mitigated != 0 && at <= mitigated && at > decided->at)) {
        decided->at = 0;
        set(decided, at, "the gate was decided");
    }
}

static void take_detection(struct mu_timeline *timeline, const struct run_story *run)
{
    struct milestone *detected = &timeline->milestones[DETECTED];
    const json_t *sample = json_array_get(mu_json_get(run->start, "samples"), 0);
    int64_t at = mu_json_int(sample, "at", 0);
    if (at != 0)
        set(detected, in_ms(at), "first bad sample");
    set(detected, run->started, "the run was started");
}

static void take_resolution(struct mu_timeline *timeline)
{
    const struct run_story *last = NULL;
    for (size_t i = 0; i < timeline->count; i++)
        if (run_is_live(&timeline->runs[i]))
            last = &timeline->runs[i];
    if (last && last->end && strcmp(mu_json_str(last->end, "state", ""), "finished") == 0 &&
        mu_json_int(last->end, "exit", 0) == 0)
        set(&timeline->milestones[RESOLVED], last->ended, "the last run finished");
}

static int by_time(const void *a, const void *b)
{
    int64_t left = ((const struct milestone *)a)->at, right = ((const struct milestone *)b)->at;
    return left < right ? -1 : left > right;
}

void milestones_find(struct mu_timeline *timeline)
{
    for (size_t i = 0; i < MILESTONES; i++)
        add(timeline, names[i]);
    each_live_entry(timeline, take_said);
    each_live_entry(timeline, take_mitigation);
    each_live_entry(timeline, take_decision);
    for (size_t i = 0; i < timeline->count; i++)
        if (run_is_live(&timeline->runs[i]))
            take_detection(timeline, &timeline->runs[i]);
    take_resolution(timeline);
    if (timeline->milestone_count > MILESTONES + 1)
        qsort(timeline->milestones + MILESTONES, timeline->milestone_count - MILESTONES,
              sizeof *timeline->milestones, by_time);
}
