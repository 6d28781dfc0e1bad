/* SPDX-License-Identifier: MIT
 *
 * MTA-STS policies and records of hostile domains: what is taken keeps its bounds, and a pattern covers one label. */
#include "fuzz.h"

#include <string.h>

#include "mail/sts/policy.h"

static void check_pattern(const char *pattern)
{
    char host[600];
    bool any = strncmp(pattern, "*.", 2) == 0;
    promise(strchr(pattern + (any ? 1 : 0), '*') == NULL);
    snprintf(host, sizeof host, "%s%s", any ? "a." : "", pattern + (any ? 2 : 0));
    promise(sts_pattern_covers(pattern, host));
    snprintf(host, sizeof host, "b.%s%s", any ? "a." : "", pattern + (any ? 2 : 0));
    promise(!sts_pattern_covers(pattern, host));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct sts_policy policy;
    struct mu_fail fail;
    char id[STS_ID_MAX + 1], *own = malloc(len + 1);
    size_t i;
    bool found;
    json_t *pattern;
    memcpy(own, bytes, len);
    own[len] = '\0';
    if (sts_policy_parse(own, &policy, &fail) == MU_OK) {
        promise(policy.max_age_s >= 0 && policy.max_age_s <= 31557600);
        promise(policy.mode == STS_NONE || json_array_size(policy.mx) > 0);
        json_array_foreach(policy.mx, i, pattern)
        {
            check_pattern(json_string_value(pattern));
        }
    }
    sts_policy_free(&policy);
    json_t *records = json_array();
    json_array_append_new(records, json_stringn_nocheck(own, strlen(own)));
    if (sts_record_read(records, &found, id, &fail) == MU_OK)
        promise(strlen(id) <= STS_ID_MAX && found == (id[0] != '\0'));
    json_decref(records);
    free(own);
    return 0;
}
