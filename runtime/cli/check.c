/* SPDX-License-Identifier: MIT
 *
 * `muster check`: everything that can be known about a playbook without running it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/history.h"
#include "cli/say.h"
#include "engine/run.h"
#include "module/registry.h"
#include "playbook/check.h"

struct checking {
    struct mu_cli *cli;
    const struct mu_bundle *bundle;
    const char *folder; /* as it is printed before a file: "playbooks/mx-failover/", or "" */
    bool strict;
    int playbooks, errors, warnings, code;
};

/* --- saying --- */

/* The file as it can be opened: a shared library stands elsewhere. New text. */
static char *file_shown(const struct checking *checking, const struct mu_problem *problem)
{
    const char *origin = mu_bundle_origin(checking->bundle, problem->file);
    return origin ? mu_xstrdup(origin) : mu_xasprintf("%s%s", checking->folder, problem->file);
}

static void print_json(const struct mu_problem *problem, const char *file)
{
    say_json_take(json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s?}", "rule", problem->rule,
                            "file", file, "line", problem->line, "column", problem->column, "level",
                            problem->error ? "error" : "warning", "what", problem->what, "why",
                            problem->why, "mend", problem->mend));
}

static void print_problem(const struct mu_problem *problem, void *ud)
{
    struct checking *checking = ud;
    checking->errors += problem->error;
    checking->warnings += !problem->error;
    char *file = file_shown(checking, problem);
    if (checking->cli->json)
        print_json(problem, file);
    else
        say_hanging(4, "%s:%d:%d: %s%s%s: %s - %s%s%s  [%s]\n", file, problem->line,
                    problem->column, mu_cli_color(problem->error ? "red" : "yellow"),
                    problem->error ? "error" : "warning", mu_cli_color("reset"), problem->what,
                    problem->why, problem->mend ? " - " : "", problem->mend ? problem->mend : "",
                    problem->rule);
    free(file);
}

static void print_sum(const struct checking *checking)
{
    if (checking->cli->json)
        return;
    say("%d playbook%s: %d error%s, %d warning%s\n", checking->playbooks,
        checking->playbooks == 1 ? "" : "s", checking->errors, checking->errors == 1 ? "" : "s",
        checking->warnings, checking->warnings == 1 ? "" : "s");
}

/* --- one and all --- */

/* The folder of the files' names as it was typed: a person or an editor opens them from here. */
static char *folder_shown(const char *typed, const struct mu_bundle *bundle)
{
    size_t len = strlen(typed);
    const char *file = strrchr(typed, '/');
    if (strcmp(typed, ".") == 0 || strcmp(typed, "playbook.lua") == 0)
        return mu_xstrdup("");
    if (file && strcmp(file, "/playbook.lua") == 0)
        return mu_xstrndup(typed, (size_t)(file - typed) + 1);
    if (typed[0] == '.' || strchr(typed, '/'))
        return mu_xasprintf("%s%s", typed, typed[len - 1] == '/' ? "" : "/");
    return mu_xasprintf("%s/", mu_bundle_folder(bundle));
}

static void check_one(struct checking *checking, const char *typed)
{
    struct mu_cli *cli = checking->cli;
    struct mu_fail fail;
    struct mu_bundle *bundle = NULL;
    const struct mu_around around = {.config = cli->config->values, .published = history_published};
    if (mu_bundle_load(typed, mu_cli_playbook_path(cli), &bundle, &fail) != MU_OK) {
        checking->code = mu_cli_fail(cli, "check", MU_EXIT_USAGE, "%s", fail.text);
        checking->playbooks++;
        checking->errors++;
        return;
    }
    char *folder = folder_shown(typed, bundle);
    checking->folder = folder;
    checking->bundle = bundle;
    checking->playbooks++;
    mu_check(bundle, mu_run_words(cli->config), &around, print_problem, checking);
    free(folder);
    mu_bundle_free(bundle);
}

static int is_playbook(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Every folder under playbooks/ here or, where there is none, beside muster.lua. */
static bool check_all(struct checking *checking)
{
    struct dirent **entries;
    struct stat info;
    char *dir = stat("playbooks", &info) == 0
                    ? mu_xstrdup("playbooks")
                    : mu_xasprintf("%s/playbooks", checking->cli->config->dir);
    int count = scandir(dir, &entries, is_playbook, alphasort);
    for (int i = 0; i < count; i++) {
        char *folder = mu_xasprintf("%s/%s", dir, entries[i]->d_name);
        char *file = mu_xasprintf("%s/playbook.lua", folder);
        if (stat(file, &info) == 0)
            check_one(checking, folder);
        free(file);
        free(folder);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(dir);
    return checking->playbooks > 0;
}

/* Without its verbs every call of a module would look misspelt. */
static int load_modules(struct mu_cli *cli)
{
    struct mu_registry *registry;
    struct mu_fail fail;
    enum mu_err err = mu_run_registry(cli->config, &registry, &fail);
    mu_registry_free(registry);
    return err == MU_OK ? MU_EXIT_OK : mu_cli_fail(cli, "check", MU_EXIT_USAGE, "%s", fail.text);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct checking checking = {.cli = cli, .code = MU_EXIT_OK};
    checking.strict = mu_cli_option(&argc, argv, "--strict", NULL);
    int code = mu_cli_no_more_options(&mu_command_check, argc, argv);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0)
        code = load_modules(cli);
    if (code)
        return code;
    for (int i = 1; i < argc; i++)
        check_one(&checking, argv[i]);
    if (argc == 1 && !check_all(&checking))
        return mu_cli_fail(cli, "check", MU_EXIT_USAGE,
                           "there are no playbooks here: name one, or go where playbooks/ is");
    if (checking.playbooks > 0)
        print_sum(&checking);
    if (checking.errors > 0 || (checking.strict && checking.warnings > 0))
        return MU_EXIT_USAGE;
    return checking.code;
}

const struct mu_command mu_command_check = {
    .name = "check",
    .usage = "check [PLAYBOOK ...] [--strict] [--json]",
    .summary = "find mistakes in a playbook without running it",
    .help = "Without PLAYBOOK: all under playbooks/ here. Looks at syntax, header and parameters, "
            "names, verbs and\n"
            "words with their arguments, may_change, questions, templates and their variables, "
            "what is never\n"
            "reached; with people in muster.lua also at who is told and asked, and with git at the "
            "version.\n"
            "\n"
            "Exits with 0 when there are no errors, with 2 when there are.\n"
            "  --strict  warnings count, too (for CI)\n"
            "  --json    one JSON object a finding, a line each\n"
            "\n"
            "A warning that is right as it is can be allowed, on its line or on the line before:\n"
            "  -- muster: allow RULE: why it is right here\n"
            "docs/check.md lists the rules.\n",
    .run = run,
    .without_secrets = true};
