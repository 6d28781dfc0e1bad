/* SPDX-License-Identifier: MIT
 *
 * Published versions of playbooks: which is the current one, and which one is meant by what a person
 * typed (docs/versions.md has the rule in words).
 *
 *   FOLDER           what lies there: a draft, unless it is what was published
 *   NAME             the current version; where nothing is published, the folder of that name
 *   NAME@2  @2.3     the highest that counts and fits          NAME@2.3.0   that one
 *
 * Current is the highest release. After a rollback what stands above its target counts no more, but for
 * what is published later; and where a review is demanded, nothing counts that has none. */
#ifndef MU_ENGINE_VERSIONS_H
#define MU_ENGINE_VERSIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "playbook/bundle.h"
#include "playbook/config.h"
#include "store/store.h"

/* publish{} of muster.lua. */
struct mu_publish_rules {
    bool required;       /* live runs take what is published, nothing else */
    bool reviewer;       /* and only what a second person signed */
    const char *signers; /* file as written, NULL = signatures are not asked for */
    const char *key;     /* as written, or NULL */
};
void mu_publish_rules(const struct mu_config *, struct mu_publish_rules *);
/* A path of publish{}: "~/" is the home folder, else it is relative to muster.lua. New text. */
char *mu_publish_path(const struct mu_config *, const char *path);

/* All versions of a playbook (NULL: of all), by name, highest first: {playbook, version, digest, who,
 * account, host, folder, commit, dirty, at, id, state: current|published|rolled_back|unsigned|unreviewed|
 * pre_release, signatures [{role, person, at, signature}], rollback {version, who, account, host, at,
 * reason}: the one that made it current or took it out}. States go by what is on record; whether signatures hold
 * is looked at by mu_versions_verify(). */
enum mu_err mu_versions(struct mu_store *, const struct mu_config *, const char *playbook,
                        json_t **out, struct mu_fail *);
/* The one that is meant by a wish ("" = the current one) in such a list of one playbook; borrowed.
 * MU_USAGE says what there is instead. */
enum mu_err mu_versions_pick(const json_t *list, const char *playbook, const char *wish,
                             const json_t **out, struct mu_fail *);
/* The highest of all, whatever its state; borrowed, NULL when there is none. */
const json_t *mu_versions_highest(const json_t *list);
/* The one of that number, whatever stands behind its "+"; borrowed, NULL when it is free. */
const json_t *mu_versions_numbered(const json_t *list, const char *version);
/* MU_REFUSED when signatures that publish{} asks for are missing or don't hold. */
enum mu_err mu_versions_verify(const json_t *version, const struct mu_config *, struct mu_fail *);
/* Its files. MU_STORAGE when they are not those of the digest. */
enum mu_err mu_versions_bundle(struct mu_store *, const json_t *version, struct mu_bundle **,
                               struct mu_fail *);

struct mu_choice {
    struct mu_bundle *bundle;
    json_t *source;  /* for row 1 of the run: journal/rows.h */
    char *text;      /* "published by ana 2026-11-20, the current version"; for people */
    char *elsewhere; /* a folder of the same name that differs, or NULL */
};
/* store NULL: there is none yet, so nothing is published. live: the rules of publish{} hold. */
enum mu_err mu_choose(struct mu_store *, const struct mu_config *, const char *typed,
                      const char *const *search, bool live, struct mu_choice *, struct mu_fail *);
void mu_choice_fini(struct mu_choice *);
/* True for "NAME@2.3": *name is a new text, *wish points into typed. */
bool mu_versions_named(const char *typed, char **name, const char **wish);

#endif
