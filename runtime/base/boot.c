/* SPDX-License-Identifier: MIT
 *
 * The wall clock against the boot clock: where a step of the former shows; see clock.h. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define PAUSE_MS 100 /* between two readings: something else ran, they don't belong together */

int64_t mu_clock_wall_ahead_ms(void)
{
    int64_t ahead = 0;
    for (int tries = 0; tries < 20; tries++) {
        int64_t before = mu_clock_boot_ms();
        ahead = mu_clock_real_ms() - before;
        if (mu_clock_boot_ms() - before < PAUSE_MS)
            break;
    }
    return ahead;
}

const char *mu_clock_boot_id(void)
{
    static char id[64];
    if (mu_clock_simulated())
        return "";
    if (id[0])
        return id;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file && fgets(id, sizeof id, file))
        id[strcspn(id, "\n")] = '\0';
    if (file)
        fclose(file);
    return id;
}
