/* SPDX-License-Identifier: MIT
 *
 * The files of published playbooks, each content once, by digest. Whether a digest is right is looked at
 * by who reads it (playbook/bundle.h); here nothing is changed once it is there. */
#include "base/digest.h"
#include "store/store_internal.h"

#include <string.h>

static enum mu_err put_file(struct mu_store *store, const char *what, const char *digest,
                            const struct mu_store_file *file, struct mu_fail *fail)
{
    char content[MU_SHA256_HEX];
    mu_sha256_hex(file->bytes, file->len, content);
    if (memchr(file->bytes, '\0', file->len) != NULL)
        return mu_fail_set(fail, MU_USAGE, "%.300s holds a NUL: a playbook's files are text",
                           file->path);
    enum mu_err err =
        store_exec(store, what, fail,
                   "INSERT INTO content (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
                   STORE_VALUES(STORE_TEXT(content), STORE_TEXT(file->bytes)));
    if (err == MU_OK)
        err = store_exec(
            store, what, fail,
            "INSERT INTO bundle (digest, path, content) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            STORE_VALUES(STORE_TEXT(digest), STORE_TEXT(file->path), STORE_TEXT(content)));
    return err;
}

enum mu_err store_bundle_put(struct mu_store *store, const char *what, const char *digest,
                             const struct mu_store_file *files, size_t count, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < count; i++)
        err = put_file(store, what, digest, &files[i], fail);
    return err;
}

enum mu_err mu_store_bundle(struct mu_store *store, const char *digest, mu_store_file_cb *cb,
                            void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "reading a published playbook", fail, &table,
                                   "SELECT path, bytes FROM bundle JOIN content ON content.digest ="
                                   " bundle.content WHERE bundle.digest = ? ORDER BY path",
                                   STORE_VALUES(STORE_TEXT(digest)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        const char *bytes = store_text(&table, i, 1);
        if (!cb(store_text(&table, i, 0), bytes, strlen(bytes), ud))
            break;
    }
    store_table_free(&table);
    return err;
}
