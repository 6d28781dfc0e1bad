/* SPDX-License-Identifier: MIT
 *
 * Running a command for a peer of the supervisor's socket; see team.h. The person is the account that the kernel
 * names, whatever the peer says. What it may type is bounded by mu_command.team; a command that takes a word more
 * carefully from a peer asks cli->peer. */
#define _GNU_SOURCE /* memfd_create() */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/people.h"
#include "cli/say.h"
#include "cli/team.h"

#define SAID_MOST (1 << 20) /* octets of an answer: 10,000 lines */

/* --- what it says --- */

static bool take_streams(int *out, int *err)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *out = memfd_create("out", MFD_CLOEXEC);
    *err = memfd_create("err", MFD_CLOEXEC);
    return nothing >= 0 && *out >= 0 && *err >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
           dup2(*out, STDOUT_FILENO) >= 0 && dup2(*err, STDERR_FILENO) >= 0;
}

static json_t *said(int fd)
{
    static const char cut[] = "\n... (cut: it is more than 1 MiB)\n";
    char *text = mu_xcalloc(SAID_MOST + sizeof cut, 1);
    ssize_t len = pread(fd, text, SAID_MOST, 0);
    len = len > 0 ? len : 0;
    if (lseek(fd, 0, SEEK_END) > SAID_MOST)
        memcpy(text + len, cut, sizeof cut);
    json_t *value = mu_json_lenient_string(text, strlen(text));
    free(text);
    return value;
}

/* --- who may --- */

static int nobody_known(const struct mu_cli *cli, const struct mu_command *command,
                        const char *account)
{
    return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                       "the account %s is nobody in people{} of %s: it may look, and do nothing",
                       account, cli->config->path);
}

static int run_for_peer(struct mu_cli *cli, const struct mu_command *command,
                        const struct mu_question *question)
{
    const struct passwd *entry = getpwuid(cli->peer->uid);
    if (command == NULL)
        return mu_cli_unknown_command(cli, question->argv[0]);
    if (command->team == MU_TEAM_NO)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                           "this needs the state folder itself: muster serve does not run it for "
                           "others");
    if (command->team == MU_TEAM_ACTS &&
        (entry == NULL || mu_people_of_account(cli->config->values, entry->pw_name) == NULL))
        return nobody_known(cli, command, entry ? entry->pw_name : "?");
    return command->run(cli, question->argc, question->argv);
}

json_t *team_answers(struct mu_config *config, const char *config_path, const struct mu_peer *peer,
                     const struct mu_question *question)
{
    int out, err;
    struct mu_cli cli = {.program = "muster",
                         .config_path = config_path,
                         .peer = peer,
                         .json = question->json,
                         .config = config};
    const struct mu_command *command = mu_command_find(question->argv[0]);
    bool looks = command && command->team == MU_TEAM_READS;
    mu_log(looks ? MU_LOG_DEBUG : MU_LOG_INFO, "serve", "uid %u (process %d) asks: %s %.100s",
           (unsigned)peer->uid, (int)peer->pid, question->argv[0],
           question->argc > 1 ? question->argv[1] : "");
    if (!take_streams(&out, &err))
        return json_pack("{s:s}", "error", "no memory to run it in");
    mu_log_level_set(MU_LOG_WARN);
    mu_log_from_env();
    mu_cli_terminal(question->columns, question->color);
    int code = run_for_peer(&cli, command, question);
    mu_store_close(cli.store);
    say_now();
    return json_pack("{s:i, s:o, s:o}", "code", code, "out", said(out), "err", said(err));
}
