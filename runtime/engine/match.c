/* SPDX-License-Identifier: MIT
 *
 * The cursor: what is recorded, in front of any world. While the journal has an answer the cursor
 * gives it; where it ends is the frontier. A record is used only if task path, sequence, verb and
 * args digest match, at issue and at completion (design J4); a difference parks the run as diverged
 * and names both sides. It never guesses.
 *
 * Replay delivers one completion, runs every ready task until quiet, then takes the next: the order
 * in which a live run does it (run.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/vm.h"

#define BLOCK_OCTETS (256 << 10)

struct block { /* texts of many rows, freed with the cursor */
    struct block *before;
    size_t used, size;
    char octets[];
};

struct mu_cursor {
    struct recorded *rows;
    size_t count, cap;
    size_t at; /* next row to deliver */
    struct block *block;
    uint32_t
        *slots; /* (task, seq) → index + 1 of its c, n or i row; open addressing; NULL before the
                        first look that needs it */
    uint32_t *outcomes;
    size_t slot_count; /* a power of two */
};

static uint64_t hash_of(const char *task, int64_t seq)
{
    uint64_t h = 1469598103934665603ULL; /* FNV-1a */
    for (const char *p = task; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211ULL;
    h = (h ^ (uint64_t)seq) * 1099511628211ULL;
    return h ^ (h >> 29);
}

static uint32_t *slot_for(const struct mu_cursor *cursor, uint32_t *table, const char *task,
                          int64_t seq)
{
    size_t mask = cursor->slot_count - 1;
    for (size_t i = hash_of(task, seq) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &table[i];
        if (*slot == 0)
            return slot;
        const struct mu_row *row = &cursor->rows[*slot - 1].row;
        if (row->seq == seq && strcmp(row->task, task) == 0)
            return slot;
    }
}

static char *room_for(struct mu_cursor *cursor, size_t size)
{
    struct block *block = cursor->block;
    if (block == NULL || size > block->size - block->used) {
        size_t room = size > BLOCK_OCTETS ? size : BLOCK_OCTETS;
        block = mu_xrealloc(NULL, 1, sizeof *block + room);
        *block = (struct block){.before = cursor->block, .size = room};
        cursor->block = block;
    }
    block->used += size;
    return block->octets + block->used - size;
}

static bool keep_row(const struct mu_row *row, void *ud)
{
    struct mu_cursor *cursor = ud;
    if (cursor->count == cursor->cap) {
        cursor->cap = cursor->cap ? cursor->cap * 2 : 64;
        cursor->rows = mu_xrealloc(cursor->rows, cursor->cap, sizeof *cursor->rows);
    }
    struct recorded *kept = &cursor->rows[cursor->count++];
    *kept = (struct recorded){.row = *row};
    const char **fields[] = {&kept->row.task, &kept->row.verb, &kept->row.args, &kept->row.digest,
                             &kept->row.src,  &kept->row.step, &kept->row.value};
    size_t lens[MU_COUNT(fields)], total = 0;
    for (size_t i = 0; i < MU_COUNT(fields); i++)
        total += lens[i] = strlen(*fields[i]) + 1;
    char *room = room_for(cursor, total);
    for (size_t i = 0; i < MU_COUNT(fields); i++) {
        *fields[i] = memcpy(room, *fields[i], lens[i]);
        room += lens[i];
    }
    return true;
}

static void build_index(struct mu_cursor *cursor)
{
    cursor->slot_count = 64;
    while (cursor->slot_count < cursor->count * 2)
        cursor->slot_count *= 2;
    cursor->slots = mu_xcalloc(cursor->slot_count, sizeof *cursor->slots);
    cursor->outcomes = mu_xcalloc(cursor->slot_count, sizeof *cursor->outcomes);
    for (size_t i = 0; i < cursor->count; i++) {
        const struct mu_row *row = &cursor->rows[i].row;
        if (row->type == MU_ROW_HOST)
            continue;
        uint32_t *table = row->type == MU_ROW_OUTCOME ? cursor->outcomes : cursor->slots;
        *slot_for(cursor, table, row->task, row->seq) = (uint32_t)(i + 1);
    }
}

struct mu_cursor *cursor_new(struct mu_journal *journal, struct mu_fail *fail)
{
    struct mu_cursor *cursor = MU_NEW(struct mu_cursor);
    if (mu_journal_each(journal, 0, keep_row, cursor, fail) != MU_OK) {
        cursor_free(cursor);
        return NULL;
    }
    return cursor;
}

void cursor_free(struct mu_cursor *cursor)
{
    if (cursor == NULL)
        return;
    for (struct block *block = cursor->block, *before; block; block = before) {
        before = block->before;
        free(block);
    }
    free(cursor->rows);
    free(cursor->slots);
    free(cursor->outcomes);
    free(cursor);
}

/* A playbook that does one thing after the other asks for the next row that is to be delivered: no index is
 * needed for that. */
static bool is_next(const struct mu_cursor *cursor, const char *task, int64_t seq)
{
    if (cursor->at >= cursor->count)
        return false;
    const struct mu_row *row = &cursor->rows[cursor->at].row;
    return row->seq == seq && row->type != MU_ROW_HOST && row->type != MU_ROW_OUTCOME &&
           strcmp(row->task, task) == 0;
}

static struct recorded *look_up(struct mu_cursor *cursor, bool outcome, const char *task,
                                int64_t seq)
{
    if (cursor->slots == NULL)
        build_index(cursor);
    uint32_t found = *slot_for(cursor, outcome ? cursor->outcomes : cursor->slots, task, seq);
    return found ? &cursor->rows[found - 1] : NULL;
}

struct recorded *cursor_find(struct mu_cursor *cursor, const char *task, int64_t seq)
{
    return is_next(cursor, task, seq) ? &cursor->rows[cursor->at]
                                      : look_up(cursor, false, task, seq);
}

struct recorded *cursor_outcome(struct mu_cursor *cursor, const char *task, int64_t seq)
{
    return look_up(cursor, true, task, seq);
}

void cursor_close(struct mu_cursor *cursor, const char *task, int64_t seq)
{
    struct recorded *intent = look_up(cursor, false, task, seq);
    if (intent)
        intent->closed = true;
}

/* An act that was sent again counts from then: an API that applies late may still be at it. */
struct departure cursor_departure(const struct mu_cursor *cursor, const struct mu_row *intent)
{
    struct departure last = {0};
    for (size_t i = 0; i < cursor->count; i++) {
        const struct mu_row *row = &cursor->rows[i].row;
        bool again = strcmp(row->verb, "again") == 0, unsent = strcmp(row->verb, "unsent") == 0;
        if (row->type != MU_ROW_HOST || row->gsn < intent->gsn || (!again && !unsent))
            continue;
        json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
        if (mu_json_int(value, "seq", -1) == intent->seq &&
            strcmp(mu_json_str(value, "task", ""), intent->task) == 0)
            last = (struct departure){.held = unsent,
                                      .doubtful = unsent ? last.doubtful
                                                         : mu_json_bool(value, "repeated", false)};
        json_decref(value);
    }
    return last;
}

const struct recorded *cursor_first(const struct mu_cursor *cursor, char type)
{
    for (size_t i = 0; i < cursor->count; i++)
        if (cursor->rows[i].row.type == type)
            return &cursor->rows[i];
    return NULL;
}

void cursor_each(const struct mu_cursor *cursor, bool (*cb)(const struct mu_row *, void *ud),
                 void *ud)
{
    for (size_t i = 0; i < cursor->count; i++)
        if (!cb(&cursor->rows[i].row, ud))
            return;
}

bool cursor_exhausted(const struct mu_cursor *cursor)
{
    return cursor->at >= cursor->count;
}

int64_t cursor_rows(const struct mu_cursor *cursor)
{
    return (int64_t)cursor->count;
}

int64_t cursor_last_ts(const struct mu_cursor *cursor)
{
    return cursor->count ? cursor->rows[cursor->count - 1].row.ts : 0;
}

int cursor_count(const struct mu_cursor *cursor, char type, const char *verb)
{
    int count = 0;
    for (size_t i = 0; i < cursor->count; i++)
        count += cursor->rows[i].row.type == type && strcmp(cursor->rows[i].row.verb, verb) == 0;
    return count;
}

json_t *cursor_last_host(const struct mu_cursor *cursor, const char *verb)
{
    for (size_t i = cursor->count; i-- > 0;) {
        const struct mu_row *row = &cursor->rows[i].row;
        if (row->type == MU_ROW_HOST && strcmp(row->verb, verb) == 0)
            return mu_json_parse(row->value, strlen(row->value), NULL);
    }
    return NULL;
}

/* The text of one of a row's own members is this; NULL: it has one. */
static bool row_says(const struct mu_row *row, const char *key, const char *text)
{
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    const char *said = mu_json_str(value, key, NULL);
    bool so = said && (text == NULL || strcmp(said, text) == 0);
    json_decref(value);
    return so;
}

/* A park is a leaving in good order, but for that of a poisoned run, which stays so until a person says. */
static bool parked_in_order(const struct mu_row *row)
{
    return strcmp(row->verb, "park") == 0 && !row_says(row, "why", "poisoned");
}

/* Poison detection: executors that died while they replayed, or of the playbook's own fault with nothing
 * done since the time before. Reboots and kills during a long wait are neither. One that left in good order
 * or was unparked by a person starts the count anew. */
int cursor_failed_starts(const struct mu_cursor *cursor, bool again)
{
    int starts = 0, faults = 0;
    for (size_t i = 0; i < cursor->count; i++) {
        const struct mu_row *row = &cursor->rows[i].row;
        if (row->type != MU_ROW_HOST) {
            faults = 0;
            continue;
        }
        bool resume = strcmp(row->verb, "resume") == 0;
        if (strcmp(row->verb, "start") == 0 || resume)
            starts++;
        if (resume && row_says(row, "after", NULL))
            faults++;
        if (strcmp(row->verb, "frontier") == 0)
            starts = 0;
        if (strcmp(row->verb, "stop") == 0 || strcmp(row->verb, "unpark") == 0 ||
            parked_in_order(row))
            starts = faults = 0;
    }
    faults += again;
    return starts > faults ? starts : faults;
}

/* ended: outcomes of acts that were out at the end come behind it, and nobody consumes them. */
static const struct recorded *left_over(const struct mu_cursor *cursor, bool ended)
{
    for (size_t i = 0; i < cursor->count; i++) {
        char type = cursor->rows[i].row.type;
        if (!cursor->rows[i].used && type != MU_ROW_HOST && !(ended && type == MU_ROW_OUTCOME))
            return &cursor->rows[i];
    }
    return NULL;
}

const struct recorded *cursor_left_over(const struct mu_cursor *cursor)
{
    return left_over(cursor, false);
}

bool cursor_match(struct run *run, struct recorded *rec, const char *task, int64_t seq,
                  const char *verb, const char *digest, const char *src)
{
    if (strcmp(rec->row.verb, verb) == 0 && strcmp(rec->row.digest, digest) == 0) {
        rec->used = true;
        return true;
    }
    bool same_verb = strcmp(rec->row.verb, verb) == 0;
    run_park(run, "diverged",
             "the playbook no longer does what this run recorded. Row %lld (task %s, call %lld): "
             "recorded %s at %s; "
             "now it %s%s at %s. Nothing was done. Start a new run of the changed playbook, or "
             "undo this one",
             (long long)rec->row.gsn, task, (long long)seq, rec->row.verb,
             rec->row.src[0] ? rec->row.src : "?",
             same_verb ? "gives other arguments to " : "calls ", verb, src[0] ? src : "?");
    return false;
}

/* --- replay --- */

/* The first of the rows up to this one that nobody made: that is where it parted. */
static const struct mu_row *first_missing(const struct mu_cursor *cursor, const struct mu_row *row)
{
    const struct recorded *left = left_over(cursor, true);
    return left && left->row.gsn < row->gsn ? &left->row : row;
}

/* The task of that path or, when there is none now, the nearest block around it. */
static struct task *nearest_task(struct run *run, const char *path)
{
    char text[MU_LIMIT_TASK_PATH];
    struct task *task;
    snprintf(text, sizeof text, "%s", path);
    while ((task = task_find(run, text)) == NULL && strrchr(text, '.'))
        *strrchr(text, '.') = '\0';
    return task ? task : run->root;
}

/* The first thing said that is not recorded, before what is recorded was over. */
static const struct call *first_new_call(const struct run *run)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->state == MU_CALL_CHECKED)
            return call;
    return NULL;
}

/* The other side of a row that is no longer made: what the playbook does now. */
static void say_now(struct run *run, const struct mu_row *row, char *text, size_t size)
{
    char place[MU_SRC_TEXT];
    const struct call *new_call = first_new_call(run);
    struct task *task = nearest_task(run, row->task);
    if (run->stop != STOP_NONE)
        snprintf(text, size, "it ends at %s", run->stop_src ? run->stop_src : "?");
    else if (new_call)
        snprintf(text, size, "it calls %s at %s (task %s, call %lld)", new_call->name,
                 new_call->src, new_call->task->path, (long long)new_call->seq);
    else if (task_ended(task))
        snprintf(text, size, "task %s is over behind %s", task->path, task_place(task, place));
    else
        snprintf(text, size, "task %s stands at %s", task->path, task_place(task, place));
}

static void diverged_row(struct run *run, const struct mu_row *row)
{
    char now[MU_SRC_TEXT + 200];
    row = first_missing(run->cursor, row);
    say_now(run, row, now, sizeof now);
    if (run->stop != STOP_NONE) { /* an end that is not the one this journal leads to */
        free(run->stop_result);
        free(run->stop_why);
        run->stop_result = run->stop_why = NULL;
        run->stop = STOP_NONE;
    }
    run_park(run, "diverged",
             "row %lld records %s at %s (task %s, call %lld), which the playbook no longer makes: "
             "now %s. Nothing was done. "
             "Start a new run of the changed playbook, or undo this one",
             (long long)row->gsn, row->verb, row->src[0] ? row->src : "?", row->task,
             (long long)row->seq, now);
}

/* Puts a recorded result on the call as if the world had answered. */
static void take_record(struct call *call, const struct mu_row *row)
{
    call->recorded = true;
    call->ts = row->ts;
    if (row->type == MU_ROW_COMPLETION) {
        call->ok = true;
        call->value = mu_xstrdup(row->value);
        return;
    }
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    call->ok = mu_json_bool(outcome, "ok", false);
    call->how = run_text(call->run, mu_json_str(outcome, "how", ""));
    call->value = mu_json_text(json_object_get(outcome, call->ok ? "value" : "error"));
    json_decref(outcome);
}

static void replay_completion(struct run *run, struct recorded *rec)
{
    struct task *task = task_find(run, rec->row.task);
    struct call *call = task ? task->call : NULL;
    if (call == NULL || call->seq != rec->row.seq) {
        /* A late answer to a call whose task was cancelled meanwhile is no news; anything else is. */
        if (task && task_ended(task) && task->seq >= rec->row.seq) {
            rec->used = rec->unheard = true;
            return;
        }
        diverged_row(run, &rec->row);
        return;
    }
    if (!cursor_match(run, rec, task->path, call->seq, call->name, call->digest, call->src))
        return;
    take_record(call, &rec->row);
    run_deliver(run, call);
    task_run_ready(run);
}

static void replay_row(struct run *run, struct recorded *rec)
{
    switch (rec->row.type) {
    case MU_ROW_COMPLETION:
    case MU_ROW_OUTCOME:
        replay_completion(run, rec);
        break;
    case MU_ROW_HOST: /* tells what happened to the executor, not to the playbook; behind a cancel only
                         aborted acts and closed gates were recorded, for nobody */
        if (run->verifying && strcmp(rec->row.verb, "cancel") == 0)
            run_stop(run, STOP_CANCEL, "cancelled", "");
        break;
    case MU_ROW_INTENT: /* matched when the call was issued; if no call was, it is gone from the playbook */
    case MU_ROW_NOTE:
    default:
        break;
    }
}

void cursor_replay(struct run *run)
{
    struct mu_cursor *cursor = run->cursor;
    task_run_ready(run);
    while (cursor->at < cursor->count && run->stop == STOP_NONE) {
        replay_row(run, &cursor->rows[cursor->at++]);
        run_sweep(run);
        run_look_for_orders(run);
    }
    bool ended = run->stop == STOP_FINISH || run->stop == STOP_FAIL;
    if (run->stop != STOP_NONE && !ended)
        return;
    const struct recorded *left = left_over(cursor, ended);
    if (left)
        diverged_row(run, &left->row);
}
