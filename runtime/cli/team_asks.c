/* SPDX-License-Identifier: MIT
 *
 * Having muster serve run a command; see team.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/share.h"
#include "cli/say.h"
#include "cli/team.h"

/* A folder that is not there yet is ours to make. */
static bool is_ours(const char *state)
{
    char *store = mu_xasprintf("%s/control.db", state);
    struct stat info;
    bool ours = (stat(state, &info) != 0 || !mu_share_is_for_another(&info)) &&
                ((access(state, R_OK | W_OK | X_OK) == 0 &&
                  (access(store, R_OK | W_OK) == 0 || errno == ENOENT)) ||
                 errno == ENOENT);
    free(store);
    return ours;
}

/* In a folder of its own that is not for us it is told whose it is; in the state folder, how that is shared. */
static bool may_be_there(const char *socket, const char *state)
{
    size_t len = strlen(state);
    bool inside = strncmp(socket, state, len) == 0 && socket[len] == '/';
    return access(socket, F_OK) == 0 || (errno == EACCES && !inside);
}

/* Where to ask, a new text; NULL: there is no need or no use to. Secrets may be in files that are not for us. */
static char *where_to_ask(const struct mu_cli *cli)
{
    struct mu_config *config;
    struct mu_fail ignored;
    if (cli->socket_path)
        return mu_xstrdup(cli->socket_path);
    if (mu_config_places(cli->config_path, &config, &ignored) != MU_OK)
        return NULL; /* the command says what is wrong with it */
    char *state = mu_config_state_dir(config), *socket = mu_serve_socket_path(config);
    if (is_ours(state) || !may_be_there(socket, state)) {
        free(socket);
        socket = NULL;
    }
    free(state);
    mu_config_free(config);
    return socket;
}

enum mu_err team_ask(const struct mu_cli *cli, const struct mu_question *question, json_t **out,
                     struct mu_fail *fail)
{
    struct mu_config *config = NULL;
    if (cli->socket_path)
        return mu_serve_ask(cli->socket_path, question, out, fail);
    if (mu_config_places(cli->config_path, &config, fail) != MU_OK)
        return fail->class;
    char *path = mu_serve_socket_path(config);
    enum mu_err err = mu_serve_ask(path, question, out, fail);
    free(path);
    mu_config_free(config);
    return err;
}

static int tell(const struct mu_cli *cli, const struct mu_command *command, const json_t *answer)
{
    const char *error = mu_json_str(answer, "error", NULL);
    if (error)
        return mu_cli_fail(cli, command->name, MU_EXIT_TEMPORARY, "%s", error);
    say_heard(mu_json_str(answer, "out", ""), false);
    say_heard(mu_json_str(answer, "err", ""), true);
    return (int)mu_json_int(answer, "code", MU_EXIT_INTERNAL);
}

bool team_asks(struct mu_cli *cli, const struct mu_command *command, int argc, char **argv,
               int *code)
{
    struct mu_fail fail;
    json_t *answer;
    char *path = command->team != MU_TEAM_NO ? where_to_ask(cli) : NULL;
    if (path == NULL)
        return false;
    struct mu_question question = {.kind = MU_ASK_COMMAND,
                                   .argc = argc,
                                   .argv = argv,
                                   .columns =
                                       mu_cli_on_terminal(STDOUT_FILENO) ? mu_cli_columns() : 0,
                                   .color = mu_cli_color("red")[0] != '\0',
                                   .json = cli->json};
    if (mu_serve_ask(path, &question, &answer, &fail) == MU_OK)
        *code = tell(cli, command, answer);
    else
        *code = mu_cli_fail(cli, command->name, mu_cli_exit_for(fail.class), "%s", fail.text);
    json_decref(answer);
    free(path);
    return true;
}
