/* SPDX-License-Identifier: MIT
 *
 * Published versions: the list with its states, picking one, signatures; see versions.h. Which playbook a
 * typed word means is choose.c's. */
#include "engine/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/semver.h"
#include "playbook/signature.h"

void mu_publish_rules(const struct mu_config *config, struct mu_publish_rules *rules)
{
    const json_t *said = mu_json_get(config->values, "publish");
    *rules = (struct mu_publish_rules){.required = mu_json_bool(said, "required", false),
                                       .reviewer = mu_json_bool(said, "reviewer", false),
                                       .signers = mu_json_str(said, "signers", NULL),
                                       .key = mu_json_str(said, "key", NULL)};
    rules->required = rules->required || rules->signers; /* else a draft would need no signature */
}

char *mu_publish_path(const struct mu_config *config, const char *path)
{
    const char *home = getenv("HOME");
    if (strncmp(path, "~/", 2) == 0 && home)
        return mu_xasprintf("%s/%s", home, path + 2);
    return path[0] == '/' ? mu_xstrdup(path) : mu_xasprintf("%s/%s", config->dir, path);
}

/* --- the list --- */

struct listing {
    struct mu_store *store;
    struct mu_publish_rules rules;
    json_t *list, *rollbacks; /* rollbacks: {playbook: the last one} */
};

static bool add_version(const struct mu_store_version *v, void *ud)
{
    struct listing *listing = ud;
    json_array_append_new(
        listing->list,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:[]}", "playbook",
                  v->playbook, "version", v->version, "digest", v->digest, "who", v->who, "account",
                  v->account, "host", v->host, "folder", v->folder, "commit", v->commit, "dirty",
                  v->dirty, "at", (json_int_t)v->at, "id", (json_int_t)v->id, "signatures"));
    return true;
}

static bool add_rollback(const struct mu_store_rollback *back, void *ud)
{
    struct listing *listing = ud;
    json_object_set_new(listing->rollbacks, back->playbook,
                        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "version", back->version,
                                  "who", back->who, "account", back->account, "host", back->host,
                                  "reason", back->reason, "behind", (json_int_t)back->behind, "at",
                                  (json_int_t)back->at));
    return true;
}

static bool add_signature(const struct mu_store_signature *signature, void *ud)
{
    json_array_append_new(ud, json_pack("{s:s, s:s, s:s, s:I}", "role", signature->role, "person",
                                        signature->person, "signature", signature->signature, "at",
                                        (json_int_t)signature->at));
    return true;
}

static const char *version_of(const json_t *item)
{
    return mu_json_str(item, "version", "");
}

static int highest_first(const void *a, const void *b)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    int order = strcmp(mu_json_str(one, "playbook", ""), mu_json_str(other, "playbook", ""));
    return order ? order : mu_semver_compare(version_of(other), version_of(one));
}

static void sort(json_t *list)
{
    size_t count = json_array_size(list);
    json_t **items = mu_xcalloc(count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = json_incref(json_array_get(list, i));
    qsort(items, count, sizeof(json_t *), highest_first);
    json_array_clear(list);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, items[i]);
    free(items);
}

static const json_t *signature_of(const json_t *item, const char *role)
{
    size_t i;
    json_t *one;
    json_array_foreach(mu_json_get(item, "signatures"), i, one)
    {
        if (strcmp(mu_json_str(one, "role", ""), role) == 0)
            return one;
    }
    return NULL;
}

static const char *state_of(const struct listing *listing, const json_t *item, const json_t *back)
{
    bool above = back && mu_json_int(item, "id", 0) <= mu_json_int(back, "behind", 0) &&
                 mu_semver_compare(version_of(item), version_of(back)) > 0;
    bool target = back && strcmp(version_of(item), version_of(back)) == 0;
    if (above)
        return "rolled_back";
    if (listing->rules.signers && signature_of(item, "author") == NULL)
        return "unsigned";
    if (listing->rules.signers && listing->rules.reviewer && !signature_of(item, "reviewer"))
        return "unreviewed";
    return mu_semver_is_pre(version_of(item)) && !target ? "pre_release" : "published";
}

/* The first of each playbook that counts is its current one. */
static void set_states(struct listing *listing)
{
    size_t i;
    json_t *item;
    const char *done = "";
    json_array_foreach(listing->list, i, item)
    {
        const char *playbook = mu_json_str(item, "playbook", "");
        json_t *back = json_object_get(listing->rollbacks, playbook);
        const char *state = state_of(listing, item, back);
        if (strcmp(state, "published") == 0 && strcmp(done, playbook) != 0) {
            done = playbook;
            state = "current";
        }
        json_object_set_new(item, "state", json_string(state));
        if (back &&
            (strcmp(state, "rolled_back") == 0 ||
             (strcmp(state, "current") == 0 && strcmp(version_of(item), version_of(back)) == 0)))
            json_object_set(item, "rollback", back);
    }
}

enum mu_err mu_versions(struct mu_store *store, const struct mu_config *config,
                        const char *playbook, json_t **out, struct mu_fail *fail)
{
    struct listing listing = {.store = store, .list = json_array(), .rollbacks = json_object()};
    size_t i;
    json_t *item;
    mu_publish_rules(config, &listing.rules);
    enum mu_err err = mu_store_versions(store, playbook, add_version, &listing, fail);
    if (err == MU_OK)
        err = mu_store_rollbacks(store, playbook, add_rollback, &listing, fail);
    json_array_foreach(listing.list, i, item)
    {
        if (err == MU_OK)
            err = mu_store_signatures(store, mu_json_str(item, "playbook", ""), version_of(item),
                                      add_signature, json_object_get(item, "signatures"), fail);
    }
    sort(listing.list);
    set_states(&listing);
    json_decref(listing.rollbacks);
    *out = listing.list;
    return err;
}

/* --- picking one --- */

const json_t *mu_versions_highest(const json_t *list)
{
    return json_array_get(list, 0);
}

const json_t *mu_versions_numbered(const json_t *list, const char *version)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (mu_semver_compare(version_of(item), version) == 0)
            return item;
    }
    return NULL;
}

/* What stands in the way of one that fits and does not count. */
static enum mu_err refuse(const json_t *item, const char *playbook, struct mu_fail *fail)
{
    const char *state = mu_json_str(item, "state", ""), *version = version_of(item);
    const json_t *back = mu_json_get(item, "rollback");
    char at[MU_TIME_TEXT];
    if (back)
        return mu_fail_set(
            fail, MU_USAGE,
            "%.64s@%.64s was rolled back to %.64s by %.64s %s: %.200s. To run it all "
            "the same, name it in full: %.64s@%.64s",
            playbook, version, version_of(back), mu_json_str(back, "who", ""),
            mu_time_local(mu_json_int(back, "at", 0), at), mu_json_str(back, "reason", ""),
            playbook, version);
    if (strcmp(state, "unsigned") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "%.64s@%.64s is not signed: muster publish again signs it", playbook,
                           version);
    if (strcmp(state, "unreviewed") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "%.64s@%.64s waits for a second person: muster publish --review "
                           "%.64s@%.64s",
                           playbook, version, playbook, version);
    return mu_fail_set(
        fail, MU_USAGE,
        "only pre-releases are published of it, and they are taken only when named in "
        "full: %.64s@%.64s",
        playbook, version);
}

static enum mu_err none_fits(const json_t *list, const char *playbook, const char *wish,
                             struct mu_fail *fail)
{
    struct mu_buf known = {.max = 300};
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (i < 8)
            mu_buf_addf(&known, "%s%s", i ? ", " : "", version_of(item));
    }
    enum mu_err err =
        json_array_size(list) == 0
            ? mu_fail_set(
                  fail, MU_USAGE,
                  "nothing is published of a playbook \"%.64s\": muster versions lists what "
                  "is, muster publish FOLDER publishes",
                  playbook)
            : mu_fail_set(fail, MU_USAGE,
                          "no published version of %.64s fits \"%.64s\"; there are %s", playbook,
                          wish, mu_buf_text(&known));
    mu_buf_free(&known);
    return err;
}

enum mu_err mu_versions_pick(const json_t *list, const char *playbook, const char *wish,
                             const json_t **out, struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    const json_t *near = NULL;
    bool whole = mu_semver_valid(wish);
    *out = NULL;
    json_array_foreach(list, i, item)
    {
        const char *state = mu_json_str(item, "state", "");
        bool counts = strcmp(state, "current") == 0 || strcmp(state, "published") == 0;
        bool fits = mu_semver_fits(version_of(item), wish) || (!wish[0] && counts);
        if (fits && (counts || whole)) {
            *out = item;
            return MU_OK;
        }
        if (near == NULL && (fits || wish[0] == '\0'))
            near = item;
    }
    return near ? refuse(near, playbook, fail) : none_fits(list, playbook, wish, fail);
}

/* --- its files, and who stands for them --- */

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

enum mu_err mu_versions_bundle(struct mu_store *store, const json_t *version,
                               struct mu_bundle **out, struct mu_fail *fail)
{
    char digest[MU_SHA256_HEX];
    const char *wanted = mu_json_str(version, "digest", "");
    struct mu_bundle *bundle = mu_bundle_new();
    enum mu_err err = mu_store_bundle(store, wanted, add_file, bundle, fail);
    mu_bundle_digest(bundle, digest);
    if (err == MU_OK && strcmp(digest, wanted) != 0)
        err =
            mu_fail_set(fail, MU_STORAGE,
                        "the control store's files of %.64s@%.64s are not those that were "
                        "published: their digest is %.12s, not %.12s",
                        mu_json_str(version, "playbook", ""), version_of(version), digest, wanted);
    *out = err == MU_OK ? bundle : NULL;
    if (err != MU_OK)
        mu_bundle_free(bundle);
    return err;
}

static enum mu_err check_one(const json_t *version, const json_t *signature, const char *signers,
                             char key[MU_SIGNATURE_KEY], struct mu_fail *fail)
{
    struct mu_signed what = {.playbook = mu_json_str(version, "playbook", ""),
                             .version = version_of(version),
                             .digest = mu_json_str(version, "digest", ""),
                             .role = mu_json_str(signature, "role", ""),
                             .person = mu_json_str(signature, "person", ""),
                             .at = mu_json_int(signature, "at", 0)};
    return mu_signature_check(&what, mu_json_str(signature, "signature", ""), signers, key, fail);
}

/* One of that role that holds; not_by and not_key: whose it must not be. */
static enum mu_err check_role(const json_t *version, const char *role, const char *signers,
                              const char *not_by, const char *not_key, const char **by,
                              char key[MU_SIGNATURE_KEY], struct mu_fail *fail)
{
    size_t i;
    json_t *one;
    enum mu_err err = mu_fail_set(fail, MU_REFUSED, "%.64s@%.64s has no %s's signature",
                                  mu_json_str(version, "playbook", ""), version_of(version), role);
    json_array_foreach(mu_json_get(version, "signatures"), i, one)
    {
        *by = mu_json_str(one, "person", "");
        if (strcmp(mu_json_str(one, "role", ""), role) != 0)
            continue;
        err = check_one(version, one, signers, key, fail);
        if (err == MU_OK && strcmp(*by, not_by) != 0 && strcmp(key, not_key) != 0)
            return MU_OK;
        if (err == MU_OK)
            err = mu_fail_set(fail, MU_REFUSED,
                              "%.64s@%.64s was reviewed with the key of its author, or by its "
                              "author: a second person is wanted",
                              mu_json_str(version, "playbook", ""), version_of(version));
    }
    return err;
}

enum mu_err mu_versions_verify(const json_t *version, const struct mu_config *config,
                               struct mu_fail *fail)
{
    struct mu_publish_rules rules;
    char key[MU_SIGNATURE_KEY] = "", other[MU_SIGNATURE_KEY];
    const char *author, *reviewer;
    mu_publish_rules(config, &rules);
    if (rules.signers == NULL)
        return MU_OK;
    char *signers = mu_publish_path(config, rules.signers);
    enum mu_err err = check_role(version, "author", signers, "", "", &author, key, fail);
    if (err == MU_OK && rules.reviewer)
        err = check_role(version, "reviewer", signers, author, key, &reviewer, other, fail);
    free(signers);
    return err;
}
