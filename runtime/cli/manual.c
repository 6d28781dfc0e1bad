/* SPDX-License-Identifier: MIT
 *
 * The commands as doc/ takes them; see manual.h. */
#include "cli/manual.h"

#include "base/attr.h"
#include "cli/say.h"
#include "engine/run.h"

static bool add_command(const struct mu_command *command, void *ud)
{
    struct manual *manual = ud;
    if (manual->doc.count == MU_COUNT(manual->commands))
        return false;
    manual->commands[manual->doc.count++] =
        (struct mu_doc_command){command->name, command->usage, command->summary, command->help};
    return true;
}

int manual_open(struct mu_cli *cli, const char *command, struct manual *manual)
{
    struct mu_fail fail;
    *manual = (struct manual){.registry = NULL};
    int code = mu_cli_config(cli);
    if (code)
        return code;
    if (mu_run_registry(cli->config, &manual->registry, &fail) != MU_OK)
        say_err("muster %s: %s\n", command, fail.text);
    manual->doc.registry = manual->registry;
    manual->doc.commands = manual->commands;
    manual->doc.exit_codes = MANUAL_EXIT_CODES;
    mu_command_each(add_command, manual);
    return 0;
}

void manual_close(struct manual *manual)
{
    mu_registry_free(manual->registry);
}

int manual_topic(struct mu_cli *cli, const char *command, const char *topic)
{
    struct manual manual;
    struct mu_buf out = {0};
    int code = manual_open(cli, command, &manual);
    if (code)
        return code;
    const char *near = NULL;
    if (mu_doc_topic(&manual.doc, topic, &out))
        (void)!say_document(&out);
    else if ((near = mu_doc_nearest(&manual.doc, topic)) != NULL)
        code = mu_cli_fail(cli, command, MU_EXIT_USAGE,
                           "no command, verb or word is called %s: did you mean %s?", topic, near);
    else
        code = mu_cli_fail(cli, command, MU_EXIT_USAGE,
                           "no command, verb or word is called %s (muster doc and muster help list "
                           "them)",
                           topic);
    mu_buf_free(&out);
    manual_close(&manual);
    return code;
}
