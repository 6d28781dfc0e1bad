/* SPDX-License-Identifier: MIT
 *
 * A run as a test sees it: its journal, row by row; see testing.h. */
#include <string.h>

#include "base/json.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "journal/rows.h"
#include "report/scorecard.h"
#include "testing/testing.h"

struct reading {
    json_t *rows;
    int64_t started_ms, last_ms;
    json_t *start, *end; /* borrowed from rows */
};

static bool add_row(const struct mu_row *row, void *ud)
{
    struct reading *reading = ud;
    char type[2] = {row->type, '\0'};
    json_t *value =
        row->value[0] ? mu_json_parse(row->value, strlen(row->value), NULL) : json_object();
    if (reading->started_ms == 0)
        reading->started_ms = row->ts;
    reading->last_ms = row->ts;
    json_array_append_new(
        reading->rows,
        json_pack("{s:s, s:s, s:I, s:s, s:o*, s:s, s:s, s:I, s:I, s:o}", "type", type, "task",
                  row->task, "seq", (json_int_t)row->seq, "verb", row->verb, "args",
                  row->args[0] ? mu_json_parse(row->args, strlen(row->args), NULL) : NULL, "src",
                  row->src, "step", row->step, "at", (json_int_t)(row->ts - reading->started_ms),
                  "ts", (json_int_t)row->ts, "value", value ? value : json_null()));
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "start") == 0)
        reading->start = value;
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0)
        reading->end = value;
    return true;
}

static const char *state_of(const struct reading *reading, int exit_code)
{
    if (exit_code == MU_RUN_PARKED)
        return "parked";
    return reading->end ? mu_json_str(reading->end, "state", "finished") : "left";
}

/* Of a parked run: why it parked. */
static const char *park_of(const struct reading *reading)
{
    const char *why = "parked";
    size_t i;
    json_t *row;
    json_array_foreach(reading->rows, i, row)
    {
        if (strcmp(mu_json_str(row, "verb", ""), "park") == 0 &&
            strcmp(mu_json_str(row, "type", ""), "h") == 0)
            why = mu_json_str(json_object_get(row, "value"), "why", "parked");
    }
    return why;
}

enum mu_err mu_test_record(const char *path, int exit_code, const char *why, json_t **out,
                           struct mu_fail *fail)
{
    struct mu_journal *journal;
    struct reading reading = {.rows = json_array()};
    *out = NULL;
    enum mu_err err = mu_journal_open_read(path, &journal, fail);
    if (err == MU_OK) {
        err = mu_journal_each(journal, 0, add_row, &reading, fail);
        mu_journal_close(journal);
    }
    json_t *card = NULL;
    if (err == MU_OK && mu_json_get(reading.start, "drill"))
        err = mu_scorecard_read(path, &card, fail);
    if (err == MU_OK) {
        const char *state = state_of(&reading, exit_code);
        bool parked = strcmp(state, "parked") == 0;
        *out = json_pack(
            "{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:O, s:o*}", "name",
            mu_json_str(reading.start, "run", ""), "playbook",
            mu_json_str(json_object_get(reading.start, "playbook"), "name", ""), "state", state,
            "result", parked ? park_of(&reading) : mu_json_str(reading.end, "result", state), "why",
            parked || reading.end == NULL ? why : mu_json_str(reading.end, "why", ""), "exit",
            exit_code, "took_ms", (json_int_t)(reading.last_ms - reading.started_ms), "rows",
            reading.rows, "scorecard", card);
    }
    json_decref(reading.rows);
    return err;
}
