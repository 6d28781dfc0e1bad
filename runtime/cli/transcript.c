/* SPDX-License-Identifier: MIT
 *
 * Transcripts of runs; see transcript.h. A repetition is a group of up to MOST_GROUP lines that follows itself. Details
 * (progress: "stable 57/120") are the same whatever their numbers; then the last group is shown, too. */
#include "cli/transcript.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define MOST_GROUP 16 /* lines of one look: mail.inbound with four addresses has nine */
#define FEWEST     3  /* groups that are worth a word about them */

struct entry {
    struct line line;
    int64_t at_ms;
};

struct entries {
    struct entry *list;
    size_t count;
    transcript_cb *cb;
    void *ud;
};

static void add_row(struct entries *entries, const json_t *row, int64_t from_ms)
{
    char *text = mu_json_text(json_object_get(row, "value"));
    struct mu_row as_row = {.type = mu_json_str(row, "type", "?")[0],
                            .task = mu_json_str(row, "task", ""),
                            .seq = mu_json_int(row, "seq", 0),
                            .verb = mu_json_str(row, "verb", ""),
                            .args = "",
                            .src = mu_json_str(row, "src", ""),
                            .step = mu_json_str(row, "step", ""),
                            .ts = mu_json_int(row, "ts", 0),
                            .value = text};
    struct entry entry = {.at_ms = as_row.ts - from_ms};
    line_of(&as_row, &entry.line);
    if (entry.line.kind != LINE_NONE)
        entries->list[entries->count++] = entry;
    else
        mu_buf_free(&entry.line.text);
    free(text);
}

/* Up to the next number that both have somewhere else. */
static bool same_but_numbers(const char *one, const char *two)
{
    while (*one || *two) {
        bool digits = isdigit((unsigned char)*one) && isdigit((unsigned char)*two);
        if (!digits && *one++ != *two++)
            return false;
        while (digits && isdigit((unsigned char)*one))
            one++;
        while (digits && isdigit((unsigned char)*two))
            two++;
    }
    return true;
}

static bool same(const struct entry *one, const struct entry *two)
{
    const char *left = mu_buf_text(&one->line.text), *right = mu_buf_text(&two->line.text);
    if (one->line.kind != two->line.kind || strcmp(one->line.tag, two->line.tag) != 0)
        return false;
    return one->line.kind == LINE_DETAIL ? same_but_numbers(left, right) : strcmp(left, right) == 0;
}

/* How often the group of lines from here follows itself. */
static size_t times(const struct entries *entries, size_t from, size_t group)
{
    size_t k = from;
    while (k + group < entries->count && same(&entries->list[k], &entries->list[k + group]))
        k++;
    return (k - from) / group + 1;
}

/* The group that covers most from here on; 0: none is repeated. */
static size_t group_at(const struct entries *entries, size_t from, size_t *count)
{
    size_t best = 0;
    *count = FEWEST - 1;
    for (size_t group = 1; group <= MOST_GROUP; group++) {
        size_t n = times(entries, from, group);
        if (n >= FEWEST && n * group > *count * (best ? best : 1)) {
            best = group;
            *count = n;
        }
    }
    return best;
}

static void hand_on(const struct entries *entries, size_t from, size_t count)
{
    char at[MU_TIME_TEXT];
    for (size_t i = from; i < from + count; i++)
        entries->cb(mu_duration_text(entries->list[i].at_ms, at), &entries->list[i].line,
                    entries->ud);
}

static bool differs(const struct entries *entries, size_t one, size_t two, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(mu_buf_text(&entries->list[one + i].line.text),
                   mu_buf_text(&entries->list[two + i].line.text)) != 0)
            return true;
    return false;
}

/* The first group, how many more, and the last where its numbers are other ones. */
static void hand_on_groups(const struct entries *entries, size_t from, size_t group, size_t count)
{
    size_t last = from + (count - 1) * group;
    bool show_last = differs(entries, from, last, group);
    size_t more = count - 1 - show_last;
    char until[MU_TIME_TEXT];
    struct line line = {.kind = LINE_DETAIL, .tag = "..."};
    mu_duration_text(entries->list[last - (show_last ? 1 : 0)].at_ms, until);
    if (group == 1)
        mu_buf_addf(&line.text, "%zu more like this line, until %s", more, until);
    else
        mu_buf_addf(&line.text, "%zu more like these %zu lines, until %s", more, group, until);
    hand_on(entries, from, group);
    entries->cb("", &line, entries->ud);
    mu_buf_free(&line.text);
    if (show_last)
        hand_on(entries, last, group);
}

void transcript_each(const json_t *run, transcript_cb *cb, void *ud)
{
    size_t i, group, count;
    json_t *row;
    const json_t *rows = json_object_get(run, "rows");
    struct entries entries = {
        .list = mu_xcalloc(json_array_size(rows) + 1, sizeof(struct entry)), .cb = cb, .ud = ud};
    int64_t from_ms = mu_json_int(json_array_get(rows, 0), "ts", 0);
    json_array_foreach(rows, i, row)
    {
        add_row(&entries, row, from_ms);
    }
    for (i = 0; i < entries.count; i += group ? group * count : 1) {
        group = group_at(&entries, i, &count);
        if (group)
            hand_on_groups(&entries, i, group, count);
        else
            hand_on(&entries, i, 1);
    }
    for (i = 0; i < entries.count; i++)
        mu_buf_free(&entries.list[i].line.text);
    free(entries.list);
}

static void add_line(const char *at, const struct line *line, void *ud)
{
    mu_buf_addf(ud, "%8s  %-10s %s\n", at, line->tag, mu_buf_text(&line->text));
}

void transcript_text(const json_t *result, struct mu_buf *out)
{
    size_t i;
    json_t *run;
    json_array_foreach(json_object_get(result, "runs"), i, run)
    {
        mu_buf_addf(out, "%s\n", mu_json_str(run, "name", ""));
        transcript_each(run, add_line, out);
    }
}
