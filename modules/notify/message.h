/* SPDX-License-Identifier: MIT
 *
 * What is told, and to whom: arguments → call->prepared, before anything leaves. Pure but for
 * reading the template out of the bundle. The intent row holds what this makes:
 *
 *   {target: "stakeholders: Ana Ruiz, status", audience, template, kind, priority, subject, text,
 *    recipients: [{recipient, label, points: [shown], skipped: [{point, why}]}], failing: [names]}
 */
#ifndef MU_NOTIFY_MESSAGE_H
#define MU_NOTIFY_MESSAGE_H

#include "notify/channel.h"

/* A verb that tells people: which of its params holds what. */
struct telling {
    const char *audience; /* the param that names who is told */
    const char *kind;     /* NULL = from args.kind */
    bool template;        /* rendered from a file; else subject and text are params */
    bool people_only;     /* a person or a team, no audience or channel */
    bool urgent;
};

/* MU_REFUSED when everybody could be reached only through what fails; MU_CONFIG when nobody can be
 * reached at all; MU_USAGE for a wrong name or template. */
enum mu_err mu_notify_prepare(struct mu_call *, const struct telling *, json_t **out,
                              struct mu_fail *);
/* The names that fail, as prepared. */
void mu_notify_failing(const json_t *prepared, struct failing *);

#endif
