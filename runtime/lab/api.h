/* SPDX-License-Identifier: MIT
 *
 * The DNS provider of the lab: PowerDNS's HTTP API (version 4.7) in front of the zones, as far as a
 * client that changes rrsets needs it. Statuses and messages are PowerDNS's own; tests/unit/lab
 * runs the same requests against a real pdns_server.
 *
 *   GET   /api, /api/v1/servers, /api/v1/servers/localhost
 *   GET   /api/v1/servers/localhost/zones[?zone=]
 *   GET   /api/v1/servers/localhost/zones/ZONE[?rrsets=false][&rrset_name=][&rrset_type=]
 *   PATCH /api/v1/servers/localhost/zones/ZONE    {"rrsets": [{name, type, changetype, ttl,
 * records}]}
 *
 * All or nothing: a PATCH works on a copy of the zone, which takes the zone's place at the end.
 * Stricter than PowerDNS in two places: a TTL outside 0 … 2^31-1 is refused (PowerDNS 4.7 stores -5
 * as 4294967291), and so are NS below the apex and deleting or disabling the SOA. */
#ifndef MU_LAB_API_H
#define MU_LAB_API_H

#include "lab/http.h"
#include "lab/lab.h"
#include "lab/zone.h"

struct mu_lab_api {
    struct mu_lab_zones *zones;
    const char *key; /* X-API-Key */
    const struct mu_lab_observer *observer;
    unsigned calls; /* requests with the right key */
};

/* A mu_lab_http_handler; ud is a struct mu_lab_api. */
void mu_lab_api_handle(struct mu_lab_exchange *, void *ud);

#endif
