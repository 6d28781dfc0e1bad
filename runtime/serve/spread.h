/* SPDX-License-Identifier: MIT
 *
 * What has the same interval must not begin at the same instant. Where in it each thing begins follows from its
 * name alone: it stays there when others come and go, at a reload and behind a restart. Pure functions. */
#ifndef MU_SERVE_SPREAD_H
#define MU_SERVE_SPREAD_H

#include <stdint.h>

/* From 0 to below width_ms (which is positive): the first 8 octets of SHA-256("NAME AT"), modulo width_ms. */
int64_t mu_spread(const char *name, int64_t at, int64_t width_ms);
/* The first instant from `now` on of those that are this name's, every_ms apart. */
int64_t mu_spread_next(const char *name, int64_t every_ms, int64_t now);

#endif
