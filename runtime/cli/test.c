/* SPDX-License-Identifier: MIT
 *
 * `muster test`: plays the tests that lie beside playbooks. What they found is told for people, as TAP, or as
 * JUnit's XML. A test that failed shows what its run did, as muster watch would have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "cli/say.h"
#include "testing/testing.h"

#define TIMEOUT_MS 60000
#define MOST_FILES 256

struct telling {
    struct mu_cli *cli;
    struct mu_test_file **files;
    size_t told_file; /* of the last heading; + 1 */
    int passed, failed;
    int64_t began_ms;
};

/* --- for people --- */

static void say_row(const json_t *row, int64_t from_ms)
{
    json_t *value = json_object_get(row, "value");
    char *text = mu_json_text(value), at[MU_TIME_TEXT];
    struct mu_row as_row = {.type = mu_json_str(row, "type", "?")[0],
                            .task = mu_json_str(row, "task", ""),
                            .seq = mu_json_int(row, "seq", 0),
                            .verb = mu_json_str(row, "verb", ""),
                            .args = "",
                            .src = mu_json_str(row, "src", ""),
                            .step = mu_json_str(row, "step", ""),
                            .ts = mu_json_int(row, "ts", 0),
                            .value = text};
    struct line line = {0};
    line_of(&as_row, &line);
    if (line.kind != LINE_NONE)
        say("      %8s  %s%-10s%s %s\n", mu_duration_text(as_row.ts - from_ms, at),
            mu_cli_color(line_color(line.kind)), line.tag, mu_cli_color("reset"),
            mu_buf_text(&line.text));
    mu_buf_free(&line.text);
    free(text);
}

static void say_run(const json_t *run)
{
    size_t i;
    json_t *row;
    const json_t *rows = json_object_get(run, "rows");
    int64_t from_ms = mu_json_int(json_array_get(rows, 0), "ts", 0);
    say("      %s\n", mu_json_str(run, "name", ""));
    json_array_foreach(rows, i, row)
    {
        say_row(row, from_ms);
    }
}

static void say_failure(const json_t *failure)
{
    size_t i;
    json_t *line;
    say("    %s: %s\n", mu_json_str(failure, "src", ""), mu_json_str(failure, "what", ""));
    json_array_foreach(mu_json_get(failure, "diff"), i, line)
    {
        const char *text = json_string_value(line);
        say("      %s%s%s\n",
            mu_cli_color(text[0] == '-'   ? "red"
                         : text[0] == '+' ? "green"
                                          : "reset"),
            text, mu_cli_color("reset"));
    }
}

static void say_trouble(const json_t *result)
{
    size_t i;
    json_t *one;
    const char *broke = mu_json_str(result, "broke", NULL), *log = mu_json_str(result, "log", "");
    if (broke)
        say("    it broke off: %s\n", broke);
    json_array_foreach(json_object_get(result, "failures"), i, one)
    {
        say_failure(one);
    }
    json_array_foreach(json_object_get(result, "runs"), i, one)
    {
        say_run(one);
    }
    if (log[0])
        say("    muster said meanwhile:\n%s\n", log);
}

static void say_heading(struct telling *telling, size_t file)
{
    if (telling->told_file == file + 1)
        return;
    const struct mu_header *header = telling->files[file]->header;
    telling->told_file = file + 1;
    say("%s%s %s%s\n", mu_cli_color("bold"), header->name, header->version, mu_cli_color("reset"));
}

static void say_result(struct telling *telling, size_t file, const json_t *result)
{
    bool ok = mu_json_bool(result, "ok", false);
    char took[MU_TIME_TEXT], simulated[MU_TIME_TEXT];
    say_heading(telling, file);
    say("  %s%s%s  %s  (%s; %s in its world)\n", mu_cli_color(ok ? "green" : "red"),
        ok ? "ok    " : "NOT OK", mu_cli_color("reset"), mu_json_str(result, "name", ""),
        mu_duration_text(mu_json_int(result, "took_ms", 0), took),
        mu_duration_text(mu_json_int(result, "simulated_ms", 0), simulated));
    if (!ok)
        say_trouble(result);
}

static bool tell(size_t file, const json_t *result, void *ud)
{
    struct telling *telling = ud;
    bool ok = mu_json_bool(result, "ok", false);
    telling->passed += ok;
    telling->failed += !ok;
    if (telling->cli->json) {
        json_t *line = json_copy((json_t *)result);
        json_object_set_new(line, "playbook", json_string(telling->files[file]->header->name));
        say_json_take(line);
    } else {
        say_result(telling, file, result);
    }
    return true;
}

/* --- the command --- */

static int load_files(struct mu_cli *cli, int argc, char **argv, struct mu_test_file **files,
                      size_t *count)
{
    int code = 0;
    for (int i = 1; i < argc && *count < MOST_FILES; i++) {
        struct mu_fail fail;
        if (mu_test_file_load(argv[i], mu_cli_playbook_path(cli), cli->config, &files[*count],
                              &fail) == MU_OK)
            (*count)++;
        else
            code = mu_cli_fail(cli, "test", MU_EXIT_USAGE, "%s", fail.text);
    }
    return code;
}

static int play(struct mu_cli *cli, struct mu_test_file **files, size_t count, const char *filter)
{
    struct mu_fail fail;
    struct telling telling = {.cli = cli, .files = files, .began_ms = mu_clock_mono_ms()};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct mu_suite suite = {.files = files,
                             .count = count,
                             .filter = filter,
                             .jobs = cores > 0 ? (int)cores : 1,
                             .timeout_ms = TIMEOUT_MS};
    if (mu_suite_run(&suite, tell, &telling, &fail) != MU_OK)
        return mu_cli_fail(cli, "test", MU_EXIT_INTERNAL, "%s", fail.text);
    char took[MU_TIME_TEXT];
    if (!cli->json)
        say("%d passed, %d failed, in %s\n", telling.passed, telling.failed,
            mu_duration_text(mu_clock_mono_ms() - telling.began_ms, took));
    return telling.failed ? MU_EXIT_FAILED : MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_test_file *files[MOST_FILES];
    size_t count = 0;
    const char *filter = NULL;
    mu_cli_option(&argc, argv, "--only", &filter);
    int code = mu_cli_no_more_options(&mu_command_test, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_test, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    code = load_files(cli, argc, argv, files, &count);
    if (code == 0)
        code = play(cli, files, count, filter);
    for (size_t i = 0; i < count; i++)
        mu_test_file_free(files[i]);
    return code;
}

const struct mu_command mu_command_test = {
    .name = "test",
    .usage = "test PLAYBOOK ... [--only TEXT] [--json]",
    .summary = "play the tests of playbooks, in simulated worlds",
    .help = "Plays test.lua of each playbook: every test in a process, a world and a time of its "
            "own, nothing of\n"
            "which is real. A test that fails shows what was expected and what its run did.\n"
            "\n"
            "  --only TEXT   only tests that have this in their name\n",
    .run = run};
