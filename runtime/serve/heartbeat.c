/* SPDX-License-Identifier: MIT
 *
 * The heartbeat to a dead man's switch somewhere else: who misses it raises the alarm when this machine, this
 * process or its way out is dead. That it does not arrive is said here, once, and in `muster status`. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/json.h"
#include "base/redact.h"
#include "engine/run.h"
#include "serve/internal.h"

#define TIMEOUT_MS 20000

static json_t *beat(struct serve *serve, const char *subject, struct mu_fail *fail)
{
    const json_t *url = serve->settings.beat_url;
    const char *text = json_is_string(url) ? json_string_value(url)
                                           : mu_redact_secret(mu_json_str(url, "$secret", ""));
    (void)subject;
    if (text == NULL)
        mu_fail_set(fail, MU_CONFIG, "serve.heartbeat.url is not known");
    else if (mu_run_get(serve->settings.config, text, TIMEOUT_MS, fail) == MU_OK)
        return json_object();
    return NULL;
}

static void beaten(struct serve *serve, const char *subject, const json_t *result, const char *why)
{
    char time[MU_TIME_TEXT];
    int64_t now = mu_clock_real_ms();
    (void)subject;
    if (result == NULL) {
        snprintf(serve->beat_why, sizeof serve->beat_why, "%s", why);
        if (serve->beat_failing == 0)
            mu_error("serve", "the heartbeat does not arrive: %s", why);
        serve->beat_failing = serve->beat_failing ? serve->beat_failing : now;
        return;
    }
    if (serve->beat_failing)
        mu_info("serve", "the heartbeat arrives again; it did not since %s",
                mu_time_utc(serve->beat_failing, time));
    serve->beat_failing = 0;
    serve->beat_ok = now;
}

static const struct job beat_job = {
    .name = "heartbeat", .run = beat, .done = beaten, .expendable = true};

void heartbeat_turn(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    if (serve->settings.beat_url == NULL || now < serve->beat_due_ms || serve->store_failing ||
        worker_count(serve, &beat_job) > 0)
        return;
    serve->beat_due_ms = now + serve->settings.beat_every_ms;
    (void)!worker_start(serve, &beat_job, "", TIMEOUT_MS * 2);
}
