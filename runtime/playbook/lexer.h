/* SPDX-License-Identifier: MIT
 *
 * The tokens of a Lua text, with line and column: what header, configuration and linter need to
 * point at a place. It does not judge the text (Lua's own parser did) but stays within it whatever
 * it is. */
#ifndef MU_PLAYBOOK_LEXER_H
#define MU_PLAYBOOK_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum mu_token_kind { MU_TOKEN_END, MU_TOKEN_NAME, MU_TOKEN_STRING, MU_TOKEN_NUMBER, MU_TOKEN_SIGN };

struct mu_token {
    enum mu_token_kind kind;
    int line, column; /* from 1; column in octets */
    const char *text; /* borrowed, quotes included */
    size_t len;
};

struct mu_tokens {
    struct mu_token *items; /* the last is MU_TOKEN_END */
    size_t count;           /* without it */
};

/* text must outlive the tokens. Keywords are names. */
void mu_lex(const char *text, size_t len, struct mu_tokens *out);
/* The comments alone: of each, where it stands and its text with the dashes. */
typedef void mu_comment_cb(const struct mu_token *comment, void *ud);
void mu_lex_comments(const char *text, size_t len, mu_comment_cb *, void *ud);
void mu_tokens_free(struct mu_tokens *);
bool mu_token_is(const struct mu_token *, const char *text);
/* The value of a string literal in a new allocation; NULL for another token or a value with NUL. */
char *mu_token_string(const struct mu_token *);
/* At an opening bracket: the index of its closing one (or of END). `function` closes at its `end`.
 */
size_t mu_token_close(const struct mu_tokens *, size_t open);

/* Where the keys of tables stand: "params.domain.default", "may_change[2]". */
struct mu_place {
    char *path;
    int line, column;
};
struct mu_places {
    struct mu_place *items;
    size_t count;
};
/* The keys of the table constructor that opens at `open`, each path starting with `prefix`. */
void mu_places_of_table(const struct mu_tokens *, size_t open, const char *prefix,
                        struct mu_places *);
/* One more place, at the token. */
void mu_places_add(struct mu_places *, const char *path, const struct mu_token *);
void mu_places_free(struct mu_places *);
/* The place of path or, where that is unknown, of what holds it; NULL when there is none at all. */
const struct mu_place *mu_places_find(const struct mu_places *, const char *path);

#endif
