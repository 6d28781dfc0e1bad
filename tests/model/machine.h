/* SPDX-License-Identifier: MIT
 *
 * What reference.c (tasks, time, world) and meaning.c (statements) share. */
#ifndef TEST_MODEL_MACHINE_H
#define TEST_MODEL_MACHINE_H

#include <ucontext.h>

#include "reference.h"

enum mstate { READY, CALLING, WAITING, DONE, FAILED, CANCELLED };
enum mkind { ACT, LOOK, TIMER };
enum event_kind { APPLIES, REPLIES, FIRES };

struct failure {
    bool table;
    int at;   /* the line that raised it in this task, or passed it on */
    int bare; /* a text without a place: the line it would get, else 0 */
    char src[32], verb[16];
    char text[200]; /* the whole text, or a table's why */
};

struct mtask;
struct machine;
typedef void task_entry(struct mtask *);

struct mcall {
    struct machine *machine;
    struct mtask *task;
    enum mkind kind;
    const char *name;
    char *args;
    int64_t seq, ms, value, written, result, due, ts, seen_at;
    int verb, slip, fault, attempt, line;
    bool left, applied, dropped, answered, ok;
    char *undo, *answer;
    char why[80];
    struct mtask *home; /* whose undo it took */
    bool title_by;
    char title[24], title_args[32];
    struct mcall *next, *next_all;
};

struct stack {
    struct stack *next;
};

struct mtask {
    struct machine *machine;
    char path[64];
    int64_t seq;
    int children;
    enum mstate state;
    bool killed;
    struct mcall *call, *answer;
    struct mtask *parent, *first_child, *sibling, *next_ready, *next_all;
    struct mtask **waits; /* borrowed while it waits */
    int wait_count, woken_by;
    char undo[24], undo_args[32]; /* a title that waits for its act; "" = none */
    bool undo_by;
    /* what it runs, and what came of it */
    task_entry *entry;
    const struct node *node;
    void *ud;
    bool raised;
    int64_t result;
    struct failure failure;
    ucontext_t context;
    void *stack;
};

struct event {
    int64_t due;
    uint64_t order;
    enum event_kind kind;
    struct mcall *call;
};

struct machine {
    bool dry, stopped;
    int64_t time, now, skipped, jumps;
    uint64_t order;
    int64_t vars[PROGRAM_VARS], slips[PROGRAM_SLIPS], writes[PROGRAM_SLIPS];
    uint64_t random[4];
    struct mtask *root, *tasks, *ready, *ready_last;
    struct mcall *calls, *leaving, *arrived;
    struct event *events;
    size_t event_count;
    struct stack *stacks;
    struct expectation *out;
    ucontext_t context;
};

extern _Thread_local struct mtask *starting;

/* reference.c */
struct expected_row *expect_row(struct machine *, char type, struct mtask *, int64_t seq,
                                const char *verb);
void stop(struct machine *, const char *state, const char *result, const char *why);
int64_t clock_of(const struct machine *);
struct mtask *spawn(struct machine *, struct mtask *parent, task_entry *, const struct node *,
                    void *ud);
void make_ready(struct mtask *);
void end_task(struct mtask *, enum mstate);
void cancel(struct mtask *);
void leave(struct mtask *);
struct mcall *issue_timer(struct mtask *, int64_t ms);
struct mcall *issue_look(struct mtask *, int slip, int64_t ms, bool fails);
struct mcall *issue_act(struct mtask *, const struct node *, int64_t value);
void push(struct mcall **list, struct mcall *);
char *undo_of(struct mcall *);
void undo_comes_back(struct mcall *);

/* meaning.c */
task_entry meaning_of_body;
void random_seed(struct machine *, uint32_t seed);
void failure_place(struct failure *);
void failure_text(const struct failure *, char text[256]); /* how a run's end says it */

#endif
