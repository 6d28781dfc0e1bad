/* SPDX-License-Identifier: MIT
 *
 * Playbooks that muster writes itself, so that there is no second way to act: `muster undo RUN` and
 * `muster call VERB` become ordinary bundles, run, journaled and reported like any other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

/* --- values as Lua source --- */

static void lua_value(struct mu_buf *buf, const json_t *value);

static void lua_string(struct mu_buf *buf, const char *text, size_t len)
{
    mu_buf_addc(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            mu_buf_addf(buf, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            mu_buf_addf(buf, "\\%03u", c);
        else
            mu_buf_addc(buf, (char)c);
    }
    mu_buf_addc(buf, '"');
}

static void lua_table(struct mu_buf *buf, const json_t *value)
{
    const char *key, *comma = "";
    size_t i;
    json_t *item;
    mu_buf_adds(buf, "{");
    json_array_foreach(value, i, item)
    {
        mu_buf_adds(buf, comma);
        lua_value(buf, item);
        comma = ", ";
    }
    json_object_foreach((json_t *)value, key, item)
    {
        if (json_is_null(item))
            continue;
        mu_buf_addf(buf, "%s[", comma);
        lua_string(buf, key, strlen(key));
        mu_buf_adds(buf, "] = ");
        lua_value(buf, item);
        comma = ", ";
    }
    mu_buf_adds(buf, "}");
}

static void lua_value(struct mu_buf *buf, const json_t *value)
{
    if (json_is_object(value) || json_is_array(value))
        lua_table(buf, value);
    else if (json_is_string(value))
        lua_string(buf, json_string_value(value), json_string_length(value));
    else if (json_is_null(value))
        mu_buf_adds(buf, "nil");
    else
        mu_json_canon(value, buf);
}

static void lua_args(struct mu_buf *buf, const json_t *args)
{
    size_t i;
    json_t *item;
    json_array_foreach(args, i, item)
    {
        if (i)
            mu_buf_adds(buf, ", ");
        lua_value(buf, item);
    }
}

static struct mu_bundle *bundle_of(struct mu_buf *source)
{
    struct mu_bundle *bundle = mu_bundle_new();
    mu_bundle_add(bundle, "playbook.lua", mu_buf_text(source), source->len);
    mu_buf_free(source);
    return bundle;
}

/* --- muster call --- */

struct mu_bundle *mu_call_bundle(const char *verb, const json_t *args, bool act)
{
    struct mu_buf source = {0};
    mu_buf_addf(&source,
                "playbook {\n  name = \"call\", version = \"1.0.0\", owner = \"shell\", summary = "
                "\"One call from the shell\",\n"
                "  may_change = {%s%s%s}, params = {}, changelog = { [\"1.0.0\"] = \"Made by "
                "muster call\" },\n}\n"
                "function main()\n  local result = %s(",
                act ? "\"" : "", act ? verb : "", act ? "\"" : "", verb);
    lua_args(&source, args);
    mu_buf_addf(&source,
                ")\n  if type(result) == \"table\" and result.ok == false then fail(result.why) "
                "end\n  finish(\"done\", \"%s\")\nend\n",
                verb);
    return bundle_of(&source);
}

/* --- muster undo --- */

struct open_undo {   /* what the journal says can be taken back */
    json_t *items;   /* {title, verb, args, task, seq}, newest first */
    json_t *intents; /* "task/seq" → undo of the intent */
    const char *title;
    json_t *start;
};

static void key_of(const struct mu_row *row, char *key, size_t size)
{
    snprintf(key, size, "%s/%lld", row->task, (long long)row->seq);
}

static void remember_intent(struct open_undo *open, const struct mu_row *row)
{
    char key[300];
    json_t *intent = mu_json_parse(row->value, strlen(row->value), NULL);
    json_t *undo = mu_json_get(intent, "undo");
    key_of(row, key, sizeof key);
    if (undo && !mu_json_bool(intent, "foreseen", false))
        json_object_set(open->intents, key, undo);
    json_decref(intent);
}

static void take_outcome(struct open_undo *open, const struct mu_row *row)
{
    char key[300];
    key_of(row, key, sizeof key);
    json_t *undo = json_object_get(open->intents, key);
    json_t *outcome = undo ? mu_json_parse(row->value, strlen(row->value), NULL) : NULL;
    if (mu_json_bool(outcome, "ok", false) &&
        !mu_json_bool(mu_json_get(outcome, "value"), "skipped", false) &&
        (open->title == NULL || strcmp(open->title, mu_json_str(undo, "title", "")) == 0))
        json_array_insert(open->items, 0, undo);
    json_decref(outcome);
}

static bool read_row(const struct mu_row *row, void *ud)
{
    struct open_undo *open = ud;
    if (row->type == MU_ROW_INTENT)
        remember_intent(open, row);
    else if (row->type == MU_ROW_OUTCOME)
        take_outcome(open, row);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "start") == 0)
        open->start = mu_json_parse(row->value, strlen(row->value), NULL);
    return true;
}

static void write_header(struct mu_buf *source, const struct open_undo *open)
{
    const char *run = mu_json_str(open->start, "run", "?");
    const char *lock = json_string_value(json_array_get(json_object_get(open->start, "locks"), 0));
    mu_buf_adds(source, "playbook {\n  name = \"undo\", version = \"1.0.0\", owner = ");
    const char *owner = mu_json_str(json_object_get(open->start, "playbook"), "owner", "shell");
    lua_string(source, owner, strlen(owner));
    mu_buf_addf(source, ",\n  summary = \"Take back what %s changed\",\n", run);
    if (lock) {
        mu_buf_adds(source, "  exclusive = ");
        lua_string(source, lock, strlen(lock));
        mu_buf_adds(source, ",\n");
    }
    mu_buf_adds(source, "  may_change = {");
    size_t i;
    json_t *item;
    json_array_foreach(open->items, i, item)
    {
        mu_buf_addf(source, "%s\"%s\"", i ? ", " : "", mu_json_str(item, "verb", ""));
    }
    mu_buf_adds(source,
                "}, params = {}, changelog = { [\"1.0.0\"] = \"Made by muster undo\" },\n}\n");
}

/* Each item stands alone: one that can't be taken back doesn't keep the others from it. */
static void write_main(struct mu_buf *source, const struct open_undo *open)
{
    mu_buf_adds(source, "function main()\n  local done, left = 0, {}\n");
    size_t i;
    json_t *item;
    json_array_foreach(open->items, i, item)
    {
        const char *title = mu_json_str(item, "title", "");
        mu_buf_adds(source, "  step ");
        lua_string(source, title, strlen(title));
        mu_buf_addf(source, "\n  do\n    local ok, err = pcall(%s, ",
                    mu_json_str(item, "verb", ""));
        lua_args(source, json_object_get(item, "args"));
        mu_buf_adds(source, ")\n    if ok then done = done + 1\n    else\n      local why = "
                            "type(err) == \"table\" and err.why or tostring(err)\n"
                            "      left[#left + 1] = why\n      finding(\"high\", \"not taken "
                            "back\", why)\n    end\n  end\n");
    }
    mu_buf_addf(source,
                "  if #left > 0 then fail(done .. \" of %zu taken back; left alone: \" .. "
                "table.concat(left, \"; \")) end\n"
                "  finish(\"undone\", done .. \" of %zu taken back\")\nend\n",
                json_array_size(open->items), json_array_size(open->items));
}

enum mu_err mu_undo_bundle(struct mu_journal *journal, const char *title, struct mu_bundle **out,
                           struct mu_fail *fail)
{
    struct open_undo open = {.items = json_array(), .intents = json_object(), .title = title};
    enum mu_err err = mu_journal_each(journal, 0, read_row, &open, fail);
    if (err == MU_OK && json_array_size(open.items) == 0)
        err = mu_fail_set(fail, MU_USAGE, "this run changed nothing that can be taken back%s%s",
                          title ? " under the title " : "", title ? title : "");
    if (err == MU_OK) {
        struct mu_buf source = {0};
        write_header(&source, &open);
        write_main(&source, &open);
        *out = bundle_of(&source);
    }
    json_decref(open.items);
    json_decref(open.intents);
    json_decref(open.start);
    return err;
}
