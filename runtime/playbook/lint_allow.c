/* SPDX-License-Identifier: MIT
 *
 * Comments that silence a warning, on its line or alone on the line before:
 *
 *   -- muster: allow act-under-retry: the relay drops what it has seen
 *
 * In a template the remark {{! muster: allow ID: reason }} anywhere counts for the whole file. A reason is
 * demanded; an error can't be silenced; a comment that silences nothing is said. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "playbook/lint.h"

#define MARK "muster: allow"

struct allowing {
    struct lint *lint;
    const char *file;
    const struct mu_tree *tree; /* of Lua; NULL: a template */
    size_t found;               /* how many problems there were before */
};

static bool in_line(const struct mu_tree *tree, int line)
{
    for (size_t i = 0; i < tree->tokens.count; i++)
        if (tree->tokens.items[i].line == line)
            return true;
    return false;
}

/* The line a comment is about: its own, or the next where it stands alone. 0 = the whole file. */
static int line_of(const struct allowing *allowing, const struct mu_token *comment)
{
    if (allowing->tree == NULL)
        return 0;
    return in_line(allowing->tree, comment->line) ? comment->line : comment->line + 1;
}

static bool silence(const struct allowing *allowing, enum lint_rule rule, int line)
{
    bool any = false;
    for (size_t i = 0; i < allowing->found; i++) {
        struct lint_problem *problem = &allowing->lint->problems[i];
        if (problem->rule != rule || strcmp(problem->shown.file, allowing->file) != 0 ||
            (line != 0 && problem->shown.line != line))
            continue;
        problem->allowed = any = true;
    }
    return any;
}

static void unknown_rule(const struct allowing *allowing, const struct mu_token *at, const char *id)
{
    struct mu_near near = {.typed = id};
    for (int i = 0; i < LINT_RULES; i++)
        mu_near_try(&near, lint_rule_id((enum lint_rule)i));
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best) : NULL;
    lint_say_in(allowing->lint, LINT_BAD_ALLOW, allowing->file, at->line, at->column,
                mend ? mend : "write -- muster: allow RULE: reason", "\"%s\" is no rule", id);
    free(mend);
}

static void take(const struct allowing *allowing, const struct mu_token *at, const char *id,
                 bool reason)
{
    struct lint *lint = allowing->lint;
    enum lint_rule rule = lint_rule_of(id);
    if (rule == LINT_RULES)
        unknown_rule(allowing, at, id);
    else if (!lint_rule_is_warning(rule))
        lint_say_in(lint, LINT_BAD_ALLOW, allowing->file, at->line, at->column, "mend the error",
                    "%s is an error, and only warnings can be allowed", id);
    else if (!reason)
        lint_say_in(lint, LINT_BAD_ALLOW, allowing->file, at->line, at->column,
                    "say why it is right here: -- muster: allow RULE: reason",
                    "%s is allowed without a reason", id);
    else if (!silence(allowing, rule, line_of(allowing, at)))
        lint_say_in(lint, LINT_UNNEEDED_ALLOW, allowing->file, at->line, at->column,
                    "remove the comment", "%s is allowed and does not occur", id);
}

static void read_comment(const struct mu_token *comment, void *ud)
{
    const char *p = comment->text + strspn(comment->text, "-{! \t"),
               *end = comment->text + comment->len;
    if (end - p < (ptrdiff_t)strlen(MARK) || strncmp(p, MARK, strlen(MARK)) != 0)
        return;
    for (p += strlen(MARK); p < end && isblank((unsigned char)*p);)
        p++;
    const char *id = p;
    while (p < end && (isalnum((unsigned char)*p) || *p == '-'))
        p++;
    char *name = mu_xstrndup(id, (size_t)(p - id));
    p += strspn(p, " \t");
    bool reason = false, colon = p < end && *p == ':';
    for (; colon && p < end && *p != '}' && *p != '\n'; p++)
        reason = reason || isalnum((unsigned char)*p) || (*p & 0x80);
    take(ud, comment, name, reason);
    free(name);
}

/* Remarks of a template: {{! ... }}. */
static bool read_template(const char *path, const char *bytes, size_t len, void *ud)
{
    struct allowing *allowing = ud;
    if (strncmp(path, "templates/", 10) != 0)
        return true;
    struct mu_token at = {MU_TOKEN_END, 1, 1, bytes, 0};
    allowing->file = path;
    allowing->tree = NULL;
    for (const char *p = bytes; p + 2 < bytes + len; p++) {
        if (strncmp(p, "{{!", 3) == 0) {
            const char *close = strstr(p, "}}");
            at.text = p;
            at.len = close ? (size_t)(close - p) : (size_t)(bytes + len - p);
            at.column = (int)(p - bytes) + 1;
            for (const char *q = p; q > bytes && q[-1] != '\n'; q--)
                at.column = (int)(p - q) + 2;
            read_comment(&at, allowing);
        }
        at.line += *p == '\n';
    }
    return true;
}

void lint_allow(struct lint *lint)
{
    struct allowing allowing = {lint, LINT_FILE, &lint->tree, lint->count};
    mu_lex_comments(lint->text, lint->len, read_comment, &allowing);
    for (size_t i = 0; i < lint->library_count; i++) {
        const struct lint_text *library = &lint->libraries[i];
        allowing.file = library->file;
        allowing.tree = &library->tree;
        mu_lex_comments(library->text, library->len, read_comment, &allowing);
    }
    mu_bundle_each(lint->bundle, read_template, &allowing);
}
