/* SPDX-License-Identifier: MIT
 *
 * Does the domain receive mail? Judged from what was seen (look.h). Pure, and tested row by row.
 *
 *   up            a host of the best preference that can be reached takes mail
 *   rejecting     those that can be reached refuse for good (5xx): mail bounces now, nobody retries
 *   down          nobody can be reached: senders retry for days
 *   inconclusive  anything else; never a reason to act
 *
 * As a sender goes (RFC 5321 5.1): best preference first, the next when it can't be reached; a 5xx
 * ends the delivery. An address this host has no way to (IPv6 without a route) says nothing and is
 * left out. */
#ifndef MU_MAIL_JUDGE_H
#define MU_MAIL_JUDGE_H

#include <jansson.h>
#include <stdbool.h>

enum mu_mail_verdict {
    MU_MAIL_UP,
    MU_MAIL_REJECTING,
    MU_MAIL_DOWN,
    MU_MAIL_INCONCLUSIVE,
    MU_MAIL_UNSEEN, /* of an address or host: left out */
    MU_MAIL_VERDICTS
};

const char *mu_mail_verdict_name(enum mu_mail_verdict);

/* What one smtp.probe result says of its address. */
enum mu_mail_verdict mu_mail_judge_address(const json_t *probe);
enum mu_mail_verdict mu_mail_judge_host(const json_t *host_of_sight);
/* Of a whole sight; never UNSEEN. */
enum mu_mail_verdict mu_mail_judge(const json_t *sight);

/* "Is it me?": controls are [{target, probe}]. */
enum mu_mail_controls { MU_MAIL_CONTROLS_NONE, MU_MAIL_CONTROLS_FINE, MU_MAIL_CONTROLS_FAIL };
enum mu_mail_controls mu_mail_judge_controls(const json_t *controls, enum mu_mail_verdict);
/* The verdict once the controls are known: what fails everywhere is not the domain's fault. */
enum mu_mail_verdict mu_mail_judge_with_controls(enum mu_mail_verdict, enum mu_mail_controls);

/* True when the verdict is worth asking the control targets. */
bool mu_mail_needs_controls(enum mu_mail_verdict);

/* "DOWN: mx1.example.com 192.0.2.10 connect timeout; control targets fine" and the whole result:
 * {ok, why, verdict, broken, hosts, control}. */
json_t *mu_mail_report(const json_t *sight, const json_t *controls);
/* The result when there was nothing to look at. */
json_t *mu_mail_report_nothing(const char *why);

#endif
