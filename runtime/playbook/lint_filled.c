/* SPDX-License-Identifier: MIT
 *
 * Fields that the playbook sets itself: found.verdict = ..., looks[name] = .... Of such a field nothing is known, whoever
 * else gives the table. */
#include <string.h>

#include "playbook/lint.h"

bool lint_is_set(const struct mu_node *index)
{
    const struct mu_node *list = index->parent, *above = list ? list->parent : NULL;
    if (list == NULL || index->kind != MU_NODE_INDEX)
        return false;
    return (list->kind == MU_NODE_NAMED && list->first == index) ||
           (above && above->kind == MU_NODE_ASSIGN && above->first == list);
}

struct search {
    const struct mu_local *of;
    const char *name;
    bool found;
};

/* t[key] = ... where t is a parameter, or a field of something: it may be any table. */
static bool may_be(const struct mu_node *object, const struct mu_local *of)
{
    const struct mu_node *table = lint_table(object);
    return table == NULL || object->kind != MU_NODE_NAME || object->local == of;
}

static bool find_set(struct mu_node *node, void *ud)
{
    struct search *search = ud;
    if (!lint_is_set(node))
        return !search->found;
    const struct mu_node *key = node->last;
    bool known = key->kind == MU_NODE_STRING || key->kind == MU_NODE_NUMBER;
    search->found = search->found || (known ? key->text && strcmp(key->text, search->name) == 0
                                            : may_be(node->first, search->of));
    return !search->found;
}

bool lint_sets_field(const struct lint *lint, const struct mu_local *of, const char *name)
{
    struct search search = {of, name, false};
    lint_walk(lint, find_set, &search);
    return search.found;
}
