/* SPDX-License-Identifier: MIT
 *
 * Trust anchors; see anchors.h. */
#include "anchors.h"

#include <string.h>

#include "base/mem.h"
#include "verify.h"

/* The root's keys 20326 (since 2017) and 38696 (since 2024, signing from 2026): https://data.iana.org/root-anchors/
 * root-anchors.xml, as in Debian's dns-root-data 2024071801. */
static const char *const root[] = {
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"};

/* A new record, NULL when the text is neither DS nor DNSKEY. */
static ldns_rr *read_anchor(const char *text)
{
    ldns_rr *rr = NULL, *ds = NULL;
    if (ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK)
        return NULL;
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DS)
        return rr;
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY)
        ds = ldns_key_rr2ds(rr, LDNS_SHA256);
    ldns_rr_free(rr);
    return ds;
}

ldns_rr_list *dnssec_anchors(const struct mu_host *host, struct mu_fail *fail)
{
    const json_t *own = mu_config(host, "dns.trust_anchors");
    size_t count = json_array_size(own);
    ldns_rr_list *anchors = ldns_rr_list_new();
    for (size_t i = 0; i < (count ? count : MU_COUNT(root)); i++) {
        const char *text = count ? json_string_value(json_array_get(own, i)) : root[i];
        ldns_rr *ds = text ? read_anchor(text) : NULL;
        if (ds) {
            ldns_rr_list_push_rr(anchors, ds);
            continue;
        }
        mu_fail_set(fail, MU_USAGE,
                    "dns.trust_anchors[%zu] is no DS and no DNSKEY record as a zone file has it: "
                    "\"%.80s\"",
                    i + 1, text ? text : "");
        ldns_rr_list_deep_free(anchors);
        return NULL;
    }
    return anchors;
}

ldns_rr_list *dnssec_anchors_above(const ldns_rr_list *anchors, const ldns_rdf *name)
{
    const ldns_rdf *deepest = NULL;
    for (size_t i = 0; i < ldns_rr_list_rr_count(anchors); i++) {
        const ldns_rdf *owner = ldns_rr_owner(ldns_rr_list_rr(anchors, i));
        if (dnssec_encloses(owner, name) &&
            (!deepest || ldns_dname_label_count(owner) > ldns_dname_label_count(deepest)))
            deepest = owner;
    }
    if (!deepest)
        return NULL;
    ldns_rr_list *chosen = ldns_rr_list_new();
    for (size_t i = 0; i < ldns_rr_list_rr_count(anchors); i++)
        if (ldns_dname_compare(ldns_rr_owner(ldns_rr_list_rr(anchors, i)), deepest) == 0)
            ldns_rr_list_push_rr(chosen, ldns_rr_clone(ldns_rr_list_rr(anchors, i)));
    return chosen;
}
