/* SPDX-License-Identifier: MIT
 *
 * Names of playbooks; see playbooks.h. */
#include "cli/playbooks.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

static bool in_folder(const char *folder, bool (*cb)(const char *, void *), void *ud)
{
    bool more = true;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; more && dir && (entry = readdir(dir)) != NULL;) {
        char *path = mu_xasprintf("%s/%s/playbook.lua", folder, entry->d_name);
        if (entry->d_name[0] != '.' && access(path, R_OK) == 0)
            more = cb(entry->d_name, ud);
        free(path);
    }
    if (dir)
        closedir(dir);
    return more;
}

void playbooks_each(const char *const *search, bool (*cb)(const char *name, void *ud), void *ud)
{
    while (*search && in_folder(*search, cb, ud))
        search++;
}
