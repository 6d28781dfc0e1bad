/* SPDX-License-Identifier: MIT
 *
 * The outline of a playbook, from its header and its tree; see outline.h. What stands in a function is taken
 * to belong to the heading above it in the text. */
#include "playbook/outline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "playbook/code.h"
#include "playbook/lint.h"
#include "playbook/uses.h"

#define ARGS_MOST 120 /* octets of an act's arguments that a person reads */

struct reading {
    const struct mu_words *words;
    json_t *acts, *gates, *steps, *code;
    struct code_marks marks; /* what of a text is told here */
    const char *file;
    char *step;  /* the heading in force */
    bool unread; /* a text is too deep to be read: fail says which */
    struct mu_fail fail;
};

/* The text of an argument or a field's value, a blank where there are blanks or remarks between tokens; a new text. */
static char *source(const struct mu_node *node)
{
    struct mu_buf out = {0};
    const struct mu_token *end = node->end > node->at ? node->end : node->at + 1;
    for (const struct mu_token *t = node->at; t < end; t++) {
        if (t > node->at && t[-1].text + t[-1].len < t->text)
            mu_buf_addc(&out, ' ');
        mu_buf_add(&out, t->text, t->len);
    }
    return mu_buf_take(&out);
}

/* A literal's value, or what is written; a new text. */
static char *value(const struct mu_node *node)
{
    return node->kind == MU_NODE_STRING && node->text ? mu_xstrdup(node->text) : source(node);
}

static const char *named_key(const struct mu_node *field)
{
    const struct mu_node *key = field->first->next ? field->first : NULL;
    return key && key->kind == MU_NODE_STRING ? key->text : NULL;
}

/* --- acts --- */

/* "zone.set_mx(p.domain, ready.mx)"; for one line of a screen. */
static char *call_text(const char *name, const struct mu_node *call)
{
    struct mu_buf text = {.max = ARGS_MOST};
    mu_buf_addf(&text, "%s(", name);
    for (size_t i = 0; i < 2 && lint_arg(call, i); i++) {
        char *arg = source(lint_arg(call, i));
        for (char *p = arg; *p; p++)
            *p = isspace((unsigned char)*p) ? ' ' : *p;
        mu_buf_addf(&text, "%s%s", i ? ", " : "", arg);
        free(arg);
    }
    mu_buf_adds(&text, lint_arg_count(call) > 2 ? ", ...)" : ")");
    return mu_buf_take(&text);
}

/* The last argument, where it is a table of named fields alone: { only_if = before }. */
static const struct mu_node *options_of(const struct mu_node *call)
{
    const struct mu_node *last = lint_arg_count(call) ? call->last : NULL;
    bool named = last && last->kind == MU_NODE_TABLE;
    for (const struct mu_node *field = named ? last->first : NULL; field; field = field->next)
        named = named && named_key(field);
    return named ? last : NULL;
}

/* Its arguments as they are written, in full. */
static void add_arguments(json_t *act, const struct mu_node *call)
{
    const struct mu_node *options = options_of(call);
    for (size_t i = 0; lint_arg(call, i) && lint_arg(call, i) != options; i++) {
        char *text = source(lint_arg(call, i));
        json_array_append_new(json_object_get(act, "args"),
                              mu_json_lenient_string(text, strlen(text)));
        free(text);
    }
    for (const struct mu_node *field = options ? options->first : NULL; field;
         field = field->next) {
        char *text = source(field->last);
        json_object_set_new(json_object_get(act, "options"), named_key(field),
                            mu_json_lenient_string(text, strlen(text)));
        free(text);
    }
}

static json_t *add_act(struct reading *r, const char *verb, const char *what,
                       const struct mu_token *at)
{
    json_t *act = json_pack("{s:s, s:s, s:s, s:s, s:i, s:[], s:{}}", "verb", verb, "what", what,
                            "step", r->step, "file", r->file, "line", at->line, "args", "options");
    json_array_append_new(r->acts, act);
    return act;
}

/* how: "", or what is done with the call: "undo by ". */
static void add_call(struct reading *r, const char *verb, const char *name, const char *how,
                     const struct mu_node *call)
{
    char *text = call_text(name, call), *what = mu_xasprintf("%s%s", how, text);
    add_arguments(add_act(r, verb, what, call->at), call);
    code_mark(&r->marks, CODE_LISTED, call->at, call->end);
    free(what);
    free(text);
}

static const char *act_of(const struct reading *r, const char *name)
{
    char kind = name ? r->words->kind(name, r->words->ud) : 0;
    return kind == 'a' ? name : kind == 'w' ? lint_act_of_word(name) : NULL;
}

/* undo("Put it back", zone.set_mx, p.domain, before) */
static void add_undo(struct reading *r, const struct mu_node *call)
{
    char buf[MU_NODE_WORD];
    const struct mu_node *verb = lint_arg(call, 1);
    const char *name = verb ? mu_node_word(verb, buf) : NULL, *act = act_of(r, name);
    struct mu_node view = *call;
    if (act == NULL)
        return;
    view.first = (struct mu_node *)verb;
    view.at = verb->at;
    add_call(r, act, name, "undo by ", &view);
}

/* The function of a call, one that pcall or undo makes, or the verbs that a field is of. */
static bool is_told(const struct mu_node *node)
{
    struct mu_node view;
    char buf[MU_NODE_WORD];
    const struct mu_node *above = node->parent;
    const char *word = mu_node_called(above, buf);
    return (above->kind == MU_NODE_INDEX && above->first == node) || mu_node_call_of(node, &view) ||
           (word && strcmp(word, "undo") == 0 && lint_arg(above, 1) == node);
}

/* An act as a value: each(hosts, notify), parallel { a = notify }. Nobody knows here what is done with it. */
static void read_value(struct reading *r, const struct mu_node *node)
{
    char buf[MU_NODE_WORD], above[MU_NODE_WORD];
    const char *name = mu_node_word(node, buf), *act = act_of(r, name);
    if (act == NULL || node->written || is_told(node) || mu_node_is_held(node))
        return;
    const struct mu_node *call = node->parent->kind == MU_NODE_CALL ? node->parent : NULL;
    const char *to = mu_node_called(call, above);
    char *taker = call ? call_text(to ? to : "a function", call) : NULL;
    char *what = taker ? mu_xasprintf("%s, handed to %s", name, taker)
                       : mu_xasprintf("%s, kept as a value", name);
    add_act(r, act, what, node->at);
    free(what);
    free(taker);
}

/* --- gates, steps --- */

/* false: it is not told. */
static bool add_option(json_t *gate, const struct mu_node *field)
{
    const char *key = named_key(field);
    bool told = true;
    char *text = value(field->last);
    if (key && strcmp(key, "show") != 0)
        json_object_set_new(json_object_get(gate, "options"), key,
                            mu_json_lenient_string(text, strlen(text)));
    else if (field->first->next == NULL && mu_json_str(gate, "title", "")[0] == '\0')
        json_object_set_new(gate, "title", mu_json_lenient_string(text, strlen(text)));
    else
        told = false;
    free(text);
    return told;
}

static void mark_field(struct reading *r, const struct mu_node *field)
{
    const struct mu_token *end = field->last->end;
    bool separated = mu_token_is(end, ",") || mu_token_is(end, ";");
    code_mark(&r->marks, CODE_LISTED, field->at, end + separated);
}

static void add_gate(struct reading *r, const char *word, const struct mu_node *call)
{
    const struct mu_node *table = lint_arg(call, 0);
    if (table == NULL)
        return;
    size_t marks = r->marks.count;
    bool all = table->kind == MU_NODE_TABLE;
    json_t *gate = json_pack("{s:s, s:s, s:s, s:i, s:{}}", "word", word, "title", "", "step",
                             r->step, "line", call->at->line, "options");
    for (const struct mu_node *field = all ? table->first : NULL; field; field = field->next) {
        if (add_option(gate, field))
            mark_field(r, field);
        else
            all = false;
    }
    json_array_append_new(r->gates, gate);
    if (all) {
        r->marks.count = marks;
        code_mark(&r->marks, CODE_LISTED, call->at, call->end);
    }
}

static void add_step(struct reading *r, const struct mu_node *call)
{
    if (lint_arg(call, 0) == NULL)
        return;
    free(r->step);
    r->step = value(lint_arg(call, 0));
    json_array_append_new(r->steps, mu_json_lenient_string(r->step, strlen(r->step)));
    if (lint_arg_count(call) == 1)
        code_mark(&r->marks, CODE_HEADING, call->at, call->end);
}

static bool is_header(const struct mu_node *call, const char *name)
{
    return strcmp(name, "playbook") == 0 && call->parent && call->parent->parent == NULL;
}

static void read_call(struct reading *r, const struct mu_node *node)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    const char *name = mu_node_called(call, buf), *act = act_of(r, name);
    if (name == NULL)
        return;
    if (act)
        add_call(r, act, name, "", call);
    else if (lint_is_gate(name))
        add_gate(r, name, call);
    else if (strcmp(name, "step") == 0)
        add_step(r, call);
    else if (strcmp(name, "undo") == 0)
        add_undo(r, call);
    else if (is_header(call, name))
        code_mark(&r->marks, CODE_LISTED, call->at, call->end);
}

static bool read_node(struct mu_node *node, void *ud)
{
    if (node->kind == MU_NODE_CALL)
        read_call(ud, node);
    else if (node->kind == MU_NODE_NAME || node->kind == MU_NODE_INDEX)
        read_value(ud, node);
    return true;
}

/* --- the whole --- */

static bool add_digest(const char *path, const char *bytes, size_t len, void *ud)
{
    char digest[MU_SHA256_HEX];
    json_t *outline = ud;
    size_t stem = strlen(path);
    mu_sha256_hex(bytes, len, digest);
    json_object_set_new(json_object_get(outline, "files"), path, json_string(digest));
    if (strncmp(path, "templates/", 10) == 0 && stem > 13) {
        char *name = mu_xstrndup(path + 10, stem - 10 - (strcmp(path + stem - 3, ".md") ? 0 : 3));
        json_object_set_new(json_object_get(outline, "templates"), name, json_string(digest));
        free(name);
    }
    return true;
}

/* playbook.lua, then its libraries: what stands in one before its first step belongs to no step. */
static bool read_text(const char *path, const char *text, size_t len, void *ud)
{
    struct reading *r = ud;
    struct mu_tree tree = {0};
    free(r->step);
    r->step = mu_xstrdup("");
    r->file = path;
    if (mu_tree_read(text, len, &tree, &r->fail) == MU_OK)
        mu_node_walk(tree.root, read_node, r);
    else
        r->unread = true;
    if (!r->unread)
        code_read(path, &tree, &r->marks, r->code);
    r->marks.count = 0;
    mu_tree_free(&tree);
    return !r->unread;
}

enum mu_err mu_outline(const struct mu_bundle *bundle, const struct mu_words *words, json_t **out,
                       struct mu_fail *fail)
{
    struct mu_header *header = NULL;
    struct reading r = {.words = words,
                        .acts = json_array(),
                        .gates = json_array(),
                        .steps = json_array(),
                        .code = json_array(),
                        .step = mu_xstrdup("")};
    *out = NULL;
    enum mu_err err = mu_header_read(bundle, &header, fail);
    if (err == MU_OK)
        mu_uses_each(bundle, read_text, &r);
    if (r.unread)
        err = mu_fail_set(fail, MU_USAGE, "%s: %s", r.file, r.fail.text);
    if (err == MU_OK) {
        *out = mu_header_json(header);
        json_object_set(*out, "acts", r.acts);
        json_object_set(*out, "gates", r.gates);
        json_object_set(*out, "steps", r.steps);
        json_object_set(*out, "code", r.code);
        json_object_set_new(*out, "templates", json_object());
        json_object_set_new(*out, "files", json_object());
        mu_bundle_each(bundle, add_digest, *out);
    }
    json_decref(r.acts);
    json_decref(r.gates);
    json_decref(r.steps);
    json_decref(r.code);
    free(r.marks.items);
    mu_header_free(header);
    free(r.step);
    return err;
}
