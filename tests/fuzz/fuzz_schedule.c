/* SPDX-License-Identifier: MIT
 *
 * Cron expressions and blackout windows, as people write them into muster.lua: what is taken means a minute that
 * comes, and a window that covers something and does not cover everything. */
#include "fuzz.h"

#include <string.h>

#include "serve/blackout.h"
#include "serve/cron.h"
#include "serve/timezone.h"

static void check_cron(const char *text)
{
    struct mu_cron cron;
    struct mu_fail fail = {0};
    if (mu_cron_parse(text, &cron, &fail) != MU_OK) {
        promise(fail.class == MU_CONFIG && fail.text[0] != '\0');
        return;
    }
    int64_t at = 951782400; /* 2000-02-29 */
    for (int i = 0; i < 20; i++) {
        struct mu_civil civil;
        int64_t next = mu_cron_next(&cron, at);
        promise(next >= at && next != INT64_MAX && next % 60 == 0);
        mu_civil_of(next, &civil);
        promise(cron.minutes >> civil.minute & 1 && cron.hours >> civil.hour & 1 &&
                cron.months >> civil.month & 1);
        promise(mu_cron_next(&cron, next) == next);
        at = next + 60;
    }
}

static void check_blackout(const char *text)
{
    struct mu_blackout window;
    struct mu_fail fail = {0};
    if (mu_blackout_parse(text, &window, &fail) != MU_OK) {
        promise(fail.class == MU_CONFIG && fail.text[0] != '\0');
        return;
    }
    int64_t begin =
        window.period_s ? window.from_s + 259200 : window.from_s; /* weeks from a Sunday on */
    promise(window.from_s == window.period_s || mu_blackout_covers(&window, begin));
    promise(window.period_s || !mu_blackout_covers(&window, window.to_s));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    memcpy(text, bytes, len);
    text[len] = '\0';
    check_cron(text);
    check_blackout(text);
    free(text);
    return 0;
}
