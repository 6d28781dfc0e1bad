/* SPDX-License-Identifier: MIT
 *
 * Where muster's own files are; see place.h. */
#include "base/place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define LEVELS 3 /* TREE/build/release/muster */

char *mu_place_playbooks(void)
{
    static const char *const below[] = {"share/muster/playbooks", "playbooks"};
    char exe[4096];
    struct stat info;
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[len > 0 ? len : 0] = '\0';
    for (int up = 0; up < LEVELS; up++) {
        char *slash = strrchr(exe, '/');
        if (slash == NULL)
            break;
        *slash = '\0';
        for (size_t i = 0; i < MU_COUNT(below); i++) {
            char *dir = mu_xasprintf("%s/%s", exe, below[i]);
            if (stat(dir, &info) == 0 && S_ISDIR(info.st_mode))
                return dir;
            free(dir);
        }
    }
    return mu_xstrdup("/usr/share/muster/playbooks");
}
