/* SPDX-License-Identifier: MIT
 *
 * Diagnostics for operators; see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/plain.h"
#include "base/redact.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static enum mu_log_level threshold = MU_LOG_WARN;

void mu_log_level_set(enum mu_log_level level)
{
    threshold = level;
}

void mu_log_from_env(void)
{
    const char *wanted = getenv("MUSTER_LOG");
    for (size_t i = 0; wanted && i < MU_COUNT(level_names); i++)
        if (strcmp(wanted, level_names[i]) == 0)
            threshold = (enum mu_log_level)i;
}

void mu_log(enum mu_log_level level, const char *group, const char *fmt, ...)
{
    if (level > threshold)
        return;
    char text[2048], when[MU_TIME_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *clean = mu_redact_text(text);
    struct mu_buf plain = {0}; /* it quotes strangers, and logs are read on terminals */
    mu_plain(&plain, clean, false);
    fprintf(stderr, "%s %s[%d] %s: %s\n", mu_time_utc(mu_clock_real_ms(), when), level_names[level],
            (int)getpid(), group, mu_buf_text(&plain));
    mu_buf_free(&plain);
    free(clean);
}
