/* SPDX-License-Identifier: MIT
 *
 * A version against git's history; see history.h, and git.h for how git is asked. */
#include "cli/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/git.h"
#include "playbook/lexer.h"

/* What git says; NULL when it did not say 0. A new text. */
static char *ask(const char *folder, const char *const *words, size_t count)
{
    struct mu_child child;
    bool ok = git_run(&child, folder, words, count);
    char *said = ok ? mu_buf_take(&child.out) : NULL;
    mu_child_fini(&child);
    return said;
}

/* playbook.lua as it was; NULL when it was not there. */
static char *playbook_at(const char *folder, const char *commit)
{
    char *path = mu_xasprintf("%s:./playbook.lua", commit);
    const char *const words[] = {"show", "--no-ext-diff", "--no-textconv", path};
    char *said = ask(folder, words, MU_COUNT(words));
    free(path);
    return said;
}

static bool has_version(const char *playbook, const char *quoted)
{
    struct mu_tokens tokens;
    bool found = false;
    mu_lex(playbook, strlen(playbook), &tokens);
    for (size_t i = 0; i + 2 < tokens.count && !found; i++)
        found = mu_token_is(&tokens.items[i], "version") &&
                mu_token_is(&tokens.items[i + 1], "=") &&
                tokens.items[i + 2].len == strlen(quoted) &&
                memcmp(tokens.items[i + 2].text, quoted, strlen(quoted)) == 0;
    mu_tokens_free(&tokens);
    return found;
}

static bool others_differ(const char *folder, const char *commit)
{
    const char *const words[] = {"diff", "--quiet", "--no-ext-diff", "--no-textconv",
                                 commit, "--",      "templates",     "lib"};
    struct mu_child child;
    git_run(&child, folder, words, MU_COUNT(words));
    bool differ = child.code == 1;
    mu_child_fini(&child);
    return differ;
}

/* Commits that changed how often the version's text stands there, oldest first, a line each. */
static char *commits_with(const char *folder, const char *quoted)
{
    char *pickaxe = mu_xasprintf("-S%s", quoted);
    const char *const words[] = {"log",           "--reverse", "--format=%H", "--no-ext-diff",
                                 "--no-textconv", pickaxe,     "--",          "playbook.lua"};
    char *said = ask(folder, words, MU_COUNT(words));
    free(pickaxe);
    return said;
}

/* Where there are tags, a version is published by the first tag that has it; before that it is a draft. The
 * tag, or the commit where there are no tags at all; NULL for a draft. */
static char *published_at(const char *folder, const char *commit)
{
    const char *const any[] = {"tag", "--list"};
    const char *const those[] = {"tag", "--sort=creatordate", "--contains", commit};
    char *all = ask(folder, any, MU_COUNT(any)), *with = ask(folder, those, MU_COUNT(those));
    char *found = NULL;
    if (all && all[0] == '\0')
        found = mu_xstrdup(commit);
    else if (with && with[0])
        found = mu_xstrndup(with, strcspn(with, "\n"));
    free(all);
    free(with);
    return found;
}

/* False where the version is not in that commit after all: only the changelog's line was, say. */
static bool read_state(const char *folder, const char *commit, const char *quoted,
                       struct mu_published *out)
{
    char *then = playbook_at(folder, commit);
    char *at = then && has_version(then, quoted) ? published_at(folder, commit) : NULL;
    free(then);
    out->playbook = at ? playbook_at(folder, at) : NULL;
    if (out->playbook) {
        out->others = others_differ(folder, at);
        snprintf(out->where, sizeof out->where, "%s %.*s",
                 strcmp(at, commit) == 0 ? "commit" : "tag", strcmp(at, commit) == 0 ? 12 : 40, at);
    }
    free(at);
    return out->playbook != NULL;
}

bool history_published(const char *folder, const char *quoted_version, struct mu_published *out,
                       void *ud)
{
    char *commits = commits_with(folder, quoted_version);
    bool found = false;
    (void)ud;
    for (const char *line = commits ? commits : ""; *line && !found;) {
        size_t len = strcspn(line, "\n");
        char *commit = mu_xstrndup(line, len);
        found = read_state(folder, commit, quoted_version, out);
        free(commit);
        line += len + (line[len] == '\n');
    }
    free(commits);
    return found;
}
