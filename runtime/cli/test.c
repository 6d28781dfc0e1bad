/* SPDX-License-Identifier: MIT
 *
 * `muster test`: plays the tests that lie beside playbooks, and tells what they found: to people (tested.c), as
 * TAP, as JSON, or into a file as JUnit's XML. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/tested.h"
#include "cli/transcript.h"
#include "cli/watching.h"
#include "testing/report.h"
#include "testing/testing.h"

#define TIMEOUT_MS 60000
#define MOST_FILES 256

struct options {
    const char *only, *junit;
    bool tap, coverage, watch;
};

/* A playbook or its test.lua that can't be read: a test that fails, too. */
struct broken {
    char *typed, *why;
};

struct files {
    struct mu_test_file *list[MOST_FILES];
    struct broken broken[MOST_FILES];
    size_t count, broken_count;
    json_t *untested; /* names of playbooks of the folder without a test.lua */
};

struct telling {
    struct mu_cli *cli;
    const struct options *options;
    const struct files *files;
    json_t *suites; /* one for each file, for JUnit */
    bool **hits;    /* by file and point */
    size_t headed;  /* files that have their heading */
    int passed, failed, skipped;
};

/* --- telling --- */

static void note_hits(struct telling *telling, size_t file, const json_t *result)
{
    size_t i;
    json_t *hit;
    json_array_foreach(json_object_get(result, "hits"), i, hit)
    {
        telling->hits[file][json_integer_value(hit)] = true;
    }
}

static bool for_people(const struct telling *telling)
{
    return !telling->cli->json && !telling->options->tap;
}

/* Files whose tests are all told, up to this one: what they reached. */
static void close_files(struct telling *telling, size_t file)
{
    for (; telling->headed < file + 1; telling->headed++) {
        if (telling->headed > 0 && for_people(telling))
            tested_coverage(telling->files->list[telling->headed - 1],
                            telling->hits[telling->headed - 1], telling->options->coverage);
        if (telling->headed < telling->files->count && for_people(telling))
            tested_heading(telling->files->list[telling->headed]);
    }
}

static void tell_tap(struct telling *telling, const char *playbook, const json_t *result)
{
    struct mu_buf buf = {0};
    int number = telling->passed + telling->failed + telling->skipped;
    if (number == 1)
        mu_tap_begin(&buf);
    mu_tap_point(playbook, result, number, &buf);
    say_document(&buf);
    mu_buf_free(&buf);
}

/* Whoever reads TAP learns that the rest is missing. */
static void bail_out(const struct options *options, bool begun)
{
    struct mu_buf buf = {0};
    if (!options->tap)
        return;
    if (!begun)
        mu_tap_begin(&buf);
    mu_tap_bail(&buf, "stderr says why");
    say_document(&buf);
    mu_buf_free(&buf);
}

/* For those who read it elsewhere, and later: what its runs did. */
static void add_transcript(json_t *result)
{
    struct mu_buf text = {0};
    transcript_text(result, &text);
    if (text.len)
        json_object_set_new(result, "transcript", mu_json_lenient_string(text.data, text.len));
    mu_buf_free(&text);
}

static void tell_one(struct telling *telling, size_t suite, const char *playbook,
                     const json_t *result)
{
    bool ok = mu_json_bool(result, "ok", false);
    json_t *line = json_copy((json_t *)result);
    telling->passed += ok;
    telling->failed += !ok;
    if (!ok && !telling->cli->json)
        add_transcript(line);
    if (telling->options->tap) {
        tell_tap(telling, playbook, line);
    } else if (telling->cli->json) {
        json_object_set_new(line, "playbook", json_string(playbook));
        say_json_take(json_incref(line));
    } else {
        tested_result(result);
    }
    json_object_del(line, "runs"); /* whole journals, and there can be many tests */
    json_array_append_new(json_object_get(json_array_get(telling->suites, suite), "results"), line);
}

static bool tell(size_t file, const json_t *result, void *ud)
{
    struct telling *telling = ud;
    note_hits(telling, file, result);
    close_files(telling, file);
    tell_one(telling, file, telling->files->list[file]->header->name, result);
    return true;
}

/* The line in "b/test.lua:2: ...". */
static int line_in(const char *why)
{
    const char *lua = strstr(why, ".lua:");
    return lua ? (int)strtol(lua + strlen(".lua:"), NULL, 10) : 0;
}

static void add_suite(struct telling *telling, const char *playbook, const char *version,
                      const char *file)
{
    json_array_append_new(telling->suites, json_pack("{s:s, s:s, s:s, s:[]}", "playbook", playbook,
                                                     "version", version, "file", file, "results"));
}

static void tell_broken(struct telling *telling)
{
    for (size_t i = 0; i < telling->files->broken_count; i++) {
        const struct broken *broken = &telling->files->broken[i];
        close_files(telling, telling->files->count);
        add_suite(telling, broken->typed, "", broken->typed);
        json_t *result =
            json_pack("{s:s, s:i, s:b, s:b, s:s, s:[], s:[], s:i, s:i}", "name", "can be read",
                      "line", line_in(broken->why), "ok", 0, "unread", 1, "broke", broken->why,
                      "failures", "runs", "simulated_ms", 0, "took_ms", 0);
        if (for_people(telling))
            say("%s%s%s\n", mu_cli_color("bold"), broken->typed, mu_cli_color("reset"));
        tell_one(telling, telling->files->count + i, broken->typed, result);
        json_decref(result);
    }
}

static int write_junit(struct telling *telling)
{
    struct mu_buf buf = {0};
    const char *path = telling->options->junit;
    mu_junit(telling->suites, &buf);
    FILE *file = fopen(path, "we");
    bool ok = file && fwrite(mu_buf_text(&buf), 1, buf.len, file) == buf.len;
    ok = file && fclose(file) == 0 && ok;
    mu_buf_free(&buf);
    return ok ? 0 : mu_cli_fail(telling->cli, "test", MU_EXIT_USAGE, "%s can't be written", path);
}

/* Nothing of them was played: to people on stderr, to CI as skipped. */
static void tell_untested(struct telling *telling)
{
    size_t i, first = telling->files->count + telling->files->broken_count;
    json_t *name;
    json_array_foreach(telling->files->untested, i, name)
    {
        const char *playbook = json_string_value(name);
        json_t *result = json_pack("{s:s, s:i, s:b, s:s, s:i}", "name", "has tests", "line", 0,
                                   "ok", 1, "skipped", "there is no test.lua", "took_ms", 0);
        say_err(i ? ", %s" : "muster test: without a test.lua: %s", playbook);
        add_suite(telling, playbook, "", playbook);
        json_array_append(json_object_get(json_array_get(telling->suites, first + i), "results"),
                          result);
        telling->skipped++;
        if (telling->options->tap)
            tell_tap(telling, playbook, result);
        json_decref(result);
    }
    if (telling->skipped)
        say_err("\n");
}

static void tell_end(struct telling *telling, int64_t began_ms)
{
    char took[MU_TIME_TEXT];
    int count = telling->passed + telling->failed;
    if (count > 0)
        close_files(telling, telling->files->count);
    if (telling->options->tap) {
        struct mu_buf buf = {0};
        mu_tap_end(count + telling->skipped, &buf);
        say_document(&buf);
        mu_buf_free(&buf);
    } else if (!telling->cli->json) {
        say("%d passed, %d failed, in %s\n", telling->passed, telling->failed,
            mu_duration_text(mu_clock_mono_ms() - began_ms, took));
    }
}

static void telling_init(struct telling *telling)
{
    const struct files *files = telling->files;
    telling->suites = json_array();
    telling->hits = mu_xcalloc(files->count + 1, sizeof *telling->hits);
    for (size_t i = 0; i < files->count; i++) {
        const struct mu_test_file *file = files->list[i];
        telling->hits[i] = mu_xcalloc(file->coverage.count + 1, sizeof **telling->hits);
        add_suite(telling, file->header->name, file->header->version, file->path);
    }
}

static void telling_fini(struct telling *telling)
{
    for (size_t i = 0; i < telling->files->count; i++)
        free(telling->hits[i]);
    free(telling->hits);
    json_decref(telling->suites);
}

/* --- which playbooks --- */

static void add_file(struct mu_cli *cli, const char *typed, bool must, struct files *files,
                     int *code)
{
    struct mu_fail fail;
    if (files->count == MOST_FILES)
        return;
    enum mu_err err = mu_test_file_load(typed, mu_cli_playbook_path(cli), cli->config, true,
                                        &files->list[files->count], &fail);
    if (err == MU_OK)
        files->count++;
    else if (err != MU_REFUSED && files->broken_count < MOST_FILES)
        files->broken[files->broken_count++] =
            (struct broken){mu_xstrdup(typed), mu_xstrdup(fail.text)};
    else if (must) /* else it is one without tests, and nobody asked for it */
        *code = mu_cli_fail(cli, "test", MU_EXIT_USAGE, "%s", fail.text);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Every playbook of a folder that has tests, by name. */
static void add_folder(struct mu_cli *cli, const char *folder, struct files *files, int *code)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_shown, alphasort);
    for (int i = 0; i < count; i++) {
        char *path = mu_xasprintf("%s/%s", folder, entries[i]->d_name),
             *tests = mu_xasprintf("%s/test.lua", path);
        char *book = mu_xasprintf("%s/playbook.lua", path);
        if (access(tests, F_OK) == 0)
            add_file(cli, path, false, files, code);
        else if (access(book, F_OK) == 0)
            json_array_append_new(
                files->untested,
                mu_json_lenient_string(entries[i]->d_name, strlen(entries[i]->d_name)));
        free(book);
        free(tests);
        free(path);
        free(entries[i]);
    }
    free(entries);
}

/* Those that are named; else those of the folders where playbooks are looked up, but for what muster came with, which is
 * the last one: a CI in the wrong folder would be green over it. */
static int add_files(struct mu_cli *cli, int argc, char **argv, struct files *files)
{
    int code = 0;
    for (int i = 1; i < argc; i++)
        add_file(cli, argv[i], true, files, &code);
    for (const char *const *path = mu_cli_playbook_path(cli); argc == 1 && path[1]; path++)
        add_folder(cli, *path, files, &code);
    if (code == 0 && files->count + files->broken_count == 0)
        code = mu_cli_fail(cli, "test", MU_EXIT_USAGE,
                           "there are no playbooks with a test.lua here: name one, or go where "
                           "playbooks/ is");
    return code;
}

/* --- playing --- */

static int play(struct mu_cli *cli, const struct files *files, const struct options *options)
{
    struct mu_fail fail;
    struct telling telling = {.cli = cli, .files = files, .options = options};
    int64_t began_ms = mu_clock_mono_ms();
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct mu_suite suite = {.files = files->list,
                             .count = files->count,
                             .filter = options->only,
                             .jobs = cores > 0 ? (int)cores : 1,
                             .timeout_ms = TIMEOUT_MS};
    telling_init(&telling);
    int code = 0;
    enum mu_err err = mu_suite_run(&suite, tell, &telling, &fail);
    tell_broken(&telling);
    if (err != MU_OK)
        code = mu_cli_fail(cli, "test", MU_EXIT_INTERNAL, "%s", fail.text);
    else if (telling.passed + telling.failed == 0)
        code = mu_cli_fail(cli, "test", MU_EXIT_USAGE, "no test has \"%s\" in its name",
                           options->only ? options->only : "");
    if (err == MU_OK)
        tell_untested(&telling);
    if (code)
        bail_out(options, telling.passed + telling.failed + telling.skipped > 0);
    else
        tell_end(&telling, began_ms);
    if (code == 0 && options->junit)
        code = write_junit(&telling);
    if (code == 0 && telling.failed)
        code = files->broken_count ? MU_EXIT_USAGE : MU_EXIT_FAILED;
    telling_fini(&telling);
    return code;
}

static int once(struct mu_cli *cli, int argc, char **argv, const struct options *options)
{
    struct files files = {.untested = json_array()};
    int code = add_files(cli, argc, argv, &files);
    if (code == 0)
        code = play(cli, &files, options);
    else
        bail_out(options, false);
    for (size_t i = 0; i < files.count; i++)
        mu_test_file_free(files.list[i]);
    for (size_t i = 0; i < files.broken_count; i++) {
        free(files.broken[i].typed);
        free(files.broken[i].why);
    }
    json_decref(files.untested);
    return code;
}

struct again {
    struct mu_cli *cli;
    int argc;
    char **argv;
    const struct options *options;
};

static void play_again(void *ud)
{
    const struct again *again = ud;
    (void)once(again->cli, again->argc, again->argv, again->options);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct options options = {.only = NULL};
    mu_cli_option(&argc, argv, "--only", &options.only);
    mu_cli_option(&argc, argv, "--junit", &options.junit);
    options.tap = mu_cli_option(&argc, argv, "--tap", NULL);
    options.coverage = mu_cli_option(&argc, argv, "--coverage", NULL);
    options.watch = mu_cli_option(&argc, argv, "--watch", NULL);
    int code = mu_cli_no_more_options(&mu_command_test, argc, argv);
    if (code == 0 && options.tap && cli->json)
        code = mu_cli_fail(cli, "test", MU_EXIT_USAGE, "--tap or --json, not both");
    if (code == 0)
        code = mu_cli_words(&mu_command_test, argc, 0, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    struct again again = {cli, argc, argv, &options};
    if (options.watch)
        return watching(cli, argc - 1, argv + 1, play_again, &again);
    return once(cli, argc, argv, &options);
}

const struct mu_command mu_command_test = {
    .name = "test",
    .usage =
        "test [PLAYBOOK ...] [--only TEXT] [--coverage] [--watch] [--tap | --json] [--junit FILE]",
    .summary = "play the tests of playbooks, in simulated worlds",
    .help =
        "Plays test.lua of each playbook (docs/testing.md): every test in a process, a world "
        "and a\n"
        "time of its own, nothing of which is real. Without PLAYBOOK: all that have tests, under "
        "playbooks/\n"
        "here and in the folders muster.lua names. A test that fails shows what was expected, and "
        "what "
        "its run\n"
        "did. Exits with 1 when one fails, 2 when something can't be read.\n"
        "\n"
        "  --only TEXT    only tests that have this in their name\n"
        "  --coverage     list the steps and branches that no test reached\n"
        "  --watch        play them again whenever a file of theirs changes, until Ctrl-C\n"
        "  --tap          print TAP 14 instead\n"
        "  --json         print one JSON object a test instead, with the whole journals of its "
        "runs\n"
        "  --junit FILE   also write JUnit's XML, for CI\n",
    .run = run,
    .without_secrets = true};
