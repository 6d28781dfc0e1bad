/* SPDX-License-Identifier: MIT
 *
 * Parameters: read and not declared, declared and not read. Where the table of parameters is handed to a
 * function of the playbook's own, it is followed; where it goes elsewhere as a whole, all may be read. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "playbook/lint.h"

enum marks { PARAMS = 1, GIVEN = 2, OTHER = 4 };

bool lint_is_params(const struct mu_local *local)
{
    return local && (local->marks & PARAMS);
}

const struct mu_param *lint_param(const struct lint *lint, const char *name)
{
    for (size_t i = 0; lint->header && i < lint->header->param_count; i++)
        if (strcmp(lint->header->params[i].name, name) == 0)
            return &lint->header->params[i];
    return NULL;
}

/* --- which locals hold them --- */

static struct mu_local *parameter(const struct mu_node *function, size_t n)
{
    struct mu_node *decl = function ? mu_node_child(function->first, n) : NULL;
    return decl ? decl->local : NULL;
}

/* The entry points: function main(p), function detect(p). */
static void mark_entries(struct lint *lint)
{
    static const char *const entries[] = {"main", "detect"};
    for (size_t i = 0; i < MU_COUNT(entries); i++) {
        struct mu_local *first = parameter(lint_entry(lint, entries[i]), 0);
        if (first && first->writes == 0)
            first->marks |= PARAMS;
    }
}

static bool mark_arguments(struct mu_node *node, void *ud)
{
    (void)ud;
    struct mu_node *function = node->kind == MU_NODE_CALL ? lint_callee(node) : NULL;
    for (size_t i = 0; function; i++) {
        struct mu_local *into = parameter(function, i);
        const struct mu_node *arg = lint_arg(node, i);
        if (into == NULL)
            break;
        bool params = arg && arg->kind == MU_NODE_NAME && lint_is_params(arg->local);
        into->marks |= params ? GIVEN : OTHER;
    }
    return true;
}

void lint_find_params(struct lint *lint)
{
    mark_entries(lint);
    for (bool more = true; more;) {
        more = false;
        mu_node_walk(lint->tree.root, mark_arguments, NULL);
        for (size_t i = 0; i < lint->tree.local_count; i++) {
            struct mu_local *local = lint->tree.locals[i];
            bool found =
                (local->marks & GIVEN) && !(local->marks & (OTHER | PARAMS)) && local->writes == 0;
            local->marks = (local->marks & PARAMS) | (found ? PARAMS : 0u);
            more = more || found;
        }
    }
}

/* --- how they are used --- */

struct use {
    struct lint *lint;
    bool *read;   /* one for each param */
    bool escapes; /* the table goes where it can't be followed */
};

static void unknown_param(struct lint *lint, const struct mu_node *key)
{
    struct mu_near near = {.typed = key->text};
    for (size_t i = 0; i < lint->header->param_count; i++)
        mu_near_try(&near, lint->header->params[i].name);
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best)
                           : mu_xasprintf("add it to params: %s = param.string \"What it is for\"",
                                          key->text);
    lint_say(lint, LINT_UNKNOWN_PARAM, key->at, mend, "there is no param \"%s\"", key->text);
    free(mend);
}

struct written {
    const char *name;
    bool found;
};

/* p.extra = ...: the playbook's own. */
static bool find_written(struct mu_node *node, void *ud)
{
    struct written *written = ud;
    const struct mu_node *key = node->kind == MU_NODE_INDEX ? node->first->next : NULL;
    if (key && lint_is_set(node) && node->first->kind == MU_NODE_NAME &&
        lint_is_params(node->first->local) &&
        (key->text == NULL || strcmp(key->text, written->name) == 0))
        written->found = true;
    return !written->found;
}

static void read_key(struct use *use, const struct mu_node *key)
{
    const struct mu_param *param = lint_param(use->lint, key->text);
    struct written written = {key->text, false};
    if (param)
        use->read[param - use->lint->header->params] = true;
    else
        mu_node_walk(use->lint->tree.root, find_written, &written);
    if (param == NULL && !written.found)
        unknown_param(use->lint, key);
}

static bool is_followed(const struct mu_node *node)
{
    const struct mu_node *call = node->parent;
    struct mu_node *function = call && call->kind == MU_NODE_CALL ? lint_callee(call) : NULL;
    for (size_t i = 0; function && lint_arg(call, i); i++)
        if (lint_arg(call, i) == node)
            return lint_is_params(parameter(function, i));
    return false;
}

static bool look_at(struct mu_node *node, void *ud)
{
    struct use *use = ud;
    if (node->kind != MU_NODE_NAME || !lint_is_params(node->local))
        return true;
    const struct mu_node *index = node->parent;
    bool read = index->kind == MU_NODE_INDEX && index->first == node;
    const struct mu_node *key = read ? node->next : NULL;
    if (key && key->kind == MU_NODE_STRING && key->text)
        read_key(use, key);
    else if (read || !is_followed(node))
        use->escapes = true;
    return true;
}

/* "{domain}" and "[domain]" in the header's own texts. */
static bool has_hole(const char *text, char open, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = text; p && (p = strchr(p, open)) != NULL; p++)
        if (strncmp(p + 1, name, len) == 0 && (p[len + 1] == '}' || p[len + 1] == ']'))
            return true;
    return false;
}

static bool header_reads(const struct mu_header *header, const char *name)
{
    size_t i;
    json_t *entry;
    bool found = has_hole(header->exclusive, '{', name);
    json_array_foreach(header->may_change, i, entry)
    {
        found = found || has_hole(json_string_value(entry), '{', name);
    }
    for (i = 0; i < header->param_count; i++)
        found = found || has_hole(header->params[i].from, '[', name);
    return found;
}

void lint_params(struct lint *lint)
{
    if (lint->header == NULL)
        return;
    struct use use = {.lint = lint,
                      .read = mu_xcalloc(lint->header->param_count + 1, sizeof(bool))};
    mu_node_walk(lint->tree.root, look_at, &use);
    for (size_t i = 0; !use.escapes && i < lint->header->param_count; i++) {
        const char *name = lint->header->params[i].name;
        char *path = mu_xasprintf("params.%s", name);
        if (!use.read[i] && !header_reads(lint->header, name))
            lint_say(lint, LINT_UNUSED_PARAM, lint_header_place(lint, path), "use it, or remove it",
                     "nothing reads the param %s", name);
        free(path);
    }
    free(use.read);
}
