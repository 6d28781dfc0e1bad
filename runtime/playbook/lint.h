/* SPDX-License-Identifier: MIT
 *
 * What the rules of the linter share. To add a rule: a line in rules.def, a function over the tree in the
 * file of its theme, a faulty playbook in tests/check/, its line in docs/check.md. Private to playbook/.
 *
 *   check.c            drives, collects and sorts
 *   lint_allow.c       comments that silence a warning
 *   lint_filled.c      fields that the playbook sets itself
 *   lint_texts.c       the texts: playbook.lua and the libraries it uses
 *   lint_calls.c       which function it is that is called
 *   lint_names.c       globals, shadowed words, unused locals
 *   lint_verbs.c       verbs and their arguments
 *   lint_may_change.c  what acts need of may_change
 *   lint_words.c       words of the language and their arguments
 *   lint_gates.c       questions
 *   lint_flow.c        finish and fail, waiting
 *   lint_acts.c        acts where none belong: under retry, while something is waited for, in detect
 *   lint_guard.c       conditions in front of them
 *   lint_detect.c      what detect finds, and what main gets of it
 *   lint_results.c     verdicts and fields of results
 *   lint_operators.c   operands that are none
 *   lint_params.c      parameters
 *   lint_templates.c   messages
 *   lint_variables.c   and what they need
 *   lint_people.c      who is told and asked, by muster.lua
 *   lint_drill.c       what drill scenarios name
 *   lint_header.c      header and version                                                          */
#ifndef MU_PLAYBOOK_LINT_H
#define MU_PLAYBOOK_LINT_H

#include "base/attr.h"
#include "base/template.h"
#include "playbook/check.h"
#include "playbook/tree.h"

#define LINT_FILE "playbook.lua"

enum lint_rule {
#define RULE(name, id, level, why) LINT_##name,
#include "playbook/rules.def"
#undef RULE
    LINT_RULES
};

struct lint_problem {
    struct mu_problem shown;
    enum lint_rule rule;
    size_t order; /* problems of one place stay in the order they were found */
    bool allowed; /* by a comment */
};

struct lint_text { /* playbook.lua, or a library */
    const char *file, *text;
    size_t len;
    struct mu_tree tree;
};

struct lint {
    const struct mu_bundle *bundle;
    const struct mu_words *words;
    const struct mu_around *around; /* never NULL */
    const struct mu_header *header; /* NULL when it can't be read */
    const char *text;               /* of playbook.lua, like its tree */
    size_t len;
    struct mu_tree tree;
    struct lint_text *libraries; /* that it uses and that can be read */
    size_t library_count;
    char **lua; /* names of Lua's own that a playbook may use */
    size_t lua_count;
    struct lint_problem *problems;
    size_t count;
};

/* at: a token of any of the texts; mend may be NULL. */
void lint_say(struct lint *, enum lint_rule, const struct mu_token *at, const char *mend,
              const char *fmt, ...) MU_PRINTF(5, 6);
void lint_say_in(struct lint *, enum lint_rule, const char *file, int line, int column,
                 const char *mend, const char *fmt, ...) MU_PRINTF(7, 8);
/* A failure's text that may begin with "file:line: "; its column is that of the line's first token. */
void lint_failure(struct lint *, enum lint_rule, const char *file, const struct mu_fail *);
enum lint_rule lint_rule_of(const char *id); /* LINT_RULES = unknown */
const char *lint_rule_id(enum lint_rule);
bool lint_rule_is_warning(enum lint_rule);

bool lint_is_lua(const struct lint *, const char *name); /* a name of Lua's own */

/* --- texts --- */

/* Lua's word on a text, and its tree; false: what is wrong is said, and there is no tree. check.c */
bool lint_read(struct lint *, struct lint_text *);
void lint_texts(struct lint *); /* reads the libraries, and says what is wrong with them */
void lint_texts_fini(struct lint *);
/* One of them can't be run: what is wrong is said. */
bool lint_texts_broken(const struct lint *);
/* Every node of playbook.lua and of its libraries. */
void lint_walk(const struct lint *, mu_node_cb *, void *ud);
/* The file a token stands in. */
const char *lint_file_of(const struct lint *, const struct mu_token *);
/* The whole tree a node stands in. */
struct mu_node *lint_root_of(const struct mu_node *);
/* Does the playbook come there? Not where a library's function stands that no text names. */
bool lint_is_used(const struct lint *, const struct mu_node *);

/* --- reading the tree --- */

/* The value of a literal, also through a local that is never assigned again; NULL when it is none. */
json_t *lint_literal(const struct mu_node *);
/* The text of a literal; borrowed, NULL when it is none. */
const char *lint_text(const struct mu_node *);
/* What a value is, as far as the text tells: 's' text, 'd' text that is a duration, 'n' number, 'b'
 * boolean, 't' table, 'f' function, '0' nil, '?' unknown. */
char lint_shape(const struct lint *, const struct mu_node *);
/* The same of a field of a result or an answer, by the verb's table: '?' where the playbook may set it itself. */
char lint_field_shape(const struct lint *, const struct mu_node *index);
/* "a text", "a function". */
const char *lint_shape_name(char shape);
/* The n-th argument of a call, from 0; NULL = none. */
struct mu_node *lint_arg(const struct mu_node *call, size_t n);
size_t lint_arg_count(const struct mu_node *call);
/* The last argument may be any number of them: f(g()), f(...). */
bool lint_args_open(const struct mu_node *call);
/* A constructor behind a node: itself, or what a local that is never assigned again holds. */
const struct mu_node *lint_table(const struct mu_node *);
/* Is it a field that is set there? index.key = ..., function index.key() */
bool lint_is_set(const struct mu_node *index);
/* Does any text set a field of this name, of whatever table, or one of `of` whose name is made? of may be NULL. */
bool lint_sets_field(const struct lint *, const struct mu_local *of, const char *name);
/* The second parameter of main, what detect found; NULL = it has none. */
const struct mu_local *lint_samples(const struct lint *);
#define LINT_VERDICTS "up|down|rejecting|inconclusive" /* docs/serve.md */
/* What a node's local was declared with when it is never assigned again; else the node itself. */
const struct mu_node *lint_behind(const struct mu_node *);
/* The verb or word whose result a node is, also through need() and such a local; NULL = unknown. */
const char *lint_result_of(const struct mu_node *, char buf[MU_NODE_WORD]);
/* The verb or question whose whole result this is; NULL: none, or a field of one. */
const char *lint_whole_result(const struct lint *, const struct mu_node *, char buf[MU_NODE_WORD]);
/* Does it call this word or verb? Also behind pcall, which hands the end of a run on. */
bool lint_calls(const struct mu_node *, const char *word);
/* The function that is called where its text is known: a local one, or a global of the top level. */
struct mu_node *lint_callee(const struct mu_node *call);
/* The function that a value is, or that a call or method calls; through tables of functions and libraries, too. NULL
 * where the texts do not tell. */
struct mu_node *lint_function(const struct lint *, const struct mu_node *value);
struct mu_node *lint_called_function(const struct lint *, const struct mu_node *call);
/* Functions that were looked into: each only once, so that recursion ends, and soon. */
struct lint_seen {
    const struct mu_node *functions[64];
    size_t count;
};
/* False for one that was seen, for NULL, and where there is no room for more: those are unknown. */
bool lint_is_new(struct lint_seen *, const struct mu_node *function);
/* The place of a key of the header: "may_change[2]", "params.domain"; of the header itself otherwise. */
const struct mu_token *lint_header_place(const struct lint *, const char *path);
/* The params table in a local: main's and detect's first, and where they hand it on. */
bool lint_is_params(const struct mu_local *);
const struct mu_param *lint_param(const struct lint *, const char *name);

/* The act that a word of the language does: "page" for escalate; NULL when it does none. */
const char *lint_act_of_word(const char *word);
/* Does an entry of may_change name the verb, on whatever target? */
bool lint_may_change_names(const struct lint *, const char *verb);
/* An act, or a word that does one; false for NULL. */
bool lint_is_act(const struct lint *, const char *word);
/* The function that playbook.lua's top level sets "main" or "detect" to; NULL: none, or unknown. */
struct mu_node *lint_entry(const struct lint *, const char *name);
/* Does it call finish or fail? */
bool lint_ends_run(const struct mu_node *);
/* Stands a condition between the beginning of the function and a node of it that the text does not decide? again: it is
 * run until it returns true, and what happens at the last time happens once. */
bool lint_is_guarded(const struct lint *, const struct mu_node *, const struct mu_node *function,
                     bool again);
/* "up|down": is it one of them? */
bool lint_is_choice(const char *choices, const char *word);

bool lint_is_gate(const char *word); /* approve, ask, todo; false for NULL */

/* --- templates --- */

struct lint_tag {
    enum mu_template_tag tag;
    char *path;
    size_t end; /* of a section: the tag that closes it */
};
struct lint_tags {
    struct lint_tag *items;
    size_t count;
};
bool lint_tag_add(enum mu_template_tag, const char *path, int line, void *tags);
void lint_tags_fini(struct lint_tags *);
/* Says which variables the template at path needs and does not get. variables: the TABLE, NULL = none. at: where the
 * call names the template. */
void lint_variables(struct lint *, const char *path, const struct lint_tags *,
                    const struct mu_token *at, const struct mu_node *variables);

/* --- the themes --- */

void lint_allow(struct lint *);
void lint_names(struct lint *);
void lint_verbs(struct lint *);
void lint_may_change(struct lint *);
void lint_words(struct lint *);
void lint_gates(struct lint *);
void lint_flow(struct lint *);
void lint_acts(struct lint *);
void lint_detect(struct lint *);
void lint_results(struct lint *);
void lint_operators(struct lint *);
void lint_find_params(
    struct lint *); /* before all others: marks the locals lint_is_params() knows */
void lint_params(struct lint *);
void lint_templates(struct lint *);
void lint_people(struct lint *);
void lint_drill(struct lint *);
/* Reads the header and says all that is wrong with it. */
void lint_header(struct lint *, struct mu_header **out);
void lint_version(struct lint *);

#endif
