/* SPDX-License-Identifier: MIT
 *
 * The worlds of tests/model and tests/crash refuse an act whenever it is asked. After a crash the engine can't know that
 * they did so before, too, and says of a repetition that fails what it does not know (engine/call.c). Who compares such a
 * run with one that nobody disturbed takes these words out. */
#ifndef MU_TESTS_REPETITION_H
#define MU_TESTS_REPETITION_H

#include <stdbool.h>
#include <string.h>

#define REPETITION_FAILED "it was sent again, and that failed: "

/* In place; true when there were any. */
static inline bool forget_repetition(char *text)
{
    static const char *const added[] = {REPETITION_FAILED,
                                        ". Whether the first sending took effect is not known"};
    bool found = false;
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++)
        for (char *at; (at = strstr(text, added[i])) != NULL; found = true)
            memmove(at, at + strlen(added[i]), strlen(at + strlen(added[i])) + 1);
    return found;
}

#endif
