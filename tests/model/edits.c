/* SPDX-License-Identifier: MIT
 *
 * A playbook that was edited under its own run. edits.lua is run until its executor dies in the middle of an
 * act; then the playbook in the journal is another one, and the run is resumed. What it has done so far
 * must be refused as soon as it differs: parked as diverged, nothing done and nothing written but that, and
 * the text names file and line of both sides. Edits that change nothing of what was recorded go on to the
 * same end.
 *
 *   test.model.edits [NAME]     prints `ok NAME` or `NOT OK NAME: why` for each
 *
 * To add an edit: a line in the table. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine.h"
#include "world.h"

static const struct edit {
    const char *name, *old, *new;
    const char *recorded, *now; /* both sides, as the text says them; NULL: it goes on */
} edits[] = {
#define AT(line) " at playbook.lua:" #line
    /* notes */
    {"step's text", "\"First\"", "\"Premier\"", "step" AT(5), "step" AT(5)},
    {"step removed", "step \"First\"", "", "step" AT(5), "m.look" AT(6)},
    {"note added", "step \"First\"", "step \"First\" evidence(\"new\", 1)", "m.look" AT(6),
     "evidence" AT(5)},
    {"evidence's value", "\"n\" .. n", "\"m\" .. n", "evidence" AT(9), "evidence" AT(9)},
    {"evidence's key", "label = label(1)", "name = label(1)", "evidence" AT(9), "evidence" AT(9)},
    {"finding's severity", "\"info\", \"list\"", "\"warn\", \"list\"", "finding" AT(24),
     "finding" AT(24)},
    {"finding's message", "#list", "#list + 1", "finding" AT(24), "finding" AT(24)},
    {"milestone's name", "\"answered\"", "\"asked\"", "milestone" AT(31), "milestone" AT(31)},
    {"milestone removed", "milestone(\"answered\")", "", "milestone" AT(31), "evidence" AT(32)},
    {"undo's title", "\"Put it back\"", "\"Take it back\"", "undo" AT(7), "undo" AT(7)},
    {"undo removed", "undo \"Put it back\"", "", "undo" AT(7), "m.put" AT(8)},
    {"undo by another verb", "undo \"Put it back\"", "undo(\"Put it back\", m.ring, \"b\", 1)",
     "undo" AT(7), "undo" AT(7)},
    /* probes and acts */
    {"probe's argument", "m.look(\"a\", { ms = 20 })", "m.look(\"b\", { ms = 20 })", "m.look" AT(6),
     "m.look" AT(6)},
    {"probe's option", "{ ms = 20 })\n  undo", "{ ms = 21 })\n  undo", "m.look" AT(6),
     "m.look" AT(6)},
    {"act's argument", "\"a\", 5", "\"a\", 6", "m.put" AT(8), "m.put" AT(8)},
    {"act's option added", "5, { ms = 30 }", "5, { ms = 30, lose = true }", "m.put" AT(8),
     "m.put" AT(8)},
    {"integer made a real", "\"a\", 5", "\"a\", 5.0", "m.put" AT(8), "m.put" AT(8)},
    {"another verb", "m.put(\"a\", 5", "m.key(\"a\", 5", "m.put" AT(8), "m.key" AT(8)},
    {"act removed", "m.put(\"a\", 5, { ms = 30 })", "", "m.put" AT(8), "evidence" AT(9)},
    {"act added", "undo \"Put", "m.ring(\"b\", 0, { ms = 1 }) undo \"Put", "undo" AT(7),
     "m.ring" AT(7)},
    {"act said twice", "m.put(\"a\", 5, { ms = 30 })",
     "for _ = 1, 2 do m.put(\"a\", 5, { ms = 30 }) end", "evidence" AT(9), "m.put" AT(8)},
    {"act instead of probe", "local seen = m.look(\"a\", { ms = 20 })",
     "local seen = m.put(\"a\", 1, { ms = 20 })", "m.look" AT(6), "m.put" AT(6)},
    {"constant in an argument", "STRIDE = 3", "STRIDE = 4", "m.ring" AT(11), "m.ring" AT(11)},
    {"last act's argument", "\"c\", 9", "\"c\", 10", "m.put" AT(33), "m.put" AT(33)},
    {"argument of the act in flight", "\"a\", 6", "\"a\", 7", "m.put" AT(35), "m.put" AT(35)},
    {"act in flight removed", "m.put(\"a\", 6, { ms = 500 })", "", "m.put" AT(35), "ends" AT(36)},
    /* order */
    {"note and probe swapped", "step \"First\"\n  local seen = m.look(\"a\", { ms = 20 })",
     "local seen = m.look(\"a\", { ms = 20 })\n  step \"First\"", "step" AT(5), "m.look" AT(5)},
    {"act and note swapped",
     "m.put(\"a\", 5, { ms = 30 })\n  evidence(\"seen\", { value = seen.value, label = label(1) })",
     "evidence(\"seen\", { value = seen.value, label = label(1) })\n  m.put(\"a\", 5, { ms = 30 })",
     "m.put" AT(8), "evidence" AT(8)},
    /* loops and branches */
    {"loop goes round once more", "i = 1, 2", "i = 1, 3", "m.key" AT(14), "m.ring" AT(11)},
    {"loop goes round once less", "i = 1, 2", "i = 1, 1", "m.ring" AT(11), "m.key" AT(14)},
    {"loop goes the other way", "i = 1, 2", "i = 2, 1, -1", "m.ring" AT(11), "m.ring" AT(11)},
    {"condition", "seen.value < 3", "seen.value > 3", "m.key" AT(14), "m.key" AT(16)},
    {"what the branch does", "m.key(\"c\", 7", "m.key(\"c\", 8", "m.key" AT(14), "m.key" AT(14)},
    {"it returns early", "milestone(", "do return end milestone(", "milestone" AT(31),
     "is over behind playbook.lua:30"},
    {"it finishes early", "milestone(\"answered\")", "finish(\"early\", \"x\")", "milestone" AT(31),
     "finish" AT(31)},
    {"it raises", "milestone(", "error(\"x\") milestone(", "milestone" AT(31),
     "is over behind playbook.lua:30"},
    {"its end says another reason", "\"too slow\"", "\"too late\"", "fail" AT(36), "fail" AT(36)},
    {"it ends another way", "fail(\"too slow\")", "finish(\"too slow\")", "fail" AT(36),
     "finish" AT(36)},
    /* blocks */
    {"a key of parallel renamed", "left = function", "lefty = function", "evidence" AT(22),
     "evidence" AT(22)},
    {"a key of parallel renamed out of its order", "left = function", "zleft = function",
     "m.put" AT(19), "sleep" AT(20)},
    {"a branch removed", "left = function() m.put(\"b\", 1, { ms = 40 }) return 1 end,", "",
     "m.put" AT(19), "sleep" AT(20)},
    {"the last branch removed",
     "right = function() sleep(\"15ms\") return m.look(\"b\", { ms = 10 }).value end,", "",
     "sleep" AT(20), "task r stands" AT(18)},
    {"a branch added before", "both = parallel {",
     "both = parallel { a = function() m.look(\"a\", { ms = 1 }) end,", "m.put" AT(19),
     "m.look" AT(18)},
    {"a branch added behind", "10 }).value end,",
     "10 }).value end, zulu = function() m.look(\"a\", { ms = 1 }) end,", "m.look" AT(23),
     "m.look" AT(20)},
    {"a call added in a branch", "return 1 end", "m.ring(\"b\", 9, { ms = 5 }) return 1 end",
     "evidence" AT(22), "m.ring" AT(19)},
    {"a branch finishes", "return 1 end", "finish(\"early\", \"x\") end", "evidence" AT(22),
     "it ends" AT(19)},
    {"a branch raises", "return 1 end", "error(\"x\") end", "evidence" AT(22),
     "is over behind playbook.lua:14"},
    {"a call moved into parallel", "m.put(\"c\", 9, { ms = 20 })\n  parallel {",
     "parallel { c = function() m.put(\"c\", 9, { ms = 20 }) end,", "sleep" AT(36), "m.put" AT(33)},
    {"a call moved out of parallel",
     "local both = parallel {\n    left = function() m.put(\"b\", 1, { ms = 40 }) return 1 end,\n  "
     "  "
     "right = function() sleep(\"15ms\")",
     "sleep(\"15ms\") local both = parallel {\n    left = function() m.put(\"b\", 1, { ms = 40 }) "
     "return 1 end,\n    right = function()",
     "evidence" AT(22), "sleep" AT(18)},
    {"parallel made race", "local both = parallel", "local _, both = race", "evidence" AT(22),
     "evidence" AT(22)},
    {"limit of each raised", "limit = 2", "limit = 3", "m.look" AT(23), "m.look" AT(23)},
    {"limit of each lowered", "limit = 2", "limit = 1", "m.look" AT(23), "m.look" AT(23)},
    {"list of each shorter", "{ 1, 2, 3, 4 }", "{ 1, 2, 3 }", "finding" AT(24), "finding" AT(24)},
    {"list of each in another order", "{ 1, 2, 3, 4 }", "{ 1, 2, 4, 3 }", "m.look" AT(23),
     "m.look" AT(23)},
    {"what each does", "5 + x", "6 + x", "m.look" AT(23), "m.look" AT(23)},
    {"times of retry", "times = 3", "times = 4", "tell" AT(25), "tell" AT(25)},
    {"backoff of retry", "5ms..20ms", "6ms..20ms", "sleep" AT(25), "sleep" AT(25)},
    {"what retry tries", "5, fail = true", "6, fail = true", "m.put" AT(25), "m.put" AT(25)},
    {"time of within", "\"25ms\"", "\"26ms\"", "sleep" AT(26), "sleep" AT(26)},
    {"every of wait_until", "\"40ms\"", "\"41ms\"", "sleep" AT(29), "sleep" AT(29)},
    {"stable of wait_until", "stable = 2", "stable = 3", "tell" AT(29), "tell" AT(29)},
    {"condition of wait_until", "looks > 1", "looks > 2", "tell" AT(29), "tell" AT(29)},
    {"sleep", "\"15ms\"", "\"16ms\"", "sleep" AT(20), "sleep" AT(20)},
    /* gates */
    {"gate's question", "\"Go on?\"", "\"Go on now?\"", "approve" AT(30), "approve" AT(30)},
    {"gate's people", "by = \"ana\"", "by = \"bob\"", "approve" AT(30), "approve" AT(30)},
    {"gate's deadline", "\"10m\"", "\"11m\"", "approve" AT(30), "approve" AT(30)},
    {"gate's quorum", "by = \"ana\"", "quorum = 2, by = \"ana\"", "approve" AT(30),
     "approve" AT(30)},
    {"gate removed", "approve { \"Go on?\", by = \"ana\", deadline = \"10m\" }",
     "{ how = \"expired\" }", "approve" AT(30), "milestone" AT(31)},
    {"what is made of the answer", "answer.how)", "answer.yes)", "evidence" AT(32),
     "evidence" AT(32)},
    /* edits that change nothing of what is recorded */
    {"what within cut off", "\"1s\"", "\"2s\"", NULL, NULL},
    {"lines moved", "local STRIDE", "-- a remark\n\nlocal STRIDE", NULL, NULL},
    {"a local renamed", "local STRIDE = 3", "local STRIDE, unused = 3, 4", NULL, NULL},
    {"the same constant", "STRIDE = 3", "STRIDE = 1 + 2", NULL, NULL},
    {"an act in pcall", "m.put(\"c\", 9, { ms = 20 })", "pcall(m.put, \"c\", 9, { ms = 20 })", NULL,
     NULL},
    {"a block in pcall", "wait_until(\"200ms\",", "pcall(wait_until, \"200ms\",", NULL, NULL},
    {"options in another order", "{ ms = 5, fail = true }", "{ fail = true, ms = 5 }", NULL, NULL},
    {"a branch that was not taken", "m.key(\"d\", 7", "m.key(\"d\", 8", NULL, NULL},
    {"behind the frontier", "m.ring(\"never\"", "m.key(\"never\"", NULL, NULL},
    {"branches written in another order",
     "slow = function() m.put(\"a\", 6, { ms = 500 }) end,\n    fails = function() sleep(\"30ms\") "
     "fail(\"too slow\") end,",
     "fails = function() sleep(\"30ms\") fail(\"too slow\") end,\n    slow = function() "
     "m.put(\"a\", 6, { "
     "ms = 500 }) end,",
     NULL, NULL},
    {"nothing at all", "local STRIDE", "local STRIDE", NULL, NULL},
};

static char *base_text(void)
{
    FILE *file = fopen(MODEL_SOURCE "/edits.lua", "r");
    struct mu_buf text = {0};
    char part[4096];
    size_t len;
    while (file && (len = fread(part, 1, sizeof part, file)) > 0)
        mu_buf_add(&text, part, len);
    if (file)
        fclose(file);
    char *all = mu_xstrdup(mu_buf_text(&text));
    mu_buf_free(&text);
    return all;
}

/* NULL when old does not stand there exactly once. */
static char *edited(const char *text, const struct edit *edit)
{
    const char *at = strstr(text, edit->old);
    if (at == NULL || strstr(at + 1, edit->old))
        return NULL;
    return mu_xasprintf("%.*s%s%s", (int)(at - text), text, edit->new, at + strlen(edit->old));
}

static int64_t last_row(const struct engine_run *run, char type, const char *task, const char *verb)
{
    for (size_t i = run->count; i-- > 0;)
        if (run->rows[i].type == type && strcmp(run->rows[i].task, task) == 0 &&
            strcmp(run->rows[i].verb, verb) == 0)
            return run->rows[i].gsn;
    return 0;
}

/* The row behind which its executor is killed: the run has just failed and an act is out; or, where it
 * must go on, before that. */
static int64_t stop_row(const struct engine_run *run, bool goes_on)
{
    return goes_on ? last_row(run, 'o', "r", "m.put") : last_row(run, 'n', "r.7", "fail");
}

static int places(const char *text)
{
    int count = 0;
    while ((text = strstr(text, "playbook.lua:")))
        count++, text++;
    return count;
}

static const char *refused(const struct edit *edit, const struct engine_run *run, int64_t rows,
                           size_t effects)
{
    static char why[1200];
    json_t *park = engine_host_row(run, "park"), *end = engine_host_row(run, "end");
    const char *text = mu_json_str(park, "text", "");
    why[0] = '\0';
    if (end || strcmp(mu_json_str(park, "why", ""), "diverged") != 0)
        snprintf(why, sizeof why, "it was not refused: exit %d, %s", run->exit, text);
    else if (strstr(text, edit->recorded) == NULL || strstr(text, edit->now) == NULL ||
             places(text) < 2)
        snprintf(why, sizeof why, "expected \"%s\" and \"%s\" in: %s", edit->recorded, edit->now,
                 text);
    if (why[0] == '\0' && world.count != effects)
        snprintf(why, sizeof why, "something was done: %zu effects, not %zu", world.count, effects);
    for (size_t i = (size_t)rows; i < run->count && why[0] == '\0'; i++)
        if (strchr("io", run->rows[i].type))
            snprintf(why, sizeof why, "%s was written behind it", run->rows[i].verb);
    json_decref(park);
    json_decref(end);
    return why[0] ? why : NULL;
}

static const char *went_on(const struct engine_run *run)
{
    static char why[1200];
    json_t *park = engine_host_row(run, "park"), *end = engine_host_row(run, "end");
    why[0] = '\0';
    if (strcmp(mu_json_str(end, "why", ""), "too slow") != 0)
        snprintf(why, sizeof why, "exit %d, %s", run->exit, mu_json_str(park, "text", ""));
    else if (world.slips[0] != 6 || !run->replays)
        snprintf(why, sizeof why, "a is %d, replay: %s", (int)world.slips[0], run->why);
    json_decref(park);
    json_decref(end);
    return why[0] ? why : NULL;
}

static int try(const struct edit *edit, const char *text, const struct engine_run *whole,
               const struct world_effect *effects, size_t count)
{
    int64_t rows = stop_row(whole, edit->recorded == NULL);
    char *playbook = edited(text, edit);
    const char *why = "its old text does not stand there once";
    if (playbook) {
        world_cut(effects, count, rows, 0, whole->rows[rows - 1].ts);
        size_t before = world.count;
        struct engine_run *run = engine_resume(whole, rows, playbook);
        why = edit->recorded ? refused(edit, run, rows, before) : went_on(run);
        engine_run_free(run);
    }
    printf("%s edited: %s%s%s\n", why ? "NOT OK" : "ok", edit->name, why ? ": " : "",
           why ? why : "");
    free(playbook);
    return why != NULL;
}

int main(int argc, char **argv)
{
    int failures = 0, tried = 0;
    char *text = base_text();
    engine_open(getenv("MODEL_MODULE") ? getenv("MODEL_MODULE") : MODEL_MODULE);
    engine_store();
    world_reset(ENGINE_START_MS);
    struct engine_run *whole = engine_run(text, "live", 7);
    size_t count = world.count;
    struct world_effect *effects = mu_xcalloc(count + 1, sizeof *effects);
    memcpy(effects, world.effects, count * sizeof *effects);
    if (stop_row(whole, true) == 0 || stop_row(whole, false) == 0 || !whole->replays) {
        printf("NOT OK edited: the playbook does not get there: %s\n", whole->why);
        return 1;
    }
    for (size_t i = 0; i < MU_COUNT(edits); i++)
        if (argc < 2 || strstr(edits[i].name, argv[1])) {
            failures += try(&edits[i], text, whole, effects, count);
            tried++;
        }
    printf("%d edits, %d not as they must be\n", tried, failures);
    engine_run_free(whole);
    engine_close();
    free(effects);
    free(text);
    return failures || tried == 0;
}
