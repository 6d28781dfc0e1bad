/* SPDX-License-Identifier: MIT
 *
 * `muster help`, `muster help COMMAND`, `muster help VERB`: all from the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/say.h"
#include "engine/run.h"
#include "module/registry.h"

static bool print_command(const struct mu_command *command, void *ud)
{
    (void)ud;
    say("  %-9s %s\n", command->name, command->summary);
    return true;
}

static bool print_verb_line(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    static const char *const kinds[] = {
        [MU_PURE] = "pure", [MU_PROBE] = "looks", [MU_ACT] = "ACTS"};
    (void)module;
    (void)ud;
    say("  %-16s %-6s %.*s\n", verb->name, kinds[verb->kind], (int)strcspn(verb->doc, "."),
        verb->doc);
    return true;
}

static void print_fields(const char *title, const struct mu_field *field)
{
    if (field == NULL || field->name == NULL)
        return;
    say("\n%s\n", title);
    for (; field->name; field++)
        say("  %-14s %-11s %s%s%s%s%s%s%s\n", field->name, mu_type_name(field->type),
            field->doc ? field->doc : "", field->unit ? " [" : "", field->unit ? field->unit : "",
            field->unit ? "]" : "", field->flags & MU_F_REQUIRED ? " (required)" : "",
            field->otherwise ? " default " : "", field->otherwise ? field->otherwise : "");
}

static void print_verb(const struct mu_verb *verb)
{
    say("%s%s%s\n", mu_cli_color("bold"), verb->name, mu_cli_color("reset"));
    say_lines(verb->doc);
    say("\n");
    print_fields("Arguments (positional first, then options in one table)", verb->params);
    print_fields("Result", verb->returns);
    if (verb->example)
        say("\nExample\n  %s\n", verb->example);
}

static void print_overview(struct mu_registry *registry)
{
    say("muster runs incident playbooks for domain e-mail.\n\nusage: muster [--config FILE] "
        "[--json] COMMAND ...\n\n");
    mu_command_each(print_command, NULL);
    say("\nVerbs of playbooks (muster help VERB; muster call VERB ... from the shell)\n");
    mu_registry_each(registry, print_verb_line, NULL);
    say("\n");
    say_hanging(12,
                "Exit codes: 0 finished  1 failed  2 refused  3 parked  4 declined  5 cancelled  "
                "6 a gate expired  70 a bug of ours  75 temporary, resume it\n");
}

static void print_usage(const struct mu_command *command)
{
    say_hanging(14, "usage: muster %s\n", command->usage);
    say("%s\n", command->summary);
    if (command->help[0])
        say("\n");
    say_lines(command->help);
}

static int print_topic(const struct mu_cli *cli, struct mu_registry *registry, const char *topic)
{
    const struct mu_module *module;
    const struct mu_command *command = mu_command_find(topic);
    const struct mu_verb *verb = mu_registry_find(registry, topic, &module);
    if (command)
        print_usage(command);
    if (verb)
        print_verb(verb);
    if (command || verb)
        return MU_EXIT_OK;
    const char *near = mu_registry_nearest(registry, topic);
    return mu_cli_fail(cli, "help", MU_EXIT_USAGE, "no command and no verb is called %s%s%s%s",
                       topic, near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    if (mu_cli_words(&mu_command_help, argc, 0, 1))
        return MU_EXIT_USAGE;
    struct mu_registry *registry;
    struct mu_fail fail;
    int code = mu_cli_config(cli);
    if (code)
        return code;
    if (mu_run_registry(cli->config, &registry, &fail) != MU_OK)
        say_err("muster help: %s\n", fail.text); /* the rest can be told all the same */
    if (argc > 1 && strcmp(argv[1], "help") != 0)
        code = print_topic(cli, registry, argv[1]);
    else
        print_overview(registry);
    mu_registry_free(registry);
    return code;
}

const struct mu_command mu_command_help = {.name = "help",
                                           .usage = "help [COMMAND|VERB]",
                                           .summary = "what there is, and how to use it",
                                           .help = "",
                                           .run = run};
