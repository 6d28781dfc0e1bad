/* SPDX-License-Identifier: MIT
 *
 * Messages: every template a call names is there and gets what it needs and no more, and every template that
 * is there is named. Values that are not written out in the call can't be judged and are not. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
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
    bool judged;                     /* it passes what the table holds, and no more */
    bool whole;                      /* the table is the call's own, every name written out */
};

struct uses {
    struct lint *lint;
    struct use *items;
    size_t count;
    bool computed; /* some call works out its template's name */
};

/* --- what there is --- */

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

/* --- a table in a local --- */

struct local_table {
    const struct mu_local *local;
    bool changed; /* or it may be */
};

/* `vars` as an argument of a verb, which takes a copy, or `vars.x` that is read and no table itself. */
static bool only_reads(const struct mu_node *name, const struct mu_node *table)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *above = name->parent;
    const char *word = mu_node_called(mu_node_call(above, &view), buf);
    for (size_t i = 0; word && i < MU_COUNT(tellers); i++)
        if (strcmp(tellers[i], word) == 0)
            return true;
    bool read = above->kind == MU_NODE_INDEX && above->first == name &&
                above->last->kind == MU_NODE_STRING && above->last->text;
    const struct mu_node *field = read ? mu_node_field(table, above->last->text) : NULL;
    const struct mu_node *list = above->parent;
    bool target = list->kind == MU_NODE_NAMED ||
                  (list->kind == MU_NODE_LIST && list->parent->kind == MU_NODE_ASSIGN &&
                   list == list->parent->first);
    return read && !target && !(field && field->kind == MU_NODE_TABLE) &&
           list->kind != MU_NODE_INDEX && list->kind != MU_NODE_METHOD;
}

static bool look_for_changes(struct mu_node *node, void *ud)
{
    struct local_table *table = ud;
    if (node->kind == MU_NODE_NAME && node->local == table->local)
        table->changed = table->changed || !only_reads(node, table->local->value);
    return !table->changed;
}

/* The table holds what is written there when the call comes. */
static bool is_closed(const struct mu_node *variables)
{
    if (variables->kind != MU_NODE_NAME)
        return true;
    struct local_table table = {.local = variables->local};
    mu_node_walk(lint_root_of(variables), look_for_changes, &table);
    return !table.changed;
}

/* --- calls --- */

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
    bool none = variables == NULL || variables->kind == MU_NODE_NIL;
    bool open = lint_args_open(call) && lint_arg_count(call) <= 3;
    use.variables = lint_table(variables);
    use.judged = none ? !open : use.variables && is_closed(variables);
    /* A local's may be for others as well. */
    use.whole = use.variables == variables && !none && is_written_out(use.variables);
    uses->items = mu_xrealloc(uses->items, uses->count + 1, sizeof *uses->items);
    uses->items[uses->count++] = use;
}

static bool look_at(struct mu_node *node, void *ud)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    const char *word = mu_node_called(call, buf);
    for (size_t i = 0; word && i < MU_COUNT(tellers); i++)
        if (strcmp(tellers[i], word) == 0)
            note_call(ud, call);
    return true;
}

/* Handed on as a value, a teller may send anything: parallel { a = notify }, each(list, notify). */
static bool look_for_values(struct mu_node *node, void *ud)
{
    struct uses *uses = ud;
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const char *word = node->kind == MU_NODE_NAME ? mu_node_word(node, buf) : NULL;
    bool known = word && (mu_node_call_of(node, &view) || mu_node_is_held(node) ||
                          node->parent->kind == MU_NODE_INDEX);
    for (size_t i = 0; word && !known && i < MU_COUNT(tellers); i++)
        uses->computed = uses->computed || strcmp(tellers[i], word) == 0;
    return true;
}

/* --- templates --- */

/* The first name of some tag. */
static bool is_named(const struct lint_tags *tags, const char *name)
{
    for (size_t i = 0; i < tags->count; i++) {
        const char *path = tags->items[i].path;
        if (strncmp(path, name, strlen(name)) == 0 && strchr(".", path[strlen(name)]))
            return true;
    }
    return false;
}

static bool is_routing(const char *variable)
{
    for (size_t i = 0; i < MU_COUNT(routing); i++)
        if (strcmp(routing[i], variable) == 0)
            return true;
    return false;
}

static void check_extra(struct lint *lint, const struct use *use, const struct lint_tags *tags)
{
    for (const struct mu_node *field = use->whole ? use->variables->first : NULL; field;
         field = field->next) {
        const char *name = field->first->text;
        if (is_named(tags, name) || is_routing(name))
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

static void check_use(struct lint *lint, const struct use *use, const struct lint_tags *tags)
{
    if (use->judged)
        lint_variables(lint, use->path, tags, use->at, use->variables);
    check_extra(lint, use, tags);
}

static bool check_template(const char *path, const char *bytes, size_t len, void *ud)
{
    struct uses *uses = ud;
    struct lint_tags tags = {0};
    struct mu_fail fail;
    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0)
        return true;
    bool good = mu_template_each_tag(path, bytes, len, lint_tag_add, &tags, &fail) == MU_OK;
    if (!good)
        lint_failure(uses->lint, LINT_BAD_TEMPLATE, path, &fail);
    for (size_t i = 0; good && i < uses->count; i++)
        if (strcmp(uses->items[i].path, path) == 0)
            check_use(uses->lint, &uses->items[i], &tags);
    if (!uses->computed && !is_used(uses, path))
        lint_say_in(uses->lint, LINT_UNUSED_TEMPLATE, path, 1, 1, "remove it, or send it",
                    "this template is not used");
    lint_tags_fini(&tags);
    return true;
}

void lint_templates(struct lint *lint)
{
    struct uses uses = {.lint = lint};
    lint_walk(lint, look_at, &uses);
    lint_walk(lint, look_for_values, &uses);
    mu_bundle_each(lint->bundle, check_template, &uses);
    for (size_t i = 0; i < uses.count; i++)
        free(uses.items[i].path);
    free(uses.items);
}
