/* SPDX-License-Identifier: MIT
 *
 * What a playbook is to the people around it, read from its text without running it, and what changes for
 * them from one version to another. */
#ifndef MU_PLAYBOOK_OUTLINE_H
#define MU_PLAYBOOK_OUTLINE_H

#include <jansson.h>

#include "base/err.h"
#include "playbook/check.h"

/* mu_header_json() and beside it:
 *   acts   [{verb, what ("zone.set_mx(p.domain, ready.mx)"), step, file, line, args [], options {}: as written}]
 *          in the order of the text; also through a local (local set = zone.set_mx), behind pcall, as an undo's verb,
 *          and handed on as a value
 *   gates  [{word, title, step, line, options {by, deadline, ...: as written}}]
 *   steps  [titles]      templates {name: digest}      files {path: digest}
 *   code   what else stands in its functions; code.h
 * Values that are no literals are given as they are written. MU_USAGE: it has no header that can be read. */
enum mu_err mu_outline(const struct mu_bundle *, const struct mu_words *, json_t **out,
                       struct mu_fail *);

/* From one outline to another: [{area, kind, text, reach?}], in the order in which people want to know.
 *   area   params, may_change, acts, gates, steps, templates, rules, about; code: conditions, order and all
 *          else that no other area lists, with the functions and lines where it is
 *   kind   added, removed, changed, moved
 *   reach  of may_change: wider, narrower, same */
json_t *mu_changes(const json_t *before, const json_t *after);
/* Of all the changes of may_change: wider, narrower, other (some of each), or same. Static. */
const char *mu_changes_reach(const json_t *changes);

#endif
