/* SPDX-License-Identifier: MIT
 *
 * Domains that muster has heard of; see known.h. domains{} is asked first; run files are read only for a domain
 * that is not there. */
#include "cli/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/near.h"
#include "cli/say.h"
#include "engine/run.h"

#define MOST_RUNS 1000 /* newest first */

struct search {
    const char *domain;
    json_t *names; /* those that are near are borrowed from here */
    struct mu_near near;
    bool found;
};

static void look_at(struct search *search, const char *name)
{
    if (name[0] == '\0' || json_object_get(search->names, name))
        return;
    json_object_set_new(search->names, name, json_true());
    search->found = search->found || mu_name_within(search->domain, name) ||
                    mu_name_within(name, search->domain);
    mu_near_try(&search->near, json_object_iter_key(json_object_iter_at(search->names, name)));
}

/* "zone.set_mx:example.com" and "mx:example.com" name it behind the colon. */
static void look_at_list(struct search *search, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *colon = strchr(json_string_value(item), ':');
        if (colon)
            look_at(search, colon + 1);
    }
}

static bool look_at_run(const struct mu_store_run *run, void *ud)
{
    struct search *search = ud;
    json_t *start = mu_run_beginning(run->path, NULL), *item, *name;
    size_t i, k;
    look_at(search, run->subject);
    look_at_list(search, json_object_get(start, "locks"));
    look_at_list(search, json_object_get(start, "may_change"));
    json_array_foreach(json_object_get(start, "undo_items"), i, item)
    {
        json_array_foreach(json_object_get(item, "names"), k, name)
        {
            look_at(search, json_string_value(name));
        }
    }
    json_decref(start);
    return !search->found;
}

static bool look_at_freeze(const struct mu_store_freeze *freeze, void *ud)
{
    look_at(ud, freeze->zone);
    return true;
}

static bool was_changed(const struct mu_store_run *run, void *ud)
{
    struct search *search = ud;
    (void)run;
    search->found = true;
    return false;
}

static void look_everywhere(const struct mu_cli *cli, struct search *search)
{
    char who[128], reason[MU_FAIL_TEXT];
    const char *name;
    json_t *domain;
    json_object_foreach((json_t *)mu_config_at(cli->config->values, "domains"), name, domain)
    {
        look_at(search, name);
    }
    if (search->found)
        return;
    (void)!mu_store_freezes(cli->store, look_at_freeze, search, NULL);
    mu_store_thawed_by(cli->store, search->domain, who, reason);
    search->found = search->found || who[0] != '\0';
    if (!search->found) /* run files don't say what was changed behind a lock of another name */
        (void)!mu_store_changed_by(cli->store, search->domain, was_changed, search, NULL);
    if (!search->found)
        (void)!mu_store_runs(cli->store, NULL, MOST_RUNS, look_at_run, search, NULL);
}

void known_warn(const struct mu_cli *cli, const char *command, const char *domain)
{
    struct search search = {.domain = domain, .names = json_object(), .near = {.typed = domain}};
    look_everywhere(cli, &search);
    char *text =
        mu_xasprintf("muster.lua knows no domain %s, and no run, lock or freeze ever named it: "
                     "nothing here can hold it%s%s%s",
                     domain, search.near.best ? "; did you mean " : "",
                     search.near.best ? search.near.best : "", search.near.best ? "?" : "");
    if (!search.found && cli->json) {
        json_t *warning = json_pack("{s:s, s:s}", "command", command, "warning", text);
        char *line = mu_json_text(warning);
        say_json_err(line);
        free(line);
        json_decref(warning);
    } else if (!search.found) {
        say_err("muster %s: warning: %s\n", command, text);
    }
    free(text);
    json_decref(search.names);
}
