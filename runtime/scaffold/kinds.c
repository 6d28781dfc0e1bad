/* SPDX-License-Identifier: MIT
 *
 * The kinds of new playbooks, what is asked for each, and what is taken when nobody says; see scaffold.h. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "scaffold/scaffold.h"

#define ANSWER_MAX 200 /* octets: it stands in one line of a header */

const struct mu_scaffold_kind mu_scaffold_kinds[] = {
    {"check", "look on a schedule, and tell the owner what wants looking after",
     "See whether the mail of a domain is as it should be, and tell its owner what is not.",
     " summary domain owner "},
    {"notify", "tell people that mail fails, and when it is over",
     "Tell people when the mail of a domain fails, and when it is over.",
     " summary domain owner tell "},
    {"escalate", "page people in turn until one takes it, keep the others told",
     "Find somebody who takes a failing mail host, and keep people told until it is back.",
     " summary host owner tell ladder "},
    {"failover", "move the MX to the standby after a yes, prove that mail flows",
     "Move inbound mail to the standby MX when the primary stops accepting mail.",
     " summary domain owner tell ask "},
    {"runbook", "steps that people do, one after the other, with proof at the end",
     "Go through the steps that bring the mail of a domain back.",
     " summary domain owner tell ask "},
    {NULL, NULL, NULL, NULL}};

const struct mu_scaffold_field mu_scaffold_fields[] = {
    {"domain", "Which domain?"},
    {"host", "Which mail host?"},
    {"owner", "Whose is it? A team"},
    {"ask", "Who is asked? A team or person"},
    {"ladder", "Who is paged in turn? A ladder, team or person"},
    {"tell", "Who is told? An audience"},
    {"summary", "What is it for?"},
    {NULL, NULL}};

const struct mu_scaffold_kind *mu_scaffold_kind(const char *name)
{
    for (const struct mu_scaffold_kind *kind = mu_scaffold_kinds; kind->name; kind++)
        if (strcmp(kind->name, name) == 0)
            return kind;
    return NULL;
}

bool mu_scaffold_takes(const struct mu_scaffold_kind *kind, const struct mu_scaffold_field *field)
{
    char word[32];
    snprintf(word, sizeof word, " %s ", field->name);
    return strstr(kind->fields, word) != NULL;
}

/* --- what is taken when nobody says --- */

static const char *first_key(const json_t *object)
{
    return json_object_iter_key(json_object_iter((json_t *)object));
}

/* The word that muster's own playbooks use, if muster.lua has it; else the first that it has. */
static const char *known(const json_t *table, const char *usual)
{
    return json_object_get(table, usual) ? usual : first_key(table);
}

static const char *team(const json_t *config, const char *usual)
{
    const char *person, *first = NULL;
    const json_t *facts, *people = mu_json_get(config, "people");
    json_object_foreach((json_t *)people, person, facts)
    {
        size_t i;
        json_t *one;
        json_array_foreach(mu_json_get(facts, "teams"), i, one)
        {
            if (strcmp(json_string_value(one), usual) == 0)
                return usual;
            first = first ? first : json_string_value(one);
        }
    }
    if (first == NULL)
        first = first_key(people);
    return first ? first : usual;
}

static const char *some_host(const json_t *config)
{
    const json_t *domains = mu_json_get(config, "domains");
    const json_t *first = json_object_get(domains, known(domains, "example.com"));
    const char *host = json_string_value(json_array_get(mu_json_get(first, "primary"), 0));
    return host ? host : "mx1.example.com";
}

char *mu_scaffold_default(const struct mu_scaffold_kind *kind,
                          const struct mu_scaffold_field *field, const json_t *config)
{
    const char *is = field->name, *found = NULL, *usual = "mail-platform";
    if (strcmp(is, "summary") == 0)
        return mu_xstrdup(kind->summary);
    if (strcmp(is, "host") == 0)
        return mu_xstrdup(some_host(config));
    if (strcmp(is, "domain") == 0) {
        found = known(mu_json_get(config, "domains"), "example.com");
        return mu_xstrdup(found ? found : "example.com");
    }
    if (strcmp(is, "tell") == 0)
        found = known(mu_json_get(config, "audiences"), usual = "stakeholders");
    else if (strcmp(is, "ladder") == 0)
        found = known(mu_json_get(config, "ladders"), usual = "mail-oncall");
    else if (strcmp(is, "ask") == 0)
        usual = "incident-lead";
    return mu_xstrdup(found ? found : team(config, usual));
}

/* --- answers --- */

enum mu_err mu_scaffold_answer(const struct mu_scaffold_field *field, const char *typed, char **out,
                               struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    enum mu_err err = MU_OK;
    *out = NULL;
    if (strcmp(field->name, "domain") == 0)
        err = mu_name_domain(typed, name, fail);
    else if (strcmp(field->name, "host") == 0)
        err = mu_name_host(typed, name, fail);
    else if (typed[0] == '\0' || strlen(typed) > ANSWER_MAX)
        return mu_fail_set(fail, MU_USAGE, "it must have 1 to %d octets", ANSWER_MAX);
    else {
        for (const char *p = typed; *p; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                return mu_fail_set(fail, MU_USAGE,
                                   "it must be one line without control characters");
        *out = mu_xstrdup(typed);
        return MU_OK;
    }
    if (err == MU_OK)
        *out = mu_xstrdup(name);
    return err;
}
