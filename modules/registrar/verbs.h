/* SPDX-License-Identifier: MIT
 *
 * The functions behind the table in registrar.c. */
#ifndef MU_REGISTRAR_VERBS_H
#define MU_REGISTRAR_VERBS_H

#include "base/name.h"
#include "module/module.h"

/* probes.c */
void mu_zone_mx_start(struct mu_call *);
void mu_zone_get_start(struct mu_call *);
void mu_zone_snapshot_start(struct mu_call *);
void mu_zone_probe_cancel(struct mu_call *);
json_t *mu_zone_mx_under(struct mu_call *, const struct mu_facts *, json_t *real_take);
json_t *mu_zone_get_under(struct mu_call *, const struct mu_facts *, json_t *real_take);
json_t *mu_zone_snapshot_under(struct mu_call *, const struct mu_facts *, json_t *real_take);

/* change.c: zone.set and zone.set_mx */
void mu_zone_change_prepare(struct mu_call *);
void mu_zone_change_start(struct mu_call *);
void mu_zone_change_readback(struct mu_call *);
void mu_zone_change_cancel(struct mu_call *);

/* plan.c: the same, without the network */
json_t *mu_zone_change_invert(struct mu_call *);
json_t *mu_zone_change_foresee(struct mu_call *, struct mu_facts *);

/* elsewhere.c: in a drill. redirect: {from, to}, the domains */
json_t *mu_zone_change_redirect(struct mu_call *, struct mu_fail *);
/* The name that is changed for this one; itself outside of drills. */
void mu_zone_elsewhere(const struct mu_call *, const char *name, char out[MU_NAME_TEXT]);

/* doctor.c */
void mu_zone_doctor(struct mu_call *);

#endif
