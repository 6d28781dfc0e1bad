/* SPDX-License-Identifier: MIT
 *
 * Random playbooks from a seed; see program.h. Latencies are either fine (2 ms .. 5 s, hardly ever two at
 * the same instant) or coarse (multiples of 10 ms, often), one way a program. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "program.h"

#define DEPTH_MAX 4

struct maker {
    uint64_t draw;
    bool coarse;
    int left;   /* statements that may still be made */
    int number; /* of titles and errors: each once */
};

static struct node *block(struct maker *, int depth, int most);

static int dice(struct maker *m, int sides)
{
    return program_dice(&m->draw, sides);
}

static bool one_in(struct maker *m, int sides)
{
    return dice(m, sides) == 0;
}

static int latency(struct maker *m)
{
    return m->coarse ? 10 * (1 + dice(m, 4)) : 2 + dice(m, one_in(m, 3) ? 5000 : 200);
}

static int span(struct maker *m) /* of a block around calls */
{
    return latency(m) * (1 + dice(m, 4));
}

static struct node *node(enum op op, int64_t a, int64_t b, int64_t c, int64_t d)
{
    struct node *made = node_new(op);
    made->n[0] = a, made->n[1] = b, made->n[2] = c, made->n[3] = d;
    return made;
}

static struct node *expression(struct maker *m)
{
    switch (dice(m, 4)) {
    case 0:
        return node(OP_INT, dice(m, 20), 0, 0, 0);
    case 1:
        return node(OP_VAR, dice(m, PROGRAM_VARS), 0, 0, 0);
    case 2:
        return node(OP_SUM, dice(m, PROGRAM_VARS), dice(m, 9) - 3, 0, 0);
    default:
        return node(OP_RANDOM, 1 + dice(m, 12), 0, 0, 0);
    }
}

static struct node *condition(struct maker *m)
{
    switch (dice(m, 4)) {
    case 0:
        return node(OP_LESS, dice(m, PROGRAM_VARS), dice(m, 12), 0, 0);
    case 1:
        return node(OP_EVEN, dice(m, PROGRAM_VARS), 0, 0, 0);
    case 2:
        return node(OP_CHANCE, 6, 1 + dice(m, 5), 0, 0);
    default:
        return node(OP_SEES, dice(m, PROGRAM_SLIPS), latency(m), dice(m, 10), 0);
    }
}

static struct node *body(struct maker *m, int depth)
{
    struct node *made = node_new(OP_BODY);
    node_add(made, block(m, depth, 4));
    node_add(made, expression(m));
    return made;
}

static struct node *with_bodies(struct maker *m, enum op op, int depth)
{
    struct node *made = node(op, dice(m, 2), 0, 0, 0);
    for (int i = 1 + dice(m, 4); i > 0; i--)
        node_add(made, body(m, depth));
    return made;
}

static struct node *act(struct maker *m)
{
    struct node *made =
        node(OP_ACT, dice(m, VERB_COUNT), dice(m, PROGRAM_SLIPS), latency(m), FAULT_NONE);
    if (one_in(m, 4))
        made->n[3] = dice(m, FAULT_COUNT);
    made->n[4] = one_in(m, 3);
    made->n[5] = dice(m, PROGRAM_VARS);
    node_add(made, expression(m));
    return made;
}

static struct node *note(struct maker *m)
{
    struct node *made = node(OP_NOTE, dice(m, NOTE_COUNT), ++m->number, 0, 0);
    node_add(made, expression(m));
    return made;
}

static struct node *if_then(struct maker *m, int depth)
{
    struct node *made = node_new(OP_IF);
    node_add(made, condition(m));
    node_add(made, block(m, depth, 3));
    node_add(made, block(m, depth, 2));
    return made;
}

static struct node *wait(struct maker *m, int depth)
{
    struct node *made = node(OP_WAIT, span(m), latency(m), 1 + dice(m, 3), 0);
    node_add(made, block(m, depth, 2));
    node_add(made, condition(m));
    if (one_in(m, 3)) {
        made->n[3] = latency(m);
        node_add(made, body(m, depth));
    }
    return made;
}

static struct node *kid_of(struct node *made, struct node *kid)
{
    node_add(made, kid);
    return made;
}

/* Blocks, which hold more statements. */
static struct node *compound(struct maker *m, int depth)
{
    int from;
    switch (dice(m, 10)) {
    case 0:
        return if_then(m, depth);
    case 1:
        return kid_of(node(OP_FOR, 1 + dice(m, 3), 0, 0, 0), block(m, depth, 3));
    case 2:
        return kid_of(node_new(OP_PCALL), body(m, depth));
    case 3:
    case 4:
        return with_bodies(m, OP_PARALLEL, depth);
    case 5:
        return with_bodies(m, OP_RACE, depth);
    case 6:
        return kid_of(node(OP_EACH, dice(m, 5), 1 + dice(m, 3), dice(m, PROGRAM_VARS), 0),
                      body(m, depth));
    case 7:
        return kid_of(node(OP_WITHIN, span(m), 0, 0, 0), body(m, depth));
    case 8:
        return wait(m, depth);
    default:
        from = latency(m);
        return kid_of(node(OP_RETRY, 1 + dice(m, 3), from, from * (1 + dice(m, 4)), 0),
                      body(m, depth));
    }
}

static struct node *ending(struct maker *m)
{
    switch (dice(m, 6)) {
    case 0:
        return node(OP_FINISH, ++m->number, 0, 0, 0);
    case 1:
        return node(OP_FAIL, ++m->number, 0, 0, 0);
    case 2:
        return kid_of(node_new(OP_RETURN), expression(m));
    default:
        return node(OP_ERROR, dice(m, ERROR_COUNT), ++m->number, 0, 0);
    }
}

static struct node *statement(struct maker *m, int depth)
{
    m->left--;
    if (depth < DEPTH_MAX && dice(m, 10) < 3)
        return compound(m, depth + 1);
    switch (dice(m, 12)) {
    case 0:
        return one_in(m, 2) ? ending(m) : note(m);
    case 1:
        return kid_of(node(OP_SET, dice(m, PROGRAM_VARS), 0, 0, 0), expression(m));
    case 2:
        return node(OP_PAIRS, dice(m, PROGRAM_VARS), 1 + dice(m, 7), dice(m, 1000), 0);
    case 3:
        return node(OP_SLEEP, latency(m), 0, 0, 0);
    case 4:
        return node(OP_NEED, dice(m, PROGRAM_SLIPS), latency(m), one_in(m, 8), 0);
    case 5:
    case 6:
        return node(OP_LOOK, dice(m, PROGRAM_SLIPS), latency(m), one_in(m, 4),
                    dice(m, PROGRAM_VARS));
    case 7:
    case 8:
        return note(m);
    default:
        return act(m);
    }
}

static struct node *block(struct maker *m, int depth, int most)
{
    struct node *made = node_new(OP_BLOCK);
    for (int i = 1 + dice(m, most); i > 0 && m->left > 0; i--)
        node_add(made, statement(m, depth));
    return made;
}

struct program *program_generate(uint64_t seed)
{
    struct maker m = {.draw = seed * 0x2545f4914f6cdd1du + 1};
    m.coarse = one_in(&m, 3);
    m.left = 3 + dice(&m, 40);
    struct program *program = MU_NEW(struct program);
    program->seed = 1 + (uint32_t)(program_draw(&m.draw) & 0x3fffffff);
    program->root = node_new(OP_BODY);
    node_add(program->root, block(&m, 0, 8));
    node_add(program->root, expression(&m));
    return program;
}

int program_pairs(const struct node *at, int64_t keys[8], int64_t values[8])
{
    uint64_t draw = (uint64_t)at->n[2];
    int count = 0;
    for (int i = 0; i < at->n[1] && i < 8; i++) {
        int64_t key = program_dice(&draw, 2) ? 1000 + program_dice(&draw, PROGRAM_KEYS)
                                             : program_dice(&draw, 40) - 5;
        bool twice = false;
        for (int k = 0; k < count; k++)
            twice = twice || keys[k] == key;
        if (twice)
            continue;
        keys[count] = key;
        values[count++] = program_dice(&draw, 9);
    }
    return count;
}
