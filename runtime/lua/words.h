/* SPDX-License-Identifier: MIT
 *
 * The words of the language, as data: every name that a playbook, its header and muster.lua find, and that is
 * no verb of a module. The one list of them: `muster doc`, the reference, man pages, what an editor
 * completes and the linter's vocabulary come from it. tests/unit/lua/test_words.c proves that it names
 * everything the sandbox offers, and nothing else.
 *
 * To add a word: its function in prelude/words.lua, its row in words.c. */
#ifndef MU_LUA_WORDS_H
#define MU_LUA_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Where a word stands in docs; in their order. */
#define MU_THEMES(X)                                                  \
    X(MU_THEME_HEADER, "header", "A playbook's header and functions") \
    X(MU_THEME_STORY, "story", "The story of a run")                  \
    X(MU_THEME_PEOPLE, "people", "People")                            \
    X(MU_THEME_TIME, "time", "Time")                                  \
    X(MU_THEME_FLOW, "flow", "Flow")                                  \
    X(MU_THEME_CHANGES, "changes", "Changes")                         \
    X(MU_THEME_CONFIG, "configuration", "Words of muster.lua")        \
    X(MU_THEME_TEST, "tests", "Words of test.lua")                    \
    X(MU_THEME_LUA, "lua", "What there is of Lua 5.4")

enum mu_theme {
#define X(id, name, title) id,
    MU_THEMES(X)
#undef X
        MU_THEME_COUNT
};
const char *mu_theme_title(enum mu_theme);

enum mu_word_flag {
    MU_W_OPTIONAL = 1, /* may be left out */
    MU_W_OPTION = 2,   /* by name, in a table that stands where its options stand in the list */
};

struct mu_word_field {
    const char *name; /* "..." for any number of them */
    /* As editors spell it: "string", "duration", "fun(): any", "string[]", "muster.answer" (of mu_word_types) */
    const char *type;
    const char *otherwise; /* default as written in Lua ("30s" with its quotes); NULL = none */
    unsigned flags;
    const char *doc;
};

struct mu_word {
    const char *name; /* "wait_until", "param.domain", "string.rep" */
    enum mu_theme theme;
    const struct mu_word_field *params;  /* ends with {0}; NULL: no function, but a value */
    const struct mu_word_field *returns; /* each value that comes back; ends with {0} */
    const char *doc;                     /* first sentence stands alone */
    const char *raises;                  /* beside misuse; NULL = nothing */
    const char *example;                 /* one line or several */
    bool one_table; /* all of it is one table: approve { "Question?", by = ... } */
    bool ends_run;  /* nothing behind it is executed */
    bool yours;     /* the playbook defines it: main, detect */
};

/* The rows of a theme stand together, themes in order. Ends with name == NULL. */
extern const struct mu_word mu_words_all[];
const struct mu_word *mu_word_find(const char *name);

/* What words take and give that has fields of its own. Ends with name == NULL. */
struct mu_word_type {
    const char *name, *doc;
    const struct mu_word_field *fields;
};
extern const struct mu_word_type mu_word_types[];

#endif
