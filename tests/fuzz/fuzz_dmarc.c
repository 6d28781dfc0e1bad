/* SPDX-License-Identifier: MIT
 *
 * DMARC records of hostile domains, and walks over names of any shape: eight names at most, each an end of the first. */
#include "fuzz.h"

#include <string.h>

#include "mail/dmarc/record.h"

static void walk_up(const char *domain)
{
    size_t count = 1, len = strlen(domain);
    for (const char *next = domain; (next = dmarc_next_name(next, count == 1)) != NULL; count++) {
        size_t rest = strlen(next);
        promise(rest < len && strcmp(next, domain + len - rest) == 0);
        promise(domain[len - rest - 1] == '.');
    }
    promise(count <= DMARC_WALK);
}

static void judge(const char *text)
{
    static char names[2][16] = {"a.example.com", "example.com"};
    struct dmarc_walk walk = {.count = 2};
    const char *tag;
    json_t *records = json_array();
    json_array_append_new(records, json_stringn_nocheck(text, strlen(text)));
    for (size_t i = 0; i < walk.count; i++) {
        walk.steps[i].domain = names[i];
        dmarc_record_read(i ? records : NULL, &walk.steps[i].record);
    }
    const struct dmarc_step *applied = dmarc_applied(&walk);
    promise((applied != NULL) == (walk.steps[1].record.text != NULL));
    const char *org = dmarc_org_domain(&walk);
    promise(strcmp(org, "a.example.com") == 0 || strcmp(org, "example.com") == 0);
    if (applied)
        promise(dmarc_asked(&walk, applied, strlen(text) % 2 == 1, &tag) <= DMARC_REJECT &&
                tag != NULL);
    for (size_t i = 0; i < walk.count; i++)
        dmarc_record_free(&walk.steps[i].record);
    json_decref(records);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *own = malloc(len + 1);
    memcpy(own, bytes, len);
    own[len] = '\0';
    judge(own);
    walk_up(own);
    free(own);
    return 0;
}
