/* SPDX-License-Identifier: MIT
 *
 * The negative control of --repeats: an engine that sends an act again while the row that says so (`h again`)
 * still waits for company. The next executor does not know of the second sending: there must be doubles. */
#include "crash.h"
#include "engine/internal.h"

bool __real_record_barrier(struct run *);
bool __wrap_record_barrier(struct run *);

bool __wrap_record_barrier(struct run *run)
{
    static int64_t seen; /* of this life: each is a process of its own */
    if (crash_tally()->agains == seen)
        return __real_record_barrier(run);
    seen = crash_tally()->agains;
    return true;
}
