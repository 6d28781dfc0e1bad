/* SPDX-License-Identifier: MIT
 *
 * What lua-language-server knows of the language, in the annotations of LuaCATS (https://luals.github.io/wiki):
 * every word and verb as a function, every result, options' table and header key as a class. Lua's own library
 * is in it, too, as far as there is one: .luarc.json turns the server's own off (editor.c).
 *
 *   mu_words_all ─▶ function / class muster.opts.WORD       verbs ─▶ function, class muster.result.VERB */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "doc/page.h"
#include "playbook/header.h"

static const char head[] =
    "---@meta muster\n"
    "-- Made by `muster doc --luacats` from the tables in the source: what playbooks are written "
    "with.\n"
    "\n"
    "---A duration: \"90s\", \"15m\", \"2h\", \"45d\", or seconds.\n"
    "---@alias duration string|number\n"
    "---Unix seconds.\n"
    "---@alias time number\n"
    "---@class muster.mx\n"
    "---@field preference integer\n"
    "---@field host string\n"
    "---@field ttl? integer seconds\n"
    "---A result that holds an MX set.\n"
    "---@class muster.mx_holder\n"
    "---@field mx muster.mx[]\n"
    "---@alias muster.mx_set muster.mx[]|muster.mx_holder|table<string, any>\n"
    "---@class muster.rrset\n"
    "---@field ttl? integer seconds\n"
    "---@field records string[]\n"
    "---@alias muster.rrset_set muster.rrset|string[]|table<string, any>\n"
    "---What stands in muster.lua for a secret.\n"
    "---@class muster.secret\n";

static void doc_line(struct mu_buf *out, const char *text)
{
    if (text && text[0])
        mu_buf_addf(out, "---%s\n", text);
}

/* A type that may be nil. */
static void add_type(struct mu_buf *out, const char *type, bool optional)
{
    bool several = strpbrk(type, " |(") != NULL;
    mu_buf_addf(out, "%s%s%s%s", optional && several ? "(" : "", type,
                optional && several ? ")" : "", optional ? "?" : "");
}

/* --- namespaces: each is declared once, before what is in it --- */

struct spaces {
    char names[64][48];
    size_t count;
};

static bool is_new(struct spaces *spaces, const char *name, size_t len)
{
    for (size_t i = 0; i < spaces->count; i++)
        if (strlen(spaces->names[i]) == len && strncmp(spaces->names[i], name, len) == 0)
            return false;
    if (spaces->count == MU_COUNT(spaces->names) || len >= sizeof spaces->names[0])
        return false;
    memcpy(spaces->names[spaces->count], name, len);
    spaces->names[spaces->count++][len] = '\0';
    return true;
}

static void open_space(struct mu_buf *out, struct spaces *spaces, const char *name)
{
    const char *dot = strpbrk(name, ".:");
    size_t len = dot ? (size_t)(dot - name) : 0;
    if (dot == NULL || !is_new(spaces, name, len))
        return;
    if (*dot == ':') { /* methods of a type of ours: muster.world, muster.run */
        mu_buf_addf(out, "\n---@class muster.%.*s\nlocal %.*s = {}\n", (int)len, name, (int)len,
                    name);
        return;
    }
    /* what ("x"):rep() finds is the class of this name */
    if (len == 6 && strncmp(name, "string", len) == 0)
        mu_buf_adds(out, "\n---@class stringlib\nstring = {}\n");
    else
        mu_buf_addf(out, "\n---@class muster.space.%.*s\n%.*s = {}\n", (int)len, name, (int)len,
                    name);
}

/* --- words --- */

static bool has_options(const struct mu_word *word)
{
    for (const struct mu_word_field *field = word->params; field && field->name; field++)
        if ((field->flags & MU_W_OPTION) && !word->one_table)
            return true;
    return false;
}

static void class_field(struct mu_buf *out, const struct mu_word_field *field, bool first_item)
{
    bool bracket = field->name[0] == '[';
    bool optional = (field->flags & MU_W_OPTIONAL) && !bracket;
    mu_buf_addf(out, "---@field %s%s ", first_item ? "[1]" : field->name, optional ? "?" : "");
    add_type(out, field->type, false);
    mu_buf_addf(out, " %s%s%s\n", field->doc, field->otherwise ? "; default " : "",
                field->otherwise ? field->otherwise : "");
}

/* The class of its options: muster.opts.wait_until, of a method muster.opts.world.mx. */
static void add_options_name(struct mu_buf *out, const struct mu_word *word)
{
    mu_buf_adds(out, "muster.opts.");
    for (const char *at = word->name; *at; at++)
        mu_buf_addc(out, *at == ':' ? '.' : *at);
}

static void options_class(struct mu_buf *out, const struct mu_word *word)
{
    mu_buf_adds(out, "---@class ");
    add_options_name(out, word);
    mu_buf_addc(out, '\n');
    for (const struct mu_word_field *field = word->params; field->name; field++)
        if (word->one_table || (field->flags & MU_W_OPTION))
            class_field(out, field, word->one_table && !(field->flags & MU_W_OPTION));
    mu_buf_addc(out, '\n');
}

static bool names_type(const struct mu_word *word, char type)
{
    for (int list = 0; list < 2; list++)
        for (const struct mu_word_field *field = list ? word->returns : word->params;
             field && field->name; field++)
            for (const char *p = strchr(field->type, type); p; p = strchr(p + 1, type))
                if ((p == field->type || strchr("<, :(", p[-1])) && strchr("[]>,) ", p[1]))
                    return true;
    return false;
}

static void generics(struct mu_buf *out, const struct mu_word *word)
{
    if (names_type(word, 'T'))
        mu_buf_adds(out, "---@generic T\n");
    if (names_type(word, 'K'))
        mu_buf_adds(out, "---@generic K, V\n");
}

static void returns_of(struct mu_buf *out, const struct mu_word *word)
{
    for (const struct mu_word_field *field = word->returns; field->name; field++) {
        bool rest = strcmp(field->name, "...") == 0;
        mu_buf_adds(out, "---@return ");
        add_type(out, field->type, !rest && (field->flags & MU_W_OPTIONAL));
        mu_buf_addf(out, " %s%s%s\n", field->name[0] ? field->name : "value",
                    field->doc[0] ? " # " : "", field->doc);
    }
}

/* each(list, fn), wait_until(d, fn): the table of options in the middle may be left out. */
static void overload_without_options(struct mu_buf *out, const struct mu_word *word)
{
    bool seen = false, behind = false;
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        seen = seen || (field->flags & MU_W_OPTION);
        behind = behind || (seen && !(field->flags & MU_W_OPTION));
    }
    if (!behind || (word->params->flags & MU_W_OPTION))
        return;
    mu_buf_adds(out, "---@overload fun(");
    bool first = true;
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        if (field->flags & MU_W_OPTION)
            continue;
        mu_buf_addf(out, "%s%s: %s", first ? "" : ", ", field->name, field->type);
        first = false;
    }
    mu_buf_addf(out, "): %s\n", word->returns->name ? word->returns->type : "nil");
}

/* Its @param lines, and its names for the list behind `function`. */
static void params_of(struct mu_buf *out, const struct mu_word *word, struct mu_buf *names)
{
    bool options = false;
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        bool option = field->flags & MU_W_OPTION, rest = strcmp(field->name, "...") == 0;
        if (option && options)
            continue;
        const struct mu_word_field *next = field;
        while (next->name && (next->flags & MU_W_OPTION))
            next++;
        bool may_miss = option ? next->name == NULL : (field->flags & MU_W_OPTIONAL) && !rest;
        const char *name = option ? "options" : field->name;
        mu_buf_addf(out, "---@param %s%s ", name, may_miss ? "?" : "");
        if (option)
            add_options_name(out, word);
        else
            mu_buf_addf(out, "%s %s", field->type, field->doc);
        mu_buf_addc(out, '\n');
        mu_buf_addf(names, "%s%s", names->len ? ", " : "", name);
        options = options || option;
    }
}

static void function_word(struct mu_buf *out, const struct mu_word *word)
{
    struct mu_buf names = {0};
    bool header = strcmp(word->name, "playbook") == 0;
    if (has_options(word) || (word->one_table && !header))
        options_class(out, word);
    doc_line(out, word->doc);
    generics(out, word);
    if (word->one_table) {
        mu_buf_adds(out, "---@param o ");
        if (header)
            mu_buf_adds(out, "muster.header");
        else
            add_options_name(out, word);
        mu_buf_adds(out, "\n");
        mu_buf_adds(&names, "o");
    } else {
        params_of(out, word, &names);
        overload_without_options(out, word);
    }
    returns_of(out, word);
    mu_buf_addf(out, "function %s(%s) end\n", word->name, mu_buf_text(&names));
    mu_buf_free(&names);
}

/* param.domain "doc" { ... }: what it gives is called with its options. */
static void param_word(struct mu_buf *out, const struct mu_word *word)
{
    bool list = strcmp(word->name, "param.list") == 0;
    options_class(out, word);
    mu_buf_addf(out,
                "---@class muster.%s: muster.param\n---@overload fun(options: muster.opts.%s): "
                "muster.param\n\n",
                word->name, word->name);
    doc_line(out, word->doc);
    if (list)
        mu_buf_addf(out,
                    "---@param kind fun(doc: string): muster.param %s\n---@return fun(doc: "
                    "string): muster.%s\n"
                    "function param.list(kind) end\n",
                    word->params->doc, word->name);
    else
        mu_buf_addf(out, "---@param doc string %s\n---@return muster.%s\nfunction %s(doc) end\n",
                    word->params->doc, word->name, word->name);
}

static void words(struct mu_buf *out, struct spaces *spaces)
{
    for (const struct mu_word *word = mu_words_all; word->name; word++) {
        if (word->yours)
            continue;
        open_space(out, spaces, word->name);
        mu_buf_addc(out, '\n');
        if (word->params == NULL) {
            doc_line(out, word->doc);
            mu_buf_addf(out, "---@type %s\n%s = nil\n", word->returns->type, word->name);
        } else if (strncmp(word->name, "param.", 6) == 0) {
            param_word(out, word);
        } else {
            function_word(out, word);
        }
    }
}

static void types(struct mu_buf *out)
{
    for (const struct mu_word_type *type = mu_word_types; type->name; type++) {
        mu_buf_addc(out, '\n');
        doc_line(out, type->doc);
        mu_buf_addf(out, "---@class %s\n", type->name);
        for (const struct mu_word_field *field = type->fields; field->name; field++)
            class_field(out, field, false);
    }
}

/* --- the header --- */

static const char *header_type(const struct mu_header_key *key)
{
    static const char *const by_shape[] = {[MU_HEADER_TEXT] = "string",
                                           [MU_HEADER_DURATION] = "duration",
                                           [MU_HEADER_TEXTS] = "string[]",
                                           [MU_HEADER_TABLE] = "table<string, any>",
                                           [MU_HEADER_COUNT] = "integer"};
    if (strcmp(key->path, "params") == 0)
        return "table<string, muster.param>";
    if (strcmp(key->path, "changelog") == 0)
        return "table<string, string>";
    if (strcmp(key->path, "watch") == 0 || strcmp(key->path, "budget") == 0)
        return key->path[0] == 'w' ? "muster.header.watch" : "muster.header.budget";
    return by_shape[key->shape];
}

static void header_class(struct mu_buf *out, const char *section)
{
    size_t len = strlen(section);
    mu_buf_addf(out, "\n---@class muster.header%s%s\n", len ? "." : "", section);
    for (const struct mu_header_key *key = mu_header_keys; key->path; key++) {
        const char *name = key->path + len + (len > 0);
        if (strncmp(key->path, section, len) != 0 || (len && key->path[len] != '.') ||
            strchr(name, '.'))
            continue;
        mu_buf_addf(out, "---@field %s%s %s %s\n", name, key->required ? "" : "?", header_type(key),
                    key->doc);
    }
}

/* --- verbs --- */

static void choices(struct mu_buf *out, const char *text)
{
    mu_buf_addc(out, '"');
    for (; *text; text++)
        mu_buf_adds(out, *text == '|' ? "\"|\"" : (char[]){*text, 0});
    mu_buf_addc(out, '"');
}

static void verb_type(struct mu_buf *out, const struct mu_field *field, bool result)
{
    static const char *const plain[] = {[MU_T_ANY] = "any",
                                        [MU_T_STRING] = "string",
                                        [MU_T_BOOL] = "boolean",
                                        [MU_T_INTEGER] = "integer",
                                        [MU_T_NUMBER] = "number",
                                        [MU_T_DOMAIN] = "string",
                                        [MU_T_HOST] = "string",
                                        [MU_T_OWNER] = "string",
                                        [MU_T_MAILBOX] = "string",
                                        [MU_T_ADDRESS] = "string",
                                        [MU_T_URL] = "string",
                                        [MU_T_DURATION] = "duration",
                                        [MU_T_TIME] = "time|string",
                                        [MU_T_LIST] = "any[]",
                                        [MU_T_OBJECT] = "table<string, any>"};
    bool items = result && (field->flags & MU_F_ITEMS) && field->type != MU_T_LIST;
    if (field->type == MU_T_CHOICE && field->choices)
        choices(out, field->choices);
    else if (field->type == MU_T_MX)
        mu_buf_adds(out, result ? "muster.mx[]" : "muster.mx_set");
    else if (field->type == MU_T_RRSET)
        mu_buf_adds(out, result ? "muster.rrset" : "muster.rrset_set");
    else if (result && field->type == MU_T_TIME)
        mu_buf_adds(out, "time");
    else
        mu_buf_adds(out, (size_t)field->type < MU_COUNT(plain) && plain[field->type]
                             ? plain[field->type]
                             : "any");
    mu_buf_adds(out, items ? "[]" : "");
}

static void verb_field(struct mu_buf *out, const struct mu_field *field, bool result)
{
    bool optional = !result && !(field->flags & MU_F_REQUIRED);
    mu_buf_addf(out, "---@field %s%s ", field->name, optional ? "?" : "");
    verb_type(out, field, result);
    mu_buf_addf(out, " %s%s%s%s%s\n", field->doc ? field->doc : "", field->unit ? " in " : "",
                field->unit ? field->unit : "", field->otherwise ? "; default " : "",
                field->otherwise ? field->otherwise : "");
}

static void verb_result(struct mu_buf *out, const struct mu_verb *verb)
{
    bool mx = false;
    for (const struct mu_field *field = verb->returns; field->name; field++)
        mx = mx || (field->type == MU_T_MX && strcmp(field->name, "mx") == 0);
    mu_buf_addf(out, "\n---@class muster.result.%s%s%s%s\n", verb->name,
                verb->kind == MU_PROBE || mx ? ": " : "",
                verb->kind == MU_PROBE ? "muster.result" : "",
                mx ? verb->kind == MU_PROBE ? ", muster.mx_holder" : "muster.mx_holder" : "");
    for (const struct mu_field *field = verb->returns; field->name; field++)
        verb_field(out, field, true);
}

/* The class of its options; false when it has none. */
static bool verb_options(struct mu_buf *out, const struct mu_verb *verb)
{
    bool some = false;
    for (const struct mu_field *field = verb->params; field->name; field++) {
        if (!(field->flags & MU_F_OPTION))
            continue;
        if (!some)
            mu_buf_addf(out, "\n---@class muster.opts.%s\n", verb->name);
        verb_field(out, field, false);
        some = true;
    }
    return some;
}

static bool options_needed(const struct mu_verb *verb)
{
    for (const struct mu_field *field = verb->params; field->name; field++)
        if ((field->flags & MU_F_OPTION) && (field->flags & MU_F_REQUIRED))
            return true;
    return false;
}

static void verb_function(struct mu_buf *out, const struct mu_verb *verb, bool options)
{
    struct mu_buf names = {0};
    for (const struct mu_field *field = verb->params; field->name; field++) {
        if (field->flags & MU_F_OPTION)
            continue;
        mu_buf_addf(out, "---@param %s%s ", field->name, field->flags & MU_F_REQUIRED ? "" : "?");
        verb_type(out, field, false);
        mu_buf_addf(out, " %s\n", field->doc ? field->doc : "");
        mu_buf_addf(&names, "%s%s", names.len ? ", " : "", field->name);
    }
    if (options) {
        mu_buf_addf(out, "---@param options%s muster.opts.%s\n", options_needed(verb) ? "" : "?",
                    verb->name);
        mu_buf_addf(&names, "%soptions", names.len ? ", " : "");
    }
    mu_buf_addf(out, "---@return muster.result.%s\nfunction %s(%s) end\n", verb->name, verb->name,
                mu_buf_text(&names));
    mu_buf_free(&names);
}

/* notify(...), which is also the namespace of notify.ladder. */
static void verb_space(struct mu_buf *out, struct spaces *spaces, const struct mu_verb *verb,
                       bool options)
{
    bool first = true;
    (void)is_new(spaces, verb->name, strlen(verb->name));
    mu_buf_addf(out, "---@class muster.space.%s\n---@overload fun(", verb->name);
    for (const struct mu_field *field = verb->params; field->name; field++) {
        if (field->flags & MU_F_OPTION)
            continue;
        mu_buf_addf(out, "%s%s%s: ", first ? "" : ", ", field->name,
                    field->flags & MU_F_REQUIRED ? "" : "?");
        verb_type(out, field, false);
        first = false;
    }
    if (options)
        mu_buf_addf(out, "%soptions?: muster.opts.%s", first ? "" : ", ", verb->name);
    mu_buf_addf(out, "): muster.result.%s\n%s = {}\n", verb->name, verb->name);
}

struct writing {
    struct mu_buf *out;
    struct spaces *spaces;
};

static bool add_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    struct writing *w = ud;
    (void)module;
    if (mu_word_find(verb->name)) /* a word stands in front of it: page */
        return true;
    verb_result(w->out, verb);
    bool options = verb_options(w->out, verb);
    open_space(w->out, w->spaces, verb->name);
    mu_buf_addc(w->out, '\n');
    doc_line(w->out, verb->kind == MU_ACT ? "ACT: it must stand in may_change." : "");
    doc_line(w->out, verb->doc);
    if (strchr(verb->name, '.'))
        verb_function(w->out, verb, options);
    else
        verb_space(w->out, w->spaces, verb, options);
    return true;
}

void mu_doc_luacats(const struct mu_doc *doc, struct mu_buf *out)
{
    struct spaces *spaces = MU_NEW(struct spaces);
    struct writing w = {out, spaces};
    mu_buf_adds(out, head);
    types(out);
    header_class(out, "");
    header_class(out, "watch");
    header_class(out, "budget");
    words(out, spaces);
    mu_registry_each(doc->registry, add_verb, &w);
    free(spaces);
}
