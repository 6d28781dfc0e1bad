/* SPDX-License-Identifier: MIT
 *
 * argv in, exit code out. Global options are taken off here; everything else is a command's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/team.h"

static int dispatch(struct mu_cli *cli, int argc, char **argv)
{
    int code;
    const char *name = argc > 1 ? argv[1] : "help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct mu_command *command = mu_command_find(name);
    if (command == NULL)
        return mu_cli_unknown_command(cli, name);
    char *help_argv[] = {(char *)"help", (char *)command->name, NULL};
    if (mu_cli_option(&argc, argv, "--help", NULL) || mu_cli_option(&argc, argv, "-h", NULL))
        return mu_command_find("help")->run(cli, 2, help_argv);
    cli->without_secrets = command->without_secrets;
    if (argc > 1 && team_asks(cli, command, argc - 1, argv + 1, &code))
        return code;
    return argc > 1 ? command->run(cli, argc - 1, argv + 1) : command->run(cli, argc, argv);
}

int main(int argc, char **argv)
{
    struct mu_cli cli = {.program = argv[0]};
    mu_log_from_env();
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error that is said, not a death */
    mu_cli_option(&argc, argv, "--config", &cli.config_path);
    mu_cli_option(&argc, argv, "--socket", &cli.socket_path);
    cli.json = mu_cli_option(&argc, argv, "--json", NULL);
    int code = dispatch(&cli, argc, argv);
    mu_cli_close(&cli);
    return say_done(code);
}
