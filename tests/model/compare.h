/* SPDX-License-Identifier: MIT
 *
 * What the model expects against what the engine did. */
#ifndef TEST_MODEL_COMPARE_H
#define TEST_MODEL_COMPARE_H

#include "engine.h"

struct verdict {
    bool same;
    char what[4000];
};

/* resumed: acts that may be repeated may have happened once more. */
struct verdict compare(const struct expectation *, const struct engine_run *, bool dry,
                       bool resumed);

#endif
