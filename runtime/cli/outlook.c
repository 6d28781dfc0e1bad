/* SPDX-License-Identifier: MIT
 *
 * What a dry run ends with; see outlook.h. */
#include "cli/outlook.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/rrset.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "journal/journal.h"
#include "journal/rows.h"

static bool find_end(const struct mu_row *row, void *ud)
{
    json_t **end = ud;
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0)
        *end = mu_json_parse(row->value, strlen(row->value), NULL);
    return true;
}

static void print_rrset(const char *sign, const json_t *value)
{
    struct mu_buf text = {0};
    mu_rrset_text(value, &text);
    say("      %s %s\n", sign, mu_buf_text(&text));
    mu_buf_free(&text);
}

static void print_change(const json_t *item)
{
    say("    %s   (%s)\n", mu_json_str(item, "shown", ""), mu_json_str(item, "src", ""));
    if (mu_json_get(item, "before"))
        print_rrset("-", mu_json_get(item, "before"));
    if (mu_json_get(item, "after"))
        print_rrset("+", mu_json_get(item, "after"));
}

static void print_indented(const char *text)
{
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        say("      | %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void print_tell(const json_t *item)
{
    size_t i;
    json_t *who;
    say("    %s   (%s)\n      to", mu_json_str(item, "shown", ""), mu_json_str(item, "src", ""));
    json_array_foreach(mu_json_get(item, "recipients"), i, who)
    {
        say("%s %s", i ? "," : "",
            json_is_string(who) ? json_string_value(who)
                                : mu_json_str(who, "recipient", mu_json_str(who, "name", "?")));
    }
    say("\n");
    if (mu_json_str(item, "subject", "")[0])
        say("      | %s\n      |\n", mu_json_str(item, "subject", ""));
    print_indented(mu_json_str(item, "text", ""));
}

static void print_ask(const json_t *item)
{
    size_t i;
    json_t *choice;
    const char *then_ask = mu_json_str(item, "then_ask", "");
    say("    %s as %s%s%s: %s   (%s)\n", mu_json_str(item, "kind", ""), mu_json_str(item, "by", ""),
        then_ask[0] ? ", then " : "", then_ask, mu_json_str(item, "title", ""),
        mu_json_str(item, "src", ""));
    json_array_foreach(mu_json_get(item, "choices"), i, choice)
    {
        say("%s\"%s\"", i ? ", " : "      choices: ", json_string_value(choice));
    }
    if (mu_json_get(item, "choices"))
        say("\n");
    if (mu_json_get(item, "assumed"))
        say("      it went on as if the answer were: %s\n", mu_json_str(item, "assumed", "")[0]
                                                                ? mu_json_str(item, "assumed", "")
                                                                : "an empty text");
}

static void print_wait(const json_t *item)
{
    const json_t *freeze = mu_json_get(item, "frozen");
    const char *zone = mu_json_str(freeze, "zone", "");
    say("    %s at %s: frozen: %s, by %s: %s\n", mu_json_str(item, "verb", ""),
        mu_json_str(item, "src", ""), zone[0] ? zone : "everything",
        mu_json_str(freeze, "who", "?"), mu_json_str(freeze, "reason", ""));
}

static void print_unknown(const json_t *item)
{
    say("    %s at %s\n", mu_json_str(item, "verb", ""), mu_json_str(item, "src", ""));
}

static const struct {
    const char *key, *title, *none;
    void (*print)(const json_t *);
} parts[] = {
    {"would_change", "Would change", "nothing", print_change},
    {"would_tell", "Would tell", "nobody", print_tell},
    {"would_ask", "Would ask", "nobody", print_ask},
    {"would_wait", "Would wait for a thaw", NULL, print_wait},
    {"cannot_foresee", "Can't foresee", "nothing: every line it reached was foreseen",
     print_unknown},
};

void outlook_print(const char *path)
{
    struct mu_journal *journal;
    struct mu_fail fail;
    json_t *end = NULL;
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK)
        return;
    (void)!mu_journal_each(journal, 0, find_end, &end, NULL);
    mu_journal_close(journal);
    const json_t *outlook = mu_json_get(end, "outlook");
    say("\n%sDry run: nothing was changed, nobody was told.%s\n", mu_cli_color("bold"),
        mu_cli_color("reset"));
    for (size_t i = 0; i < MU_COUNT(parts); i++) {
        const json_t *items = mu_json_get(outlook, parts[i].key);
        if (json_array_size(items) == 0 && parts[i].none == NULL)
            continue;
        say("  %s%s%s%s\n", parts[i].title, json_array_size(items) ? ":" : ": ",
            json_array_size(items) ? "" : parts[i].none, "");
        for (size_t j = 0; j < json_array_size(items); j++)
            parts[i].print(json_array_get(items, j));
    }
    json_decref(end);
}
