/* SPDX-License-Identifier: MIT
 *
 * Messages: every template a call names is there and gets what it needs, and every template that is
 * there is named. Values that are not written out in the call can't be judged and are not. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/template.h"
#include "playbook/lint.h"

#define PLAYBOOK "playbook.lua"
#define FOLDER   "templates/"

/* Their second argument is a template, their third its variables. */
static const char *const tellers[] = {"notify", "page", "escalate"};

static const char *const endings[] = {".md", ".txt"}; /* as modules/notify looks for them */

struct use { /* of one template by one call */
    char *path;
    const struct mu_token *at;
    char **keys;
    size_t key_count;
    bool keys_known;
};

struct uses {
    struct use *items;
    size_t count;
    bool computed; /* some call works out its template's name */
};

/* --- calls --- */

static void add_key(const char *key, size_t len, void *ud)
{
    struct use *use = ud;
    use->keys = mu_xrealloc(use->keys, use->key_count + 1, sizeof *use->keys);
    use->keys[use->key_count++] = mu_xstrndup(key, len);
}

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
    lint_error(lint, PLAYBOOK, at->line, at->column, mend, "there is no template " FOLDER "%s",
               file);
    free(mend);
    free(file);
}

static void note_call(struct lint *lint, struct uses *uses, size_t i)
{
    struct lint_arg args[LINT_ARGS];
    size_t count = lint_args(lint, i + 1, args);
    const struct mu_token *at = &lint->tokens.items[count > 1 ? args[1].from : i];
    char *name = count > 1 && args[1].to == args[1].from + 1 ? mu_token_string(at) : NULL;
    if (name == NULL) {
        uses->computed = true;
        return;
    }
    struct use use = {.path = find_template(lint, name), .at = at, .keys_known = true};
    if (use.path == NULL)
        missing_template(lint, name, at);
    free(name);
    if (use.path == NULL)
        return;
    bool written = count > 2 && mu_token_is(&lint->tokens.items[args[2].from], "{") &&
                   mu_token_close(&lint->tokens, args[2].from) + 1 == args[2].to;
    if (written)
        use.keys_known = lint_keys(lint, args[2].from, add_key, &use);
    else if (count > 2)
        use.keys_known = mu_token_is(&lint->tokens.items[args[2].from], "nil");
    uses->items = mu_xrealloc(uses->items, uses->count + 1, sizeof *uses->items);
    uses->items[uses->count++] = use;
}

static bool is_teller(const struct mu_token *token)
{
    for (size_t i = 0; i < MU_COUNT(tellers); i++)
        if (mu_token_is(token, tellers[i]))
            return true;
    return false;
}

/* --- templates --- */

struct template
{
    struct lint *lint;
    const struct uses *uses;
    const char *path;
};

static bool passes(const struct use *use, const char *variable)
{
    for (size_t i = 0; i < use->key_count; i++)
        if (strcmp(use->keys[i], variable) == 0)
            return true;
    return false;
}

static bool check_variable(const char *variable, enum mu_template_use kind, int line, void *ud)
{
    struct template *template = ud;
    (void)line;
    for (size_t i = 0; i < template->uses->count && kind == MU_TEMPLATE_NEEDED; i++) {
        struct use *use = &template->uses->items[i];
        if (!use->keys_known || strcmp(use->path, template->path) != 0 || passes(use, variable))
            continue;
        struct mu_near near = {.typed = variable};
        for (size_t k = 0; k < use->key_count; k++)
            mu_near_try(&near, use->keys[k]);
        char *mend = near.best ? mu_xasprintf("is it the \"%s\" that the call passes?", near.best)
                               : mu_xasprintf("pass %s = ... in the call", variable);
        lint_error(template->lint, PLAYBOOK, use->at->line, use->at->column, mend,
                   "%s needs {{%s}}, which this call does not pass", template->path, variable);
        free(mend);
        add_key(variable, strlen(variable), use); /* said once */
    }
    return true;
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
    struct mu_fail fail;
    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0)
        return true;
    template->path = path;
    if (mu_template_each_variable(path, bytes, len, check_variable, template, &fail) != MU_OK)
        lint_failure(template->lint, path, &fail);
    if (!template->uses->computed && !is_used(template->uses, path))
        lint_warn(template->lint, path, 0, 0, "remove it, or send it",
                  "no call sends this template");
    return true;
}

void lint_templates(struct lint *lint)
{
    struct uses uses = {0};
    for (size_t i = 0; i < lint->tokens.count; i++)
        if (is_teller(&lint->tokens.items[i]) && lint_is_global(lint, i) && lint_is_call(lint, i))
            note_call(lint, &uses, i);
    struct template template = {lint, &uses, NULL};
    mu_bundle_each(lint->bundle, check_template, &template);
    for (size_t i = 0; i < uses.count; i++) {
        for (size_t k = 0; k < uses.items[i].key_count; k++)
            free(uses.items[i].keys[k]);
        free(uses.items[i].keys);
        free(uses.items[i].path);
    }
    free(uses.items);
}
