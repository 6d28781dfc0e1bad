/* SPDX-License-Identifier: MIT
 *
 * Offsets by name; see spread.h. */
#include "serve/spread.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

int64_t mu_spread(const char *name, int64_t at, int64_t width_ms)
{
    uint8_t digest[MU_SHA256];
    uint64_t number = 0;
    char *text = mu_xasprintf("%s %lld", name, (long long)at);
    mu_sha256_once(text, strlen(text), digest);
    free(text);
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | digest[i];
    return (int64_t)(number % (uint64_t)width_ms);
}

int64_t mu_spread_next(const char *name, int64_t every_ms, int64_t now)
{
    int64_t at = now - now % every_ms + mu_spread(name, 0, every_ms);
    return at < now ? at + every_ms : at;
}
