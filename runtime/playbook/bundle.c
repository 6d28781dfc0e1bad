/* SPDX-License-Identifier: MIT
 *
 * Bundles: the files of a playbook, read from its folder or taken from a journal; see bundle.h. */
#include "playbook/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/utf8.h"
#include "playbook/uses.h"

#define FILES_MAX 200 /* the largest playbook of ours has 7 */

struct file {
    char *path, *bytes;
    size_t len;
    char *origin; /* of a shared library: where it was read from; else NULL */
};

struct mu_bundle {
    struct file *files; /* in path order */
    size_t count;
    char *folder;
};

struct mu_bundle *mu_bundle_new(void)
{
    struct mu_bundle *bundle = MU_NEW(struct mu_bundle);
    bundle->folder = mu_xstrdup("");
    return bundle;
}

void mu_bundle_free(struct mu_bundle *bundle)
{
    if (bundle == NULL)
        return;
    for (size_t i = 0; i < bundle->count; i++) {
        free(bundle->files[i].path);
        free(bundle->files[i].bytes);
        free(bundle->files[i].origin);
    }
    free(bundle->files);
    free(bundle->folder);
    free(bundle);
}

const char *mu_bundle_folder(const struct mu_bundle *bundle)
{
    return bundle->folder;
}

/* Where the path stands or would stand. */
static size_t position(const struct mu_bundle *bundle, const char *path, bool *there)
{
    size_t at = 0;
    int order = 1;
    while (at < bundle->count && (order = strcmp(path, bundle->files[at].path)) > 0)
        at++;
    *there = at < bundle->count && order == 0;
    return at;
}

void mu_bundle_add(struct mu_bundle *bundle, const char *path, const char *bytes, size_t len)
{
    bool there;
    size_t at = position(bundle, path, &there);
    if (!there) {
        bundle->files = mu_xrealloc(bundle->files, bundle->count + 1, sizeof *bundle->files);
        memmove(bundle->files + at + 1, bundle->files + at,
                (bundle->count - at) * sizeof *bundle->files);
        bundle->files[at] = (struct file){.path = mu_xstrdup(path)};
        bundle->count++;
    }
    free(bundle->files[at].bytes);
    bundle->files[at].bytes = mu_xstrndup(bytes, len);
    bundle->files[at].len = len;
}

const char *mu_bundle_file(const struct mu_bundle *bundle, const char *path, size_t *len)
{
    bool there;
    size_t at = position(bundle, path, &there);
    if (!there)
        return NULL;
    if (len)
        *len = bundle->files[at].len;
    return bundle->files[at].bytes;
}

const char *mu_bundle_origin(const struct mu_bundle *bundle, const char *path)
{
    bool there;
    size_t at = position(bundle, path, &there);
    return there ? bundle->files[at].origin : NULL;
}

void mu_bundle_each(const struct mu_bundle *bundle, mu_bundle_cb *cb, void *ud)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (!cb(bundle->files[i].path, bundle->files[i].bytes, bundle->files[i].len, ud))
            return;
}

void mu_bundle_digest(const struct mu_bundle *bundle, char out[MU_SHA256_HEX])
{
    struct mu_buf all = {0};
    char hex[MU_SHA256_HEX];
    for (size_t i = 0; i < bundle->count; i++) {
        mu_sha256_hex(bundle->files[i].bytes, bundle->files[i].len, hex);
        mu_buf_addf(&all, "%s %s\n", hex, bundle->files[i].path);
    }
    mu_sha256_hex(mu_buf_text(&all), all.len, out);
    mu_buf_free(&all);
}

/* --- reading a folder --- */

/* The line of the first octet that is no text. */
static int bad_line(const char *bytes, size_t len)
{
    int line = 1;
    for (const char *p = bytes, *end = bytes + len; p < end; line++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p)),
                   *next = newline ? newline + 1 : end;
        if (!mu_utf8_valid(p, (size_t)(next - p)) || memchr(p, '\0', (size_t)(next - p)) != NULL)
            break;
        p = next;
    }
    return line;
}

static enum mu_err check_text(const char *name, const char *bytes, size_t len, struct mu_fail *fail)
{
    if (len > 0 && bytes[0] == '\033')
        return mu_fail_set(
            fail, MU_USAGE,
            "%s is compiled Lua: playbooks are text, so that people can read what will run", name);
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "%s:1: begins with a byte order mark: save the file as UTF-8 without it",
                           name);
    if (!mu_utf8_valid(bytes, len) || memchr(bytes, '\0', len) != NULL)
        return mu_fail_set(fail, MU_USAGE, "%s:%d: not UTF-8 text: save the file in that encoding",
                           name, bad_line(bytes, len));
    return MU_OK;
}

static enum mu_err read_file(const char *name, char **bytes, size_t *len, struct mu_fail *fail)
{
    struct stat info;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return mu_fail_set(fail, MU_USAGE, "can't read %s: %s", name,
                           errno == ELOOP ? "it is a link; copy the file into the folder"
                                          : strerror(errno));
    enum mu_err err = MU_OK;
    *bytes = NULL;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        err = mu_fail_set(fail, MU_USAGE, "%s is not a regular file", name);
    else if (info.st_size > MU_LIMIT_FILE)
        err = mu_fail_set(fail, MU_USAGE, "%s has more than %u KiB", name, MU_LIMIT_FILE >> 10);
    if (err == MU_OK) {
        *bytes = mu_xcalloc((size_t)info.st_size + 1, 1);
        ssize_t got = read(fd, *bytes, (size_t)info.st_size);
        *len = got > 0 ? (size_t)got : 0;
        err = got < 0 ? mu_fail_set(fail, MU_USAGE, "can't read %s: %s", name, strerror(errno))
                      : check_text(name, *bytes, *len, fail);
    }
    close(fd);
    if (err != MU_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return err;
}

/* The file of that path below a folder. */
static enum mu_err add_from(struct mu_bundle *bundle, const char *folder, const char *path,
                            struct mu_fail *fail)
{
    char *name = mu_xasprintf("%s/%s", folder, path), *bytes = NULL;
    size_t len = 0;
    enum mu_err err = read_file(name, &bytes, &len, fail);
    if (err == MU_OK)
        mu_bundle_add(bundle, path, bytes, len);
    if (err == MU_OK)
        free(bytes);
    free(name);
    return err;
}

static enum mu_err add_file(struct mu_bundle *bundle, const char *path, struct mu_fail *fail)
{
    return add_from(bundle, bundle->folder, path, fail);
}

/* Hidden files, editors' own and (of lib/) what is no Lua are left where they are. */
static bool belongs(const char *folder, const char *name)
{
    size_t len = strlen(name);
    if (name[0] == '.' || name[len - 1] == '~')
        return false;
    return strcmp(folder, "lib") != 0 || (len > 4 && strcmp(name + len - 4, ".lua") == 0);
}

static enum mu_err too_many(const struct mu_bundle *bundle, struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_USAGE, "%s holds more than %d files: is it a playbook's folder?",
                       bundle->folder, FILES_MAX);
}

static enum mu_err add_entry(struct mu_bundle *bundle, const char *folder, const char *name,
                             struct mu_fail *fail)
{
    if (bundle->count == FILES_MAX)
        return too_many(bundle, fail);
    char *path = mu_xasprintf("%s/%s", folder, name);
    enum mu_err err = add_file(bundle, path, fail);
    free(path);
    return err;
}

/* Every file of templates/ and lib/; what is deeper is refused as no regular file. */
static enum mu_err add_folder(struct mu_bundle *bundle, const char *folder, struct mu_fail *fail)
{
    char *name = mu_xasprintf("%s/%s", bundle->folder, folder);
    struct stat info;
    bool link = lstat(name, &info) == 0 && S_ISLNK(info.st_mode);
    DIR *dir = link ? NULL : opendir(name);
    enum mu_err err = MU_OK;
    free(name);
    if (link)
        return mu_fail_set(fail, MU_USAGE, "%s/%s is a link; make it a folder", bundle->folder,
                           folder);
    if (dir == NULL)
        return MU_OK;
    for (struct dirent *entry; err == MU_OK && (entry = readdir(dir)) != NULL;)
        if (belongs(folder, entry->d_name))
            err = add_entry(bundle, folder, entry->d_name, fail);
    closedir(dir);
    return err;
}

/* Shared libraries that the playbook uses: of the folder it lies in, else of those in search. */
struct shared {
    char *beside;
    const char *const *search;
};

static enum mu_err add_library(struct mu_bundle *bundle, const char *folder, const char *path,
                               struct mu_fail *fail)
{
    bool there;
    if (bundle->count == FILES_MAX)
        return too_many(bundle, fail);
    enum mu_err err = add_from(bundle, folder, path, fail);
    if (err == MU_OK)
        bundle->files[position(bundle, path, &there)].origin = mu_xasprintf("%s/%s", folder, path);
    return err;
}

static enum mu_err find_library(struct mu_bundle *bundle, const char *path, void *ud,
                                struct mu_fail *fail)
{
    const struct shared *shared = ud;
    const char *folder = shared->beside;
    for (size_t i = 0; folder; folder = shared->search ? shared->search[i++] : NULL) {
        char *name = mu_xasprintf("%s/%s", folder, path);
        struct stat info;
        bool there = lstat(name, &info) == 0;
        free(name);
        if (there)
            return add_library(bundle, folder, path, fail);
    }
    return MU_OK; /* the text that uses it is wrong: playbook/uses.h */
}

static enum mu_err add_shared(struct mu_bundle *bundle, const char *const *search,
                              struct mu_fail *fail)
{
    const char *slash = strrchr(bundle->folder, '/');
    struct shared shared = {slash ? mu_xstrndup(bundle->folder, (size_t)(slash - bundle->folder))
                                  : mu_xstrdup(".."),
                            search};
    enum mu_err err = mu_uses_complete(bundle, find_library, &shared, fail);
    free(shared.beside);
    return err;
}

static bool is_folder(const char *name)
{
    struct stat info;
    return stat(name, &info) == 0 && S_ISDIR(info.st_mode);
}

static void try_names(struct mu_near *near, const char *dir, char *best, size_t size)
{
    DIR *folder = opendir(dir);
    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *before = near->best;
        unsigned distance = near->distance;
        if (entry->d_name[0] != '.')
            mu_near_try(near, entry->d_name);
        if (near->best != before || near->distance != distance) {
            snprintf(best, size, "%s", entry->d_name);
            near->best = best;
        }
    }
    closedir(folder);
}

static enum mu_err not_found(const char *typed, const char *const *search, struct mu_fail *fail)
{
    struct mu_near near = {.typed = typed};
    char best[256] = "";
    struct mu_buf places = {0};
    for (size_t i = 0; search && search[i]; i++) {
        try_names(&near, search[i], best, sizeof best);
        mu_buf_addf(&places, "%s%s", i ? ", " : "", search[i]);
    }
    enum mu_err err =
        mu_fail_set(fail, MU_USAGE, "no playbook \"%s\"%s%s%s in %s; write ./%s for a folder",
                    typed, near.best ? " (did you mean " : "", near.best ? near.best : "",
                    near.best ? "?)" : "", mu_buf_text(&places), typed);
    mu_buf_free(&places);
    return err;
}

/* "./nosuch": nothing but that folder was meant; one beside it may be near. */
static enum mu_err no_folder(const char *typed, struct mu_fail *fail)
{
    struct stat st;
    if (stat(typed, &st) == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "no playbook \"%s\": that is a file, and a playbook is the folder in "
                           "which its playbook.lua is",
                           typed);
    char *parent = mu_xstrdup(typed), best[256] = "";
    for (size_t len = strlen(parent); len > 1 && parent[len - 1] == '/';)
        parent[--len] = '\0';
    char *slash = strrchr(parent, '/');
    struct mu_near near = {.typed = slash ? slash + 1 : parent};
    if (slash)
        *slash = '\0';
    try_names(&near, slash ? parent[0] ? parent : "/" : ".", best, sizeof best);
    enum mu_err err = mu_fail_set(
        fail, MU_USAGE, "no playbook \"%s\": there is no such folder%s%s%s%s%s", typed,
        near.best ? " (did you mean " : "", near.best && slash ? parent : "",
        near.best && slash ? "/" : "", near.best ? near.best : "", near.best ? "?)" : "");
    free(parent);
    return err;
}

static bool is_path(const char *typed)
{
    return typed[0] == '.' || strchr(typed, '/') != NULL;
}

/* Of playbooks/x/playbook.lua, or of its test.lua; NULL = neither. */
static char *folder_of_file(const char *typed)
{
    const char *slash = strrchr(typed, '/'), *name = slash ? slash + 1 : typed;
    if (strcmp(name, "playbook.lua") != 0 && strcmp(name, "test.lua") != 0)
        return NULL;
    return slash > typed ? mu_xstrndup(typed, (size_t)(slash - typed))
                         : mu_xstrdup(slash ? "/" : ".");
}

static char *find_folder(const char *typed, const char *const *search)
{
    char *above = folder_of_file(typed);
    if (above)
        return above;
    if (is_path(typed))
        return is_folder(typed) ? mu_xstrdup(typed) : NULL;
    for (size_t i = 0; search && search[i]; i++) {
        char *folder = mu_xasprintf("%s/%s", search[i], typed);
        if (is_folder(folder))
            return folder;
        free(folder);
    }
    return NULL;
}

enum mu_err mu_bundle_load(const char *typed, const char *const *search, struct mu_bundle **out,
                           struct mu_fail *fail)
{
    char *folder = find_folder(typed, search);
    *out = NULL;
    if (folder == NULL)
        return is_path(typed) ? no_folder(typed, fail) : not_found(typed, search, fail);
    struct mu_bundle *bundle = mu_bundle_new();
    free(bundle->folder);
    bundle->folder = realpath(folder, NULL); /* so that "." has a name too */
    if (bundle->folder == NULL)
        bundle->folder = folder;
    else
        free(folder);
    enum mu_err err = add_file(bundle, "playbook.lua", fail);
    if (err == MU_OK)
        err = add_folder(bundle, "templates", fail);
    if (err == MU_OK)
        err = add_folder(bundle, "lib", fail);
    if (err == MU_OK)
        err = add_shared(bundle, search, fail);
    if (err == MU_OK)
        *out = bundle;
    else
        mu_bundle_free(bundle);
    return err;
}
