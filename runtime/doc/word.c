/* SPDX-License-Identifier: MIT
 *
 * What is to be said of a word of the language, from its row. */
#include <stdlib.h>
#include <string.h>

#include "doc/page.h"

static void add_name(const struct mu_word_field *field, struct mu_buf *out)
{
    bool optional = (field->flags & MU_W_OPTIONAL) && strcmp(field->name, "...") != 0;
    mu_buf_addf(out, "%s%s", field->name, optional ? "?" : "");
}

/* param.choice "doc" { ... }: its options are a table that the word's result is called with. */
static void param_signature(const struct mu_word *word, struct mu_buf *out)
{
    bool first = true;
    mu_buf_addf(out, "%s \"doc\" {", word->name);
    for (const struct mu_word_field *field = word->params; field->name; field++)
        if (field->flags & MU_W_OPTION) {
            mu_buf_adds(out, first ? " " : ", ");
            add_name(field, out);
            first = false;
        }
    mu_buf_adds(out, " }");
}

void page_word_signature(const struct mu_word *word, struct mu_buf *out)
{
    bool inside = false, first = true;
    if (word->params == NULL) {
        mu_buf_adds(out, word->name);
        return;
    }
    if (strncmp(word->name, "param.", 6) == 0 && strcmp(word->name, "param.list") != 0) {
        param_signature(word, out);
        return;
    }
    mu_buf_addf(out, "%s%s", word->name, word->one_table ? " { " : "(");
    for (const struct mu_word_field *field = word->params; field->name; field++) {
        bool option = (field->flags & MU_W_OPTION) && !word->one_table;
        mu_buf_adds(out, inside && !option ? " }" : "");
        mu_buf_adds(out, first ? "" : ", ");
        mu_buf_adds(out, option && !inside ? "{ " : "");
        add_name(field, out);
        inside = option;
        first = false;
    }
    mu_buf_adds(out, inside ? " })" : word->one_table ? " }" : ")");
}

static void fields(struct page *page, const struct mu_word_field *field)
{
    for (; field->name; field++) {
        struct mu_buf note = {0};
        mu_buf_adds(&note, field->type);
        if (field->otherwise)
            mu_buf_addf(&note, ", default %s", field->otherwise);
        else if (field->flags & MU_W_OPTIONAL)
            mu_buf_adds(&note, ", optional");
        page->ops->term(page, field->name[0] ? field->name : "value", mu_buf_text(&note),
                        field->doc);
        mu_buf_free(&note);
    }
}

/* The types of ours that these fields name, each with what it holds. */
static void types_of(struct page *page, const struct mu_word_field *field)
{
    for (; field && field->name; field++)
        for (const struct mu_word_type *type = mu_word_types; type->name; type++) {
            const char *at = strstr(field->type, type->name);
            char next = at ? at[strlen(type->name)] : 'x';
            if (at == NULL || next == '_' || (next >= 'a' && next <= 'z'))
                continue;
            page->ops->section(page, type->name);
            page->ops->para(page, type->doc);
            fields(page, type->fields);
        }
}

void page_types(struct page *page)
{
    for (const struct mu_word_type *type = mu_word_types; type->name; type++) {
        page->ops->part(page, type->name);
        page->ops->para(page, type->doc);
        fields(page, type->fields);
    }
}

static void where(struct page *page, const struct mu_word *word)
{
    if (word->yours)
        page->ops->para(page, "You define it in playbook.lua.");
    else if (word->theme == MU_THEME_HEADER)
        page->ops->para(page, "Stands at the top level of playbook.lua, where nothing can act.");
    else if (word->theme == MU_THEME_CONFIG)
        page->ops->para(page, "Stands in muster.lua.");
    else if (word->theme == MU_THEME_TEST)
        page->ops->para(page, "Stands in test.lua (muster test).");
}

void page_word(struct page *page, const struct mu_word *word, bool inside)
{
    struct mu_buf signature = {0};
    char *line = page_sentence(word->doc);
    const char *more = word->doc + strlen(line);
    if (inside) {
        page->ops->part(page, word->name);
        page->ops->para(page, line);
    } else {
        page->ops->title(page, word->name, line);
    }
    page_word_signature(word, &signature);
    page->ops->code(page, mu_buf_text(&signature));
    if (more[0])
        page->ops->para(page, more + 1);
    where(page, word);
    if (word->params && word->params->name) {
        page->ops->section(page, "Takes");
        fields(page, word->params);
    }
    if (word->returns->name) {
        page->ops->section(page, "Gives");
        fields(page, word->returns);
    }
    if (!inside) {
        types_of(page, word->params);
        types_of(page, word->returns);
    }
    if (word->params && word->theme != MU_THEME_LUA && !word->yours) {
        page->ops->section(page, "Errors");
        page_paraf(page, "Misuse raises with file and line%s%s.",
                   word->raises ? "; it raises " : "", word->raises ? word->raises : "");
    }
    if (word->example) {
        page->ops->section(page, "Example");
        page->ops->code(page, word->example);
    }
    free(line);
    mu_buf_free(&signature);
}

/* Of Lua's own functions a line each is enough: its manual has the rest. */
void page_words_of(struct page *page, enum mu_theme theme)
{
    for (const struct mu_word *word = mu_words_all; word->name; word++) {
        struct mu_buf signature = {0};
        if (word->theme != theme)
            continue;
        if (theme != MU_THEME_LUA) {
            page_word(page, word, true);
            continue;
        }
        page_word_signature(word, &signature);
        page->ops->term(page, mu_buf_text(&signature), "", word->doc);
        mu_buf_free(&signature);
    }
}
