/* SPDX-License-Identifier: MIT
 *
 * The index, and which pages a name has. */
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "doc/page.h"

#define WIDTH 78

#define NAMES        15 /* the column of names */
#define METHOD_NAMES 21

static void add_line(struct mu_buf *out, int width, const char *name, const char *note,
                     const char *doc)
{
    size_t len = page_first_sentence(doc);
    len -= len > 0 && doc[len - 1] == '.';
    struct mu_buf line = {0};
    mu_buf_addf(&line, "  %-*s %s%.*s", width, name, note, (int)len, doc);
    if (line.len > WIDTH)
        mu_buf_addf(out, "%.*s...\n", WIDTH - 3, mu_buf_text(&line));
    else
        mu_buf_addf(out, "%s\n", mu_buf_text(&line));
    mu_buf_free(&line);
}

struct listing {
    struct mu_buf *out;
    const struct mu_module *module;
};

static bool list_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    struct listing *listing = ud;
    if (module != listing->module) {
        struct mu_buf title = {0};
        mu_buf_addf(&title, "Module %s: %s", module->name, module->doc);
        mu_buf_addc(listing->out, '\n');
        page_wrap(listing->out, mu_buf_text(&title), 0, WIDTH);
        mu_buf_free(&title);
    }
    listing->module = module;
    add_line(listing->out, NAMES, verb->name, verb->kind == MU_ACT ? "ACT  " : "", verb->doc);
    return true;
}

/* Lua's functions by library, names alone. */
static void list_lua(struct mu_buf *out)
{
    struct mu_buf names = {0};
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (word->theme == MU_THEME_LUA)
            mu_buf_addf(&names, "%s%s", names.len ? " " : "", word->name);
    mu_buf_addf(out, "\n%s\n  ", mu_theme_title(MU_THEME_LUA));
    page_wrap(out, mu_buf_text(&names), 2, WIDTH);
    mu_buf_free(&names);
}

void mu_doc_index(const struct mu_doc *doc, struct mu_buf *out)
{
    struct listing listing = {.out = out};
    mu_buf_adds(out, "What playbooks are written with. muster doc NAME has the whole page.\n");
    for (int theme = 0; theme < MU_THEME_LUA; theme++) {
        mu_buf_addf(out, "\n%s\n", mu_theme_title((enum mu_theme)theme));
        for (const struct mu_word *word = mu_words_all; word->name; word++)
            if ((int)word->theme == theme && strchr(word->name, ':') == NULL)
                add_line(out, NAMES, word->name, "", word->doc);
    }
    add_line(out, NAMES, "world, run", "", "Their methods in a test: muster doc world.");
    list_lua(out);
    mu_registry_each(doc->registry, list_verb, &listing);
    mu_buf_adds(out,
                "\nAlso: muster doc muster.lua, muster doc COMMAND (muster help lists them)\n");
}

/* --- a name's pages --- */

static bool is_in(const char *name, const char *space)
{
    size_t len = strlen(space);
    return strncmp(name, space, len) == 0 && (name[len] == '.' || name[len] == ':');
}

struct space {
    const char *name;
    struct mu_buf *out;
    bool found;
};

static bool list_space(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    struct space *space = ud;
    if (!is_in(verb->name, space->name) && strcmp(module->name, space->name) != 0)
        return true;
    if (!space->found)
        mu_buf_addf(space->out, "Verbs of %s\n", space->name);
    space->found = true;
    add_line(space->out, NAMES, verb->name, verb->kind == MU_ACT ? "ACT  " : "", verb->doc);
    return true;
}

/* Of the world: also what is expected of the runs it gives. */
static bool is_method(const char *name, const char *space)
{
    return strchr(name, ':') &&
           (is_in(name, space) || (strcmp(space, "world") == 0 && is_in(name, "run")));
}

/* "zone", "param", "string", "world": what is in it. */
static bool list_of_space(const struct mu_doc *doc, const char *name, struct mu_buf *out)
{
    struct space space = {name, out, false};
    mu_registry_each(doc->registry, list_space, &space);
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (is_in(word->name, name) || is_method(word->name, name)) {
            if (!space.found)
                mu_buf_addf(out, "Words of %s\n", name);
            space.found = true;
            add_line(out, strchr(word->name, ':') ? METHOD_NAMES : NAMES, word->name, "",
                     word->doc);
        }
    return space.found;
}

static const struct mu_doc_command *find_command(const struct mu_doc *doc, const char *name)
{
    for (size_t i = 0; i < doc->count; i++)
        if (strcmp(doc->commands[i].name, name) == 0)
            return &doc->commands[i];
    return NULL;
}

/* "expect_told" for run:expect_told. */
static bool method_page(struct page *page, const char *name)
{
    for (const struct mu_word *word = mu_words_all; word->name; word++) {
        const char *colon = strchr(word->name, ':');
        if (colon && strcmp(colon + 1, name) == 0) {
            page_word(page, word, false);
            return true;
        }
    }
    return false;
}

bool mu_doc_topic(const struct mu_doc *doc, const char *name, struct mu_buf *out)
{
    struct page page = {&page_text, out};
    const struct mu_module *module = NULL;
    const struct mu_doc_command *command = find_command(doc, name);
    const struct mu_word *word = mu_word_find(name);
    const struct mu_verb *verb = mu_registry_find(doc->registry, name, &module);
    size_t before = out->len;
    if (command)
        page_command(&page, command, NULL, false);
    if (word) {
        mu_buf_adds(out, out->len > before ? "\n" : "");
        page_word(&page, word, false);
        if (strcmp(name, "playbook") == 0)
            page_header(&page);
    }
    if (verb) {
        mu_buf_adds(out, out->len > before ? "\nAnd as the verb behind it (muster call):\n\n" : "");
        page_verb(&page, module, verb, false);
    }
    if (strcmp(name, "muster.lua") == 0)
        page_config(&page);
    return out->len > before || list_of_space(doc, name, out) || method_page(&page, name);
}

const char *mu_doc_nearest(const struct mu_doc *doc, const char *name)
{
    struct mu_near near = {.typed = name};
    for (size_t i = 0; i < doc->count; i++)
        mu_near_try(&near, doc->commands[i].name);
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        mu_near_try(&near, word->name);
    const char *verb = mu_registry_nearest(doc->registry, name);
    if (verb)
        mu_near_try(&near, verb);
    return near.best;
}
