/* SPDX-License-Identifier: MIT
 *
 * What is left of a point, against the run nobody disturbed: the same end, the same effects, each once,
 * the same rows (but for time and for how an outcome is known), a chain that holds, an offline replay
 * that is identical, and a control store that agrees.
 *
 * Under a heading that begins with "~" a playbook does what depends on time (a race, a limit, a poll):
 * those rows are not compared, and effects whose text begins with "maybe" may be there or not. They are
 * looked at for doubles and strays all the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "harness/repetition.h"
#include "crash.h"
#include "engine/run.h"

#define LINE_MAX 1400

/* --- lines --- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
    char **at;
    size_t count, cap;
};

static void lines_add(struct lines *lines, char *line_take)
{
    if (lines->count == lines->cap) {
        lines->cap = lines->cap ? lines->cap * 2 : 64;
        lines->at = mu_xrealloc(lines->at, lines->cap, sizeof *lines->at);
    }
    lines->at[lines->count++] = line_take;
}

static char *lines_join(struct lines *lines)
{
    struct mu_buf buf = {0};
    if (lines->count > 0)
        qsort(lines->at, lines->count, sizeof *lines->at, by_text);
    for (size_t i = 0; i < lines->count; i++) {
        mu_buf_addf(&buf, "%s\n", lines->at[i]);
        free(lines->at[i]);
    }
    free(lines->at);
    return mu_buf_take(&buf);
}

/* --- rows --- */

static json_t *without(json_t *value, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_object_del(value, keys[i]);
    return value;
}

static bool is_gate(const struct mu_row *row)
{
    static const char *const gates[] = {"approve", "ask", "todo", "ack"};
    for (size_t i = 0; i < MU_COUNT(gates); i++)
        if (strcmp(row->verb, gates[i]) == 0)
            return true;
    return false;
}

static void normalise(const struct mu_row *row, json_t *value)
{
    static const char *const how[] = {"how", "who", "reason", "decision"};
    static const char *const times[] = {"at", "deadline_ms"};
    without(value, times, MU_COUNT(times));
    if (row->type != 'o')
        return;
    const char *why = mu_json_str(json_object_get(value, "error"), "why", "");
    bool decided = strstr(why, "says that it did not take effect") != NULL;
    without(value, how, MU_COUNT(how));
    json_t *error = json_object_get(value, "error"), *inner = json_object_get(value, "value");
    if (is_gate(row)) {
        static const char *const people[] = {"at", "votes"};
        without(inner, people, MU_COUNT(people));
    }
    static const char *const doubt[] = {"in_doubt"};
    without(error, doubt, MU_COUNT(doubt));
    if (error && (decided || strcmp(mu_json_str(error, "why", ""), "no") == 0))
        json_object_del(error,
                        "why"); /* refused for good: by the world, or a person says so (people.c) */
}

static bool add_row(const struct mu_row *row, void *ud)
{
    struct lines *lines = ud;
    char digest[MU_SHA256_HEX];
    if (row->type == 'h' || row->step[0] == '~')
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    normalise(row, value);
    char *text = mu_json_text(value);
    (void)forget_repetition(text);
    mu_sha256_hex(text, strlen(text), digest);
    bool timed = strcmp(row->verb, "milestone") == 0 || /* when it was is part of what it says, */
                 strcmp(row->verb, "tell") == 0 ||
                 strcmp(row->verb, "finish") == 0; /* and whether it was sent again */
    lines_add(lines, mu_xasprintf("%s#%lld %c %s %.8s %s \"%s\" %.8s %.200s", row->task,
                                  (long long)row->seq, row->type, row->verb,
                                  timed ? "" : row->digest, row->src, row->step, digest, text));
    free(text);
    json_decref(value);
    return true;
}

static char *read_rows(const char *path, mu_journal_row_cb *cb, struct lines *lines)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, NULL) == MU_OK) {
        (void)!mu_journal_each(journal, 0, cb, lines, NULL);
        mu_journal_close(journal);
    }
    return lines_join(lines);
}

char *verdict_rows(const char *run_path)
{
    struct lines lines = {0};
    return read_rows(run_path, add_row, &lines);
}

static bool add_end(const struct mu_row *row, void *ud)
{
    if (row->type != 'h' || strcmp(row->verb, "end") != 0)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    char *line = mu_xasprintf("%s %s (%s) %d", mu_json_str(value, "state", "?"),
                              mu_json_str(value, "result", "?"), mu_json_str(value, "why", "?"),
                              (int)mu_json_int(value, "exit", -1));
    (void)forget_repetition(line);
    lines_add(ud, line);
    json_decref(value);
    return true;
}

char *verdict_end(const char *run_path, bool *has_end)
{
    struct lines lines = {0};
    struct mu_journal *journal;
    *has_end = false;
    if (mu_journal_open_read(run_path, &journal, NULL) == MU_OK) {
        (void)!mu_journal_each(journal, 0, add_end, &lines, NULL);
        mu_journal_close(journal);
    }
    *has_end = lines.count > 0;
    while (lines.count > 1) /* said again by who found the run ended: the same words */
        if (strcmp(lines.at[lines.count - 1], lines.at[lines.count - 2]) == 0)
            free(lines.at[--lines.count]);
        else
            break;
    return lines_join(&lines);
}

static bool add_key(const struct mu_row *row, void *ud)
{
    if (row->type != 'i')
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (mu_json_str(value, "key", NULL))
        lines_add(ud, mu_xstrdup(mu_json_str(value, "key", "")));
    json_decref(value);
    return true;
}

/* --- the world --- */

struct effect {
    char key[33], verb[40], again[8], text[600];
};

static bool read_effect(FILE *in, struct effect *effect)
{
    char line[LINE_MAX];
    if (in == NULL || fgets(line, sizeof line, in) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    return sscanf(line, "%32s %39s %7s %599[^\n]", effect->key, effect->verb, effect->again,
                  effect->text) == 4;
}

static bool lines_have(const struct lines *lines, const char *start)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strncmp(lines->at[i], start, strlen(start)) == 0)
            return true;
    return false;
}

/* What happened at all: one line for each key, however often the engine had to say "again". */
char *verdict_world(void)
{
    struct lines lines = {0};
    struct effect effect;
    FILE *in = fopen(crash_path("world"), "re");
    while (read_effect(in, &effect))
        if (!lines_have(&lines, effect.key) && strncmp(effect.text, "maybe", 5) != 0)
            lines_add(&lines, mu_xasprintf("%s %s %s", effect.key, effect.verb, effect.text));
    if (in)
        fclose(in);
    return lines_join(&lines);
}

int64_t verdict_effects(void)
{
    struct effect effect;
    int64_t count = 0;
    FILE *in = fopen(crash_path("world"), "re");
    while (read_effect(in, &effect))
        count++;
    if (in)
        fclose(in);
    return count;
}

static const char *find_line(const char *text, const char *line, size_t len)
{
    for (const char *at = text; (at = strstr(at, line)) != NULL; at += len)
        if (at == text || at[-1] == '\n')
            return at;
    return NULL;
}

static void count_doubles(struct crash_counts *counts, char *why, size_t size)
{
    struct effect effect;
    struct lines keys = {0};
    FILE *in = fopen(crash_path("world"), "re");
    while (read_effect(in, &effect)) {
        bool marked = strcmp(effect.again, "again") == 0 && strcmp(effect.verb, "world.tell") == 0;
        for (size_t i = 0; !marked && i < keys.count; i++) {
            if (strcmp(keys.at[i], effect.key) != 0)
                continue;
            counts->doubles++;
            snprintf(why, size, "done twice: %s %.200s", effect.verb, effect.text);
        }
        lines_add(&keys, mu_xstrdup(effect.key));
    }
    if (in)
        fclose(in);
    free(lines_join(&keys));
}

static void count_strays(const char *intents, int64_t skip, struct crash_counts *counts, char *why,
                         size_t size)
{
    struct effect effect;
    FILE *in = fopen(crash_path("world"), "re");
    while (read_effect(in, &effect)) {
        if (skip-- > 0)
            continue;
        counts->acts++;
        if (strstr(intents, effect.key))
            continue;
        counts->strays++;
        snprintf(why, size, "without an intent: %s %.200s", effect.verb, effect.text);
    }
    if (in)
        fclose(in);
}

/* --- comparing --- */

/* The first line that only one of them has. */
static void first_difference(const char *found, const char *wanted, char *why, size_t size)
{
    const char *texts[] = {found, wanted};
    for (int i = 0; i < 2; i++) {
        for (const char *line = texts[i]; *line;) {
            size_t len = strcspn(line, "\n");
            char one[LINE_MAX];
            snprintf(one, sizeof one, "%.*s\n", (int)(len < 1300 ? len : 1300), line);
            if (find_line(texts[1 - i], one, strlen(one)) == NULL) {
                snprintf(why, size, "%s: %.600s", i == 0 ? "too much" : "missing", one);
                return;
            }
            line += len + (line[len] == '\n');
        }
    }
    snprintf(why, size, "lines twice");
}

static bool same(const char *what, char *found_take, const char *wanted, char *why, size_t size)
{
    bool ok = strcmp(found_take, wanted) == 0;
    if (!ok) {
        int len = snprintf(why, size, "%s differ: ", what);
        first_difference(found_take, wanted, why + len, size - (size_t)len);
    }
    free(found_take);
    return ok;
}

static bool holds(const char *path, char *why, size_t size)
{
    struct mu_journal_verdict verdict;
    struct mu_journal *journal;
    struct mu_fail fail = {.class = MU_OK};
    if (mu_journal_verify(path, &verdict, &fail) != MU_OK || !verdict.ok) {
        snprintf(why, size, "muster verify: %.400s%.300s", fail.text,
                 fail.class == MU_OK ? verdict.why : "");
        return false;
    }
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK) {
        snprintf(why, size, "reading: %.400s", fail.text);
        return false;
    }
    bool sealed = mu_journal_sealed(journal);
    bool ok = mu_run_verify(journal, crash_config, &fail) == MU_OK;
    mu_journal_close(journal);
    if (!ok)
        snprintf(why, size, "replay differs: %.600s", fail.text);
    else if (!sealed)
        snprintf(why, size, "the journal is not sealed");
    return ok && sealed;
}

/* --- the control store --- */

struct store_view {
    const char *run;
    char state[32];
    int64_t ended;
    int gates;
};

static bool see_run(const struct mu_store_run *run, void *ud)
{
    struct store_view *view = ud;
    snprintf(view->state, sizeof view->state, "%s", run->state);
    view->ended = run->ended;
    return false;
}

static bool see_gate(const struct mu_store_gate *gate, void *ud)
{
    struct store_view *view = ud;
    view->gates += strcmp(gate->run, view->run) == 0;
    return true;
}

static bool view_store(struct store_view *view, struct mu_fail *fail)
{
    struct mu_store *store = NULL;
    bool ok = mu_store_open(crash_path("state"), &store, fail) == MU_OK &&
              mu_store_run_find(store, view->run, see_run, view, fail) == MU_OK &&
              mu_store_gates_open(store, see_gate, view, fail) == MU_OK;
    mu_store_close(store);
    return ok;
}

static bool store_agrees(const struct crash_case *subject, char *why, size_t size)
{
    struct mu_fail fail = {.class = MU_OK};
    struct store_view view = {.run = subject->run};
    if (!view_store(&view, &fail))
        snprintf(why, size, "control store: %.400s", fail.text);
    else if (strncmp(subject->base.end, view.state, strlen(view.state)) != 0 || view.ended == 0)
        snprintf(why, size, "the control store says %s, the journal %.200s", view.state,
                 subject->base.end);
    else if (view.gates > 0)
        snprintf(why, size, "%d gates are still open", view.gates);
    else
        return true;
    return false;
}

bool verdict_needs_care(const struct crash_case *subject)
{
    struct store_view view = {.run = subject->run};
    struct mu_journal *journal;
    if (!view_store(&view, NULL) || view.ended == 0)
        return true;
    if (mu_journal_open_read(crash_path(subject->run_path), &journal, NULL) != MU_OK)
        return true;
    bool sealed = mu_journal_sealed(journal);
    mu_journal_close(journal);
    return !sealed;
}

/* --- judging --- */

static bool log_is_clean(char *why, size_t size)
{
    static const char *const never[] = {
        "replay differs",   "can't go from", "completed twice", "after it was complete",
        "AddressSanitizer", "runtime error", "ssertion"};
    char line[LINE_MAX];
    bool clean = true;
    FILE *in = fopen(crash_path("log"), "re");
    while (in && clean && fgets(line, sizeof line, in))
        for (size_t i = 0; i < MU_COUNT(never); i++)
            if (strstr(line, never[i])) {
                snprintf(why, size, "in the log: %.500s", line);
                clean = false;
            }
    if (in)
        fclose(in);
    return clean;
}

bool verdict_no_harm(const struct crash_case *subject, char *why, size_t size)
{
    const char *path = crash_path(subject->run_path);
    struct mu_journal *journal;
    struct mu_fail fail = {.class = MU_OK};
    struct mu_journal_verdict verdict;
    if (!log_is_clean(why, size))
        return false;
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK)
        return true; /* not even the first row is left, and that is said */
    mu_journal_close(journal);
    bool read = mu_journal_verify(path, &verdict, &fail) == MU_OK;
    if (read && (verdict.ok ||
                 verdict.bad_gsn == verdict.rows + 1)) /* or that rows are missing behind it */
        return true;
    snprintf(why, size, "muster verify: %.400s%.300s", fail.text, verdict.why);
    return false;
}

bool verdict_judge(const struct crash_case *subject, bool otherwise, struct crash_counts *counts,
                   char *why, size_t size)
{
    const char *path = crash_path(subject->run_path);
    int64_t bad = counts->doubles + counts->strays;
    bool has_end;
    struct lines keys = {0};
    char *intents = read_rows(path, add_key, &keys);
    count_doubles(counts, why, size);
    count_strays(intents, subject->effects_before, counts, why, size);
    free(intents);
    if (counts->doubles + counts->strays > bad)
        return false;
    if (!holds(path, why, size)) {
        counts->differences++;
        return false;
    }
    if (!log_is_clean(why, size))
        return false;
    if (subject->base.end == NULL ||
        otherwise) /* it is the baseline, acts had nothing to work with, or races went otherwise */
        return true;
    bool ok = same("ends", verdict_end(path, &has_end), subject->base.end, why, size) &&
              same("effects", verdict_world(), subject->base.world, why, size) &&
              same("rows", verdict_rows(path), subject->base.rows, why, size);
    if (!ok)
        counts->differences++;
    return ok && store_agrees(subject, why, size);
}
