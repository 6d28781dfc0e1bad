/* SPDX-License-Identifier: MIT
 *
 * The parts of a domain's picture: which probe is asked for each, and what its result means for the mail. Pure.
 *
 * To add a part: a judge in parts.c and its line in mu_mail_parts. */
#ifndef MU_MAIL_PARTS_H
#define MU_MAIL_PARTS_H

#include <jansson.h>
#include <stdbool.h>

/* From good to bad; absent: it is not there, and need not be. */
#define MU_MAIL_STATES(X) \
    X(PASS, "pass") X(ABSENT, "absent") X(WARN, "warn") X(UNKNOWN, "unknown") X(FAIL, "fail")
enum mu_mail_state {
#define X(id, name) MU_MAIL_##id,
    MU_MAIL_STATES(X)
#undef X
        MU_MAIL_STATE_COUNT
};
const char *mu_mail_state_name(enum mu_mail_state);

#define MU_MAIL_PARTS 8
extern const struct mu_mail_part {
    const char *name, *verb;
    bool talks; /* to the mail hosts themselves, which takes longer */
    /* Of the result of that verb: what it means, and why in words (new). */
    enum mu_mail_state (*judge)(const json_t *result, char **why_out);
} mu_mail_parts[MU_MAIL_PARTS];

/* {ok, why, parts: [{part, state, why, result}], counts: {pass, absent, ...}} of the results in their order; NULL where one was not
 * asked. New. */
json_t *mu_mail_picture_of(json_t *const results[MU_MAIL_PARTS]);

#endif
