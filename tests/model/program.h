/* SPDX-License-Identifier: MIT
 *
 * A random playbook as a tree: made from a seed (generate.c), written as Lua (emit.c), kept in a file and
 * read again (program.c). The engine runs the Lua, the reference model (reference.c) walks the tree.
 *
 *   (put 1 30 0 3 (sum 2 5))      one node: its name, its numbers, its children
 *
 * To add a construct: a line in PROGRAM_OPS, a case each in generate.c, emit.c and reference.c. */
#ifndef TEST_MODEL_PROGRAM_H
#define TEST_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define PROGRAM_VARS    6 /* v0 .. v5, integers, shared by all tasks */
#define PROGRAM_SLIPS   4 /* what acts write on */
#define PROGRAM_NUMBERS 6
#define PROGRAM_KEYS    6

/* id, name in files, how many numbers it has */
#define PROGRAM_OPS(X)                                                                         \
    X(OP_BLOCK, "block", 0) /* statements */                                                   \
    X(OP_BODY, "body", 0)   /* of a function: block, returned expression */                    \
    /* expressions */                                                                          \
    X(OP_INT, "int", 1)                                                                        \
    X(OP_VAR, "var", 1)                                                                        \
    X(OP_SUM, "sum", 2) /* variable + constant */                                              \
    X(OP_RANDOM, "random", 1)                                                                  \
    /* conditions */                                                                           \
    X(OP_LESS, "less", 2) /* variable < constant */                                            \
    X(OP_EVEN, "even", 1)                                                                      \
    X(OP_CHANCE, "chance", 2) /* math.random(a) <= b */                                        \
    X(OP_SEES, "sees", 3)     /* what a probe of slip a, after b ms, finds > c */              \
    /* statements */                                                                           \
    X(OP_SET, "set", 1)                                                                        \
    X(OP_ACT, "act", 6)   /* verb, slip, ms, fault, caught?, variable; value */                \
    X(OP_LOOK, "look", 4) /* slip, ms, fails?, variable */                                     \
    X(OP_NEED, "need", 3) /* slip, ms, fails? */                                               \
    X(OP_NOTE, "note", 2) /* kind, number; value */                                            \
    X(OP_SLEEP, "sleep", 1)                                                                    \
    X(OP_IF, "if", 0)       /* condition, block, block */                                      \
    X(OP_FOR, "for", 1)     /* times; block */                                                 \
    X(OP_PAIRS, "pairs", 3) /* variable, keys, seed */                                         \
    X(OP_PCALL, "pcall", 0) /* body */                                                         \
    X(OP_ERROR, "error", 2) /* kind, number */                                                 \
    X(OP_FINISH, "finish", 1)                                                                  \
    X(OP_FAIL, "fail", 1)                                                                      \
    X(OP_RETURN, "return", 0)                                                                  \
    X(OP_PARALLEL, "parallel", 1) /* named?; bodies */                                         \
    X(OP_RACE, "race", 1)         /* named?; bodies */                                         \
    X(OP_EACH, "each", 3)         /* items, limit, variable; body */                           \
    X(OP_WITHIN, "within", 1)     /* ms; body */                                               \
    X(OP_WAIT, "wait", 4)   /* ms, every, stable, meanwhile's every; block, condition, body */ \
    X(OP_RETRY, "retry", 3) /* times, backoff from, to; body */

enum op {
#define X(id, name, numbers) id,
    PROGRAM_OPS(X)
#undef X
        OP_COUNT
};

enum { VERB_PUT, VERB_RING, VERB_KEY, VERB_COUNT };
enum { FAULT_NONE, FAULT_FAIL, FAULT_LOSE, FAULT_HALT, FAULT_COUNT };
enum {
    NOTE_EVIDENCE,
    NOTE_STEP,
    NOTE_FINDING,
    NOTE_MILESTONE,
    NOTE_UNDO,
    NOTE_UNDO_BY,
    NOTE_COUNT
};
enum { ERROR_TEXT, ERROR_BARE, ERROR_TABLE, ERROR_COUNT };

extern const char *const program_verbs[VERB_COUNT];
extern const char *const program_faults[FAULT_COUNT];
extern const char *const program_slips[PROGRAM_SLIPS];
extern const char
    *const program_keys[PROGRAM_KEYS]; /* of named blocks, not in their sorted order */

struct node {
    enum op op;
    int line; /* in the emitted playbook */
    int64_t n[PROGRAM_NUMBERS];
    struct node **kids;
    int count;
};

struct program {
    uint32_t seed;     /* of the run: math.random */
    struct node *root; /* OP_BODY */
};

struct node *node_new(enum op);
void node_add(struct node *, struct node *kid);
void node_free(struct node *);
int node_size(const struct node *);
int program_numbers(enum op);

/* splitmix64: one stream a program. */
uint64_t program_draw(uint64_t *state);
int program_dice(uint64_t *state, int sides); /* 0 .. sides - 1 */

struct program *program_generate(uint64_t seed);
void program_free(struct program *);
void program_print(const struct program *, struct mu_buf *);
/* NULL when it is no program. */
struct program *program_parse(const char *text);
/* The playbook; sets the nodes' lines. */
void program_emit(struct program *, struct mu_buf *);
/* The keys of an OP_PAIRS, as written, and how many: >= 1000 is a text, program_keys[key - 1000]. */
int program_pairs(const struct node *, int64_t keys[8], int64_t values[8]);

#endif
