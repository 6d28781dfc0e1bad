/* SPDX-License-Identifier: MIT
 *
 * Archives of evidence; see archive.h. Written beside its name, synced, then renamed: nobody finds half of
 * one. A read one may come from a stranger: names, sizes and counts are bounded, nothing is unpacked by it. */
#include "cli/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/late.h"
#include "base/mem.h"
#include "base/storage.h"

#define MOST_FILES  20000             /* an export has two a run of its incident */
#define MOST_OCTETS ((size_t)1 << 30) /* of one file; a journal has some MB */

/* libarchive, loaded when an archive is written or read (base/late.h). */
/* clang-format off */
#define FUNCTIONS(X)                                                                  \
    X(entry_new) X(entry_set_pathname) X(entry_set_size) X(entry_set_filetype)        \
    X(entry_set_perm) X(entry_set_mtime) X(write_header) X(write_data) X(entry_free)  \
    X(write_new) X(write_add_filter_gzip) X(write_set_filter_option)                  \
    X(write_set_format_pax_restricted) X(write_open_fd) X(write_close) X(errno)       \
    X(error_string) X(write_free) X(entry_pathname) X(entry_filetype) X(entry_size)   \
    X(read_data) X(read_new) X(read_support_filter_gzip) X(read_support_format_tar)   \
    X(read_open_filename) X(read_next_header) X(read_free)
/* clang-format on */
static struct {
#define X(name) __typeof__(archive_##name) *archive_##name;
    FUNCTIONS(X)
#undef X
} tar;

static enum mu_err load(struct mu_fail *fail)
{
    static const struct mu_late_symbol symbols[] = {
#define X(name) {"archive_" #name, &tar.archive_##name},
        FUNCTIONS(X)
#undef X
    };
    return mu_late_load("libarchive.so.13", symbols, MU_COUNT(symbols), fail);
}

struct bundle {
    char *folder;
    struct part {
        char *name, *bytes, *head;
        size_t len;
    } * parts;
    size_t count;
};

struct bundle *bundle_new(void)
{
    return MU_NEW(struct bundle);
}

void bundle_name(struct bundle *bundle, const char *folder)
{
    free(bundle->folder);
    bundle->folder = mu_xstrdup(folder);
}

void bundle_free(struct bundle *bundle)
{
    for (size_t i = 0; bundle && i < bundle->count; i++) {
        free(bundle->parts[i].name);
        free(bundle->parts[i].bytes);
        free(bundle->parts[i].head);
    }
    if (bundle) {
        free(bundle->folder);
        free(bundle->parts);
    }
    free(bundle);
}

void bundle_add(struct bundle *bundle, const char *name, const void *bytes, size_t len,
                const char *head)
{
    bundle->parts = mu_xrealloc(bundle->parts, bundle->count + 1, sizeof *bundle->parts);
    bundle->parts[bundle->count++] = (struct part){mu_xstrdup(name), mu_xstrndup(bytes, len),
                                                   head ? mu_xstrdup(head) : NULL, len};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

/* {"files":{NAME:{"sha256":HEX,"size":N,"head":HEX?}},"format":1} */
static char *manifest_of(const struct bundle *bundle)
{
    json_t *files = json_object();
    char hex[MU_SHA256_HEX];
    for (size_t i = 0; i < bundle->count; i++) {
        const struct part *part = &bundle->parts[i];
        mu_sha256_hex(part->bytes, part->len, hex);
        json_t *file = json_pack("{s:s, s:I}", "sha256", hex, "size", (json_int_t)part->len);
        if (part->head)
            json_object_set_new(file, "head", json_string(part->head));
        json_object_set_new(files, part->name, file);
    }
    json_t *manifest = json_pack("{s:i, s:o}", "format", 1, "files", files);
    char *text = json_dumps(manifest, JSON_INDENT(2) | JSON_SORT_KEYS);
    json_decref(manifest);
    return text;
}

static bool put(struct archive *archive, const char *folder, const char *name, const char *bytes,
                size_t len)
{
    struct archive_entry *entry = tar.archive_entry_new();
    char *path = mu_xasprintf("%s%s%s", folder ? folder : "", folder ? "/" : "", name);
    tar.archive_entry_set_pathname(entry, path);
    free(path);
    tar.archive_entry_set_size(entry, (la_int64_t)len);
    tar.archive_entry_set_filetype(entry, AE_IFREG);
    tar.archive_entry_set_perm(entry, 0444);
    tar.archive_entry_set_mtime(entry, 0, 0);
    bool ok = tar.archive_write_header(archive, entry) == ARCHIVE_OK &&
              tar.archive_write_data(archive, bytes, len) == (la_ssize_t)len;
    tar.archive_entry_free(entry);
    return ok;
}

static bool put_all(struct archive *archive, struct bundle *bundle)
{
    char *manifest = manifest_of(bundle);
    bool ok = put(archive, bundle->folder, "MANIFEST.json", manifest, strlen(manifest));
    free(manifest);
    for (size_t i = 0; ok && i < bundle->count; i++)
        ok = put(archive, bundle->folder, bundle->parts[i].name, bundle->parts[i].bytes,
                 bundle->parts[i].len);
    return ok;
}

static enum mu_err write_to(struct bundle *bundle, int fd, const char *path, struct mu_fail *fail)
{
    struct archive *archive = tar.archive_write_new();
    tar.archive_write_add_filter_gzip(archive);
    tar.archive_write_set_filter_option(archive, "gzip", "timestamp",
                                        NULL); /* no time of its own */
    tar.archive_write_set_format_pax_restricted(archive);
    bool ok = tar.archive_write_open_fd(archive, fd) == ARCHIVE_OK && put_all(archive, bundle) &&
              tar.archive_write_close(archive) == ARCHIVE_OK;
    int errnum = ok ? 0 : tar.archive_errno(archive);
    enum mu_err err = ok ? MU_OK
                         : mu_storage_fail(fail, path, "writing the archive",
                                           tar.archive_error_string(archive), errnum);
    tar.archive_write_free(archive);
    if (err == MU_OK && fsync(fd) != 0)
        err = mu_storage_fail(fail, path, "syncing the archive", NULL, errno);
    return err;
}

enum mu_err bundle_write(struct bundle *bundle, const char *path, struct mu_fail *fail)
{
    if (load(fail) != MU_OK)
        return fail->class;
    if (bundle->count + 1 > MOST_FILES)
        return mu_fail_set(
            fail, MU_USAGE,
            "%zu files are more than an archive may hold (%d): export the runs of the "
            "incident one by one",
            bundle->count + 1, MOST_FILES);
    char *draft = mu_xasprintf("%s.%ld.part", path, (long)getpid());
    qsort(bundle->parts, bundle->count, sizeof *bundle->parts, by_name);
    int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum mu_err err = fd < 0 ? mu_storage_fail(fail, draft, "creating the archive", NULL, errno)
                             : write_to(bundle, fd, path, fail);
    if (fd >= 0 && close(fd) != 0 && err == MU_OK)
        err = mu_storage_fail(fail, path, "writing the archive", NULL, errno);
    if (err == MU_OK && rename(draft, path) != 0)
        err = mu_storage_fail(fail, path, "putting the archive in place", NULL, errno);
    if (err != MU_OK && fd >= 0)
        unlink(draft);
    int errnum = err == MU_OK ? mu_storage_sync_name(path) : 0;
    free(draft);
    return errnum ? mu_storage_fail(fail, path, "syncing the folder", NULL, errnum) : err;
}

/* --- reading --- */

bool archive_is_named(const char *path)
{
    size_t len = strlen(path);
    return (len > 7 && strcmp(path + len - 7, ".tar.gz") == 0) ||
           (len > 4 && strcmp(path + len - 4, ".tgz") == 0);
}

void archive_forget(const char *path)
{
    static const char *const sides[] = {"", "-wal", "-shm"}; /* SQLite's, of one that was live */
    for (size_t i = 0; i < MU_COUNT(sides); i++) {
        char *side = mu_xasprintf("%s%s", path, sides[i]);
        unlink(side);
        free(side);
    }
}

static bool is_sensible(struct archive_entry *entry)
{
    const char *name = tar.archive_entry_pathname(entry);
    return name && name[0] && name[0] != '/' && strstr(name, "..") == NULL && strlen(name) < 512 &&
           tar.archive_entry_filetype(entry) == AE_IFREG && tar.archive_entry_size(entry) >= 0 &&
           (size_t)tar.archive_entry_size(entry) <= MOST_OCTETS;
}

static enum mu_err read_entry(struct archive *archive, struct archive_entry *entry,
                              const char *path, archive_cb *cb, void *ud, bool *more,
                              struct mu_fail *fail)
{
    if (!is_sensible(entry))
        return mu_fail_set(fail, MU_STORAGE,
                           "%.300s: it holds something that no export of muster holds: not a plain "
                           "file with a relative name",
                           path);
    size_t len = (size_t)tar.archive_entry_size(entry);
    char *bytes = mu_xcalloc(len + 1, 1);
    bool whole = tar.archive_read_data(archive, bytes, len) == (la_ssize_t)len;
    if (whole)
        *more = cb(tar.archive_entry_pathname(entry), bytes, len, ud);
    free(bytes);
    return whole ? MU_OK
                 : mu_fail_set(fail, MU_STORAGE, "%.300s: it is damaged or cut off: %.200s", path,
                               tar.archive_error_string(archive) ? tar.archive_error_string(archive)
                                                                 : "");
}

enum mu_err archive_each(const char *path, archive_cb *cb, void *ud, struct mu_fail *fail)
{
    if (load(fail) != MU_OK)
        return fail->class;
    struct archive *archive = tar.archive_read_new();
    struct archive_entry *entry;
    enum mu_err err = MU_OK;
    bool more = true;
    int rc = ARCHIVE_OK, count = 0;
    tar.archive_read_support_filter_gzip(archive);
    tar.archive_read_support_format_tar(archive);
    if (tar.archive_read_open_filename(archive, path, 1 << 16) != ARCHIVE_OK)
        err = mu_fail_set(fail, MU_STORAGE, "%.300s: it can't be read as an archive: %.200s", path,
                          tar.archive_error_string(archive));
    while (err == MU_OK && more &&
           (rc = tar.archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
        err = ++count > MOST_FILES
                  ? mu_fail_set(fail, MU_STORAGE, "%.300s: it holds more than %d files", path,
                                MOST_FILES)
                  : read_entry(archive, entry, path, cb, ud, &more, fail);
    if (err == MU_OK && more && rc != ARCHIVE_EOF)
        err = mu_fail_set(fail, MU_STORAGE, "%.300s: it is damaged or cut off: %.200s", path,
                          tar.archive_error_string(archive));
    tar.archive_read_free(archive);
    return err;
}
