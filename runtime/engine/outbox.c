/* SPDX-License-Identifier: MIT
 *
 * The host's own messages: a gate asks, a run parked, died or ended (design J14). They wait in the
 * control store, so that whoever is alive sends them, each once; what became of each is an 'h told'
 * row. They go out through the ordinary verb notify.direct. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"

#define RETRY_MS       30000 /* doubled at every failure, */
#define RETRY_MAX      7     /* so often: an hour at most */
#define OTHERS_MS      15000 /* between two looks for what others left behind, */
#define RENEW_MS       5000  /* of a claim: channels and points of contact take their time */
#define LEFT_BEHIND_MS 60000 /* which is what waits for so long */

struct sending {
    struct run *run;
    struct mu_timer *renewal;
    struct sending *next; /* in run->sendings */
    int64_t id;
    int attempts;
    bool others; /* another run's, whose executor is gone */
    char *kind, *to;
};

static json_t *told_row(const struct sending *sending, const json_t *result, bool ok,
                        const char *why)
{
    json_t *row = json_pack("{s:s, s:s, s:b, s:s}", "kind", sending->kind, "to", sending->to, "ok",
                            ok, "why", why);
    json_t *sent = mu_json_get(result, "sent");
    if (sent)
        json_object_set(row, "sent", sent);
    return row;
}

static int64_t pause_after(int attempts)
{
    return (int64_t)RETRY_MS << (attempts < RETRY_MAX ? attempts : RETRY_MAX);
}

static void record_told(struct run *run, const struct sending *sending, const json_t *result,
                        bool ok, const char *why)
{
    bool quiet = run->anchored_row == mu_journal_last_gsn(run->journal);
    record_host(run, "told", told_row(sending, result, ok, why));
    if (quiet && strcmp(sending->kind, "anchor") == 0) /* that it was told needs no other */
        run->anchored_row = mu_journal_last_gsn(run->journal);
}

static void renew(void *ud)
{
    struct sending *sending = ud;
    mu_store_message_renew(sending->run->store, sending->id, mu_clock_real_ms());
    sending->renewal = mu_timer_start(sending->run->loop, RENEW_MS, renew, sending);
}

static struct sending *sending_new(struct run *run, const struct mu_store_message *message,
                                   bool others)
{
    struct sending *sending = MU_NEW(struct sending);
    *sending = (struct sending){.run = run,
                                .next = run->sendings,
                                .id = message->id,
                                .attempts = message->attempts,
                                .others = others,
                                .kind = mu_xstrdup(message->kind),
                                .to = mu_xstrdup(message->to)};
    sending->renewal = mu_timer_start(run->loop, RENEW_MS, renew, sending);
    return run->sendings = sending;
}

static void sending_free(struct sending *sending)
{
    struct sending **at = &sending->run->sendings;
    while (*at != sending)
        at = &(*at)->next;
    *at = sending->next;
    mu_timer_cancel(sending->renewal);
    free(sending->kind);
    free(sending->to);
    free(sending);
}

/* Also when its claim lapsed: who was frozen, or could not write for a minute, still sends it. */
static bool in_flight(const struct run *run, int64_t id)
{
    const struct sending *sending = run->sendings;
    while (sending && sending->id != id)
        sending = sending->next;
    return sending != NULL;
}

void outbox_forget(struct run *run)
{
    while (run->sendings)
        sending_free(run->sendings);
}

static void sent(struct run *run, const json_t *result, void *ud)
{
    struct sending *sending = ud;
    bool ok = mu_json_bool(result, "ok", false);
    const char *why = mu_json_str(result, "why", "");
    int64_t now = mu_clock_real_ms();
    (void)!mu_store_message_sent(run->store, sending->id, ok,
                                 mu_json_bool(result, "in_doubt", false), why, now,
                                 now + pause_after(sending->attempts), NULL);
    if (run->journal && !run->sealing && !sending->others) /* stuck.c has none */
        record_told(run, sending, result, ok, why);
    if (!ok)
        mu_warn("engine", "%s: could not tell %s: %s", run->name, sending->to, why);
    sending_free(sending);
}

/* The domain the run is about goes along: a message about it must not travel through it. */
static json_t *letter(const struct mu_store_message *message, const char *text,
                      const json_t *params)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "to", message->to, "subject", message->subject,
                     "text", text, "kind", message->kind, "domain",
                     mu_json_str(params, "domain", NULL));
}

static void sent_unrecorded(struct run *run, const json_t *result, void *ud)
{
    (void)ud;
    mu_warn("engine", "%s: told without a record: %s%s", run->name,
            mu_json_bool(result, "ok", false) ? "ok" : "failed, ", mu_json_str(result, "why", ""));
}

/* Nothing can be written: people hear of it all the same (J14). */
static void send_unrecorded(struct run *run, const struct mu_store_message *message,
                            const char *why)
{
    char *text = mu_xasprintf("%s\n(not recorded: %s)\n", message->body, why);
    sub_host_call(run, "notify.direct", letter(message, text, run->params), message->dedup, false,
                  sent_unrecorded, NULL);
    free(text);
}

void outbox_put(struct run *run, const char *kind, const char *to, const char *subject,
                const char *body, const char *dedup)
{
    if (!run->world->sends || to[0] == '\0')
        return;
    char *foot = anchor_foot(run), *text = mu_xasprintf("%s%s", body, foot);
    outbox_put_plain(run, kind, to, subject, text, dedup);
    free(text);
    free(foot);
}

void outbox_put_plain(struct run *run, const char *kind, const char *to, const char *subject,
                      const char *body, const char *dedup)
{
    if (!run->world->sends || to[0] == '\0')
        return;
    struct mu_fail fail = {.text = "the control store can't be opened"};
    char *marked_subject = drill_subject(run, subject), *marked_body = drill_text(run, body);
    char *clean_subject = mu_redact_text(marked_subject), *clean_body = mu_redact_text(marked_body);
    free(marked_subject);
    free(marked_body);
    struct mu_store_message message = {.run = run->name,
                                       .kind = kind,
                                       .to = to,
                                       .subject = clean_subject,
                                       .body = clean_body,
                                       .dedup = dedup,
                                       .created = mu_clock_real_ms()};
    if (run->store == NULL || mu_store_message_put(run->store, &message, &fail) != MU_OK) {
        mu_error("engine", "%s: not recorded (%s to %s): %s", run->name, kind, to, fail.text);
        send_unrecorded(run, &message, fail.text);
    }
    free(clean_subject);
    free(clean_body);
    outbox_send(run);
}

/* Copies of what is due: no store callback is open while messages are sent. */
struct due {
    struct mu_store_message messages[16];
    size_t count;
    int64_t after; /* ids up to this one are left out */
};

static bool collect(const struct mu_store_message *message, void *ud)
{
    struct due *due = ud;
    if (message->id <= due->after)
        return true;
    struct mu_store_message *copy = &due->messages[due->count++];
    *copy = *message;
    copy->run = mu_xstrdup(message->run);
    copy->kind = mu_xstrdup(message->kind);
    copy->to = mu_xstrdup(message->to);
    copy->subject = mu_xstrdup(message->subject);
    copy->body = mu_xstrdup(message->body);
    copy->dedup = mu_xstrdup(message->dedup);
    return due->count < MU_COUNT(due->messages);
}

static void due_fini(struct due *due)
{
    for (size_t i = 0; i < due->count; i++) {
        const struct mu_store_message *message = &due->messages[i];
        const char *const texts[] = {message->run,     message->kind, message->to,
                                     message->subject, message->body, message->dedup};
        for (size_t j = 0; j < MU_COUNT(texts); j++)
            free((char *)texts[j]);
    }
}

static void send_one(struct run *run, const struct mu_store_message *message, const json_t *params,
                     bool others)
{
    bool repeated = false;
    if (in_flight(run, message->id) ||
        !mu_store_message_claim(run->store, message->id, mu_clock_real_ms(), &repeated))
        return;
    sub_host_call(run, "notify.direct", letter(message, message->body, params), message->dedup,
                  repeated, sent, sending_new(run, message, others));
}

static bool take_path(const struct mu_store_run *found, void *ud)
{
    *(char **)ud = mu_xstrdup(found->path);
    return false;
}

/* What belongs to a drill goes where drills go, and nothing else does. */
static bool same_world(const struct run *run, const json_t *start)
{
    bool dry = mu_json_bool(json_object_get(start, "drill"), "dry_people", false);
    return strcmp(mu_json_str(start, "world", "live"), run->world->name) == 0 && !dry &&
           !drill_dry_people(run);
}

/* A message that its own run did not come to send: monitor and executor were killed at once, say. */
static void send_left_behind(struct run *run, const struct mu_store_message *message)
{
    char *path = NULL;
    if (strcmp(message->run, run->name) == 0 ||
        mu_clock_real_ms() - message->created < LEFT_BEHIND_MS)
        return;
    (void)!mu_store_run_find(run->store, message->run, take_path, &path, NULL);
    json_t *start = path && mu_journal_lock_holder(path) == 0 ? mu_run_beginning(path, NULL) : NULL;
    if (start && same_world(run, start))
        send_one(run, message, json_object_get(start, "params"), true);
    json_decref(start);
    free(path);
}

/* Whoever is alive sends what others left behind (J14). */
void outbox_send_for_others(struct run *run)
{
    struct due due = {.after = run->others_after};
    int64_t now = mu_clock_mono_ms();
    if (run->store == NULL || !run->world->sends || now < run->others_due_ms)
        return;
    run->others_due_ms = now + OTHERS_MS;
    (void)!mu_store_messages_due(run->store, NULL, mu_clock_real_ms(), collect, &due, NULL);
    for (size_t i = 0; i < due.count; i++)
        send_left_behind(run, &due.messages[i]);
    /* those that can't be sent stay in front of the others: the next turn goes on behind them */
    run->others_after = due.count == MU_COUNT(due.messages) ? due.messages[due.count - 1].id : 0;
    due_fini(&due);
}

/* That of the run whose messages they are. */
static void take_world(struct run *run, const json_t *params)
{
    char *path = NULL;
    if (run->store)
        (void)!mu_store_run_find(run->store, run->name, take_path, &path, NULL);
    run->start = path ? mu_run_beginning(path, NULL) : NULL;
    run->params = run->start ? json_object_get(run->start, "params") : params;
    bool drill = strcmp(mu_json_str(run->start, "world", ""), mu_world_drill.name) == 0;
    run->world = drill ? &mu_world_drill : &mu_world_live;
    run->world_name = mu_xstrdup(run->world->name);
    free(path);
}

/* A run without playbook: only the services, the store, and calls of the host itself. */
enum mu_err mu_outbox_deliver(const struct mu_config *config, const char *state_dir,
                              const char *name, const json_t *params, struct mu_fail *fail)
{
    struct run *run = MU_NEW(struct run);
    run->config = config;
    run->wake_fd = -1;
    run->name = mu_xstrdup(name);
    run->incident = mu_xstrdup("");
    run->journal = mu_journal_memory();
    enum mu_err err = mu_run_registry(config, &run->registry, fail);
    if (err == MU_OK)
        err = mu_store_open(state_dir, &run->store, fail);
    take_world(run, params);
    if (err == MU_OK)
        err = host_open(run, fail);
    if (err == MU_OK) {
        outbox_send(run);
        while (sub_host_busy(run)) {
            sub_deliver(run);
            if (sub_host_busy(run))
                mu_loop_turn(run->loop, run->subs_done.head == NULL);
        }
    }
    struct mu_journal *journal = run->journal;
    run_unload(run);
    mu_journal_close(journal);
    free(run);
    return err;
}

void outbox_send(struct run *run)
{
    struct due due = {.count = 0};
    if (run->store == NULL)
        return;
    (void)!mu_store_messages_due(run->store, run->name, mu_clock_real_ms(), collect, &due, NULL);
    for (size_t i = 0; i < due.count; i++)
        send_one(run, &due.messages[i], run->params, false);
    due_fini(&due);
}
