/* SPDX-License-Identifier: MIT
 *
 * `muster diff A B`: what changes for people from one playbook to another; --text: the lines of its files,
 * told by diff(1). Like diff it ends with 0 when both are the same, else with 1. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/find.h"
#include "cli/published.h"
#include "cli/say.h"
#include "cli/story.h"
#include "engine/run.h"
#include "playbook/outline.h"

#define DIFF_WAIT_S 30

struct side {
    const char *typed;
    struct mu_bundle *bundle;
    json_t *outline;
    char digest[MU_SHA256_HEX];
};

/* --- which playbook a side is --- */

/* "mx-failover.12", "12", "last" */
static bool is_run(const char *typed)
{
    const char *dot = strrchr(typed, '.'), *number = dot ? dot + 1 : typed;
    size_t digits = strspn(number, "0123456789");
    return strcmp(typed, "last") == 0 ||
           (digits > 0 && number[digits] == '\0' && (dot == NULL || dot > typed) &&
            strchr(typed, '/') == NULL && strchr(typed, '@') == NULL);
}

static int take_run(struct mu_cli *cli, struct side *side)
{
    struct found_run run;
    struct story story;
    struct mu_fail fail;
    int code = find_run_or_file(cli, "diff", side->typed, &run);
    if (code)
        return code;
    const char *why = story_read(&story, run.path, &fail);
    if (why) {
        code = mu_cli_fail(cli, "diff", MU_EXIT_USAGE, "%s: %s", side->typed, why);
    } else {
        side->bundle = story.bundle;
        story.bundle = NULL;
    }
    story_fini(&story);
    return code;
}

/* A name, a version or a folder; as a dry run would take it, so that everything can be looked at. */
static int take_playbook(struct mu_cli *cli, struct side *side)
{
    struct mu_fail fail;
    struct mu_choice choice;
    if (published_choose(cli, side->typed, false, &choice, &fail) != MU_OK)
        return mu_cli_fail(cli, "diff", MU_EXIT_USAGE, "%s", fail.text);
    side->bundle = choice.bundle;
    choice.bundle = NULL;
    mu_choice_fini(&choice);
    return 0;
}

static int outline(struct mu_cli *cli, struct side *side)
{
    struct mu_fail fail;
    mu_bundle_digest(side->bundle, side->digest);
    if (mu_outline(side->bundle, mu_run_words(cli->config), &side->outline, &fail) == MU_OK)
        return 0;
    return mu_cli_fail(cli, "diff", MU_EXIT_USAGE, "%s: %s", side->typed, fail.text);
}

static bool is_wildcard(const struct side *side)
{
    return strcmp(side->typed, "@published") == 0;
}

/* "@published": the current version of the other side's name. */
static int take_current(struct mu_cli *cli, struct side *side, const struct side *other)
{
    struct mu_fail fail;
    const char *name = mu_json_str(other->outline, "name", "");
    json_t *list = NULL;
    const json_t *current = NULL;
    enum mu_err err = published_store(cli, &fail);
    if (err == MU_OK && cli->store)
        err = mu_versions(cli->store, cli->config, name, &list, &fail);
    if (err == MU_OK)
        err = mu_versions_pick(list, name, "", &current, &fail);
    if (err == MU_OK)
        err = mu_versions_bundle(cli->store, current, &side->bundle, &fail);
    json_decref(list);
    return err == MU_OK ? 0 : mu_cli_fail(cli, "diff", MU_EXIT_USAGE, "%s", fail.text);
}

static int load(struct mu_cli *cli, struct side *side, const struct side *other)
{
    int code = is_wildcard(side)     ? take_current(cli, side, other)
               : is_run(side->typed) ? take_run(cli, side)
                                     : take_playbook(cli, side);
    return code ? code : outline(cli, side);
}

static void side_fini(struct side *side)
{
    mu_bundle_free(side->bundle);
    json_decref(side->outline);
}

/* --- for people --- */

static void say_side(const char *sign, const struct side *side)
{
    say("%s %s@%s  %.12s  %s\n", sign, mu_json_str(side->outline, "name", ""),
        mu_json_str(side->outline, "version", ""), side->digest,
        mu_bundle_folder(side->bundle)[0] ? mu_bundle_folder(side->bundle) : side->typed);
}

static const char *heading(const char *area)
{
    static const struct {
        const char *area, *words;
    } known[] = {{"params", "Parameters"}, {"may_change", "What it may change"},
                 {"acts", "Acts"},         {"gates", "Who is asked"},
                 {"steps", "Steps"},       {"templates", "Messages"},
                 {"rules", "Rules"},       {"about", "About it"},
                 {"code", "How it works"}};
    for (size_t i = 0; i < MU_COUNT(known); i++)
        if (strcmp(known[i].area, area) == 0)
            return known[i].words;
    return area;
}

static const char *sign_of(const char *kind, const char **color)
{
    *color = strcmp(kind, "added") == 0 ? "green" : strcmp(kind, "removed") == 0 ? "red" : "yellow";
    return strcmp(kind, "added") == 0     ? "+"
           : strcmp(kind, "removed") == 0 ? "-"
           : strcmp(kind, "moved") == 0   ? ">"
                                          : "~";
}

static void say_reach(const json_t *changes)
{
    const char *reach = mu_changes_reach(changes);
    if (strcmp(reach, "wider") == 0)
        say("%sIt may change MORE than before.%s\n", mu_cli_color("red"), mu_cli_color("reset"));
    else if (strcmp(reach, "narrower") == 0)
        say("It may change less than before.\n");
    else if (strcmp(reach, "other") == 0)
        say("%sIt may change OTHER things than before: more here, less there.%s\n",
            mu_cli_color("red"), mu_cli_color("reset"));
}

/* What no list can tell people have to read. */
static void say_code(const json_t *changes, bool text)
{
    size_t i;
    json_t *item;
    bool code = false;
    json_array_foreach(changes, i, item)
    {
        code = code || strcmp(mu_json_str(item, "area", ""), "code") == 0;
    }
    if (code)
        say("%sIts conditions, order or other code change.%s Read them: %s.\n", mu_cli_color("red"),
            mu_cli_color("reset"), text ? "their lines are below" : "--text shows their lines");
}

static void say_changes(const json_t *changes)
{
    size_t i;
    json_t *item;
    const char *area = "", *color;
    json_array_foreach(changes, i, item)
    {
        if (strcmp(area, mu_json_str(item, "area", "")) != 0) {
            area = mu_json_str(item, "area", "");
            say("\n%s%s%s\n", mu_cli_color("bold"), heading(area), mu_cli_color("reset"));
        }
        const char *sign = sign_of(mu_json_str(item, "kind", ""), &color);
        say("  %s%s%s ", mu_cli_color(color), sign, mu_cli_color("reset"));
        say_hanging(4, "%s\n", mu_json_str(item, "text", ""));
    }
}

static void say_people(const struct side *a, const struct side *b, const json_t *changes, bool text)
{
    char *files = published_differing(a->bundle, b->bundle);
    say_side("-", a);
    say_side("+", b);
    if (strcmp(a->digest, b->digest) == 0) {
        say("They are the same, file by file.\n");
    } else {
        say_reach(changes);
        say_code(changes, text);
        if (json_array_size(changes) == 0)
            say("Nothing that a run does changes: only its number and changelog, comments, blanks, "
                "or files that\nno run reads.\n");
        say_changes(changes);
        say("\nFiles that differ: %s%s\n", files, text ? "" : "  (--text shows their lines)");
    }
    free(files);
}

/* --- their lines --- */

struct lines {
    struct mu_cli *cli;
    const struct side *a, *b;
    bool from_a; /* only what b has not */
    int code;
};

static void say_line(const char *line)
{
    const char *color = line[0] == '+' ? "green" : line[0] == '-' ? "red" : "dim";
    say("%s%s%s\n", mu_cli_color(color), line, mu_cli_color("reset"));
}

static void say_output(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char *line = mu_xstrndup(text, len);
        say_line(line);
        free(line);
        text += len + (text[len] == '\n');
    }
}

static bool diff_file(const char *path, const char *bytes, size_t len, void *ud)
{
    struct lines *lines = ud;
    size_t old_len = 0, new_len = 0;
    const char *old = mu_bundle_file(lines->a->bundle, path, &old_len),
               *now = mu_bundle_file(lines->b->bundle, path, &new_len);
    (void)bytes;
    (void)len;
    if (lines->from_a && now)
        return true;
    char *a = mu_xasprintf("%s/%s", lines->a->typed, path),
         *b = mu_xasprintf("%s/%s", lines->b->typed, path);
    const char *const argv[] = {"diff",      "-u",
                                "--label",   old ? a : "/dev/null",
                                "--label",   now ? b : "/dev/null",
                                "/dev/fd/3", "/dev/fd/4",
                                NULL};
    struct mu_child child = {.argv = argv,
                             .files = {{old ? old : "", old_len}, {now ? now : "", new_len}},
                             .file_count = 2,
                             .timeout_s = DIFF_WAIT_S};
    struct mu_fail fail;
    if (mu_child_run(&child, &fail) != MU_OK)
        lines->code = mu_cli_fail(lines->cli, "diff", MU_EXIT_USAGE, "%s", fail.text);
    else if (child.code > 1)
        lines->code =
            mu_cli_fail(lines->cli, "diff", MU_EXIT_USAGE, "diff: %s", mu_child_complaint(&child));
    else
        say_output(mu_buf_text(&child.out));
    mu_child_fini(&child);
    free(a);
    free(b);
    return lines->code == 0;
}

static int say_text(struct mu_cli *cli, const struct side *a, const struct side *b)
{
    struct lines lines = {.cli = cli, .a = a, .b = b};
    mu_bundle_each(b->bundle, diff_file, &lines);
    lines.from_a = true;
    if (lines.code == 0)
        mu_bundle_each(a->bundle, diff_file, &lines);
    return lines.code;
}

/* --- the command --- */

static json_t *side_json(const struct side *side)
{
    return json_pack("{s:s, s:O, s:O, s:s, s:O}", "typed", side->typed, "playbook",
                     json_object_get(side->outline, "name"), "version",
                     json_object_get(side->outline, "version"), "digest", side->digest, "files",
                     json_object_get(side->outline, "files"));
}

static int compare(struct mu_cli *cli, const struct side *a, const struct side *b, bool text)
{
    bool equal = strcmp(a->digest, b->digest) == 0;
    json_t *changes = mu_changes(a->outline, b->outline);
    int code = 0;
    if (cli->json) {
        say_json_take(json_pack("{s:o, s:o, s:b, s:s, s:O}", "a", side_json(a), "b", side_json(b),
                                "same", equal, "reach", mu_changes_reach(changes), "changes",
                                changes));
    } else {
        say_people(a, b, changes, text);
        if (text && !equal) {
            say("\n");
            code = say_text(cli, a, b);
        }
    }
    json_decref(changes);
    return code ? code : equal ? MU_EXIT_OK : MU_EXIT_FAILED;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct side a = {0}, b = {0};
    bool text = mu_cli_option(&argc, argv, "--text", NULL);
    int code = mu_cli_no_more_options(&mu_command_diff, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_diff, argc, 2, 2);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    a.typed = argv[1];
    b.typed = argv[2];
    if (is_wildcard(&a) && is_wildcard(&b))
        return mu_cli_fail(cli, "diff", MU_EXIT_USAGE,
                           "@published is of the other side's name: name one of them");
    struct side *first = is_wildcard(&a) ? &b : &a, *second = is_wildcard(&a) ? &a : &b;
    code = load(cli, first, NULL);
    if (code == 0)
        code = load(cli, second, first);
    if (code == 0)
        code = compare(cli, &a, &b, text);
    side_fini(&a);
    side_fini(&b);
    return code;
}

const struct mu_command mu_command_diff = {
    .name = "diff",
    .usage = "diff A B [--text] [--json]",
    .summary = "what changes for people from one playbook to another",
    .help =
        "A and B: NAME@VERSION, NAME, a folder, @published (the current version of the other's "
        "name), or a\n"
        "run: the playbook it carries. First what people meet: parameters, what it may change, "
        "acts, who is\n"
        "asked, steps, messages, rules; then where conditions or other code differ. Exits with 0 "
        "when both are\n"
        "the same, 1 when they differ, 2 when it can't tell.\n"
        "\n"
        "  --text  the lines of the files as well, unified (diff -u)\n"
        "\n"
        "    muster diff @published ./mx-failover\n",
    .run = run,
    .without_secrets = true};
