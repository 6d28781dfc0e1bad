/* SPDX-License-Identifier: MIT
 *
 * The command line: one command = one file cli/NAME.c = one entry in commands.def. A command parses
 * its own words with mu_cli_option(), answers misuse with exit code 2 and one clear line on stderr.
 * To add a command: copy version.c, add its line to commands.def, document it in its `help` text. */
#ifndef MU_CLI_H
#define MU_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "playbook/config.h"
#include "store/store.h"

/* Exit codes, design section 11. */
enum mu_exit {
    MU_EXIT_OK = 0,
    MU_EXIT_FAILED = 1,
    MU_EXIT_USAGE = 2,
    MU_EXIT_PARKED = 3,
    MU_EXIT_DECLINED = 4,
    MU_EXIT_CANCELLED = 5,
    MU_EXIT_EXPIRED = 6,
    MU_EXIT_INTERNAL = 70,
    MU_EXIT_TEMPORARY = 75
};

struct mu_peer;
struct mu_cli {          /* what every command gets; global options are already taken off argv */
    const char *program; /* argv[0] */
    const char *config_path; /* --config FILE, or NULL */
    const char *socket_path; /* --socket FILE, or NULL */
    const struct mu_peer
        *peer;            /* who asked for it over the socket of muster serve; NULL: who typed it */
    bool json;            /* --json */
    bool without_secrets; /* what the command says of itself, see struct mu_command */
    struct mu_config *config; /* made by mu_cli_config() */
    struct mu_store *store;   /* made by mu_cli_store() */
    char **playbook_path;     /* made by mu_cli_playbook_path() */
};

/* Whether somebody who can't use the state folder may have muster serve run it for them (team.h). Such a command
 * reads and writes no file that its arguments name. */
enum mu_for_team {
    MU_TEAM_NO,
    MU_TEAM_READS, /* whoever may connect */
    MU_TEAM_ACTS   /* a person of people{} */
};

struct mu_command {
    const char *name, *usage, *summary, *help;          /* help: whole text after the usage line */
    int (*run)(struct mu_cli *, int argc, char **argv); /* argv[0] is the command's name */
    bool hidden;                                        /* for programs: no list names it */
    enum mu_for_team team;
    /* It sends nothing: it works in a shell that has not every secret of muster.lua (the red switch is such a
     * one). What it keeps of people's words is scrubbed of those that are to be had. */
    bool without_secrets;
};

void mu_cli_close(struct mu_cli *);
/* "unknown command x: did you mean y?"; returns MU_EXIT_USAGE. */
int mu_cli_unknown_command(const struct mu_cli *, const char *name);

/* Loads muster.lua once / opens the control store once, or again when it was replaced; on failure prints the
 * reason and returns the exit code, else 0. */
int mu_cli_config(struct mu_cli *);
int mu_cli_store(struct mu_cli *);
/* Behind mu_cli_config(): which secret of muster.lua is not to be had here, and why; NULL: it has them all, as
 * every command has that is not `without_secrets`. Whoever makes an executor asks. */
const char *mu_cli_missing_secret(const struct mu_cli *);
/* The same behind mu_cli_config(), and says nothing. */
enum mu_err mu_cli_open_store(struct mu_cli *, struct mu_fail *);

/* Takes "--name VALUE" or "--name=VALUE" (value != NULL) or the flag "--name" (value == NULL) off argv
 * wherever it stands; true when it was there. */
bool mu_cli_option(int *argc, char **argv, const char *name, const char **value);
/* Prints what is left that looks like an option ("unknown option --x, did you mean --y", by the usage
 * line) and returns MU_EXIT_USAGE, else 0. */
int mu_cli_no_more_options(const struct mu_command *, int argc, char **argv);
/* "muster CMD: text" on stderr (with --json: one JSON object); returns code. */
int mu_cli_fail(const struct mu_cli *, const char *command, int code, const char *fmt, ...)
    MU_PRINTF(4, 5);
/* The exit code for a failure's class: usage, config, refused and conflict are 2. */
int mu_cli_exit_for(enum mu_err);

/* Words a person typed, scrubbed of every secret that muster.lua names; "" for NULL. A new text. Load the
 * configuration first. Says once on stderr when one of the secrets is not to be had here. */
char *mu_cli_said(const struct mu_cli *, const char *text);
/* True when there is nothing in it that a person could read: NULL, "" or blanks of any kind. */
bool mu_cli_blank(const char *text);
/* 0 when a reason was given; else says `missing` as of `command` and returns the exit code. */
int mu_cli_need_reason(const struct mu_cli *, const char *command, const char *reason,
                       const char *missing);
/* True, and said as of `command`, when the text holds a secret: it must not be kept. */
bool mu_cli_holds_secret(const struct mu_cli *, const char *command, const char *text);
/* Who is at the keyboard, or at the other end of the socket: {name, account, uid, host, tty}, name mapped through
 * people in muster.lua. New reference. */
json_t *mu_cli_who(struct mu_cli *);

/* The state folder (new text), and where playbooks are looked up: a NULL-terminated list that belongs
 * to the cli: playbooks{} of muster.lua, playbooks/ beside it, the ones muster came with. */
char *mu_cli_state_dir(struct mu_cli *);
const char *const *mu_cli_playbook_path(struct mu_cli *);
/* Everything that is left must be exactly `count` words; else usage on stderr and MU_EXIT_USAGE. */
int mu_cli_words(const struct mu_command *, int argc, int least, int most);

#define MU_COMMAND(id) extern const struct mu_command mu_command_##id;
#include "cli/commands.def"
#undef MU_COMMAND

const struct mu_command *mu_command_find(const char *name);
/* Every command but the hidden ones. */
typedef bool mu_command_cb(const struct mu_command *, void *ud);
void mu_command_each(mu_command_cb *, void *ud);

/* Colours when stdout is a terminal and NO_COLOR is unset; "" otherwise. */
const char *mu_cli_color(const char *name); /* red green yellow blue bold dim reset */
/* Whether this pointer is one that mu_cli_color() gave: a text of a stranger with the same octets is not. */
bool mu_cli_is_color(const char *text);
int mu_cli_columns(void);
/* Is what is said shown on a terminal? mu_cli_terminal(): on one of a peer, so wide, with colours or not; 0 columns:
 * on none. */
bool mu_cli_on_terminal(int fd);
void mu_cli_terminal(int columns, bool color);

#endif
