/* SPDX-License-Identifier: MIT
 *
 * A playbook's text as a tree with places and scopes: what the linter's rules walk over. Lua's own
 * compiler has judged the text before; here nothing is judged, and nothing is run.
 *
 *   local r = need(zone.mx(p.domain))     LOCAL
 *                                           LIST    DECL r
 *                                           LIST    CALL
 *                                                     NAME need           (a global: no local)
 *                                                     CALL
 *                                                       INDEX  NAME zone, STRING "mx"
 *                                                       INDEX  NAME p, STRING "domain"
 *
 * Every node's children, in order:
 *   BLOCK        statements                      IF        condition, BLOCK, ... [BLOCK]
 *   LOCAL ASSIGN LIST of targets, LIST of values WHILE     condition, BLOCK    REPEAT  BLOCK, condition
 *   FUNCTION     LIST of DECL, BLOCK             FOR FOR_IN  LIST of DECL, LIST of values, BLOCK
 *   NAMED LOCALF target, FUNCTION                BREAK GOTO LABEL  nothing
 *   CALL METHOD  callee (object), arguments      INDEX     object, key
 *   TABLE        FIELDs                          FIELD     key, value; or only value
 *   BINARY UNARY operands                        RETURN    values     DO  BLOCK     PAREN  value     */
#ifndef MU_PLAYBOOK_TREE_H
#define MU_PLAYBOOK_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "playbook/lexer.h"

#define MU_TREE_DEPTH 1000 /* nodes inside nodes: whoever walks the tree recurses so deep */

enum mu_node_kind {
    MU_NODE_BLOCK,
    MU_NODE_LIST,
    MU_NODE_LOCAL,
    MU_NODE_ASSIGN,
    MU_NODE_DO,
    MU_NODE_WHILE,
    MU_NODE_REPEAT,
    MU_NODE_IF,
    MU_NODE_FOR,
    MU_NODE_FOR_IN,
    MU_NODE_NAMED,  /* function a.b.c() */
    MU_NODE_LOCALF, /* local function f() */
    MU_NODE_RETURN,
    MU_NODE_BREAK,
    MU_NODE_GOTO,
    MU_NODE_LABEL,
    MU_NODE_DECL,
    MU_NODE_NIL,
    MU_NODE_TRUE,
    MU_NODE_FALSE,
    MU_NODE_NUMBER,
    MU_NODE_STRING,
    MU_NODE_VARARG,
    MU_NODE_FUNCTION,
    MU_NODE_NAME,
    MU_NODE_INDEX,
    MU_NODE_CALL,
    MU_NODE_METHOD,
    MU_NODE_TABLE,
    MU_NODE_FIELD,
    MU_NODE_BINARY,
    MU_NODE_UNARY,
    MU_NODE_PAREN
};

struct mu_node;

struct mu_local {
    const char *name;
    struct mu_node *decl;     /* DECL; NULL for the self of a method */
    struct mu_node *function; /* whose it is; NULL = the text itself */
    struct mu_node *value;    /* what it is declared with; NULL = unknown, or nothing */
    int reads, writes;        /* beside the declaration */
    int parameter;            /* of its function, from 1; 0 = none */
    bool loop;                /* of a for */
    unsigned marks;           /* for whoever walks the tree */
};

struct mu_node {
    enum mu_node_kind kind;
    int height;
    const struct mu_token *at; /* its first token */
    const struct mu_token
        *end; /* of a value, argument, call or function: behind its last token; else NULL */
    const struct mu_token *op; /* BINARY, UNARY: the operator; METHOD: the method's name */
    const char *text;       /* NAME, DECL, STRING (its value), METHOD; NULL for a value with NUL */
    struct mu_local *local; /* NAME, DECL: NULL = a global */
    bool written;           /* NAME: it is assigned here */
    struct mu_node *parent, *first, *last, *next;
};

struct mu_tree {
    struct mu_tokens tokens;
    struct mu_node *root; /* BLOCK */
    struct mu_local **locals;
    size_t local_count;
    struct mu_tree_memory *memory;
};

/* text must outlive the tree. MU_USAGE when it is deeper than MU_TREE_DEPTH, or no Lua (which Lua says
 * better). */
enum mu_err mu_tree_read(const char *text, size_t len, struct mu_tree *out, struct mu_fail *);
void mu_tree_free(struct mu_tree *);

/* Every node below and with it, in the text's order; cb returns false to leave out what is below. */
typedef bool mu_node_cb(struct mu_node *, void *ud);
void mu_node_walk(struct mu_node *, mu_node_cb *, void *ud);

struct mu_node *mu_node_child(const struct mu_node *, size_t n); /* from 0; NULL = none */
size_t mu_node_count(const struct mu_node *);
/* The function a node stands in; NULL = none. */
struct mu_node *mu_node_function(const struct mu_node *);
/* The value of a table's named field; NULL = none. */
struct mu_node *mu_node_field(const struct mu_node *table, const char *name);
/* What a local that is never assigned again was declared with; NULL = unknown. */
const struct mu_node *mu_node_constant(const struct mu_node *);
/* "zone.set_mx", "notify": a global, or a field of one, written into buf; also through such locals
 * (local set = zone.set_mx). NULL when it is neither. */
#define MU_NODE_WORD 80
const char *mu_node_word(const struct mu_node *, char buf[MU_NODE_WORD]);
/* The same of what is called; NULL for another node. */
const char *mu_node_called(const struct mu_node *call, char buf[MU_NODE_WORD]);
/* The call a node makes: pcall(f, ...) makes f(...), which is written into view (a CALL with the tree's own callee and
 * arguments); any other node is itself. */
const struct mu_node *mu_node_call(const struct mu_node *, struct mu_node *view);
/* The call that a node is the function of, also behind pcall; NULL = none. */
const struct mu_node *mu_node_call_of(const struct mu_node *, struct mu_node *view);
/* It is what a local that is never assigned again is declared with: mu_node_constant() of each of its uses. */
bool mu_node_is_held(const struct mu_node *);

/* For parse.c. */
struct mu_node *mu_tree_node(struct mu_tree *, enum mu_node_kind, const struct mu_token *at);
void mu_tree_append(struct mu_node *parent, struct mu_node *child);
char *mu_tree_text(struct mu_tree *, const char *text, size_t len);
struct mu_local *mu_tree_local(struct mu_tree *, struct mu_node *decl, const char *name);

#endif
