/* SPDX-License-Identifier: MIT
 *
 * From what a person typed to a run: see begin.h. */
#include "cli/begin.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/published.h"
#include "cli/say.h"
#include "engine/run.h"
#include "module/registry.h"
#include "playbook/check.h"

struct ready { /* what a run starts from */
    struct mu_choice choice;
    struct mu_header *header;
    json_t *params;
};

static void ready_fini(struct ready *ready)
{
    mu_choice_fini(&ready->choice);
    mu_header_free(ready->header);
    json_decref(ready->params);
}

static void print_problem(const struct mu_problem *problem, void *ud)
{
    int *count = ud;
    *count += problem->refused;
    if (problem->refused)
        say_err("%s:%d:%d: %s%s%s\n", problem->file, problem->line, problem->column, problem->what,
                problem->mend ? ": " : "", problem->mend ? problem->mend : "");
}

/* What can't work wherever the run goes. `muster check` finds more: what a run may never come to must not
 * keep it from starting in the night. */
static bool refused(const struct mu_cli *cli, const struct mu_bundle *bundle)
{
    int count = 0;
    mu_check(bundle, mu_run_words(cli->config), NULL, print_problem, &count);
    return count > 0;
}

static enum mu_err check_modules(const struct mu_cli *cli, struct mu_fail *fail)
{
    struct mu_registry *registry;
    enum mu_err err = mu_run_registry(cli->config, &registry, fail);
    mu_registry_free(registry);
    return err;
}

static enum mu_err load(struct mu_cli *cli, struct ready *ready, int argc, char **argv, bool live,
                        struct mu_fail *fail)
{
    if (check_modules(cli, fail) != MU_OK)
        return fail->class;
    if (published_choose(cli, argv[1], live, &ready->choice, fail) != MU_OK)
        return fail->class;
    if (mu_header_read(ready->choice.bundle, &ready->header, fail) != MU_OK)
        return fail->class;
    if (refused(cli, ready->choice.bundle))
        return mu_fail_set(fail, MU_USAGE, "the playbook has errors; nothing was started");
    return mu_params_resolve(ready->header, (const char *const *)argv + 2, (size_t)argc - 2,
                             cli->config->values, &ready->params, fail);
}

/* Who looks on reads in the first line what runs and why it is that one. */
static void say_choice(const struct mu_cli *cli, const struct ready *ready, bool detach)
{
    const struct mu_choice *choice = &ready->choice;
    if (cli->json)
        return;
    if (detach)
        say_err("%s@%s: %s\n", ready->header->name, ready->header->version, choice->text);
    if (choice->elsewhere)
        say_err("%s holds something else: to run that, name the folder\n", choice->elsewhere);
}

/* Over the socket it runs as the supervisor: of files that only that can read, none is named by a word of others. */
static int check_peer(const struct mu_cli *cli, const char *command, int argc, char **argv)
{
    if (cli->peer == NULL)
        return 0;
    if (strchr(argv[1], '/') || argv[1][0] == '.')
        return mu_cli_fail(
            cli, command, MU_EXIT_USAGE,
            "over the socket of muster serve a playbook is started by its name: %s is "
            "a folder",
            argv[1]);
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '='), *value = equals ? equals + 1 : "";
        if (strncmp(value, "file:", 5) == 0 || strncmp(value, "env:", 4) == 0 ||
            strcmp(value, "-") == 0)
            return mu_cli_fail(cli, command, MU_EXIT_USAGE,
                               "over the socket of muster serve no secret can be given: %.*s",
                               equals ? (int)(equals - argv[i]) : 0, argv[i]);
    }
    return 0;
}

/* They stand in the journal's first row as they are. */
static bool holds_secret_fault(const struct mu_cli *cli, const char *command,
                               const struct start *how)
{
    size_t i;
    json_t *fault;
    json_array_foreach(how->wish ? how->wish->faults : NULL, i, fault)
    {
        if (mu_cli_holds_secret(cli, command, json_string_value(fault)))
            return true;
    }
    return false;
}

int begin_run(struct mu_cli *cli, const char *command, int argc, char **argv, struct start *how)
{
    struct ready ready = {0};
    struct mu_fail fail;
    int code = check_peer(cli, command, argc, argv);
    if (code)
        return code;
    for (int i = 2; i < argc; i++)
        if (mu_cli_holds_secret(cli, command, argv[i]))
            return MU_EXIT_USAGE;
    if (holds_secret_fault(cli, command, how))
        return MU_EXIT_USAGE;
    bool live = !how->dry && how->wish == NULL;
    enum mu_err err = load(cli, &ready, argc, argv, live, &fail);
    if (err != MU_OK) {
        code = mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    } else {
        how->source = ready.choice.source;
        say_choice(cli, &ready, how->detach);
        code = start_run(cli, command, ready.choice.bundle, ready.header, ready.params, how);
    }
    ready_fini(&ready);
    return code;
}
