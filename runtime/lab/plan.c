/* SPDX-License-Identifier: MIT
 *
 * Who stands where; see plan.h. */
#include "lab/plan.h"

#include <assert.h>
#include <string.h>

const struct mu_lab_plan_host mu_lab_plan_hosts[MU_LAB_HOSTS] = {
    {"mx1.example.com", "127.0.0.11", "primary of example.com", "mx1", false, false},
    {"mx2.example.com", "127.0.0.12", "second primary, same site", "mx2", false, false},
    {"mx-standby.example.net", "127.0.0.21", "standby, elsewhere", "standby", false, false},
    {"control.example.net", "127.0.0.31", "not ours: \"is it me?\"", "control", true, false},
    {"relay.example.net", "127.0.0.41", "sends our own e-mail", "relay", true, true},
};

#define HEAD(zone)                                                                       \
    {zone, "SOA", 3600, {"ns1." zone ". hostmaster." zone ". 1 10800 3600 604800 300"}}, \
        {zone, "NS", 3600, {"ns1." zone ".", "ns2." zone "."}},                          \
        {"ns1." zone, "A", 3600, {MU_LAB_NS1_ADDRESS}},                                  \
    {                                                                                    \
        "ns2." zone, "A", 3600,                                                          \
        {                                                                                \
            MU_LAB_NS2_ADDRESS                                                           \
        }                                                                                \
    }

/* Addresses of the SMTP hosts are not here: they come from mu_lab_plan_hosts. */
const struct mu_lab_plan_rrset mu_lab_plan_rrsets[] = {
    HEAD("example.com"),
    {"example.com", "MX", 3600, {"10 mx1.example.com.", "20 mx2.example.com."}},
    {"example.com", "TXT", 3600, {"\"v=spf1 mx -all\""}},
    {"_dmarc.example.com", "TXT", 3600, {"\"v=DMARC1; p=reject\""}},
    HEAD("example.net"),
    {"example.net", "MX", 3600, {"10 mx-standby.example.net."}},
    {"drill.example.net", "MX", 3600, {"10 mx1.example.com.", "20 mx2.example.com."}},
    {"example.net", "TXT", 3600, {"\"v=spf1 mx a:relay.example.net -all\""}},
    {"_dmarc.example.net", "TXT", 3600, {"\"v=DMARC1; p=reject\""}},
    {NULL, NULL, 0, {NULL}},
};

const struct mu_lab_plan_host *mu_lab_plan_host(const char *word)
{
    for (size_t i = 0; i < MU_LAB_HOSTS; i++)
        if (strcmp(mu_lab_plan_hosts[i].word, word) == 0)
            return &mu_lab_plan_hosts[i];
    assert(!"no such host in the plan");
    return NULL;
}
