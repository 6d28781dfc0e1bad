/* SPDX-License-Identifier: MIT
 *
 * What people are told about gates: the question, to whoever is asked now; reminders while it waits;
 * and to who decided a gate that nobody waited for any more, that it changed nothing. All of it goes
 * through the outbox under keys that name gate, period and number: an executor that takes over may say
 * everything again, and nobody hears it twice. A page has told people with its own words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rrset.h"
#include "engine/internal.h"

#define REMIND_FROM_MS 120000 /* a shorter gate reminds nobody, unless its playbook says so */
#define MOST_REMINDERS 20     /* to those who are asked; who did not hear them will not hear more */

static void add_change(struct mu_buf *body, const json_t *show)
{
    const json_t *change = mu_json_get(show, "change");
    if (change == NULL)
        return;
    mu_buf_adds(body, "\n- ");
    mu_rrset_text(json_object_get(change, "from"), body);
    mu_buf_adds(body, "\n+ ");
    mu_rrset_text(json_object_get(change, "to"), body);
    mu_buf_adds(body, "\n");
}

/* "if we wait: senders retry 4-5 days" */
static void add_remarks(struct mu_buf *body, const json_t *show)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)show, key, value)
    {
        if (json_is_string(value))
            mu_buf_addf(body, "\n%s: %s", key, json_string_value(value));
    }
    mu_buf_adds(body, "\n");
}

/* "Answer: muster approve 4417   or: muster deny 4417", and what a person may check it by. */
static void add_commands(struct mu_buf *body, const struct call *call, const char *code)
{
    const struct mu_gate_kind *kind = mu_gate_kind(call->name);
    const json_t *choices = mu_json_get(call->errand->gate, "choices"), *choice;
    size_t i;
    bool free_text = strcmp(call->name, "ask") == 0 && choices == NULL;
    if (choices)
        mu_buf_adds(body, "\n");
    json_array_foreach(choices, i, choice)
    {
        mu_buf_addf(body, "Answer: muster %s %s \"%s\"\n", kind->command, code,
                    json_string_value(choice));
    }
    if (choices == NULL)
        mu_buf_addf(body, "\n%s: muster %s %s%s\n",
                    strcmp(call->name, "todo") == 0 ? "When it is done" : "Answer", kind->command,
                    code, free_text ? " \"...\"" : "");
    mu_buf_addf(body, "Or: muster %s %s\n", kind->refuse, code);
    mu_buf_addf(body,
                "This question is %.6s: --seen %.6s refuses your answer if it is asked "
                "differently by then\n",
                mu_json_str(call->errand->gate, "digest", ""),
                mu_json_str(call->errand->gate, "digest", ""));
}

static void add_question(struct mu_buf *body, const struct call *call, const struct gate_news *news)
{
    char when[MU_TIME_TEXT];
    const json_t *item, *show = json_object_get(call->errand->gate, "show");
    size_t i;
    mu_buf_addf(body, "%s\n", mu_json_str(call->errand->gate, "title", ""));
    json_array_foreach(json_object_get(show, "items"), i, item)
    {
        if (mu_json_str(item, "why", NULL))
            mu_buf_addf(body, "\n%s\n", mu_json_str(item, "why", ""));
    }
    add_remarks(body, show);
    add_change(body, show);
    add_commands(body, call, news->code);
    if (news->deadline)
        mu_buf_addf(body, "Until %s\n", mu_time_local(news->deadline, when));
}

static void ask_people(struct call *call, const struct gate_news *news)
{
    struct mu_buf subject = {0}, body = {0};
    mu_buf_addf(&subject, "%s %s asks you: %s", call->run->incident, call->run->name,
                drill_unmarked(call->run, mu_json_str(call->errand->gate, "title", "")));
    add_question(&body, call, news);
    bool again = strcmp(news->by, news->before) == 0; /* then_ask names the same people */
    char *dedup = mu_xasprintf("%s/%s%s", call->errand->gate_id, news->by, again ? "/again" : "");
    outbox_put(call->run, "gate", news->by, mu_buf_text(&subject), mu_buf_text(&body), dedup);
    free(dedup);
    mu_buf_free(&subject);
    mu_buf_free(&body);
}

static void say_waiting(struct call *call, const struct gate_news *news)
{
    char when[MU_TIME_TEXT], text[300];
    snprintf(text, sizeof text, "%s as %s%s%s", call->name, news->by,
             news->deadline ? " until " : "",
             news->deadline ? mu_time_hms(news->deadline, when) : "");
    (void)!mu_store_run_update(call->run->store, call->run->name, NULL, NULL, NULL, text, -1, -1,
                               -1, NULL);
}

/* --- the next one is asked --- */

struct moved {
    const char *gate;
    bool said;
};

static bool is_said(const struct mu_row *row, void *ud)
{
    struct moved *moved = ud;
    if (row->type != MU_ROW_HOST || strcmp(row->verb, "gate") != 0)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    moved->said = moved->said || (mu_json_get(value, "asks") &&
                                  strcmp(mu_json_str(value, "gate", ""), moved->gate) == 0);
    json_decref(value);
    return !moved->said;
}

static void say_moved(struct call *call, const struct gate_news *news)
{
    struct moved moved = {call->errand->gate_id, false};
    cursor_each(call->run->cursor, is_said, &moved);
    if (!moved.said)
        record_host(call->run, "gate",
                    json_pack("{s:s, s:s, s:s, s:s}", "gate", call->errand->gate_id, "code",
                              news->code, "silent", news->before, "asks", news->by));
}

/* --- reminders --- */

/* The k-th reminder (from 1) is due then; 0 = there is none. */
static int64_t reminder_at(const struct call *call, const struct gate_news *news, int64_t k)
{
    const json_t *remind = mu_json_get(call->errand->gate, "remind_ms");
    int64_t within = mu_json_int(call->errand->gate, "within_ms", 0),
            every = json_integer_value(remind);
    int64_t start = news->deadline ? news->deadline - within : news->opened, at = 0;
    if (strcmp(call->name, "ack") == 0 || k > MOST_REMINDERS)
        return 0;
    if (every > 0)
        at = start + k * every;
    else if (remind == NULL && within >= REMIND_FROM_MS && k <= 2)
        at = start + (k == 1 ? within / 2 : within / 5 * 4);
    return news->deadline && at >= news->deadline ? 0 : at;
}

static void remind(struct call *call, const struct gate_news *news, int64_t now)
{
    struct mu_buf subject = {0}, body = {0};
    char left[MU_TIME_TEXT];
    mu_buf_addf(&subject, "%s %s still asks you: %s", call->run->incident, call->run->name,
                drill_unmarked(call->run, mu_json_str(call->errand->gate, "title", "")));
    if (news->deadline)
        mu_buf_addf(&body, "%s left.\n", mu_duration_text(news->deadline - now, left));
    if (news->quorum > 1)
        mu_buf_addf(&body, "%d of %d have agreed.\n", news->votes_yes, news->quorum);
    add_question(&body, call, news);
    char *dedup = mu_xasprintf("%s/remind/%lld/%lld", call->errand->gate_id,
                               (long long)news->deadline, (long long)call->errand->reminders);
    outbox_put(call->run, "reminder", news->by, mu_buf_text(&subject), mu_buf_text(&body), dedup);
    free(dedup);
    mu_buf_free(&subject);
    mu_buf_free(&body);
}

int64_t gate_tell(struct call *call, const struct gate_news *news, int64_t now)
{
    char *asked = mu_xasprintf("%s, after %s", news->by, news->before);
    if (call->errand->asked == NULL || strcmp(call->errand->asked, asked) != 0) {
        if (news->before[0])
            say_moved(call, news);
        say_waiting(call, news);
        if (strcmp(call->name, "ack") != 0)
            ask_people(call, news);
        call->errand->reminders = 0;
    }
    free(call->errand->asked);
    call->errand->asked = asked;
    int64_t known = call->errand->reminders, next;
    while ((next = reminder_at(call, news, call->errand->reminders + 1)) != 0 && next <= now)
        call->errand->reminders++; /* of several that are overdue the last is enough */
    if (call->errand->reminders > known)
        remind(call, news, now);
    return next;
}

/* --- too late for the playbook --- */

void gate_tell_unused(struct run *run, const json_t *gate, const json_t *answer, const char *why)
{
    const char *who = mu_json_str(mu_json_get(answer, "by"), "name", ""),
               *title = mu_json_str(gate, "title", "");
    if (who[0] == '\0')
        return;
    char *subject = mu_xasprintf("%s %s: your answer changed nothing", run->incident, run->name);
    char *body = mu_xasprintf("%s\n\nIt was %s by you, and by then nobody waited for it: %s. Your "
                              "answer stands in the journal.\n\nSee: muster show %s\n",
                              title, mu_json_str(answer, "how", "answered"), why, run->name);
    char *dedup = mu_xasprintf("%s/unused", mu_json_str(gate, "gate", ""));
    outbox_put(run, "gate", who, subject, body, dedup);
    free(dedup);
    free(body);
    free(subject);
}
