/* SPDX-License-Identifier: MIT
 *
 * Who is who in the configuration; see people.h. Every lookup walks the JSON anew: there are tens
 * of people, and an index would have to be told when muster.lua changes. */
#include "base/people.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"

enum meaning { NOBODY, AUDIENCE, PERSON, TEAM, POINT };

static const char *const meaning_text[] = {
    [NOBODY] = "nobody", [AUDIENCE] = "an audience", [PERSON] = "a person",
    [TEAM] = "a team",   [POINT] = "a channel",
};

static enum meaning meaning_of(const json_t *config, const char *word);
static const char *nearest(const json_t *config, const char *word);

static json_t *entry(const json_t *config, const char *section, const char *key)
{
    return mu_json_get(mu_json_get(config, section), key);
}

/* --- people and teams --- */

const char *mu_people_of_account(const json_t *config, const char *account)
{
    const char *person;
    json_t *facts;
    json_object_foreach(mu_json_get(config, "people"), person,
                        facts) if (strcmp(mu_json_str(facts, "account", person), account) ==
                                   0) return person;
    return NULL;
}

const char *mu_people_uid(const json_t *who, char *out)
{
    int64_t uid = mu_json_int(who, "uid", -1);
    out[0] = '\0';
    if (uid >= 0 && mu_json_str(who, "account", "")[0])
        snprintf(out, MU_PEOPLE_UID, "%lld", (long long)uid);
    return out;
}

const char *mu_people_label(const json_t *config, const char *person)
{
    return mu_json_str(entry(config, "people", person), "name", person);
}

static bool has_string(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (json_is_string(item) &&
                                           strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

bool mu_people_in_team(const json_t *config, const char *person, const char *team)
{
    return has_string(mu_json_get(entry(config, "people", person), "teams"), team);
}

bool mu_people_is(const json_t *config, const char *person, const char *who)
{
    if (entry(config, "people", person) == NULL)
        return false;
    return strcmp(person, who) == 0 || mu_people_in_team(config, person, who);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object in order of name, so that nobody's turn depends on a hash. */
static const char **sorted_keys(json_t *object, size_t *count)
{
    const char **keys = mu_xcalloc(json_object_size(object), sizeof *keys);
    const char *key;
    json_t *value;
    *count = 0;
    json_object_foreach(object, key, value) keys[(*count)++] = key;
    qsort(keys, *count, sizeof *keys, compare_keys);
    return keys;
}

json_t *mu_people_members(const json_t *config, const char *who)
{
    json_t *members = json_array();
    size_t count;
    const char **people = sorted_keys(mu_json_get(config, "people"), &count);
    for (size_t i = 0; i < count; i++)
        if (mu_people_is(config, people[i], who))
            json_array_append_new(members, json_string(people[i]));
    free(people);
    return members;
}

static json_t *strings_of(const json_t *array)
{
    json_t *out = json_array();
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (json_is_string(item)) json_array_append(out, item);
    return out;
}

json_t *mu_people_points(const json_t *config, const char *person)
{
    return strings_of(mu_json_get(entry(config, "people", person), "contact"));
}

const char *mu_people_point(const char *point, size_t *channel_len)
{
    *channel_len = strcspn(point, ":");
    return point[*channel_len] == ':' ? point + *channel_len + 1 : point + *channel_len;
}

/* --- recipients --- */

static void add_recipient(json_t *list, const char *name, const char *label, json_t *points_take)
{
    size_t i;
    json_t *known;
    json_array_foreach(list, i, known) if (strcmp(mu_json_str(known, "name", ""), name) == 0)
    {
        json_decref(points_take);
        return;
    }
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:o}", "name", name, "label", label, "points", points_take));
}

static void add_members(const json_t *config, const char *who, json_t *list)
{
    size_t i;
    json_t *member, *members = mu_people_members(config, who);
    json_array_foreach(members, i, member)
    {
        const char *person = json_string_value(member);
        add_recipient(list, person, mu_people_label(config, person),
                      mu_people_points(config, person));
    }
    json_decref(members);
}

/* A word that is neither person nor team counts as a contact point, known or not. */
static void add_word(const json_t *config, const char *word, json_t *list)
{
    enum meaning meaning = meaning_of(config, word);
    if (meaning == PERSON || meaning == TEAM)
        add_members(config, word, list);
    else
        add_recipient(list, word, word, json_pack("[s]", word));
}

static void add_audience(const json_t *config, const json_t *audience, json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(audience, i, item)
    {
        if (json_is_string(item)) {
            add_word(config, json_string_value(item), list);
        } else if (json_array_size(item) > 0) {
            const char *first = json_string_value(json_array_get(item, 0));
            add_recipient(list, first ? first : "?", first ? first : "?", strings_of(item));
        }
    }
}

enum mu_err mu_people_recipients(const json_t *config, const char *who, json_t **out,
                                 struct mu_fail *fail)
{
    enum meaning meaning = meaning_of(config, who);
    *out = NULL;
    if (meaning == NOBODY) {
        const char *near = nearest(config, who);
        return mu_fail_set(
            fail, MU_USAGE, "\"%s\" is no audience, person, team or channel in muster.lua%s%s%s",
            who, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    *out = json_array();
    if (meaning == AUDIENCE)
        add_audience(config, entry(config, "audiences", who), *out);
    else
        add_word(config, who, *out);
    if (json_array_size(*out) > 0)
        return MU_OK;
    json_decref(*out);
    *out = NULL;
    return mu_fail_set(fail, MU_CONFIG,
                       "audiences.%s in muster.lua is empty: name people or channels", who);
}

/* --- ladders --- */

/* Seconds of a rung's ack_within ("5m" or whole seconds), 0 when it is no duration. */
static int64_t rung_wait_s(const json_t *rung)
{
    const json_t *wait = mu_json_get(rung, "ack_within");
    int64_t ms;
    if (wait == NULL)
        return MU_PEOPLE_ACK_WITHIN_S;
    if (json_is_integer(wait))
        return json_integer_value(wait) > 0 ? json_integer_value(wait) : 0;
    if (!json_is_string(wait) || !mu_duration_parse(json_string_value(wait), &ms))
        return 0;
    return ms >= 1000 ? ms / 1000 : 0;
}

static json_t *rung_of(const char *who, int64_t wait_s)
{
    return json_pack("{s:s, s:I}", "who", who, "ack_within", (json_int_t)wait_s);
}

static enum mu_err ladder_unknown(const json_t *config, const char *name, struct mu_fail *fail)
{
    struct mu_near near = {.typed = name};
    const char *ladder;
    json_t *rungs;
    json_object_foreach(mu_json_get(config, "ladders"), ladder, rungs) mu_near_try(&near, ladder);
    const char *best = near.best ? near.best : nearest(config, name);
    return mu_fail_set(fail, MU_USAGE, "\"%s\" is no ladder, person or team in muster.lua%s%s%s",
                       name, best ? "; did you mean \"" : "", best ? best : "", best ? "\"?" : "");
}

enum mu_err mu_people_ladder(const json_t *config, const char *name, json_t **out,
                             struct mu_fail *fail)
{
    const json_t *ladder = entry(config, "ladders", name);
    enum meaning meaning = meaning_of(config, name);
    *out = NULL;
    if (ladder == NULL && meaning != PERSON && meaning != TEAM)
        return ladder_unknown(config, name, fail);
    if (ladder == NULL) {
        *out = json_pack("[o]", rung_of(name, MU_PEOPLE_ACK_WITHIN_S));
        return MU_OK;
    }
    json_t *rungs = json_array(), *rung;
    size_t i;
    json_array_foreach(ladder, i, rung)
    {
        const char *who = mu_json_str(rung, "page", "");
        int64_t wait_s = rung_wait_s(rung);
        if (who[0] == '\0' || wait_s == 0) {
            json_decref(rungs);
            return mu_fail_set(
                fail, MU_CONFIG,
                "ladders.%s[%zu] in muster.lua: write { page = \"who\", ack_within = \"5m\" }",
                name, i + 1);
        }
        json_array_append_new(rungs, rung_of(who, wait_s));
    }
    if (json_array_size(rungs) > 0) {
        *out = rungs;
        return MU_OK;
    }
    json_decref(rungs);
    return mu_fail_set(fail, MU_CONFIG, "ladders.%s in muster.lua has no rungs", name);
}

/* --- meanings --- */

static bool is_team(const json_t *config, const char *team)
{
    const char *person;
    json_t *facts;
    json_object_foreach(mu_json_get(config, "people"), person,
                        facts) if (has_string(mu_json_get(facts, "teams"), team)) return true;
    return false;
}

static bool is_point(const json_t *config, const char *point)
{
    size_t len;
    mu_people_point(point, &len);
    json_t *channels = mu_json_get(config, "channels");
    return channels != NULL && json_object_getn(channels, point, len) != NULL;
}

/* Whether a word has this one meaning; a word may have several, which is a mistake. */
static bool means(const json_t *config, const char *word, enum meaning meaning)
{
    switch (meaning) {
    case AUDIENCE:
        return entry(config, "audiences", word) != NULL;
    case PERSON:
        return entry(config, "people", word) != NULL;
    case TEAM:
        return is_team(config, word);
    case POINT:
        return is_point(config, word);
    case NOBODY:
        break;
    }
    return false;
}

static enum meaning meaning_of(const json_t *config, const char *word)
{
    for (enum meaning m = AUDIENCE; m <= POINT; m++)
        if (means(config, word, m))
            return m;
    return NOBODY;
}

static void try_keys(struct mu_near *near, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) mu_near_try(near, key);
}

/* Of "psh:topic" only the channel can be mistyped: the address is nobody's to know. */
static const char *nearest_channel(const json_t *config, const char *point, size_t len)
{
    char *channel = mu_xstrndup(point, len);
    struct mu_near near = {.typed = channel};
    try_keys(&near, mu_json_get(config, "channels"));
    free(channel);
    return near.best;
}

static const char *nearest(const json_t *config, const char *word)
{
    struct mu_near near = {.typed = word};
    const char *person;
    json_t *facts, *team;
    size_t i, len;
    mu_people_point(word, &len);
    if (word[len] == ':')
        return nearest_channel(config, word, len);
    try_keys(&near, mu_json_get(config, "audiences"));
    try_keys(&near, mu_json_get(config, "people"));
    try_keys(&near, mu_json_get(config, "channels"));
    json_object_foreach(mu_json_get(config, "people"), person, facts)
        json_array_foreach(mu_json_get(facts, "teams"), i, team) if (json_is_string(team))
            mu_near_try(&near, json_string_value(team));
    return near.best;
}

/* --- what is wrong --- */

struct checker {
    const json_t *config;
    mu_people_problem_cb *cb;
    void *ud;
    size_t count;
};

static void problem(struct checker *checker, const char *where, const char *fmt, ...)
    MU_PRINTF(3, 4);

static void problem(struct checker *checker, const char *where, const char *fmt, ...)
{
    char what[MU_FAIL_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    checker->count++;
    checker->cb(where, what, checker->ud);
}

static void unknown(struct checker *checker, const char *where, const char *word,
                    const char *expected)
{
    const char *near = nearest(checker->config, word);
    problem(checker, where, "\"%s\" is no %s%s%s%s", word, expected,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static void check_points(struct checker *checker, const char *where, const json_t *points)
{
    size_t i;
    json_t *point;
    json_array_foreach(points, i, point)
    {
        const char *text = json_string_value(point);
        char item[256];
        snprintf(item, sizeof item, "%s[%zu]", where, i + 1);
        if (text == NULL)
            problem(checker, item, "a contact point is a text like \"channel:address\"");
        else if (!is_point(checker->config, text))
            unknown(checker, item, text, "channel");
    }
}

static void check_clash(struct checker *checker, const char *where, const char *word,
                        enum meaning first)
{
    for (enum meaning other = first + 1; other <= POINT; other++)
        if (means(checker->config, word, other))
            problem(checker, where, "\"%s\" is %s and %s: rename one of them", word,
                    meaning_text[first], meaning_text[other]);
}

static void check_person(struct checker *checker, const char *person, const json_t *facts)
{
    char where[192];
    const json_t *contact = mu_json_get(facts, "contact");
    const char *account = mu_json_str(facts, "account", person);
    const char *owner = mu_people_of_account(checker->config, account);
    snprintf(where, sizeof where, "people.%s", person);
    check_clash(checker, where, person, PERSON);
    if (owner != NULL && strcmp(owner, person) != 0)
        problem(checker, where, "account \"%s\" is also that of \"%s\"", account, owner);
    snprintf(where, sizeof where, "people.%s.contact", person);
    if (json_array_size(contact) == 0)
        problem(checker, where, "nobody can reach %s: list contact points like \"channel:address\"",
                person);
    check_points(checker, where, contact);
}

static void check_people(struct checker *checker)
{
    size_t count, i, k;
    json_t *people = mu_json_get(checker->config, "people"), *team, *seen = json_object();
    const char **names = sorted_keys(people, &count);
    for (i = 0; i < count; i++) {
        const json_t *facts = json_object_get(people, names[i]);
        check_person(checker, names[i], facts);
        json_array_foreach(mu_json_get(facts, "teams"), k, team)
        {
            const char *name = json_string_value(team);
            if (name == NULL || json_object_get(seen, name) != NULL)
                continue;
            json_object_set_new(seen, name, json_true());
            check_clash(checker, "people", name, TEAM);
        }
    }
    json_decref(seen);
    free(names);
}

static void check_audience(struct checker *checker, const char *name, const json_t *audience)
{
    char where[192];
    size_t i;
    json_t *item;
    snprintf(where, sizeof where, "audiences.%s", name);
    check_clash(checker, where, name, AUDIENCE);
    if (json_array_size(audience) == 0)
        problem(checker, where,
                "an audience is a list of people, teams and channels, and not empty");
    json_array_foreach(audience, i, item)
    {
        snprintf(where, sizeof where, "audiences.%s[%zu]", name, i + 1);
        const char *word = json_string_value(item);
        enum meaning meaning = word ? meaning_of(checker->config, word) : NOBODY;
        if (json_array_size(item) > 0)
            check_points(checker, where, item);
        else if (word == NULL)
            problem(checker, where,
                    "expected a person, a team, a channel, or a list of contact points");
        else if (meaning == AUDIENCE)
            problem(checker, where, "\"%s\" is an audience itself: list its members here", word);
        else if (meaning == NOBODY)
            unknown(checker, where, word, "person, team or channel");
    }
}

static void check_ladder(struct checker *checker, const char *name, const json_t *ladder)
{
    char where[192];
    size_t i;
    json_t *rung;
    snprintf(where, sizeof where, "ladders.%s", name);
    if (json_array_size(ladder) == 0)
        problem(checker, where, "a ladder is a list of { page = \"who\", ack_within = \"5m\" }");
    json_array_foreach(ladder, i, rung)
    {
        snprintf(where, sizeof where, "ladders.%s[%zu]", name, i + 1);
        const char *who = mu_json_str(rung, "page", NULL);
        if (who == NULL)
            problem(checker, where,
                    "says nobody to page: write { page = \"who\", ack_within = \"5m\" }");
        else if (!means(checker->config, who, PERSON) && !means(checker->config, who, TEAM))
            unknown(checker, where, who, "person or team");
        if (rung_wait_s(rung) == 0)
            problem(checker, where, "ack_within is no duration: write \"5m\"");
    }
}

size_t mu_people_check(const json_t *config, mu_people_problem_cb *cb, void *ud)
{
    struct checker checker = {.config = config, .cb = cb, .ud = ud};
    static const struct {
        const char *section;
        void (*check)(struct checker *, const char *name, const json_t *);
    } sections[] = {{"audiences", check_audience}, {"ladders", check_ladder}};
    check_people(&checker);
    for (size_t s = 0; s < MU_COUNT(sections); s++) {
        size_t count;
        json_t *object = mu_json_get(config, sections[s].section);
        const char **names = sorted_keys(object, &count);
        for (size_t i = 0; i < count; i++)
            sections[s].check(&checker, names[i], json_object_get(object, names[i]));
        free(names);
    }
    return checker.count;
}
