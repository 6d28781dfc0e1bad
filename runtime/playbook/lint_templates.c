/* SPDX-License-Identifier: MIT
 *
 * Messages: every template a call names is there and gets what it needs and no more, and every template that
 * is there is named. Values that are not written out in the call can't be judged and are not. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/template.h"
#include "playbook/lint.h"

#define FOLDER "templates/"

/* Their second argument is a template, their third its variables. */
static const char *const tellers[] = {"notify", "page", "escalate"};

static const char *const endings[] = {".md", ".txt"}; /* as modules/notify looks for them */

/* Variables that count without being in the text: no e-mail travels through what they name. */
static const char *const routing[] = {"domain", "host"};

struct use { /* of one template by one call */
    char *path;
    const struct mu_token *at;
    const struct mu_node *variables; /* TABLE; NULL = none or unknown */
    bool known;                      /* every variable is written out */
    char **used;                     /* names that the template uses */
    size_t used_count;
};

struct uses {
    struct lint *lint;
    struct use *items;
    size_t count;
    bool computed; /* some call works out its template's name */
};

/* --- calls --- */

/* The path of the template, as a new text; NULL when there is none. */
static char *find_template(const struct lint *lint, const char *name)
{
    for (size_t i = 0; i < MU_COUNT(endings); i++) {
        char *path = mu_xasprintf(FOLDER "%s%s", name, endings[i]);
        if (mu_bundle_file(lint->bundle, path, NULL))
            return path;
        free(path);
    }
    return NULL;
}

static bool try_template(const char *path, const char *bytes, size_t len, void *ud)
{
    (void)bytes;
    (void)len;
    if (strncmp(path, FOLDER, strlen(FOLDER)) == 0)
        mu_near_try(ud, path + strlen(FOLDER));
    return true;
}

static void missing_template(struct lint *lint, const char *name, const struct mu_token *at)
{
    char *file = mu_xasprintf("%s.md", name);
    struct mu_near near = {.typed = file};
    mu_bundle_each(lint->bundle, try_template, &near);
    char *mend =
        near.best ? mu_xasprintf("did you mean \"%.*s\"?", (int)strcspn(near.best, "."), near.best)
                  : mu_xasprintf("add " FOLDER "%s", file);
    lint_say(lint, LINT_NO_TEMPLATE, at, mend, "there is no template " FOLDER "%s", file);
    free(mend);
    free(file);
}

static bool is_written_out(const struct mu_node *table)
{
    for (const struct mu_node *field = table->first; field; field = field->next)
        if (field->first->next == NULL || field->first->kind != MU_NODE_STRING ||
            field->first->text == NULL)
            return false;
    return true;
}

static void note_call(struct uses *uses, const struct mu_node *call)
{
    const struct mu_node *name = lint_arg(call, 1), *variables = lint_arg(call, 2);
    const char *text = lint_text(name);
    if (!lint_is_used(uses->lint, call))
        return;
    if (text == NULL) {
        uses->computed = uses->computed || name != NULL || lint_args_open(call);
        return;
    }
    struct use use = {.path = find_template(uses->lint, text), .at = name->at};
    if (use.path == NULL) {
        missing_template(uses->lint, text, name->at);
        return;
    }
    /* Written in the call itself: a local's table may have got more on its way. */
    use.variables = variables && variables->kind == MU_NODE_TABLE ? variables : NULL;
    use.known = variables == NULL || variables->kind == MU_NODE_NIL ||
                (use.variables && is_written_out(use.variables));
    uses->items = mu_xrealloc(uses->items, uses->count + 1, sizeof *uses->items);
    uses->items[uses->count++] = use;
}

static bool look_at(struct mu_node *node, void *ud)
{
    char buf[MU_NODE_WORD];
    const char *word = mu_node_called(node, buf);
    for (size_t i = 0; word && i < MU_COUNT(tellers); i++)
        if (strcmp(tellers[i], word) == 0)
            note_call(ud, node);
    return true;
}

/* Handed on as a value, a teller may send anything: parallel { a = notify }, pcall(notify, ...). */
static bool look_for_values(struct mu_node *node, void *ud)
{
    struct uses *uses = ud;
    bool called = node->parent && node->parent->kind == MU_NODE_CALL && node->parent->first == node;
    for (size_t i = 0;
         !called && node->kind == MU_NODE_NAME && node->local == NULL && i < MU_COUNT(tellers); i++)
        if (strcmp(tellers[i], node->text) == 0 && node->parent->kind != MU_NODE_INDEX)
            uses->computed = true;
    return true;
}

/* --- templates --- */

struct template
{
    struct uses *uses;
    const char *path;
};

static bool passes(const struct use *use, const char *variable)
{
    return use->variables && mu_node_field(use->variables, variable) != NULL;
}

static bool is_noted(const struct use *use, const char *variable)
{
    for (size_t i = 0; i < use->used_count; i++)
        if (strcmp(use->used[i], variable) == 0)
            return true;
    return false;
}

static void missing_variable(struct lint *lint, const struct use *use, const char *variable)
{
    struct mu_near near = {.typed = variable};
    for (const struct mu_node *field = use->variables ? use->variables->first : NULL; field;
         field = field->next)
        mu_near_try(&near, field->first->text);
    char *mend = near.best ? mu_xasprintf("is it the \"%s\" that the call passes?", near.best)
                           : mu_xasprintf("pass %s = ... in the call", variable);
    lint_say(lint, LINT_MISSING_VARIABLE, use->at, mend,
             "%s needs {{%s}}, which this call does not pass", use->path, variable);
    free(mend);
}

static bool check_variable(const char *variable, enum mu_template_use kind, int line, void *ud)
{
    struct template *template = ud;
    (void)line;
    for (size_t i = 0; i < template->uses->count; i++) {
        struct use *use = &template->uses->items[i];
        if (!use->known || strcmp(use->path, template->path) != 0 || is_noted(use, variable))
            continue;
        if (kind == MU_TEMPLATE_NEEDED && !passes(use, variable))
            missing_variable(template->uses->lint, use, variable);
        else if (!passes(use, variable))
            continue;
        use->used = mu_xrealloc(use->used, use->used_count + 1, sizeof *use->used);
        use->used[use->used_count++] = mu_xstrdup(variable);
    }
    return true;
}

static bool is_routing(const char *variable)
{
    for (size_t i = 0; i < MU_COUNT(routing); i++)
        if (strcmp(routing[i], variable) == 0)
            return true;
    return false;
}

static void check_extra(struct lint *lint, const struct use *use)
{
    for (const struct mu_node *field = use->known && use->variables ? use->variables->first : NULL;
         field; field = field->next) {
        const char *name = field->first->text;
        if (is_noted(use, name) || is_routing(name))
            continue;
        char *mend = mu_xasprintf("write {{%s}} in %s, or leave it out", name, use->path);
        lint_say(lint, LINT_EXTRA_VARIABLE, field->first->at, mend, "%s does not use %s", use->path,
                 name);
        free(mend);
    }
}

static bool is_used(const struct uses *uses, const char *path)
{
    for (size_t i = 0; i < uses->count; i++)
        if (strcmp(uses->items[i].path, path) == 0)
            return true;
    return false;
}

static bool check_template(const char *path, const char *bytes, size_t len, void *ud)
{
    struct template *template = ud;
    struct uses *uses = template->uses;
    struct mu_fail fail;
    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0)
        return true;
    template->path = path;
    bool good =
        mu_template_each_variable(path, bytes, len, check_variable, template, &fail) == MU_OK;
    if (!good)
        lint_failure(uses->lint, LINT_BAD_TEMPLATE, path, &fail);
    for (size_t i = 0; good && i < uses->count; i++)
        if (strcmp(uses->items[i].path, path) == 0)
            check_extra(uses->lint, &uses->items[i]);
    if (!uses->computed && !is_used(uses, path))
        lint_say_in(uses->lint, LINT_UNUSED_TEMPLATE, path, 1, 1, "remove it, or send it",
                    "this template is not used");
    return true;
}

void lint_templates(struct lint *lint)
{
    struct uses uses = {.lint = lint};
    lint_walk(lint, look_at, &uses);
    lint_walk(lint, look_for_values, &uses);
    struct template template = {&uses, NULL};
    mu_bundle_each(lint->bundle, check_template, &template);
    for (size_t i = 0; i < uses.count; i++) {
        for (size_t k = 0; k < uses.items[i].used_count; k++)
            free(uses.items[i].used[k]);
        free(uses.items[i].used);
        free(uses.items[i].path);
    }
    free(uses.items);
}
