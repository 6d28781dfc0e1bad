/* SPDX-License-Identifier: MIT
 *
 * What a zone.set or zone.set_mx means, without the network: target and wanted rrset from the
 * arguments, the guard against the before-image, the intent, the result, the undo, the dry run's
 * facts. Pure. */
#ifndef MU_REGISTRAR_PLAN_H
#define MU_REGISTRAR_PLAN_H

#include "driver.h"

struct mu_zone_plan {
    char name[MU_NAME_TEXT];
    uint16_t type;
    bool as_mx;      /* zone.set_mx: before and after also carry `mx` */
    json_t *wanted;  /* {ttl or null, records} in normal form */
    json_t *only_if; /* the same, NULL = no guard */
};

/* From call->args. MU_USAGE for what must not or cannot be done. */
enum mu_err mu_zone_plan_init(struct mu_zone_plan *, const struct mu_call *, struct mu_fail *);
void mu_zone_plan_fini(struct mu_zone_plan *);

/* The guard: MU_CONFLICT with both sides when before is not what only_if says. */
enum mu_err mu_zone_plan_guard(const struct mu_zone_plan *, const json_t *before, struct mu_fail *);
/* `wanted` with its TTL settled: its own, else before's, else 300. A new reference. */
json_t *mu_zone_plan_after(const struct mu_zone_plan *, const json_t *before);
/* {ttl, records} → the same, with `mx` beside for zone.set_mx. A new reference. */
json_t *mu_zone_plan_image(bool as_mx, const json_t *rrset);

/* What an act returns. servers borrowed, may be NULL. */
json_t *mu_zone_plan_result(const json_t *prepared, const json_t *servers, bool confirmed,
                            int64_t race_window_ms, int64_t now_s);

#endif
