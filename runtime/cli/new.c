/* SPDX-License-Identifier: MIT
 *
 * `muster new`: a playbook with passing tests, from a few questions on a terminal or from options alone. What it
 * makes is checked before it is written, so nothing with an error in it is ever left behind. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "engine/run.h"
#include "playbook/check.h"
#include "playbook/header.h"
#include "scaffold/scaffold.h"

#define TYPED_MAX 500

struct making {
    struct mu_cli *cli;
    const char *name, *folder_above, *kind_typed;
    const char *typed[16]; /* options, in the order of mu_scaffold_fields */
    bool ask;
    const struct mu_scaffold_kind *kind;
    json_t *answers;
    int errors;
};

/* --- asking --- */

/* One line; false at the end of input. What is empty means what stands in brackets. */
static bool read_line(char line[TYPED_MAX])
{
    say_now();
    if (fgets(line, TYPED_MAX, stdin) == NULL)
        return false;
    say_returned();
    line[strcspn(line, "\n")] = '\0';
    return true;
}

static void say_kinds(void)
{
    for (const struct mu_scaffold_kind *kind = mu_scaffold_kinds; kind->name; kind++)
        say_hanging(12, "  %-9s %s\n", kind->name, kind->doc);
}

static int left(const struct making *m)
{
    say("\n");
    return mu_cli_fail(m->cli, "new", MU_EXIT_CANCELLED, "left: nothing was made");
}

static int ask_kind(struct making *m)
{
    char line[TYPED_MAX];
    say("What shall it do?\n");
    say_kinds();
    while (m->kind == NULL) {
        say("%sKind%s [%s]: ", mu_cli_color("bold"), mu_cli_color("reset"),
            mu_scaffold_kinds[0].name);
        if (!read_line(line))
            return left(m);
        m->kind = line[0] ? mu_scaffold_kind(line) : &mu_scaffold_kinds[0];
        if (m->kind == NULL)
            say("  There is no kind \"%s\".\n", line);
    }
    return 0;
}

static int ask_field(struct making *m, const struct mu_scaffold_field *field, const char *usual,
                     char **answer)
{
    struct mu_fail fail;
    char line[TYPED_MAX];
    for (;;) {
        say("%s%s%s [%s]: ", mu_cli_color("bold"), field->question, mu_cli_color("reset"), usual);
        if (!read_line(line))
            return left(m);
        if (mu_scaffold_answer(field, line[0] ? line : usual, answer, &fail) == MU_OK)
            return 0;
        say("  %s\n", fail.text);
    }
}

/* --- options --- */

static int pick_kind(struct making *m)
{
    struct mu_near near = {.typed = m->kind_typed};
    m->kind = mu_scaffold_kind(m->kind_typed);
    if (m->kind)
        return 0;
    struct mu_buf all = {0};
    for (const struct mu_scaffold_kind *kind = mu_scaffold_kinds; kind->name; kind++) {
        mu_near_try(&near, kind->name);
        mu_buf_addf(&all, "%s%s", all.len ? ", " : "", kind->name);
    }
    int code = mu_cli_fail(m->cli, "new", MU_EXIT_USAGE,
                           "--kind %s: there is no such kind%s%s%s; there are %s", m->kind_typed,
                           near.best ? " (did you mean " : "", near.best ? near.best : "",
                           near.best ? "?)" : "", mu_buf_text(&all));
    mu_buf_free(&all);
    return code;
}

static int choose_kind(struct making *m)
{
    if (m->kind_typed)
        return pick_kind(m);
    if (m->ask)
        return ask_kind(m);
    struct mu_buf all = {0};
    for (const struct mu_scaffold_kind *kind = mu_scaffold_kinds; kind->name; kind++)
        mu_buf_addf(&all, "%s%s", all.len ? "|" : "", kind->name);
    int code =
        mu_cli_fail(m->cli, "new", MU_EXIT_USAGE,
                    "say what it shall do: --kind %s   (at a terminal it asks)", mu_buf_text(&all));
    mu_buf_free(&all);
    return code;
}

static int answer_field(struct making *m, const struct mu_scaffold_field *field, const char *typed)
{
    struct mu_fail fail;
    char *answer = NULL;
    int code = 0;
    if (typed && !mu_scaffold_takes(m->kind, field))
        return mu_cli_fail(m->cli, "new", MU_EXIT_USAGE, "--%s: the kind %s takes none",
                           field->name, m->kind->name);
    if (!mu_scaffold_takes(m->kind, field))
        return 0;
    char *usual = mu_scaffold_default(m->kind, field, m->cli->config->values);
    if (typed == NULL && m->ask)
        code = ask_field(m, field, usual, &answer);
    else if (mu_scaffold_answer(field, typed ? typed : usual, &answer, &fail) != MU_OK)
        code = mu_cli_fail(m->cli, "new", MU_EXIT_USAGE, "--%s: %s", field->name, fail.text);
    if (code == 0)
        json_object_set_new(m->answers, field->name, json_string(answer));
    free(answer);
    free(usual);
    return code;
}

/* --- where --- */

/* playbooks/ here; else beside the muster.lua that is found from here; else playbooks/ is made here. */
static char *default_folder(const struct mu_cli *cli)
{
    struct stat st;
    char here[PATH_MAX];
    if (stat("playbooks", &st) == 0 || cli->config->path[0] == '\0' ||
        getcwd(here, sizeof here) == NULL || strcmp(here, cli->config->dir) == 0)
        return mu_xstrdup("playbooks");
    return mu_xasprintf("%s/playbooks", cli->config->dir);
}

/* As it is typed for other commands: a folder, never a name. */
static char *folder_of(const struct making *m)
{
    char *parent = m->folder_above ? mu_xstrdup(m->folder_above) : default_folder(m->cli);
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/')
        parent[--len] = '\0';
    bool plain = parent[0] == '/' || parent[0] == '.';
    char *folder = mu_xasprintf("%s%s/%s", plain ? "" : "./", parent, m->name);
    free(parent);
    return folder;
}

/* --- made --- */

static void say_problem(const struct mu_problem *problem, void *ud)
{
    struct making *m = ud;
    if (problem->error || !m->cli->json)
        say_err("  %s: %s: %s - %s%s%s  [%s]\n", problem->file,
                problem->error ? "error" : "warning", problem->what, problem->why,
                problem->mend ? " - " : "", problem->mend ? problem->mend : "", problem->rule);
}

/* With people in muster.lua: who is named must be there, as muster check has it. */
static int judge(struct making *m, const struct mu_bundle *bundle)
{
    const struct mu_around around = {.config = m->cli->config->values};
    if (mu_check(bundle, mu_run_words(m->cli->config), &around, say_problem, m) == 0)
        return 0;
    return mu_cli_fail(m->cli, "new", MU_EXIT_USAGE,
                       "with these answers the playbook would have errors; nothing was made");
}

static bool add_path(const char *path, const char *bytes, size_t len, void *ud)
{
    (void)bytes;
    (void)len;
    json_array_append_new(ud, json_string(path));
    return true;
}

static void tell(const struct making *m, const struct mu_bundle *bundle, const char *folder)
{
    size_t i;
    json_t *path, *paths = json_array();
    mu_bundle_each(bundle, add_path, paths);
    if (m->cli->json) {
        say_json_take(json_pack("{s:s, s:s, s:s, s:o}", "playbook", m->name, "kind", m->kind->name,
                                "folder", folder, "files", paths));
        return;
    }
    say("Made %s@1.0.0, a draft:\n", m->name);
    json_array_foreach(paths, i, path)
    {
        say("  %s/%s\n", folder, json_string_value(path));
    }
    say("\nNext:\n  muster test %s\n  muster check %s\n  muster run %s --dry-run\n", folder, folder,
        folder);
    json_decref(paths);
}

static int make(struct making *m, const char *folder)
{
    struct mu_fail fail;
    struct mu_bundle *bundle = mu_scaffold_make(m->kind, m->answers);
    int code = judge(m, bundle);
    if (code == 0 && mu_scaffold_write(bundle, folder, &fail) != MU_OK)
        code = mu_cli_fail(m->cli, "new", mu_cli_exit_for(fail.class), "%s", fail.text);
    if (code == 0)
        tell(m, bundle, folder);
    mu_bundle_free(bundle);
    return code;
}

/* Before anybody is asked anything; what is made in the meantime is seen by mu_scaffold_write(). */
static int check_place(const struct making *m, const char *folder)
{
    struct stat st;
    if (!mu_header_is_name(m->name))
        return mu_cli_fail(m->cli, "new", MU_EXIT_USAGE,
                           "\"%.80s\" can't be a playbook's name: lower-case letters, digits and "
                           "hyphens (where it is made: --in DIR)",
                           m->name);
    if (lstat(folder, &st) == 0)
        return mu_cli_fail(m->cli, "new", MU_EXIT_USAGE,
                           "%s is there already, and nothing is written over: take another name, "
                           "or remove it",
                           folder);
    return 0;
}

static int answer_all(struct making *m)
{
    int code = choose_kind(m);
    for (size_t i = 0; code == 0 && mu_scaffold_fields[i].name; i++)
        code = answer_field(m, &mu_scaffold_fields[i], m->typed[i]);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct making m = {.cli = cli};
    mu_cli_option(&argc, argv, "--kind", &m.kind_typed);
    mu_cli_option(&argc, argv, "--in", &m.folder_above);
    for (size_t i = 0; mu_scaffold_fields[i].name; i++) {
        char *option = mu_xasprintf("--%s", mu_scaffold_fields[i].name);
        mu_cli_option(&argc, argv, option, &m.typed[i]);
        free(option);
    }
    bool yes = mu_cli_option(&argc, argv, "--yes", NULL);
    m.ask = !yes && !cli->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    int code = mu_cli_no_more_options(&mu_command_new, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_new, argc, 1, 1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    m.name = argv[1];
    char *folder = folder_of(&m);
    m.answers = json_pack("{s:s}", "name", m.name);
    code = m.answers ? check_place(&m, folder) : MU_EXIT_USAGE;
    if (code == 0)
        code = answer_all(&m);
    if (code == 0)
        code = make(&m, folder);
    json_decref(m.answers);
    free(folder);
    return code;
}

const struct mu_command mu_command_new = {
    .name = "new",
    .usage = "new NAME [--kind KIND] [--domain DOMAIN] [--host HOST] [--owner TEAM] [--ask WHO] "
             "[--ladder LADDER] [--tell AUDIENCE] [--summary TEXT] [--in DIR] [--yes]",
    .summary = "begin a playbook: from a few questions, with passing tests",
    .help =
        "Makes playbooks/NAME (here, else beside muster.lua) with playbook.lua, its changelog, "
        "templates and\n"
        "test.lua. On a terminal it asks for what no option says; defaults come from muster.lua. "
        "Elsewhere,\n"
        "and with --yes, it never asks. Nothing is written over, and nothing is left half done.\n"
        "\n"
        "  --kind     check: look on a schedule, tell the owner; notify: tell people that mail "
        "fails, and when it\n"
        "             is over; escalate: page people in turn until one takes it; failover: move "
        "the MX after a\n"
        "             yes; runbook: steps that people do\n"
        "  --domain   what it is about; for escalate --host\n"
        "  --owner    the team whose playbook it is\n"
        "  --ask      who is asked (failover, runbook)\n"
        "  --ladder   who is paged in turn (escalate)\n"
        "  --tell     who is told; check tells its owner alone\n"
        "  --summary  what it is for, in one line\n"
        "  --in       another folder to make it in\n"
        "  --yes      take the defaults of what no option says\n",
    .run = run,
    .without_secrets = true};
