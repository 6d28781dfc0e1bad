/* SPDX-License-Identifier: MIT
 *
 * What a DNS host must be able to do for the zone verbs: read one rrset, list a zone, write one
 * rrset. Everything else (guards, read-back, authoritative servers, undo, waiting after a 429) is
 * done once, in change.c and ask.c.
 *
 *   ask.c ──job──▶ driver->read / list / write / check ──▶ mu_zone_job_done() or mu_zone_job_fail()
 *                                │ 429: mu_zone_job_busy()  ─▶ ask.c waits and asks again
 *
 * To add a driver: one file in drivers/ with one `const struct mu_zone_driver`, one line in
 * mu_zone_drivers[] (provider.c). drivers/rest.h has what JSON over HTTP needs. Rules:
 *   - Write exactly one rrset, and nothing else: comments, disabled records and other types stay.
 *   - A request that may have reached the provider and was not answered is in_doubt.
 *   - Read from where the write goes (the API, the primary), never from a resolver.
 *   - The witness changes when anybody changes the zone: a serial, an ETag; "" when there is none.
 * It is read before the rrset, so that a change in between shows. */
#ifndef MU_REGISTRAR_DRIVER_H
#define MU_REGISTRAR_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/name.h"
#include "io/op.h"
#include "module/module.h"

struct mu_zone_driver;

/* One entry of muster.lua's `providers`. */
struct mu_zone_provider {
    char name[128];       /* "pdns-prod" */
    const json_t *config; /* providers["pdns-prod"], borrowed */
    const struct mu_zone_driver *driver;
    int timeout_ms; /* of one request; `timeout` in the provider's entry, else 15 s */
};

/* One request to a provider. Whoever asks fills the first part; the driver fills the second. */
struct mu_zone_job {
    const struct mu_host *host;
    struct mu_zone_provider provider;
    char name[MU_NAME_TEXT]; /* owner, our form; list and check: any name inside the zone */
    char zone[MU_NAME_TEXT]; /* "" = the driver finds the zone of the name, and fills it in */
    uint16_t type;
    bool for_change; /* a write will follow: `keep` must hold what it has to preserve */
    const json_t *before, *after; /* write: {ttl, records} in normal form */

    json_t *rrset;   /* read: {ttl, records} in normal form */
    json_t *records; /* list: [{name, type, ttl, records}], the names absolute in our form */
    json_t *keep;    /* read: the driver's own, handed to the next write */
    char witness[64];
    char note[256];      /* check: what is worth knowing although it works, "" = nothing */
    struct mu_fail fail; /* class MU_OK = it went well */
    bool in_doubt;
    int64_t retry_after_ms; /* >= 0: nothing was done, ask again in that time */

    void (*done)(struct mu_zone_job *);
    void *ud;
    struct mu_op *op; /* the driver's operation in flight, cancelled with the job */
    void *state;      /* the driver's own while it works; freed with free() when cancelled */
    int step;         /* the driver's own, 0 at the start */
};

struct mu_zone_driver {
    const char *name;     /* "powerdns", as in providers[].driver */
    const char *race;     /* how a colleague's change in between is caught, for people */
    bool compare_and_set; /* write compares with job->before; else change.c reads once more */
    /* Is the provider's entry complete? Sends nothing. MU_CONFIG names the key. */
    enum mu_err (*configured)(const struct mu_host *, const struct mu_zone_provider *,
                              struct mu_fail *);
    void (*read)(struct mu_zone_job *);
    void (*list)(struct mu_zone_job *);
    /* Makes job->after of job->before. Empty `after` deletes the rrset. MU_CONFLICT when
     * compare_and_set found something else. */
    void (*write)(struct mu_zone_job *);
    /* Do address and credentials work, now, read-only? Fills zone when the name is in one. */
    void (*check)(struct mu_zone_job *);
};

/* How a driver ends a job: exactly one of these, last thing it does with the job. */
void mu_zone_job_done(struct mu_zone_job *);
void mu_zone_job_fail(struct mu_zone_job *, enum mu_err class, bool in_doubt, const char *fmt, ...)
    MU_PRINTF(4, 5);
/* The provider asks for patience and did nothing. */
void mu_zone_job_busy(struct mu_zone_job *, int64_t retry_after_ms, const char *fmt, ...)
    MU_PRINTF(3, 4);

extern const struct mu_zone_driver mu_zone_powerdns, mu_zone_rfc2136;

#endif
