/* SPDX-License-Identifier: MIT
 *
 * Who is told, asked and paged, where muster.lua says who there is: names nobody has, people nobody can
 * reach, ladders that end in nobody, and e-mail that would have to travel through the domain that failed. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/people.h"
#include "playbook/config.h"
#include "playbook/lint.h"

/* --- e-mail through what failed --- */

/* "relay:ana@example.com" by mail, and relay, sender or recipient lie in the domain; as modules/notify sees
 * it when it sends. */
static bool point_lies_in(const json_t *config, const char *point, const char *domain)
{
    size_t len;
    const char *address = mu_people_point(point, &len);
    char *channel = mu_xstrndup(point, len);
    const json_t *settings = mu_json_get(mu_config_at(config, "channels"), channel);
    free(channel);
    if (strcmp(mu_json_str(settings, "kind", ""), "email") != 0)
        return false;
    const char *from = strrchr(mu_json_str(settings, "from", ""), '@'), *to = strrchr(address, '@');
    const char *relay = mu_json_str(settings, "relay", "");
    char *host = mu_xstrndup(relay, strcspn(relay, ":"));
    bool lies = mu_name_typed_within(host, domain) ||
                (from && mu_name_typed_within(from + 1, domain)) ||
                (to && mu_name_typed_within(to + 1, domain));
    free(host);
    return lies;
}

/* The domain of muster.lua that all ways to them lead through; NULL = there is another way. */
static const char *only_through(const json_t *config, const json_t *points)
{
    const char *domain;
    json_t *settings, *point;
    json_object_foreach((json_t *)mu_config_at(config, "domains"), domain, settings)
    {
        size_t i, through = 0;
        json_array_foreach(points, i, point)
        {
            through += point_lies_in(config, json_string_value(point), domain);
        }
        if (through > 0 && through == json_array_size(points))
            return domain;
    }
    return NULL;
}

static void check_mail(struct lint *lint, const struct mu_token *at, const json_t *recipients)
{
    size_t i;
    json_t *one;
    json_array_foreach(recipients, i, one)
    {
        const char *domain = only_through(lint->around->config, mu_json_get(one, "points"));
        if (domain)
            lint_say(lint, LINT_MAIL_THROUGH_DOMAIN, at,
                     "give them a contact point in muster.lua that does not depend on it",
                     "%s can only be reached by mail through %s", mu_json_str(one, "label", "?"),
                     domain);
    }
}

/* --- names --- */

/* "... did you mean" belongs to how it is mended. */
static void unknown(struct lint *lint, const struct mu_token *at, const struct mu_fail *fail)
{
    lint_say(lint, LINT_UNKNOWN_RECIPIENT, at, "correct the name, or add it to muster.lua", "%s",
             fail->text);
}

static void check_recipient(struct lint *lint, const struct mu_token *at, const char *who)
{
    struct mu_fail fail;
    json_t *found = NULL, *one;
    size_t i, reachable = 0;
    if (mu_people_recipients(lint->around->config, who, &found, &fail) != MU_OK) {
        unknown(lint, at, &fail);
        return;
    }
    json_array_foreach(found, i, one)
    {
        reachable += json_array_size(mu_json_get(one, "points")) > 0;
    }
    if (reachable == 0)
        lint_say(lint, LINT_REACHES_NOBODY, at, "add contact points to people in muster.lua",
                 "nobody of \"%s\" can be reached", who);
    else
        check_mail(lint, at, found);
    json_decref(found);
}

static void check_ladder(struct lint *lint, const struct mu_token *at, const char *name)
{
    struct mu_fail fail;
    json_t *rungs = NULL, *rung;
    size_t i;
    if (mu_people_ladder(lint->around->config, name, &rungs, &fail) != MU_OK) {
        unknown(lint, at, &fail);
        return;
    }
    if (json_array_size(rungs) == 0)
        lint_say(lint, LINT_BROKEN_LADDER, at, "add rungs to it in muster.lua",
                 "the ladder \"%s\" has no rungs", name);
    json_array_foreach(rungs, i, rung)
    {
        const char *who = mu_json_str(rung, "who", "");
        json_t *members = mu_people_members(lint->around->config, who);
        if (json_array_size(members) == 0)
            lint_say(lint, LINT_BROKEN_LADDER, at, "correct ladders in muster.lua",
                     "rung %zu of the ladder \"%s\" pages \"%s\", who is nobody", i + 1, name, who);
        else
            check_recipient(lint, at, who);
        json_decref(members);
    }
    json_decref(rungs);
}

/* Questions are answered by people and teams; a contact point has no hands. */
static void check_answerer(struct lint *lint, const struct mu_node *node, const char *key)
{
    const char *who = lint_text(node);
    json_t *members = who ? mu_people_members(lint->around->config, who) : NULL;
    if (who && json_array_size(members) == 0)
        lint_say(lint, LINT_UNKNOWN_RECIPIENT, node->at, "name a person or a team of muster.lua",
                 "%s = \"%s\" is nobody", key, who);
    else if (who)
        check_recipient(lint, node->at, who);
    json_decref(members);
}

static void check_gate(struct lint *lint, const struct mu_node *call)
{
    static const char *const keys[] = {"by", "then_ask"};
    const struct mu_node *table = lint_table(lint_arg(call, 0));
    for (size_t i = 0; table && i < MU_COUNT(keys); i++)
        check_answerer(lint, mu_node_field(table, keys[i]), keys[i]);
}

static bool look_at(struct mu_node *node, void *ud)
{
    struct lint *lint = ud;
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    const char *word = mu_node_called(call, buf);
    const struct mu_node *first = word ? lint_arg(call, 0) : NULL;
    const char *who = lint_text(first);
    if (word == NULL || first == NULL)
        return true;
    if (lint_is_gate(word))
        check_gate(lint, call);
    else if (who && (strcmp(word, "notify") == 0 || strcmp(word, "page") == 0 ||
                     strcmp(word, "notify.direct") == 0))
        check_recipient(lint, first->at, who);
    else if (who && strcmp(word, "escalate") == 0)
        check_ladder(lint, first->at, who);
    return true;
}

void lint_people(struct lint *lint)
{
    const json_t *config = lint->around->config;
    struct mu_fail fail;
    json_t *found = NULL;
    if (config == NULL || json_object_size(mu_config_at(config, "people")) == 0)
        return; /* nobody is named: who there is can't be known */
    lint_walk(lint, look_at, lint);
    if (lint->header && mu_people_recipients(config, lint->header->owner, &found, &fail) != MU_OK) {
        const struct mu_token *at = lint_header_place(lint, "owner");
        lint_say(lint, LINT_UNKNOWN_OWNER, at, "name a team or a person of muster.lua",
                 "the owner \"%s\" is nobody", lint->header->owner);
    }
    json_decref(found);
}
