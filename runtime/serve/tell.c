/* SPDX-License-Identifier: MIT
 *
 * Messages about schedules and watches, which turn.c has put into the outbox: no run sends them, so a worker does. What
 * can't be delivered is tried again, as the outbox says. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "serve/internal.h"

#define EVERY_MS   1000
#define TIMEOUT_MS 90000 /* a channel takes 15 s a try, and there may be several */

static json_t *tell(struct serve *serve, const char *source, struct mu_fail *fail)
{
    const struct plan *plan = settings_plan(&serve->settings, source);
    const struct watch *watch = settings_watch(&serve->settings, source);
    const json_t *params = plan ? plan->schedule->params : watch ? watch->playbook.params : NULL;
    return mu_outbox_deliver(serve->settings.config, serve->state_dir, source, params, fail) ==
                   MU_OK
               ? json_object()
               : NULL;
}

static void told(struct serve *serve, const char *source, const json_t *result, const char *why)
{
    if (result)
        return;
    mu_warn("serve", "what is to be told about %s was not sent: %s; it is tried again", source,
            why);
    serve->tell_due_ms = mu_clock_mono_ms() + TIMEOUT_MS;
}

static const struct job tell_job = {.name = "tell", .run = tell, .done = told};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool note_due(const struct mu_store_message *message, void *ud)
{
    char **source = ud;
    if (!begins(message->run, MU_SOURCE_SCHEDULE) && !begins(message->run, MU_SOURCE_WATCH))
        return true;
    *source = mu_xstrdup(message->run);
    return false;
}

/* One source at a time: they are few, and an owner who gets many messages need not get them at once. */
void tell_turn(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    char *source = NULL;
    if (now < serve->tell_due_ms || worker_count(serve, &tell_job) > 0)
        return;
    serve->tell_due_ms = now + EVERY_MS;
    (void)!mu_store_messages_due(serve->store, NULL, mu_clock_real_ms(), note_due, &source, NULL);
    if (source)
        (void)!worker_start(serve, &tell_job, source, TIMEOUT_MS);
    free(source);
}
