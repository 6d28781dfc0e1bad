/* SPDX-License-Identifier: MIT
 *
 * Run files by what a person types; see evidence.h. A file needs neither configuration nor store.
 */
#include "cli/evidence.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/find.h"
#include "cli/unborn.h"

/* "12", "mx-failover.12", "last". */
static bool is_run_name(const char *typed)
{
    const char *dot = strrchr(typed, '.'), *number = dot ? dot + 1 : typed;
    size_t digits = strspn(number, "0123456789");
    return strcmp(typed, "last") == 0 || (digits > 0 && number[digits] == '\0');
}

bool evidence_is_file(const char *typed)
{
    size_t len = strlen(typed);
    struct stat st;
    return strchr(typed, '/') != NULL || (len > 4 && strcmp(typed + len - 4, ".run") == 0) ||
           (!is_run_name(typed) && stat(typed, &st) == 0 && !S_ISDIR(st.st_mode));
}

int evidence_check(const struct mu_cli *cli, const char *command, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return 0; /* what is not there is said by who opens it */
    return mu_cli_fail(cli, command, MU_EXIT_USAGE,
                       "%s is %s: evidence is a plain file, a run file or an export", path,
                       S_ISDIR(st.st_mode)    ? "a folder"
                       : S_ISFIFO(st.st_mode) ? "a pipe, which can be read once only"
                                              : "a device or a socket");
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
        return evidence_check(cli, command, typed);
    }
    int code = find_run_or_file(cli, command, typed, &found);
    if (code)
        return code;
    if (unborn_was(&found) || unborn_is(cli, &found))
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s has no journal: " UNBORN_SAYS,
                           found.name);
    snprintf(path, EVIDENCE_PATH, "%s", found.path);
    snprintf(incident, 32, "%s", found.incident);
    return 0;
}
