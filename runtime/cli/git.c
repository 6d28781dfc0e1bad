/* SPDX-License-Identifier: MIT
 *
 * git as a child process; see git.h. */
#include "cli/git.h"

#include <stdlib.h>

#include "base/mem.h"

#define GIT_WAIT_S 20

bool git_run(struct mu_child *child, const char *folder, const char *const *words, size_t count)
{
    static const char *const before[] = {"git", "-c", "core.fsmonitor=false", "-C"};
    size_t n = 0;
    const char **argv = mu_xcalloc(MU_COUNT(before) + count + 2, sizeof *argv);
    for (size_t i = 0; i < MU_COUNT(before); i++)
        argv[n++] = before[i];
    argv[n++] = folder;
    for (size_t i = 0; i < count; i++)
        argv[n++] = words[i];
    *child = (struct mu_child){.argv = argv, .timeout_s = GIT_WAIT_S};
    if (mu_child_run(child, NULL) != MU_OK)
        child->code = -1;
    free(argv);
    return child->code == 0;
}
