/* SPDX-License-Identifier: MIT
 *
 * What commands share: options, configuration, store, who is at the keyboard, how a failure is said. */
#include "cli/cli.h"
#include "cli/say.h"

#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/people.h"
#include "base/redact.h"
#include "cli/usage.h"
#include "serve/serve.h"

#define OPTIONS_MAX 16 /* of one command */

static const struct mu_command *const commands[] = {
#define MU_COMMAND(id) &mu_command_##id,
#include "cli/commands.def"
#undef MU_COMMAND
};

const struct mu_command *mu_command_find(const char *name)
{
    for (size_t i = 0; i < MU_COUNT(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

void mu_command_each(mu_command_cb *cb, void *ud)
{
    for (size_t i = 0; i < MU_COUNT(commands); i++)
        if (!commands[i]->hidden && !cb(commands[i], ud))
            return;
}

int mu_cli_unknown_command(const struct mu_cli *cli, const char *name)
{
    struct mu_near near = {.typed = name};
    for (size_t i = 0; i < MU_COUNT(commands); i++)
        mu_near_try(&near, commands[i]->name);
    if (near.best)
        return mu_cli_fail(cli, name, MU_EXIT_USAGE,
                           "there is no such command: did you mean muster %s?", near.best);
    return mu_cli_fail(cli, name, MU_EXIT_USAGE,
                       "there is no such command (muster help lists them)");
}

void mu_cli_close(struct mu_cli *cli)
{
    mu_store_close(cli->store);
    mu_config_free(cli->config);
    mu_config_playbook_path_free(cli->playbook_path);
}

/* --- failures --- */

int mu_cli_fail(const struct mu_cli *cli, const char *command, int code, const char *fmt, ...)
{
    va_list ap;
    char text[4096];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *clean = mu_redact_text(text);
    fflush(stdout);
    if (cli->json) {
        json_t *error =
            json_pack("{s:s, s:s, s:i}", "error", clean, "command", command, "exit", code);
        char *line = mu_json_text(error);
        say_json_err(line);
        free(line);
        json_decref(error);
    } else {
        say_err("muster %s: %s\n", command, clean);
    }
    free(clean);
    return code;
}

int mu_cli_exit_for(enum mu_err err)
{
    switch (err) {
    case MU_OK:
        return MU_EXIT_OK;
    case MU_INTERNAL:
        return MU_EXIT_INTERNAL;
    case MU_NET:
    case MU_PROTO:
    case MU_REMOTE:
        return MU_EXIT_FAILED;
    case MU_CANCELLED:
        return MU_EXIT_CANCELLED;
    case MU_USAGE:
    case MU_CONFIG:
    case MU_REFUSED:
    case MU_CONFLICT:
    case MU_STORAGE:
    case MU_RESOURCES:
        break;
    }
    return MU_EXIT_USAGE;
}

/* --- options --- */

static void remove_words(int *argc, char **argv, int at, int count)
{
    for (int i = at; i + count <= *argc; i++)
        argv[i] = argv[i + count]; /* the NULL at the end too */
    *argc -= count;
}

bool mu_cli_option(int *argc, char **argv, const char *name, const char **value)
{
    size_t len = strlen(name);
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return false;
        if (strcmp(argv[i], name) == 0 && (value == NULL || i + 1 < *argc)) {
            if (value)
                *value = argv[i + 1];
            remove_words(argc, argv, i, value ? 2 : 1);
            return true;
        }
        if (value && strncmp(argv[i], name, len) == 0 && argv[i][len] == '=') {
            *value = argv[i] + len + 1;
            remove_words(argc, argv, i, 1);
            return true;
        }
    }
    return false;
}

int mu_cli_no_more_options(const struct mu_command *command, int argc, char **argv)
{
    struct usage_option option;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            continue;
        struct mu_near near = {.typed = argv[i]};
        bool known = strcmp(argv[i], "--config") == 0, takes = known;
        char names[OPTIONS_MAX][sizeof option.name];
        for (size_t n = 0; n < OPTIONS_MAX && usage_option(command->usage, n, &option); n++) {
            bool it = strcmp(option.name, argv[i]) == 0;
            known = known || it;
            takes = takes || (it && option.value[0] && !option.may_be_alone);
            memcpy(names[n], option.name, sizeof names[n]);
            mu_near_try(&near, names[n]);
        }
        if (takes && i + 1 == argc) /* mu_cli_option() has left it: nothing stands behind it */
            say_err("muster %s: %s wants a value behind it\n", command->name, argv[i]);
        else if (known)
            say_err("muster %s: %s does not go with the other options here, or stands twice\n",
                    command->name, argv[i]);
        else
            say_err("muster %s: unknown option: %s%s%s%s\n", command->name, argv[i],
                    near.best ? " (did you mean " : "", near.best ? near.best : "",
                    near.best ? "?)" : "");
        say_err("usage: muster %s\n", command->usage);
        return MU_EXIT_USAGE;
    }
    return 0;
}

int mu_cli_words(const struct mu_command *command, int argc, int least, int most)
{
    if (argc - 1 >= least && (most < 0 || argc - 1 <= most))
        return 0;
    say_err("muster %s: %s\nusage: muster %s\n", command->name,
            argc - 1 < least ? "something is missing" : "too many words", command->usage);
    return MU_EXIT_USAGE;
}

/* --- configuration, store, places --- */

int mu_cli_config(struct mu_cli *cli)
{
    struct mu_fail fail;
    if (cli->config)
        return 0;
    enum mu_err err = cli->without_secrets ? mu_config_look(cli->config_path, &cli->config, &fail)
                                           : mu_config_load(cli->config_path, &cli->config, &fail);
    if (err == MU_OK)
        return 0;
    return mu_cli_fail(cli, "config", MU_EXIT_USAGE, "%s", fail.text);
}

const char *mu_cli_missing_secret(const struct mu_cli *cli)
{
    return cli->config ? cli->config->missing : NULL;
}

char *mu_cli_state_dir(struct mu_cli *cli)
{
    return mu_config_state_dir(cli->config);
}

/* One that was opened a while ago may have been removed or replaced since. */
enum mu_err mu_cli_open_store(struct mu_cli *cli, struct mu_fail *fail)
{
    if (cli->store && mu_store_in_place(cli->store, NULL) == MU_OK)
        return MU_OK;
    mu_store_close(cli->store);
    cli->store = NULL;
    char *dir = mu_cli_state_dir(cli);
    enum mu_err err = mu_store_open(dir, &cli->store, fail);
    free(dir);
    return err;
}

int mu_cli_store(struct mu_cli *cli)
{
    struct mu_fail fail;
    int code = mu_cli_config(cli);
    if (code)
        return code;
    return mu_cli_open_store(cli, &fail) == MU_OK
               ? 0
               : mu_cli_fail(cli, "state", MU_EXIT_USAGE, "%s", fail.text);
}

const char *const *mu_cli_playbook_path(struct mu_cli *cli)
{
    if (cli->playbook_path == NULL)
        cli->playbook_path = mu_config_playbook_path(cli->config);
    return (const char *const *)cli->playbook_path;
}

/* --- who --- */

json_t *mu_cli_who(struct mu_cli *cli)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    uid_t uid = cli->peer ? cli->peer->uid : getuid();
    const struct passwd *entry = getpwuid(uid);
    const char *account = entry ? entry->pw_name : "?",
               *tty = cli->peer ? "by the socket" : ttyname(STDIN_FILENO);
    const char *person = cli->config ? mu_people_of_account(cli->config->values, account) : NULL;
    return json_pack("{s:s, s:s, s:i, s:s, s:s}", "name", person ? person : account, "account",
                     account, "uid", (int)uid, "host", host, "tty", tty ? tty : "");
}

/* --- words of people --- */

static void warn_unscrubbed(const struct mu_cli *cli)
{
    static bool warned;
    const char *missing = mu_cli_missing_secret(cli);
    if (missing && !warned)
        say_err("muster: %s; if it stands in your words, it is not taken out of them\n", missing);
    warned = warned || missing;
}

char *mu_cli_said(const struct mu_cli *cli, const char *text)
{
    if (text && text[0])
        warn_unscrubbed(cli);
    char *clean = mu_redact_text(text ? text : "");
    json_t *valid = mu_json_lenient_string(clean, strlen(clean)); /* a terminal may be in Latin 1 */
    free(clean);
    clean = mu_xstrdup(json_string_value(valid));
    json_decref(valid);
    return clean;
}

/* Blanks beyond ASCII: no-break and ideographic space, U+1680, U+2000 to U+200F, U+2028 to U+202F, U+205F to
 * U+206F, and the byte order mark, as UTF-8. What plain.c takes out of every text is among them. */
static size_t wide_blank(const unsigned char *p)
{
    if (p[0] == 0xC2 && (p[1] == 0xA0 || p[1] == 0xAD || (p[1] >= 0x80 && p[1] < 0xA0)))
        return 2;
    bool blank = (p[0] == 0xE1 && p[1] == 0x9A && p[2] == 0x80) ||
                 (p[0] == 0xE2 && p[1] == 0x80 && p[2] >= 0x80 && (p[2] <= 0x8F || p[2] >= 0xA8) &&
                  p[2] <= 0xAF) ||
                 (p[0] == 0xE2 && p[1] == 0x81 && p[2] >= 0x9F && p[2] <= 0xAF) ||
                 (p[0] == 0xE3 && p[1] == 0x80 && p[2] == 0x80) ||
                 (p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF);
    return blank ? 3 : 0;
}

bool mu_cli_blank(const char *text)
{
    const unsigned char *p = (const unsigned char *)(text ? text : "");
    while (*p) {
        size_t wide = wide_blank(p);
        if (*p > ' ' && *p != 0x7F && wide == 0)
            return false;
        p += wide ? wide : 1;
    }
    return true;
}

int mu_cli_need_reason(const struct mu_cli *cli, const char *command, const char *reason,
                       const char *missing)
{
    if (mu_cli_blank(reason))
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", missing);
    if (strlen(reason) > MU_LIMIT_REASON)
        return mu_cli_fail(
            cli, command, MU_EXIT_USAGE,
            "the text is %zu octets long, and people read it on a phone: at most %d. "
            "Put the rest where it can be linked to",
            strlen(reason), MU_LIMIT_REASON);
    return 0;
}

bool mu_cli_holds_secret(const struct mu_cli *cli, const char *command, const char *text)
{
    if (!mu_redact_hits(text, strlen(text)))
        return false;
    mu_cli_fail(cli, command, MU_EXIT_USAGE,
                "an argument holds a secret of muster.lua, and arguments are kept in the journal: "
                "nothing was started");
    return true;
}

/* --- terminal --- */

static const struct {
    const char *name, *code;
} codes[] = {{"red", "\033[31m"},  {"green", "\033[32m"}, {"yellow", "\033[33m"},
             {"blue", "\033[34m"}, {"bold", "\033[1m"},   {"dim", "\033[2m"},
             {"reset", "\033[0m"}};

bool mu_cli_is_color(const char *text)
{
    for (size_t i = 0; i < MU_COUNT(codes); i++)
        if (codes[i].code == text)
            return true;
    return false;
}

static struct {
    bool is, color;
    int columns;
} peers; /* terminal, when a peer asked */

void mu_cli_terminal(int columns, bool color)
{
    peers.is = true;
    peers.color = color && columns > 0;
    peers.columns = columns;
}

bool mu_cli_on_terminal(int fd)
{
    return peers.is ? peers.columns > 0 : isatty(fd);
}

const char *mu_cli_color(const char *name)
{
    if (peers.is ? !peers.color : !isatty(STDOUT_FILENO) || getenv("NO_COLOR"))
        return "";
    for (size_t i = 0; i < MU_COUNT(codes); i++)
        if (strcmp(codes[i].name, name) == 0)
            return codes[i].code;
    return "";
}

int mu_cli_columns(void)
{
    struct winsize size;
    if (peers.is && peers.columns > 20)
        return peers.columns;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}
