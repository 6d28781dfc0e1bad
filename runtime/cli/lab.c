/* SPDX-License-Identifier: MIT
 *
 * `muster lab`: the range on loopback, from the shell. Screens are in lab_screen.c, the
 * demonstration in lab_demo.c, the range itself in runtime/lab. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/lab_demo.h"
#include "cli/lab_screen.h"
#include "lab/lab.h"

#define FOLDER "muster-lab"

struct request {
    struct mu_cli *cli;
    const char *dir; /* --dir, or NULL */
    bool yes;
    int argc; /* words behind the subcommand */
    char **argv;
};

static int fail_with(const struct request *r, const struct mu_fail *fail)
{
    return mu_cli_fail(r->cli, "lab", mu_cli_exit_for(fail->class), "%s", fail->text);
}

static void print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT);
    say_json(text ? text : "null");
    free(text);
}

/* ---- finding the lab that runs ---- */

static bool has_lab(const char *dir)
{
    char *path = mu_xasprintf("%s/lab.json", dir);
    bool found = access(path, F_OK) == 0;
    free(path);
    return found;
}

/* Upward from here: a folder that is a lab, or that holds ./muster-lab. New text; NULL = none. */
static char *search_upward(void)
{
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return NULL;
    for (char *slash; *here != '\0'; *slash = '\0') {
        char *below = mu_xasprintf("%s/" FOLDER, here);
        if (has_lab(below))
            return below;
        free(below);
        if (has_lab(here))
            return mu_xstrdup(here);
        slash = strrchr(here, '/');
        if (slash == NULL)
            break;
    }
    return NULL;
}

/* --dir, the folder of --config FILE, or what is found upward. New text, never NULL. */
static char *running_dir(const struct request *r)
{
    if (r->dir != NULL)
        return mu_xstrdup(r->dir);
    if (r->cli->config_path != NULL) {
        const char *slash = strrchr(r->cli->config_path, '/');
        return slash ? mu_xstrndup(r->cli->config_path, (size_t)(slash - r->cli->config_path) + 1)
                     : mu_xstrdup(".");
    }
    char *found = search_upward();
    return found ? found : mu_xstrdup(FOLDER);
}

static enum mu_err open_lab(const struct request *r, struct mu_lab **lab, struct mu_fail *fail)
{
    char *dir = running_dir(r);
    enum mu_err err = mu_lab_open(dir, lab, fail);
    free(dir);
    return err;
}

/* ---- up ---- */

/* The program as typed works in other folders only when it was found by $PATH. */
static void show_alias(const char *program)
{
    char path[4096];
    if (strchr(program, '/') != NULL && realpath(program, path) != NULL)
        say("  alias muster=%s\n", path);
}

static void show_next(const struct request *r, const char *dir)
{
    static const char *const steps[][2] = {
        {"muster lab break mx1 hang", "or refuse busy reject greylist"},
        {"muster lab break mx2", "now example.com gets no mail"},
        {"muster run mx-failover domain=example.com", "let muster move the MX"},
        {"muster lab inbox", "what people were told"},
        {"muster lab mend mx1", "and back again"},
    };
    say("\nTry this in a second terminal:\n");
    show_alias(r->cli->program);
    say("  cd %s\n", dir);
    for (size_t i = 0; i < MU_COUNT(steps); i++)
        say("  %-41s  %s# %s%s\n", steps[i][0], mu_cli_color("dim"), steps[i][1],
            mu_cli_color("reset"));
    say("\nCtrl-C ends the lab. From here on: what arrives.\n");
}

static void on_ready(const json_t *status, void *ud)
{
    const struct request *r = ud;
    if (r->cli->json) {
        print_json(status);
        return;
    }
    const char *dir = mu_json_str(status, "dir", "");
    say("%sThe lab is up%s in %s\nEverything is on loopback: nothing leaves this machine.\n\n",
        mu_cli_color("bold"), mu_cli_color("reset"), dir);
    lab_show_status(status);
    if (*mu_json_str(status, "playbooks", "") == '\0')
        say("\nmuster's own playbooks were not found. Put some into\n  %s/playbooks\n", dir);
    show_next(r, r->dir ? r->dir : FOLDER);
}

static void on_event(const char *who, const char *text, void *ud)
{
    const struct request *r = ud;
    if (r->cli->json) {
        json_t *event = json_pack("{ss ss}", "who", who, "text", text);
        print_json(event);
        json_decref(event);
    } else {
        lab_show_event(who, text);
    }
}

static int do_up(struct request *r)
{
    struct mu_lab_options lab = {.dir = r->dir ? r->dir : FOLDER};
    struct mu_lab_observer observer = {.ready = on_ready, .event = on_event, .ud = r};
    struct mu_fail fail;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (mu_lab_run(&lab, &observer, &fail) != MU_OK)
        return fail_with(r, &fail);
    if (!r->cli->json)
        say("\nThe lab is down. What it wrote stays in %s.\n", lab.dir);
    return MU_EXIT_OK;
}

/* ---- the others ---- */

static int do_status(struct request *r)
{
    struct mu_lab *lab = NULL;
    struct mu_fail fail;
    json_t *status = NULL;
    enum mu_err err = open_lab(r, &lab, &fail);
    if (err == MU_OK)
        err = mu_lab_status(lab, &status, &fail);
    mu_lab_stop(lab);
    if (err != MU_OK)
        return fail_with(r, &fail);
    if (r->cli->json) {
        print_json(status);
    } else {
        say("The lab in %s is up (process %d).\n\n", mu_json_str(status, "dir", ""),
            (int)mu_json_int(status, "pid", 0));
        lab_show_status(status);
    }
    json_decref(status);
    return MU_EXIT_OK;
}

static int set_state(struct request *r, const char *host, enum mu_lab_state state)
{
    struct mu_lab *lab = NULL;
    struct mu_fail fail;
    enum mu_err err = open_lab(r, &lab, &fail);
    if (err == MU_OK)
        err = mu_lab_set(lab, host, state, &fail);
    mu_lab_stop(lab);
    if (err != MU_OK)
        return fail_with(r, &fail);
    json_t *now = json_pack("{ss ss}", "host", host, "state", mu_lab_state_word(state));
    if (r->cli->json)
        print_json(now);
    else
        say("%s: %s\n", host, mu_lab_state_what(state));
    json_decref(now);
    return MU_EXIT_OK;
}

static int unknown_state(const struct request *r, const char *word)
{
    struct mu_near near = {.typed = word};
    for (int i = 0; i < MU_LAB_STATE_COUNT; i++)
        mu_near_try(&near, mu_lab_state_word((enum mu_lab_state)i));
    return mu_cli_fail(
        r->cli, "lab", MU_EXIT_USAGE,
        "a host can't break by \"%s\"%s%s%s. It can refuse, hang, be busy, reject or "
        "greylist",
        word, near.best ? " (did you mean " : "", near.best ? near.best : "",
        near.best ? "?)" : "");
}

static int do_break(struct request *r)
{
    enum mu_lab_state state = MU_LAB_REFUSE;
    if (r->argc > 1 && (!mu_lab_state_parse(r->argv[1], &state) || state == MU_LAB_UP))
        return unknown_state(r, r->argv[1]);
    return set_state(r, r->argv[0], state);
}

static int do_mend(struct request *r)
{
    return set_state(r, r->argv[0], MU_LAB_UP);
}

static int do_inbox(struct request *r)
{
    struct mu_lab *lab = NULL;
    struct mu_fail fail;
    json_t *messages = NULL;
    enum mu_err err = open_lab(r, &lab, &fail);
    if (err == MU_OK)
        err = mu_lab_inbox(lab, &messages, &fail);
    if (err != MU_OK) {
        mu_lab_stop(lab);
        return fail_with(r, &fail);
    }
    if (r->cli->json)
        print_json(messages);
    else if (json_array_size(messages) == 0)
        say("Nobody has been told anything yet.\n");
    else
        lab_show_inbox(messages, true);
    if (!r->cli->json && json_array_size(messages) > 0)
        say("\n  As they came: %s/inbox/\n", mu_lab_dir(lab));
    json_decref(messages);
    mu_lab_stop(lab);
    return MU_EXIT_OK;
}

static int do_dir(struct request *r)
{
    struct mu_lab *lab = NULL;
    struct mu_fail fail;
    if (open_lab(r, &lab, &fail) != MU_OK)
        return fail_with(r, &fail);
    say("%s\n", mu_lab_dir(lab));
    mu_lab_stop(lab);
    return MU_EXIT_OK;
}

static int do_demo(struct request *r)
{
    return lab_demo(r->cli, r->dir, r->yes);
}

static const struct {
    const char *word;
    int least, most; /* words behind it */
    int (*run)(struct request *);
} subcommands[] = {
    {"up", 0, 0, do_up},     {"status", 0, 0, do_status}, {"break", 1, 2, do_break},
    {"mend", 1, 1, do_mend}, {"inbox", 0, 0, do_inbox},   {"dir", 0, 0, do_dir},
    {"demo", 0, 0, do_demo},
};

static int unknown_word(struct mu_cli *cli, const char *word)
{
    struct mu_near near = {.typed = word};
    for (size_t i = 0; i < MU_COUNT(subcommands); i++)
        mu_near_try(&near, subcommands[i].word);
    return mu_cli_fail(cli, "lab", MU_EXIT_USAGE,
                       "the lab can't \"%s\"%s%s%s. It knows up, status, break, mend, inbox, dir "
                       "and demo",
                       word, near.best ? " (did you mean " : "", near.best ? near.best : "",
                       near.best ? "?)" : "");
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct request r = {.cli = cli};
    mu_cli_option(&argc, argv, "--dir", &r.dir);
    r.yes = mu_cli_option(&argc, argv, "--yes", NULL);
    int code = mu_cli_no_more_options(&mu_command_lab, argc, argv);
    if (code != 0)
        return code;
    const char *word = argc > 1 ? argv[1] : "up";
    r.argc = argc > 1 ? argc - 2 : 0;
    r.argv = argv + 2;
    for (size_t i = 0; i < MU_COUNT(subcommands); i++) {
        if (strcmp(subcommands[i].word, word) != 0)
            continue;
        code = argc > 1 ? mu_cli_words(&mu_command_lab, argc - 1, subcommands[i].least,
                                       subcommands[i].most)
                        : 0;
        return code ? code : subcommands[i].run(&r);
    }
    return unknown_word(cli, word);
}

const struct mu_command mu_command_lab = {
    .name = "lab",
    .usage = "lab [up | status | break HOST [HOW] | mend HOST | inbox | dir | demo [--yes]] "
             "[--dir DIR]",
    .summary = "a mail site on loopback to learn and drill in",
    .help =
        "A whole site in one process: DNS for example.com and example.net, their mail hosts, a "
        "DNS\n"
        "provider, and an inbox that takes every notification. Nothing leaves this machine.\n"
        "\n"
        "  up               start it here, in ./muster-lab, and show what arrives; Ctrl-C ends it\n"
        "  status           hosts, states, addresses, the MX of example.com\n"
        "  break HOST HOW   mx1, mx2, mx-standby, control or relay stops taking mail:\n"
        "                     refuse    the port is closed (this one, if you don't say)\n"
        "                     hang      takes the connection, never says a word\n"
        "                     busy      greets with 421\n"
        "                     reject    refuses every recipient with 550: mail bounces\n"
        "                     greylist  puts every recipient off with 450\n"
        "  mend HOST        takes mail again\n"
        "  inbox            what people were told\n"
        "  dir              the folder of the lab that runs\n"
        "  demo             an outage and mx-failover in it, from nothing to the report;\n"
        "                   --yes answers its questions\n"
        "\n"
        "  --dir DIR        the lab's folder; else the one that is found from here\n",
    .run = run};
