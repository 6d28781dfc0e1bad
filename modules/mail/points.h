/* SPDX-License-Identifier: MIT
 *
 * Is a candidate MX set fit to take the mail of a domain now? A list of points, each pass, warn,
 * fail or unknown, judged purely from what was seen. Unknown is never pass: what this version
 * cannot judge is listed, so that whoever approves knows what was not looked at.
 *
 *   {point, host?, address?, state, why?} */
#ifndef MU_MAIL_POINTS_H
#define MU_MAIL_POINTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct mu_mail_candidate {
    const char *domain;
    const json_t *mx;      /* [{preference, host}], the candidates */
    int64_t ttl;           /* wanted for the new set, -1 = not said */
    bool add;              /* keep the present set behind the candidates */
    const char *recipient; /* that was asked for, NULL = none */
    const json_t *sight;   /* look.h, of the candidates */
    const json_t *current; /* result of dns.mx at = "authoritative" */
    const json_t *sts;     /* result of mail.mta_sts of the candidates */
    int64_t now_s;         /* Unix time */
};

/* The whole result of mail.preflight but `ms`. */
json_t *mu_mail_preflight_judge(const struct mu_mail_candidate *);

/* The set to write: [{preference, host, ttl}]. With `add` the present hosts follow, their
 * preferences raised together where they would not be behind the candidates. */
json_t *mu_mail_mx_set(const json_t *candidates, const json_t *present, bool add, int64_t ttl);
/* 300 s, or the present TTL when that is lower, or what was asked for. */
int64_t mu_mail_mx_ttl(int64_t wanted, int64_t present);

#endif
