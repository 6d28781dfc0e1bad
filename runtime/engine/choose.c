/* SPDX-License-Identifier: MIT
 *
 * Which playbook a typed word means: a folder, or a published version; see versions.h. What was chosen, and
 * why, goes into row 1 of the run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/semver.h"
#include "engine/versions.h"
#include "playbook/header.h"

struct choosing {
    struct mu_store *store;
    const struct mu_config *config;
    bool live;
    struct mu_choice *choice;
    struct mu_fail *fail;
};

bool mu_versions_named(const char *typed, char **name, const char **wish)
{
    const char *at = strchr(typed, '@');
    if (at == NULL || at == typed || strchr(typed, '/'))
        return false;
    *name = mu_xstrndup(typed, (size_t)(at - typed));
    *wish = at + 1;
    return true;
}

/* --- a published one --- */

/* "2026-11-20" */
static const char *day_of(const json_t *version, char when[MU_TIME_TEXT])
{
    mu_time_local(mu_json_int(version, "at", 0), when);
    when[10] = '\0';
    return when;
}

static char *why_published(const json_t *version, const char *wish)
{
    const json_t *back = mu_json_get(version, "rollback");
    const char *state = mu_json_str(version, "state", "");
    char day[MU_TIME_TEXT], then[MU_TIME_TEXT], by[300];
    snprintf(by, sizeof by, "published by %.128s %s", mu_json_str(version, "who", ""),
             day_of(version, day));
    bool current = strcmp(state, "current") == 0;
    if (current && back)
        return mu_xasprintf("%s, current since %s rolled back to it %s: %s", by,
                            mu_json_str(back, "who", ""), day_of(back, then),
                            mu_json_str(back, "reason", ""));
    if (current)
        return mu_xasprintf("%s, the current version", by);
    if (mu_semver_valid(wish) && back)
        return mu_xasprintf("%s, ROLLED BACK by %s %s, taken because it was named in full", by,
                            mu_json_str(back, "who", ""), day_of(back, then));
    if (mu_semver_valid(wish))
        return mu_xasprintf("%s, as named", by);
    return mu_xasprintf("%s, the highest %s", by, wish);
}

/* For row 1: everything by which the version can be found again without the control store. */
static json_t *source_of(const json_t *version, const char *why)
{
    json_t *published = json_deep_copy(version);
    json_object_del(published, "id");
    json_object_del(published, "rollback");
    return json_pack("{s:s, s:s, s:O, s:o}", "kind", "published", "why", why, "digest",
                     mu_json_get(version, "digest"), "published", published);
}

static enum mu_err take_published(struct choosing *c, const json_t *version, const char *wish)
{
    enum mu_err err = mu_versions_bundle(c->store, version, &c->choice->bundle, c->fail);
    if (err == MU_OK && c->live)
        err = mu_versions_verify(version, c->config, c->fail);
    if (err != MU_OK)
        return err;
    c->choice->text = why_published(version, wish);
    c->choice->source = source_of(version, c->choice->text);
    return MU_OK;
}

/* --- a draft --- */

static char *why_draft(const json_t *list, const char *version, const char *digest)
{
    const json_t *same = mu_versions_numbered(list, version), *highest = mu_versions_highest(list);
    if (same)
        return mu_xasprintf("draft %.12s, differs from the published %s", digest,
                            mu_json_str(same, "version", ""));
    if (highest)
        return mu_xasprintf("draft %.12s, not published; the highest published is %s", digest,
                            mu_json_str(highest, "version", ""));
    return mu_xasprintf("draft %.12s, nothing of it is published", digest);
}

static enum mu_err refuse_draft(struct choosing *c, const json_t *list, const char *name)
{
    struct mu_publish_rules rules;
    mu_publish_rules(c->config, &rules);
    if (!c->live || !rules.required)
        return MU_OK;
    const char *rest = json_array_size(list) > 0 ? ", or run a published version: muster run " : "";
    return mu_fail_set(
        c->fail, MU_REFUSED,
        "%.64s in %.200s is a draft, and publish{} in muster.lua lets live runs take "
        "published versions only: muster publish it%s%.64s; with --dry-run it runs as "
        "it is",
        name, mu_bundle_folder(c->choice->bundle), rest, rest[0] ? name : "");
}

static enum mu_err judge_draft(struct choosing *c, const struct mu_header *header)
{
    char digest[MU_SHA256_HEX];
    json_t *list = NULL;
    struct mu_choice *choice = c->choice;
    mu_bundle_digest(choice->bundle, digest);
    enum mu_err err =
        c->store ? mu_versions(c->store, c->config, header->name, &list, c->fail) : MU_OK;
    const json_t *same = err == MU_OK ? mu_versions_numbered(list, header->version) : NULL;
    if (same && strcmp(mu_json_str(same, "digest", ""), digest) == 0) {
        mu_bundle_free(choice->bundle); /* the stored one is the same, and holds no folder */
        choice->bundle = NULL;
        err = take_published(c, same, mu_json_str(same, "version", ""));
    } else if (err == MU_OK) {
        err = refuse_draft(c, list, header->name);
        choice->text = why_draft(list, header->version, digest);
        choice->source = json_pack("{s:s, s:s, s:s, s:s}", "kind", "draft", "why", choice->text,
                                   "digest", digest, "folder", mu_bundle_folder(choice->bundle));
    }
    json_decref(list);
    return err;
}

static enum mu_err take_folder(struct choosing *c, const char *typed, const char *const *search)
{
    struct mu_header *header = NULL;
    enum mu_err err = mu_bundle_load(typed, search, &c->choice->bundle, c->fail);
    if (err == MU_OK)
        err = mu_header_read(c->choice->bundle, &header, c->fail);
    if (err == MU_OK)
        err = judge_draft(c, header);
    mu_header_free(header);
    return err;
}

/* --- which of them --- */

/* A folder of that name that is found too, and holds something else. */
static void look_elsewhere(struct mu_choice *choice, const char *name, const char *const *search)
{
    struct mu_bundle *other = NULL;
    struct mu_fail ignored;
    char one[MU_SHA256_HEX], two[MU_SHA256_HEX];
    if (mu_bundle_load(name, search, &other, &ignored) != MU_OK)
        return;
    mu_bundle_digest(other, one);
    mu_bundle_digest(choice->bundle, two);
    if (strcmp(one, two) != 0)
        choice->elsewhere = mu_xstrdup(mu_bundle_folder(other));
    mu_bundle_free(other);
}

static enum mu_err take_version(struct choosing *c, const json_t *list, const char *name,
                                const char *wish)
{
    const json_t *version;
    if (wish[0] && !mu_semver_is_wish(wish))
        return mu_fail_set(c->fail, MU_USAGE,
                           "\"%.64s\" is no version: write %.64s@2, %.64s@2.3 or %.64s@2.3.0", wish,
                           name, name, name);
    enum mu_err err = mu_versions_pick(list, name, wish, &version, c->fail);
    return err == MU_OK ? take_published(c, version, wish) : err;
}

enum mu_err mu_choose(struct mu_store *store, const struct mu_config *config, const char *typed,
                      const char *const *search, bool live, struct mu_choice *out,
                      struct mu_fail *fail)
{
    struct choosing c = {store, config, live, out, fail};
    char *name = NULL;
    const char *wish = "";
    json_t *list = NULL;
    enum mu_err err = MU_OK;
    *out = (struct mu_choice){0};
    bool named = mu_versions_named(typed, &name, &wish);
    if (named && wish[0] == '\0')
        err = mu_fail_set(fail, MU_USAGE, "a version is missing behind %.200s: %.64s@2.3.0", typed,
                          name);
    if (err == MU_OK && store && !strchr(typed, '/') && typed[0] != '.')
        err = mu_versions(store, config, named ? name : typed, &list, fail);
    if (err == MU_OK && (named || json_array_size(list) > 0)) {
        err = take_version(&c, list, named ? name : typed, wish);
        if (err == MU_OK && !named)
            look_elsewhere(out, typed, search);
    } else if (err == MU_OK) {
        err = take_folder(&c, typed, search);
    }
    json_decref(list);
    free(name);
    if (err != MU_OK)
        mu_choice_fini(out);
    return err;
}

void mu_choice_fini(struct mu_choice *choice)
{
    mu_bundle_free(choice->bundle);
    json_decref(choice->source);
    free(choice->text);
    free(choice->elsewhere);
    *choice = (struct mu_choice){0};
}
