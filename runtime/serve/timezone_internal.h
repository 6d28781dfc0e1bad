/* SPDX-License-Identifier: MIT
 *
 * Private to timezone*.c: a zone is the list of its changes, up to TIMEZONE_LAST_YEAR. */
#ifndef MU_SERVE_TIMEZONE_INTERNAL_H
#define MU_SERVE_TIMEZONE_INTERNAL_H

#include "serve/timezone.h"

#define TIMEZONE_LAST_YEAR \
    2200 /* rules are written out up to here: two changes a year are little */
#define TIMEZONE_OFFSET_MAX 93600 /* RFC 8536 3.2: utoff lies between -24:59:59 and 25:59:59 */
#define TIMEZONE_NAME       32    /* of an abbreviation; POSIX wants at least 6 */

struct timezone_state { /* what is in force */
    int32_t offset;
    char name[TIMEZONE_NAME];
};
struct timezone_change {
    int64_t at; /* from here on */
    struct timezone_state state;
};
struct mu_timezone {
    struct timezone_state first; /* before the first change */
    struct timezone_change *changes;
    size_t count, cap;
};

/* In order of time; one at the same instant as the last takes its place. */
void timezone_add(struct mu_timezone *, int64_t at, const struct timezone_state *);

/* Adds the changes behind the last one there is by the rule ("" = none). */
enum mu_err timezone_add_rule(struct mu_timezone *, const char *rule, struct mu_fail *);

#endif
