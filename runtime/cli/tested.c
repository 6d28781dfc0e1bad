/* SPDX-License-Identifier: MIT
 *
 * Results of tests for people; see tested.h. */
#include "cli/tested.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/transcript.h"

static void say_line(const char *at, const struct line *line, void *ud)
{
    (void)ud;
    say("      %8s  %s%-10s%s %s\n", at, mu_cli_color(line_color(line->kind)), line->tag,
        mu_cli_color("reset"), mu_buf_text(&line->text));
}

void tested_run(const json_t *run)
{
    say("      %s\n", mu_json_str(run, "name", ""));
    transcript_each(run, say_line, NULL);
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
        say("    %s: %s\n",
            mu_json_bool(result, "unread", false) ? "it can't be read" : "it broke off", broke);
    json_array_foreach(json_object_get(result, "failures"), i, one)
    {
        say_failure(one);
    }
    json_array_foreach(json_object_get(result, "runs"), i, one)
    {
        tested_run(one);
    }
    if (log[0])
        say("    muster said meanwhile:\n%s\n", log);
}

void tested_heading(const struct mu_test_file *file)
{
    say("%s%s %s%s\n", mu_cli_color("bold"), file->header->name, file->header->version,
        mu_cli_color("reset"));
}

void tested_result(const json_t *result)
{
    bool ok = mu_json_bool(result, "ok", false);
    char took[MU_TIME_TEXT], simulated[MU_TIME_TEXT];
    say_hanging(10, "  %s%s%s  %s  (%s; %s in its world)\n", mu_cli_color(ok ? "green" : "red"),
                ok ? "ok    " : "NOT OK", mu_cli_color("reset"), mu_json_str(result, "name", ""),
                mu_duration_text(mu_json_int(result, "took_ms", 0), took),
                mu_duration_text(mu_json_int(result, "simulated_ms", 0), simulated));
    if (!ok)
        say_trouble(result);
}

static bool is_step(const struct mu_point *point)
{
    return point->kind == MU_POINT_STEP;
}

void tested_coverage(const struct mu_test_file *file, const bool *hits, bool all)
{
    const struct mu_coverage *coverage = &file->coverage;
    size_t of[2] = {0}, hit[2] = {0};
    for (size_t i = 0; i < coverage->count; i++) {
        of[is_step(&coverage->points[i])]++;
        hit[is_step(&coverage->points[i])] += hits[i];
    }
    say("  reached %zu of %zu steps, %zu of %zu branches%s\n", hit[1], of[1], hit[0], of[0],
        hit[0] + hit[1] < of[0] + of[1] && !all ? "; --coverage lists the others" : "");
    for (size_t i = 0; all && i < coverage->count; i++) {
        struct mu_buf words = {0};
        if (!hits[i]) {
            mu_point_words(&coverage->points[i], &words);
            say("    %s:%d: %s\n", coverage->points[i].file, coverage->points[i].line,
                mu_buf_text(&words));
        }
        mu_buf_free(&words);
    }
}
