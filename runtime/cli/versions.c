/* SPDX-License-Identifier: MIT
 *
 * `muster versions [NAME]`: what is published, by whom, which one is current, and which runs use it. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/near.h"
#include "cli/cli.h"
#include "cli/published.h"
#include "cli/say.h"

#define RUNS_SHOWN 8

static const char *text_of(const json_t *item, const char *key)
{
    return mu_json_str(item, key, "");
}

static bool add_run(const struct mu_store_run *run, void *ud)
{
    json_array_append_new(ud, json_string(run->name));
    return true;
}

/* Gives each version the runs that carry its content. */
static enum mu_err add_runs(struct mu_cli *cli, json_t *list, struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    enum mu_err err = MU_OK;
    json_array_foreach(list, i, item)
    {
        json_t *runs = json_array();
        struct mu_store_version version = {.playbook = text_of(item, "playbook"),
                                           .version = text_of(item, "version"),
                                           .digest = text_of(item, "digest")};
        json_object_set_new(item, "runs", runs);
        if (err == MU_OK)
            err = mu_store_version_runs(cli->store, &version, add_run, runs, fail);
    }
    return err;
}

static const char *state_words(const json_t *item)
{
    static const struct {
        const char *state, *words;
    } known[] = {{"current", "current"},         {"published", ""},
                 {"rolled_back", "rolled back"}, {"unsigned", "NOT SIGNED"},
                 {"unreviewed", "no review"},    {"pre_release", "pre-release"}};
    for (size_t i = 0; i < MU_COUNT(known); i++)
        if (strcmp(known[i].state, text_of(item, "state")) == 0)
            return known[i].words;
    return "";
}

static void print_line(const json_t *item)
{
    char when[MU_TIME_TEXT];
    const char *commit = text_of(item, "commit");
    bool current = strcmp(text_of(item, "state"), "current") == 0;
    size_t runs = json_array_size(mu_json_get(item, "runs"));
    say("%s%s %-10s %.16s  %-10s %.12s  %-12s %4zu %s%s%s\n", current ? mu_cli_color("bold") : "",
        current ? "*" : " ", text_of(item, "version"),
        mu_time_local(mu_json_int(item, "at", 0), when), text_of(item, "who"),
        text_of(item, "digest"), state_words(item), runs, runs == 1 ? "run" : "runs",
        commit[0] ? "" : " no git", current ? mu_cli_color("reset") : "");
}

static void print_runs(const json_t *runs)
{
    size_t count = json_array_size(runs);
    struct mu_buf names = {.max = 1000};
    for (size_t i = 0; i < count && i < RUNS_SHOWN; i++)
        mu_buf_addf(&names, "%s%s", i ? ", " : "", json_string_value(json_array_get(runs, i)));
    if (count > 0)
        say("    runs       %s%s\n", mu_buf_text(&names), count > RUNS_SHOWN ? ", older ones" : "");
    mu_buf_free(&names);
}

static void print_signatures(const json_t *item)
{
    size_t i;
    json_t *one;
    char when[MU_TIME_TEXT];
    json_array_foreach(mu_json_get(item, "signatures"), i, one)
    {
        say("    signed     as %s by %s, %s\n", text_of(one, "role"), text_of(one, "person"),
            mu_time_local(mu_json_int(one, "at", 0), when));
    }
}

/* Of one playbook: everything that is known. */
static void print_details(const json_t *item)
{
    const char *commit = text_of(item, "commit");
    say("    from       %s, %s on %s\n", text_of(item, "folder"), text_of(item, "account"),
        text_of(item, "host"));
    if (commit[0])
        say("    git        %s%s\n", commit,
            mu_json_bool(item, "dirty", false) ? ", and changes that are not in it" : "");
    say("    digest     %s\n", text_of(item, "digest"));
    print_signatures(item);
    print_runs(mu_json_get(item, "runs"));
}

static void print_rollback(const json_t *back)
{
    char when[MU_TIME_TEXT];
    if (back)
        say("  rolled back to %s by %s, %s: %s\n", text_of(back, "version"), text_of(back, "who"),
            mu_time_local(mu_json_int(back, "at", 0), when), text_of(back, "reason"));
}

static void print(const json_t *list, bool details)
{
    size_t i;
    json_t *item;
    const char *playbook = "";
    json_array_foreach(list, i, item)
    {
        if (strcmp(playbook, text_of(item, "playbook")) != 0) {
            playbook = text_of(item, "playbook");
            if (i)
                say("\n");
            say("%s%s%s\n", mu_cli_color("bold"), playbook, mu_cli_color("reset"));
        }
        print_line(item);
        if (strcmp(text_of(item, "state"), "current") == 0)
            print_rollback(mu_json_get(item, "rollback"));
        if (details)
            print_details(item);
    }
    if (json_array_size(list) == 0)
        say("Nothing is published yet: muster publish FOLDER\n");
}

static int unknown(struct mu_cli *cli, const char *name)
{
    struct mu_fail fail;
    json_t *all = NULL, *item;
    size_t i;
    struct mu_near near = {.typed = name};
    if (mu_versions(cli->store, cli->config, NULL, &all, &fail) == MU_OK)
        json_array_foreach(all, i, item)
        {
            mu_near_try(&near, text_of(item, "playbook"));
        }
    int code = mu_cli_fail(cli, "versions", MU_EXIT_USAGE,
                           "nothing is published of a playbook \"%s\"%s%s%s", name,
                           near.best ? ": did you mean " : "; muster versions lists what is",
                           near.best ? near.best : "", near.best ? "?" : "");
    json_decref(all);
    return code;
}

static int list_versions(struct mu_cli *cli, const char *name)
{
    struct mu_fail fail;
    json_t *list = NULL, *item;
    size_t i;
    int code = MU_EXIT_OK;
    enum mu_err err = mu_versions(cli->store, cli->config, name, &list, &fail);
    if (err == MU_OK)
        err = add_runs(cli, list, &fail);
    if (err != MU_OK)
        code = mu_cli_fail(cli, "versions", MU_EXIT_USAGE, "%s", fail.text);
    else if (name && json_array_size(list) == 0)
        code = unknown(cli, name);
    else if (cli->json)
        json_array_foreach(list, i, item)
        {
            say_json_take(json_incref(item));
        }
    else
        print(list, name != NULL);
    json_decref(list);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int code = mu_cli_no_more_options(&mu_command_versions, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_versions, argc, 0, 1);
    if (code == 0)
        code = mu_cli_store(cli);
    return code ? code : list_versions(cli, argc > 1 ? argv[1] : NULL);
}

const struct mu_command mu_command_versions = {
    .name = "versions",
    .usage = "versions [NAME] [--json]",
    .summary = "published playbooks: which is current, by whom, used by which runs",
    .help =
        "One line a version, highest first; * is the current one, which muster run NAME takes. "
        "With NAME also\n"
        "from where, the git commit, the whole digest, signatures and runs. --json: one object a "
        "version.\n",
    .run = run,
    .without_secrets = true};
