/* SPDX-License-Identifier: MIT
 *
 * Time zone files: what is taken has its changes in order, and local times find their way there and back. */
#include "fuzz.h"

#include <string.h>

#include "serve/timezone.h"

static void check_instants(const struct mu_timezone *zone, int64_t utc_s)
{
    int64_t at[2], change;
    int64_t local = utc_s + mu_timezone_offset(zone, utc_s, NULL);
    size_t count = mu_timezone_instants(zone, local, at, &change);
    promise(count <= 2);
    for (size_t i = 0; i < count; i++)
        promise(at[i] + mu_timezone_offset(zone, at[i], NULL) == local);
    promise(count < 2 || at[0] < at[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_timezone *zone;
    struct mu_fail fail = {0};
    uint8_t *copy = malloc(len + 1); /* its own block: reading past its end shows */
    memcpy(copy, bytes, len);
    enum mu_err err = mu_timezone_parse(copy, len, &zone, &fail);
    promise(err == MU_OK || (err == MU_CONFIG && fail.text[0] != '\0'));
    int64_t at = -(INT64_C(1) << 40);
    for (int i = 0; err == MU_OK && i < 2000; i++) {
        int64_t next = mu_timezone_next_change(zone, at);
        promise(next > at);
        if (next == INT64_MAX || next > INT64_C(1) << 40)
            break;
        check_instants(zone, next - 1);
        check_instants(zone, next);
        at = next;
    }
    if (err == MU_OK)
        mu_timezone_free(zone);
    free(copy);
    return 0;
}
