/* SPDX-License-Identifier: MIT
 *
 * Options of a drill; see drilling.h. */
#include "cli/drilling.h"

#include "base/clock.h"

int drilling_options(struct mu_cli *cli, const char *command, int *argc, char **argv,
                     struct start *how, struct drilling *drilling)
{
    const char *fault = NULL, *every = NULL;
    json_t *faults = json_array();
    drilling->wish.faults = faults;
    drilling->wish.dry_people = mu_cli_option(argc, argv, "--dry-people", NULL);
    mu_cli_option(argc, argv, "--scenario", &drilling->wish.scenario);
    if (mu_cli_option(argc, argv, "--every", &every) &&
        (!mu_duration_parse(every, &drilling->wish.every_ms) ||
         drilling->wish.every_ms < MU_DRILL_EVERY_LEAST_MS)) {
        drilling_fini(drilling);
        return mu_cli_fail(cli, command, MU_EXIT_USAGE,
                           "--every takes a duration such as \"10s\", not \"%.40s\"", every);
    }
    while (drilling->count < DRILLING_MOST_FAULTS && mu_cli_option(argc, argv, "--fault", &fault)) {
        json_array_append_new(faults, json_string(fault));
        drilling->count++;
    }
    if (drilling->count == DRILLING_MOST_FAULTS && mu_cli_option(argc, argv, "--fault", &fault))
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "more than %d times --fault",
                           DRILLING_MOST_FAULTS);
    how->wish = &drilling->wish;
    if (json_array_size(faults) < drilling->count)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "a --fault is no UTF-8");
    if (how->dry)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "a drill or a dry run, not both");
    if (how->incident)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE,
                           "a drill opens an incident of its own: leave --incident out");
    return 0;
}

void drilling_fini(struct drilling *drilling)
{
    json_decref((json_t *)drilling->wish.faults);
    drilling->wish.faults = NULL;
}
