/* SPDX-License-Identifier: MIT
 *
 * The header, as its own reader judges it (header.c), and the version against what the folder's history has
 * under the same one. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "playbook/lint.h"

/* --- the header --- */

static enum lint_rule rule_for(const char *path)
{
    static const struct {
        const char *key;
        enum lint_rule rule;
    } known[] = {{"params", LINT_PARAM},
                 {"watch", LINT_WATCH},
                 {"changelog", LINT_CHANGELOG},
                 {"may_change", LINT_MAY_CHANGE}};
    for (size_t i = 0; i < MU_COUNT(known); i++)
        if (strncmp(path, known[i].key, strlen(known[i].key)) == 0)
            return known[i].rule;
    return LINT_HEADER;
}

static void say_problem(const char *path, int line, int column, const char *text, void *ud)
{
    struct lint *lint = ud;
    const struct mu_token *at = path[0] ? NULL : lint_header_place(lint, "");
    lint_say_in(lint, rule_for(path), LINT_FILE, at ? at->line : line, at ? at->column : column,
                NULL, "%s", text);
}

void lint_header(struct lint *lint, struct mu_header **out)
{
    struct mu_fail fail;
    size_t before = lint->count;
    const char *file = LINT_FILE;
    if (lint_texts_broken(lint) ||
        mu_header_judge(lint->bundle, out, say_problem, lint, &fail) == MU_OK ||
        lint->count != before)
        return;
    for (size_t i = 0; i < lint->library_count; i++) /* their top level is run with it */
        if (strncmp(fail.text, lint->libraries[i].file, strlen(lint->libraries[i].file)) == 0)
            file = lint->libraries[i].file;
    lint_failure(lint, LINT_HEADER, file, &fail);
}

/* --- the version --- */

/* Comments and blanks may change under a version; anything else is another playbook. */
static bool same_tokens(const struct lint *lint, const char *text)
{
    struct mu_tokens then;
    const struct mu_tokens *now = &lint->tree.tokens;
    mu_lex(text, strlen(text), &then);
    bool same = then.count == now->count;
    for (size_t i = 0; same && i < then.count; i++)
        same = then.items[i].len == now->items[i].len &&
               memcmp(then.items[i].text, now->items[i].text, then.items[i].len) == 0;
    mu_tokens_free(&then);
    return same;
}

/* The literal behind `version =` as it is written, with its quotes. */
static const struct mu_token *version_token(const struct lint *lint)
{
    const struct mu_token *key = lint_header_place(lint, "version");
    bool written = key && mu_token_is(key, "version") && mu_token_is(key + 1, "=") &&
                   key[2].kind == MU_TOKEN_STRING;
    return written ? key + 2 : NULL;
}

void lint_version(struct lint *lint)
{
    struct mu_published then = {0};
    const struct mu_token *at = lint->header ? version_token(lint) : NULL;
    const char *folder = mu_bundle_folder(lint->bundle);
    if (at == NULL || lint->around->published == NULL || folder[0] == '\0')
        return;
    char *quoted = mu_xstrndup(at->text, at->len);
    bool known = lint->around->published(folder, quoted, &then, lint->around->ud);
    bool text = known && !same_tokens(lint, then.playbook);
    if (text || (known && then.others))
        lint_say(lint, LINT_SAME_VERSION, at, "raise the version and add its line to the changelog",
                 "%s changed since %s, where version %s first appeared",
                 text ? "the playbook" : "a template or library", then.where, quoted);
    free(then.playbook);
    free(quoted);
}
