/* SPDX-License-Identifier: MIT
 *
 * The code of a playbook between what its outline lists: so that no difference of a text goes unsaid. Each function
 * of the top level is a list of atoms, its tokens; a stretch that the outline tells in full is one atom.
 *
 *   if answer.yes then                      " if" " answer" " ." " yes" " then"
 *     zone.set_mx(p.domain, mx)             "!zone . set_mx ( p . domain , mx )"
 *   end                                     " end"
 *
 * Comments and blanks are none. Private to playbook/. */
#ifndef MU_PLAYBOOK_CODE_H
#define MU_PLAYBOOK_CODE_H

#include <jansson.h>

#include "playbook/tree.h"

#define CODE_PLAIN   ' '
#define CODE_LISTED  '!' /* an act, a question, the header: listed when it is other, new or gone */
#define CODE_HEADING '#' /* a step: listed wherever it stands */

struct code_mark { /* a stretch that the outline tells */
    const struct mu_token *from, *end;
    char kind;
};
struct code_marks {
    struct code_mark *items;
    size_t count;
};

/* In the order of the text; of marks inside another only the outer one counts. */
void code_mark(struct code_marks *, char kind, const struct mu_token *from,
               const struct mu_token *end);

/* Adds to out [{file, function ("" = outside of functions), line, atoms [text], lines [line of each]}]. */
void code_read(const char *file, const struct mu_tree *, const struct code_marks *, json_t *out);
/* The lines of after's file where two pieces differ in what the outline does not list, "12, 40-42"; a new text, NULL
 * when there are none. */
char *code_differs(const json_t *before, const json_t *after);

#endif
