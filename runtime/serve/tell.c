/* SPDX-License-Identifier: MIT
 *
 * Messages about schedules, which turn.c has put into the outbox: no run sends them, so a worker does. What
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
    return mu_outbox_deliver(serve->settings.config, serve->state_dir, source,
                             plan ? plan->schedule->params : NULL, fail) == MU_OK
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

static bool note_due(const struct mu_store_message *message, void *ud)
{
    char **source = ud;
    if (strncmp(message->run, MU_SOURCE_SCHEDULE, strlen(MU_SOURCE_SCHEDULE)) != 0)
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
