/* SPDX-License-Identifier: MIT
 *
 * See undo_children.h. A child is a run of its own with a journal of its own, and so is one that the child started. */
#include "cli/undo_children.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/find.h"
#include "cli/say.h"
#include "engine/run.h"

const json_t *undo_act_of(const json_t *list, const json_t *one)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other)
    {
        if (mu_json_int(other, "seq", -1) == mu_json_int(one, "seq", 0) &&
            strcmp(mu_json_str(other, "task", ""), mu_json_str(one, "task", "")) == 0)
            return other;
    }
    return NULL;
}

struct left { /* of one child */
    int open, in_doubt, unknown;
    bool going_on;          /* it has not ended, and may change more */
    char why[MU_FAIL_TEXT]; /* it can't be read */
};

/* Of acts without an inverse only what nobody knows: the rest can't be taken back. */
static void count_left(const struct mu_undo *undo, struct left *left)
{
    left->open = mu_undo_count(undo->items, "open") + mu_undo_count(undo->items, "left_alone");
    left->in_doubt =
        mu_undo_count(undo->items, "in_doubt") + mu_undo_count(undo->finals, "in_doubt");
    left->unknown =
        mu_undo_count(undo->items, "unknown") + mu_undo_count(undo->items, "being_taken_back");
}

static void add_children(json_t *all, const char *by, const json_t *children)
{
    size_t i, j;
    json_t *child, *other;
    json_array_foreach(children, i, child)
    {
        bool there = false;
        json_array_foreach(all, j, other)
        {
            there = there || json_equal(json_object_get(other, "child"), child);
        }
        if (!there)
            json_array_append_new(all, json_pack("{s:O, s:s}", "child", child, "started_by", by));
    }
}

/* What is left of it; those that it started join the list. */
static struct left look_at(const struct mu_cli *cli, const char *name, json_t *all)
{
    struct left left = {.open = 0};
    struct found_run child = {.path = ""};
    struct mu_undo undo = {.items = NULL};
    struct mu_fail fail = {.text = ""};
    enum mu_err err = mu_store_run_find(cli->store, name, find_copy, &child, &fail);
    if (err == MU_OK)
        err = mu_undo_read(child.path, cli->store, NULL, &undo, &fail);
    if (err != MU_OK) {
        snprintf(left.why, sizeof left.why, "%s", fail.text);
    } else {
        count_left(&undo, &left);
        left.going_on = child.ended == 0;
        add_children(all, name, undo.children);
    }
    mu_undo_fini(&undo);
    return left;
}

static void say_left(const struct mu_cli *cli, const char *name, const char *by,
                     const struct left *left)
{
    const struct {
        int count;
        const char *said;
    } parts[] = {{left->open, "open"}, {left->in_doubt, "in doubt"}, {left->unknown, "not known"}};
    char counts[128] = "";
    if (cli->json) {
        say_json_take(json_pack("{s:s, s:s, s:i, s:i, s:i, s:b, s:s}", "child", name, "started_by",
                                by, "open", left->open, "in_doubt", left->in_doubt, "unknown",
                                left->unknown, "going_on", left->going_on, "why", left->why));
        return;
    }
    if (left->why[0]) {
        say_hanging(2, "%s, which %s started: whether it changed something can't be known: %s\n",
                    name, by, left->why);
        return;
    }
    if (left->going_on)
        say_hanging(2, "%s, which %s started, has not ended, and may change more: muster show %s\n",
                    name, by, name);
    for (size_t i = 0; i < MU_COUNT(parts); i++)
        if (parts[i].count) {
            size_t at = strlen(counts);
            snprintf(counts + at, sizeof counts - at, "%s%d %s", at ? ", " : "", parts[i].count,
                     parts[i].said);
        }
    if (counts[0])
        say_hanging(2,
                    "%s, which %s started, changed things of its own: %s: muster undo %s --list\n",
                    name, by, counts, name);
}

void undo_children_say(const struct mu_cli *cli, const char *run, const json_t *children)
{
    json_t *all = json_array();
    add_children(all, run, children);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *child = json_array_get(all, i);
        const char *name = mu_json_str(child, "child", "");
        struct left left = look_at(cli, name, all);
        if (left.open || left.in_doubt || left.unknown || left.going_on || left.why[0])
            say_left(cli, name, mu_json_str(child, "started_by", ""), &left);
    }
    json_decref(all);
}
