/* SPDX-License-Identifier: MIT
 *
 * Who was told, over which channel, and whether it arrived: from the acts that reach people and
 * from the host's own messages. Modules name recipients in their own ways; the words looked for
 * stand in one table. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "report/timeline.h"

static const char *const lists[] = {"sent", "recipients"};
static const char *const who_words[] = {"to", "name", "who", "person", "recipient", "address"};
static const char *const over_words[] = {"channel", "via", "over", "contact"};

static const char *first_text(const json_t *item, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mu_json_str(item, words[i], NULL))
            return mu_json_str(item, words[i], "");
    return "";
}

static const json_t *list_in(const json_t *value)
{
    for (size_t i = 0; i < MU_COUNT(lists); i++)
        if (json_array_size(mu_json_get(value, lists[i])) != 0)
            return mu_json_get(value, lists[i]);
    return NULL;
}

/* ok: what holds where the item itself does not say. */
static void add_item(json_t *all, const struct entry *entry, const char *what, const json_t *item,
                     bool ok, const char *why)
{
    bool text = json_is_string(item);
    const char *to =
        text ? json_string_value(item) : first_text(item, who_words, MU_COUNT(who_words));
    const char *channel = text ? "" : first_text(item, over_words, MU_COUNT(over_words));
    const char *address = text ? "" : mu_json_str(item, "address", "");
    char *point = mu_xasprintf("%s:%s", channel, address);
    bool said =
        strcmp(to, point) == 0 || strcmp(to, channel) == 0; /* a contact point is its own name */
    bool both = address[0] && channel[0] && strcmp(address, to) != 0;
    char *over = said ? mu_xstrdup("")
                      : mu_xasprintf("%s%s%s", channel, both ? ": " : "", both ? address : "");
    free(point);
    const char *own_why = mu_json_str(item, "why", why);
    bool arrived = mu_json_bool(item, "ok", ok);
    json_array_append_new(all, json_pack("{s:I, s:s, s:s, s:s, s:b, s:s}", "at",
                                         (json_int_t)entry->until, "what", what, "to", to, "over",
                                         over, "ok", arrived, "why", arrived ? "" : own_why));
    free(over);
}

static void add_list(json_t *all, const struct entry *entry, const char *what, const json_t *list,
                     bool ok, const char *why)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        add_item(all, entry, what, item, ok, why);
    }
}

static void add_act(json_t *all, const struct entry *entry)
{
    const json_t *outcome = entry->done && entry->ok ? list_in(entry->value) : NULL;
    const json_t *meant = mu_json_get(entry->intent, "recipients");
    const char *shown = mu_json_str(entry->intent, "shown", entry->verb);
    const char *why = !entry->done ? "outcome not known" : mu_json_str(entry->value, "why", "");
    if (strcmp(entry->how, "foreseen") == 0 || mu_json_bool(entry->intent, "foreseen", false) ||
        meant == NULL)
        return;
    if (outcome)
        add_list(all, entry, shown, outcome, true, "");
    else
        add_list(all, entry, shown, meant, entry->done && entry->ok, why);
}

static void add_told(json_t *all, const struct entry *entry)
{
    const json_t *sent = list_in(entry->value);
    const char *kind = mu_json_str(entry->value, "kind", "message"),
               *why = mu_json_str(entry->value, "why", "");
    bool ok = mu_json_bool(entry->value, "ok", false);
    char *what = mu_xasprintf("the host's own message: %s", kind);
    if (sent)
        add_list(all, entry, what, sent, ok, why);
    else
        add_item(all, entry, what, entry->value, ok, why);
    free(what);
}

json_t *told_by(const struct entry *entry)
{
    json_t *all = json_array();
    if (entry->kind == ENTRY_ACT)
        add_act(all, entry);
    else if (entry->kind == ENTRY_TOLD)
        add_told(all, entry);
    return all;
}

json_t *told_people(const struct run_story *run)
{
    json_t *all = json_array();
    for (size_t i = 0; i < run->count; i++)
        for (size_t j = 0; j < run->sections[i].count; j++) {
            json_t *some = told_by(&run->sections[i].entries[j]);
            json_array_extend(all, some);
            json_decref(some);
        }
    return all;
}
