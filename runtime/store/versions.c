/* SPDX-License-Identifier: MIT
 *
 * Versions of playbooks: who published what under which number, who stands for it, and where people went
 * back. Nothing here is ever changed or deleted (triggers, store.c); which version is the current one is
 * said by who reads it (engine/versions.c). */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/semver.h"
#include "store/store_internal.h"

#define VERSION_COLUMNS \
    "id, playbook, version, digest, who, account, host, folder, git_commit, dirty, at"

static void version_of(const struct store_table *table, size_t row, struct mu_store_version *out)
{
    *out = (struct mu_store_version){.id = store_number(table, row, 0),
                                     .playbook = store_text(table, row, 1),
                                     .version = store_text(table, row, 2),
                                     .digest = store_text(table, row, 3),
                                     .who = store_text(table, row, 4),
                                     .account = store_text(table, row, 5),
                                     .host = store_text(table, row, 6),
                                     .folder = store_text(table, row, 7),
                                     .commit = store_text(table, row, 8),
                                     .dirty = store_number(table, row, 9) != 0,
                                     .at = store_number(table, row, 10)};
}

static enum mu_err select_versions(struct mu_store *store, const char *playbook,
                                   struct store_table *table, struct mu_fail *fail)
{
    return store_select(store, "reading the versions of playbooks", fail, table,
                        "SELECT " VERSION_COLUMNS
                        " FROM version WHERE ?1 IS NULL OR playbook = ?1 ORDER BY playbook, id",
                        STORE_VALUES(STORE_TEXT(playbook)));
}

enum mu_err mu_store_versions(struct mu_store *store, const char *playbook, mu_store_version_cb *cb,
                              void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    struct mu_store_version version;
    enum mu_err err = select_versions(store, playbook, &table, fail);
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        version_of(&table, i, &version);
        if (!cb(&version, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

/* --- publishing --- */

static enum mu_err insert_signature(struct mu_store *store, const char *what,
                                    const struct mu_store_signature *signature,
                                    struct mu_fail *fail)
{
    return store_exec(store, what, fail,
                      "INSERT INTO signature (playbook, version, role, person, signature, at)"
                      " VALUES (?, ?, ?, ?, ?, ?)",
                      STORE_VALUES(STORE_TEXT(signature->playbook), STORE_TEXT(signature->version),
                                   STORE_TEXT(signature->role), STORE_TEXT(signature->person),
                                   STORE_TEXT(signature->signature), STORE_NUMBER(signature->at)));
}

static enum mu_err insert_version(struct mu_store *store, const char *what,
                                  const struct mu_store_version *version, struct mu_fail *fail)
{
    return store_exec(
        store, what, fail,
        "INSERT INTO version (playbook, version, digest, who, account, host, folder, git_commit,"
        " dirty, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        STORE_VALUES(STORE_TEXT(version->playbook), STORE_TEXT(version->version),
                     STORE_TEXT(version->digest), STORE_TEXT(version->who),
                     STORE_TEXT(version->account), STORE_TEXT(version->host),
                     STORE_TEXT(version->folder), STORE_TEXT(version->commit),
                     STORE_NUMBER(version->dirty), STORE_NUMBER(version->at)));
}

static enum mu_err taken(struct mu_store_publishing *p, const struct mu_store_version *old,
                         struct mu_fail *fail)
{
    char at[MU_TIME_TEXT];
    snprintf(p->taken, sizeof p->taken, "%s", old->version);
    snprintf(p->taken_digest, sizeof p->taken_digest, "%s", old->digest);
    return mu_fail_set(fail, MU_CONFLICT,
                       "%.64s@%.64s was published with other content, by %.128s %s", old->playbook,
                       old->version, old->who, mu_time_local(old->at, at));
}

/* The number may be taken: then by the same content, or it is refused. "1.0.0+a" is the number 1.0.0. */
static enum mu_err look_for_number(struct mu_store *store, struct mu_store_publishing *p,
                                   bool *there, struct mu_fail *fail)
{
    struct store_table table = {0};
    struct mu_store_version old;
    enum mu_err err = select_versions(store, p->version.playbook, &table, fail);
    *there = false;
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        version_of(&table, i, &old);
        if (mu_semver_compare(old.version, p->version.version) != 0)
            continue;
        *there = strcmp(old.digest, p->version.digest) == 0;
        err = *there ? MU_OK : taken(p, &old, fail);
    }
    store_table_free(&table);
    return err;
}

static enum mu_err publish_one(struct mu_store *store, const char *what,
                               struct mu_store_publishing *p, struct mu_fail *fail)
{
    bool there;
    enum mu_err err = look_for_number(store, p, &there, fail);
    if (err != MU_OK || there)
        return err;
    err = store_bundle_put(store, what, p->version.digest, p->files, p->file_count, fail);
    if (err == MU_OK)
        err = insert_version(store, what, &p->version, fail);
    if (err == MU_OK && p->signature)
        err = insert_signature(store, what, p->signature, fail);
    p->added = err == MU_OK;
    return err;
}

enum mu_err mu_store_publish(struct mu_store *store, struct mu_store_publishing *items,
                             size_t count, struct mu_fail *fail)
{
    static const char what[] = "publishing";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    for (size_t i = 0; err == MU_OK && i < count; i++) {
        items[i].added = false;
        items[i].taken[0] = '\0';
        err = publish_one(store, what, &items[i], fail);
    }
    return store_end(store, err, what, fail);
}

/* --- signatures --- */

static enum mu_err need_version(struct mu_store *store, const char *what, const char *playbook,
                                const char *version, struct mu_fail *fail)
{
    int64_t id;
    enum mu_err err = store_ask(store, what, fail, &id, 0,
                                "SELECT id FROM version WHERE playbook = ? AND version = ?",
                                STORE_VALUES(STORE_TEXT(playbook), STORE_TEXT(version)));
    return err == MU_OK && id == 0
               ? mu_fail_set(fail, MU_USAGE, "%.64s@%.64s was never published", playbook, version)
               : err;
}

enum mu_err mu_store_sign(struct mu_store *store, const struct mu_store_signature *signature,
                          struct mu_fail *fail)
{
    static const char what[] = "keeping a signature";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = need_version(store, what, signature->playbook, signature->version, fail);
    if (err == MU_OK)
        err = insert_signature(store, what, signature, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_signatures(struct mu_store *store, const char *playbook, const char *version,
                                mu_store_signature_cb *cb, void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "reading signatures", fail, &table,
                     "SELECT playbook, version, role, person, signature, at FROM signature"
                     " WHERE playbook = ? AND version = ? ORDER BY id",
                     STORE_VALUES(STORE_TEXT(playbook), STORE_TEXT(version)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_signature signature = {.playbook = store_text(&table, i, 0),
                                               .version = store_text(&table, i, 1),
                                               .role = store_text(&table, i, 2),
                                               .person = store_text(&table, i, 3),
                                               .signature = store_text(&table, i, 4),
                                               .at = store_number(&table, i, 5)};
        if (!cb(&signature, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

/* --- going back --- */

enum mu_err mu_store_roll_back(struct mu_store *store, const struct mu_store_rollback *back,
                               struct mu_fail *fail)
{
    static const char what[] = "going back to a version";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = need_version(store, what, back->playbook, back->version, fail);
    if (err == MU_OK)
        err = store_exec(
            store, what, fail,
            "INSERT INTO rollback (playbook, version, behind, who, account, host, reason, at)"
            " VALUES (?1, ?2, (SELECT max(id) FROM version WHERE playbook = ?1), ?3, ?4, ?5, ?6,"
            " ?7)",
            STORE_VALUES(STORE_TEXT(back->playbook), STORE_TEXT(back->version),
                         STORE_TEXT(back->who), STORE_TEXT(back->account), STORE_TEXT(back->host),
                         STORE_TEXT(back->reason), STORE_NUMBER(back->at)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_rollbacks(struct mu_store *store, const char *playbook,
                               mu_store_rollback_cb *cb, void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "reading who went back", fail, &table,
                     "SELECT playbook, version, behind, who, account, host, reason, at"
                     " FROM rollback WHERE ?1 IS NULL OR playbook = ?1 ORDER BY id",
                     STORE_VALUES(STORE_TEXT(playbook)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_rollback back = {.playbook = store_text(&table, i, 0),
                                         .version = store_text(&table, i, 1),
                                         .behind = store_number(&table, i, 2),
                                         .who = store_text(&table, i, 3),
                                         .account = store_text(&table, i, 4),
                                         .host = store_text(&table, i, 5),
                                         .reason = store_text(&table, i, 6),
                                         .at = store_number(&table, i, 7)};
        if (!cb(&back, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

/* --- found again in run files --- */

static enum mu_err restore_signatures(struct mu_store *store,
                                      const struct mu_store_version *version,
                                      const json_t *signatures, struct mu_fail *fail)
{
    size_t i;
    json_t *one;
    enum mu_err err = MU_OK;
    json_array_foreach(signatures, i, one)
    {
        struct mu_store_signature signature = {.playbook = version->playbook,
                                               .version = version->version,
                                               .role = mu_json_str(one, "role", ""),
                                               .person = mu_json_str(one, "person", ""),
                                               .signature = mu_json_str(one, "signature", ""),
                                               .at = mu_json_int(one, "at", 0)};
        if (err == MU_OK)
            err = insert_signature(store, "restoring a signature", &signature, fail);
    }
    return err;
}

enum mu_err store_version_restore(struct mu_store *store, const struct mu_store_version *version,
                                  const struct mu_store_file *files, size_t count,
                                  const json_t *signatures, bool *added, struct mu_fail *fail)
{
    static const char what[] = "restoring a version";
    struct mu_store_publishing p = {.version = *version};
    bool there;
    enum mu_err err = look_for_number(store, &p, &there, fail);
    *added = err == MU_OK && !there;
    if (err == MU_CONFLICT || there)
        return MU_OK; /* what is known stays as it is */
    if (err == MU_OK)
        err = store_bundle_put(store, what, version->digest, files, count, fail);
    if (err == MU_OK)
        err = insert_version(store, what, version, fail);
    return err == MU_OK ? restore_signatures(store, version, signatures, fail) : err;
}
