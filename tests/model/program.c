/* SPDX-License-Identifier: MIT
 *
 * Trees: made, freed, written and read; see program.h. */
#include "program.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
    const char *name;
    int numbers;
} ops[] = {
#define X(id, text, count) [id] = {text, count},
    PROGRAM_OPS(X)
#undef X
};

const char *const program_verbs[] = {"m.put", "m.ring", "m.key"};
const char *const program_faults[] = {"", "fail", "lose", "halt"};
const char *const program_slips[] = {"a", "b", "c", "d"};
const char *const program_keys[] = {"mx", "alpha", "zulu", "b10", "b9", "Mail"};

int program_numbers(enum op op)
{
    return ops[op].numbers;
}

struct node *node_new(enum op op)
{
    struct node *node = MU_NEW(struct node);
    node->op = op;
    return node;
}

void node_add(struct node *node, struct node *kid)
{
    node->kids = mu_xrealloc(node->kids, (size_t)node->count + 1, sizeof(struct node *));
    node->kids[node->count++] = kid;
}

void node_free(struct node *node)
{
    for (int i = 0; i < node->count; i++)
        node_free(node->kids[i]);
    free(node->kids);
    free(node);
}

int node_size(const struct node *node)
{
    int size = 1;
    for (int i = 0; i < node->count; i++)
        size += node_size(node->kids[i]);
    return size;
}

uint64_t program_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int program_dice(uint64_t *state, int sides)
{
    return (int)(program_draw(state) % (uint64_t)sides);
}

void program_free(struct program *program)
{
    if (program == NULL)
        return;
    node_free(program->root);
    free(program);
}

/* --- files --- */

static void print(const struct node *node, int depth, struct mu_buf *out)
{
    mu_buf_addf(out, "%*s(%s", depth, "", ops[node->op].name);
    for (int i = 0; i < ops[node->op].numbers; i++)
        mu_buf_addf(out, " %" PRId64, node->n[i]);
    for (int i = 0; i < node->count; i++) {
        mu_buf_adds(out, "\n");
        print(node->kids[i], depth + 1, out);
    }
    mu_buf_adds(out, ")");
}

void program_print(const struct program *program, struct mu_buf *out)
{
    mu_buf_addf(out, "%" PRIu32 "\n", program->seed);
    print(program->root, 0, out);
    mu_buf_adds(out, "\n");
}

static const char *skip(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static struct node *parse(const char **text)
{
    const char *at = skip(*text);
    if (*at++ != '(')
        return NULL;
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz");
    struct node *node = NULL;
    for (int op = 0; op < OP_COUNT && node == NULL; op++)
        if (strlen(ops[op].name) == len && strncmp(ops[op].name, at, len) == 0)
            node = node_new((enum op)op);
    if (node == NULL)
        return NULL;
    at += len;
    for (int i = 0; i < ops[node->op].numbers; i++) {
        char *end;
        node->n[i] = strtoll(at, &end, 10);
        at = end;
    }
    for (at = skip(at); *at == '('; at = skip(at)) {
        struct node *kid = parse(&at);
        if (kid == NULL) {
            node_free(node);
            return NULL;
        }
        node_add(node, kid);
    }
    *text = at + 1;
    return node;
}

struct program *program_parse(const char *text)
{
    char *end;
    struct program *program = MU_NEW(struct program);
    while (*text == '#')
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : "";
    program->seed = (uint32_t)strtoul(text, &end, 10);
    text = end;
    program->root = parse(&text);
    if (program->root == NULL || program->root->op != OP_BODY) {
        free(program);
        return NULL;
    }
    return program;
}
