/* SPDX-License-Identifier: MIT
 *
 * Who stands where in the lab: names, addresses, roles. The one list that zones, certificates, SMTP
 * hosts, muster.lua and the screens are made from. To add an SMTP host, add its line to plan.c. */
#ifndef MU_LAB_PLAN_H
#define MU_LAB_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#define MU_LAB_RESOLVER_ADDRESS "127.0.0.2"
#define MU_LAB_NS1_ADDRESS      "127.0.0.3"
#define MU_LAB_NS2_ADDRESS      "127.0.0.4"
#define MU_LAB_API_ADDRESS      "127.0.0.5"
#define MU_LAB_INBOX_ADDRESS    "127.0.0.6"
#define MU_LAB_CONTROL_ADDRESS  "127.0.0.7"

#define MU_LAB_RELAY_USER "muster"

struct mu_lab_plan_host {
    const char *name, *address;
    const char *role; /* for people */
    const char *word; /* "mx1", "mx2", "standby", "control", "relay" */
    bool takes_any;   /* mail for every domain; else only for example.com and example.net */
    bool submission;  /* offers AUTH: a relay for our own mail */
};

#define MU_LAB_HOSTS 5
extern const struct mu_lab_plan_host mu_lab_plan_hosts[MU_LAB_HOSTS];
/* The first host with this word; there is one of each. */
const struct mu_lab_plan_host *mu_lab_plan_host(const char *word);

struct mu_lab_plan_rrset {
    const char *name, *type; /* without final dot */
    unsigned ttl;
    const char *content[4]; /* as PowerDNS writes it; NULL ends */
};
extern const struct mu_lab_plan_rrset mu_lab_plan_rrsets[]; /* name == NULL ends */

#endif
