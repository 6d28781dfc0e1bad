/* SPDX-License-Identifier: MIT
 *
 * Diagnostics for operators, on stderr or the executor's log file. Not evidence: what must be kept
 * goes to the journal. Every line passes redaction (redact.h) first. */
#ifndef MU_BASE_LOG_H
#define MU_BASE_LOG_H

#include "base/attr.h"

enum mu_log_level { MU_LOG_ERROR, MU_LOG_WARN, MU_LOG_INFO, MU_LOG_DEBUG };

/* group = the folder that speaks: "journal", "io.smtp". */
MU_API void mu_log(enum mu_log_level, const char *group, const char *fmt, ...) MU_PRINTF(3, 4);
/* Default MU_LOG_WARN; $MUSTER_LOG=debug|info|warn|error sets it at start. */
void mu_log_level_set(enum mu_log_level);
void mu_log_from_env(void);

#define mu_error(group, ...) mu_log(MU_LOG_ERROR, group, __VA_ARGS__)
#define mu_warn(group, ...)  mu_log(MU_LOG_WARN, group, __VA_ARGS__)
#define mu_info(group, ...)  mu_log(MU_LOG_INFO, group, __VA_ARGS__)
#define mu_debug(group, ...) mu_log(MU_LOG_DEBUG, group, __VA_ARGS__)

#endif
