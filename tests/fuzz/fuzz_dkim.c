/* SPDX-License-Identifier: MIT
 *
 * DKIM key records of hostile domains, down to the DER in them. */
#include "fuzz.h"

#include <string.h>

#include "mail/dkim/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *own = malloc(len + 1);
    memcpy(own, bytes, len);
    own[len] = '\0';
    json_t *records = json_array();
    json_array_append_new(records, json_stringn_nocheck(own, strlen(own)));
    struct dkim_key key = dkim_key_read(records);
    promise(key.state != DKIM_ABSENT && dkim_state_name(key.state) != NULL);
    promise(key.bits >= 0 && memchr(key.why, '\0', sizeof key.why) != NULL);
    promise(key.state != DKIM_VALID || key.bits >= 256);
    json_decref(records);
    free(own);
    return 0;
}
