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
#include "playbook/lint.h"
#include "playbook/uses.h"

#define ARGS_MOST 120 /* octets of an act's arguments that a person reads */

struct reading {
    const struct mu_words *words;
    json_t *acts, *gates, *steps;
    const char *file;
    char *step;  /* the heading in force */
    bool unread; /* a text is too deep to be read: fail says which */
    struct mu_fail fail;
};

/* The text of an argument or a field's value, blanks and line ends as one blank; a new text. */
static char *source(const struct mu_node *node)
{
    struct mu_buf out = {0};
    const char *end =
        node->end > node->at ? node->end[-1].text + node->end[-1].len : node->at->text;
    for (const char *p = node->at->text; p < end; p++) {
        bool blank = isspace((unsigned char)*p);
        if (!blank)
            mu_buf_addc(&out, *p);
        else if (out.len && out.data[out.len - 1] != ' ')
            mu_buf_addc(&out, ' ');
    }
    return mu_buf_take(&out);
}

/* A literal's value, or what is written; a new text. */
static char *value(const struct mu_node *node)
{
    return node->kind == MU_NODE_STRING && node->text ? mu_xstrdup(node->text) : source(node);
}

/* --- acts, gates, steps --- */

/* "zone.set_mx(p.domain, ready.mx)" */
static char *call_text(const char *name, const struct mu_node *call)
{
    struct mu_buf text = {.max = ARGS_MOST};
    mu_buf_addf(&text, "%s(", name);
    for (size_t i = 0; i < 2 && lint_arg(call, i); i++) {
        char *arg = source(lint_arg(call, i));
        mu_buf_addf(&text, "%s%s", i ? ", " : "", arg);
        free(arg);
    }
    mu_buf_adds(&text, lint_arg_count(call) > 2 ? ", ...)" : ")");
    return mu_buf_take(&text);
}

static void add_act(struct reading *r, const char *verb, const char *name,
                    const struct mu_node *call)
{
    char *text = call_text(name, call);
    json_array_append_new(r->acts,
                          json_pack("{s:s, s:s, s:s, s:s, s:i}", "verb", verb, "what", text, "step",
                                    r->step, "file", r->file, "line", call->at->line));
    free(text);
}

static void add_option(json_t *gate, const struct mu_node *field)
{
    const struct mu_node *key = field->first->next ? field->first : NULL;
    char *text = value(field->last);
    bool named = key && key->kind == MU_NODE_STRING && key->text;
    if (named && strcmp(key->text, "show") != 0)
        json_object_set_new(json_object_get(gate, "options"), key->text, json_string(text));
    else if (!named && mu_json_str(gate, "title", "")[0] == '\0')
        json_object_set_new(gate, "title", json_string(text));
    free(text);
}

static void add_gate(struct reading *r, const char *word, const struct mu_node *call)
{
    const struct mu_node *table = lint_arg(call, 0);
    if (table == NULL)
        return;
    json_t *gate = json_pack("{s:s, s:s, s:s, s:i, s:{}}", "word", word, "title", "", "step",
                             r->step, "line", call->at->line, "options");
    for (const struct mu_node *field = table->kind == MU_NODE_TABLE ? table->first : NULL; field;
         field = field->next)
        add_option(gate, field);
    json_array_append_new(r->gates, gate);
}

static void add_step(struct reading *r, const struct mu_node *call)
{
    if (lint_arg(call, 0) == NULL)
        return;
    free(r->step);
    r->step = value(lint_arg(call, 0));
    json_array_append_new(r->steps, json_string(r->step));
}

static bool read_call(struct mu_node *node, void *ud)
{
    struct reading *r = ud;
    char buf[MU_NODE_WORD];
    const char *name = mu_node_called(node, buf);
    char kind = name ? r->words->kind(name, r->words->ud) : 0;
    const char *act = kind == 'a' ? name : kind == 'w' ? lint_act_of_word(name) : NULL;
    if (act)
        add_act(r, act, name, node);
    else if (kind == 'w' && lint_is_gate(name))
        add_gate(r, name, node);
    else if (name && strcmp(name, "step") == 0)
        add_step(r, node);
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
        mu_node_walk(tree.root, read_call, r);
    else
        r->unread = true;
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
        json_object_set_new(*out, "templates", json_object());
        json_object_set_new(*out, "files", json_object());
        mu_bundle_each(bundle, add_digest, *out);
    }
    json_decref(r.acts);
    json_decref(r.gates);
    json_decref(r.steps);
    mu_header_free(header);
    free(r.step);
    return err;
}
