/* SPDX-License-Identifier: MIT
 *
 * Run files by what a person types; see evidence.h. A file needs neither configuration nor store.
 */
#include "cli/evidence.h"

#include <stdio.h>
#include <string.h>

#include "cli/find.h"

bool evidence_is_file(const char *typed)
{
    size_t len = strlen(typed);
    return strchr(typed, '/') != NULL || (len > 4 && strcmp(typed + len - 4, ".run") == 0);
}

int evidence_find(struct mu_cli *cli, const char *command, const char *typed, char *path,
                  char *incident)
{
    struct found_run found;
    incident[0] = '\0';
    if (evidence_is_file(typed)) {
        if (strlen(typed) >= EVIDENCE_PATH)
            return mu_cli_fail(cli, command, MU_EXIT_USAGE, "the path is too long");
        snprintf(path, EVIDENCE_PATH, "%s", typed);
        return 0;
    }
    int code = find_run_or_file(cli, command, typed, &found);
    if (code)
        return code;
    snprintf(path, EVIDENCE_PATH, "%s", found.path);
    snprintf(incident, 32, "%s", found.incident);
    return 0;
}
