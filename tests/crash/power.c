/* SPDX-License-Identifier: MIT
 *
 * What a power cut takes back. Every write since the last sync of its file is remembered with what
 * stood there before, every name since the last sync of its folder with what it was. At the cut each
 * file keeps a random prefix of those writes, the last one torn at a random octet, or (half of the
 * time) any subset of their sectors: a disk owes nobody an order. A folder keeps a prefix of its names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "crash.h"

#define SECTOR 512

struct write { /* what stood at offset before, and where the file ended */
    int64_t offset, len, had, size;
    uint8_t *before;
    struct write *older;
};

struct file {
    char path[CRASH_PATH];
    struct write *newest;
    int64_t count;
    struct file *next;
};

enum name_kind { NAME_CREATED, NAME_RENAMED, NAME_UNLINKED };

struct name {
    enum name_kind kind;
    char folder[CRASH_PATH], path[CRASH_PATH], from[CRASH_PATH];
    char kept[CRASH_PATH]; /* a hard link to what was under path; "" = nothing */
    struct name *older;
};

static struct file *files;
static struct name *names;
static int64_t name_count;

bool power_wanted(void)
{
    return crash_armed()->kind == PLAN_POWER ||
           (crash_armed()->kind == PLAN_FAULT && crash_armed()->cut);
}

static void copy_path(char out[CRASH_PATH], const char *path)
{
    snprintf(out, CRASH_PATH, "%s", path);
}

/* --- data --- */

static struct file *file_of(const char *path, bool make)
{
    for (struct file *file = files; file; file = file->next)
        if (strcmp(file->path, path) == 0)
            return file;
    if (!make)
        return NULL;
    struct file *file = MU_NEW(struct file);
    copy_path(file->path, path);
    file->next = files;
    files = file;
    return file;
}

void power_remember(const char *path, int64_t offset, int64_t len, int64_t size, int64_t had,
                    uint8_t *before_take)
{
    struct file *file = file_of(path, true);
    struct write *write = MU_NEW(struct write);
    *write = (struct write){.offset = offset,
                            .len = len,
                            .had = had,
                            .size = size,
                            .before = before_take,
                            .older = file->newest};
    file->newest = write;
    file->count++;
}

static void forget(struct file *file)
{
    for (struct write *write = file->newest, *older; write; write = older) {
        older = write->older;
        free(write->before);
        free(write);
    }
    file->newest = NULL;
    file->count = 0;
}

void power_synced(const char *path)
{
    struct file *file = file_of(path, false);
    if (file)
        forget(file);
}

void power_synced_inode(ino_t inode)
{
    struct stat st;
    for (struct file *file = files; file; file = file->next)
        if (stat(file->path, &st) == 0 && st.st_ino == inode)
            forget(file);
}

static void put(int fd, const uint8_t *bytes, int64_t len, int64_t offset)
{
    if (len > 0 && pwrite(fd, bytes, (size_t)len, offset) != len)
        _exit(72);
}

static void take_back(int fd, const struct write *write)
{
    put(fd, write->before, write->had, write->offset);
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_size > write->size && ftruncate(fd, write->size) != 0))
        _exit(72);
}

/* Only its head made it. */
static void tear(int fd, const struct write *write, uint64_t *dice)
{
    int64_t keep = (int64_t)(crash_random(dice) % (uint64_t)(write->len ? write->len : 1));
    if (keep < write->had)
        put(fd, write->before + keep, write->had - keep, write->offset + keep);
    struct stat st;
    int64_t end = write->offset + keep > write->size ? write->offset + keep : write->size;
    if (fstat(fd, &st) == 0 && st.st_size > end && ftruncate(fd, end) != 0)
        _exit(72);
}

static void lose_sectors(int fd, const struct write *write, uint64_t *dice)
{
    static const uint8_t zeros[SECTOR];
    for (int64_t at = 0; at < write->len && at < 1 << 20; at += SECTOR) {
        int64_t len = write->len - at < SECTOR ? write->len - at : SECTOR;
        int64_t had = write->had <= at ? 0 : write->had - at < len ? write->had - at : len;
        if (crash_random(dice) % 2 == 0)
            continue;
        put(fd, write->before + at, had, write->offset + at);
        struct stat st;
        int64_t end = fstat(fd, &st) == 0 ? st.st_size : 0;
        int64_t hole = write->offset + at + had;
        if (hole + (len - had) <= end) /* allocated, never written: zeros */
            put(fd, zeros, len - had, hole);
    }
}

static void cut_file(struct file *file, uint64_t *dice, bool all)
{
    int64_t keep = all ? 0 : (int64_t)(crash_random(dice) % (uint64_t)(file->count + 1));
    bool sectors = !all && crash_random(dice) % 2 == 0;
    int64_t back = file->count - keep;
    if (file->count == 0)
        return;
    int fd = open(file->path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == EACCES && chmod(file->path, 0600) == 0)
        fd = open(file->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return; /* its name is gone: nothing of it is to be seen */
    struct write *write = file->newest;
    for (int64_t i = 0; write; i++, write = write->older) {
        if (sectors && write->len < 1ll << 30)
            lose_sectors(fd, write, dice);
        else if (i < back)
            take_back(fd, write);
        else if (i == back && keep > 0 && write->len < 1ll << 30)
            tear(fd, write, dice);
        crash_tally()->undone++;
    }
    close(fd);
}

/* --- names --- */

static void folder_of(const char *path, char out[CRASH_PATH])
{
    copy_path(out, path);
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static struct name *name_add(enum name_kind kind, const char *path, const char *from)
{
    struct name *name = MU_NEW(struct name);
    name->kind = kind;
    folder_of(path, name->folder);
    copy_path(name->path, path);
    copy_path(name->from, from);
    name->older = names;
    names = name;
    name_count++;
    return name;
}

/* What path names now gets a second name, in the graveyard. */
static void keep_old(struct name *name, const char *path)
{
    static int number;
    snprintf(name->kept, sizeof name->kept, "%.400s/graveyard/%d", crash_place.root, number++);
    unlink(name->kept);
    if (link(path, name->kept) != 0)
        name->kept[0] = '\0';
}

void power_created(const char *path)
{
    if (power_wanted())
        name_add(NAME_CREATED, path, "");
}

void power_unlinking(const char *path)
{
    if (power_wanted() && access(path, F_OK) == 0)
        keep_old(name_add(NAME_UNLINKED, path, ""), path);
}

void power_renaming(const char *from, const char *to)
{
    if (power_wanted())
        keep_old(name_add(NAME_RENAMED, to, from), to);
}

/* The unsynced writes go with the name; those of the file that was there are of no interest. */
void power_renamed(const char *from, const char *to)
{
    struct file *file = file_of(from, false), *over = file_of(to, false);
    if (over)
        copy_path(over->path, names->kept);
    if (file)
        copy_path(file->path, to);
}

void power_folder_synced(const char *folder)
{
    struct name **at = &names;
    while (*at) {
        struct name *name = *at;
        if (strcmp(name->folder, folder) != 0) {
            at = &name->older;
            continue;
        }
        *at = name->older;
        name_count--;
        if (name->kept[0])
            unlink(name->kept);
        free(name);
    }
}

static void take_name_back(const struct name *name)
{
    switch (name->kind) {
    case NAME_CREATED:
        unlink(name->path);
        break;
    case NAME_RENAMED:
        if (rename(name->path, name->from) == 0 && name->kept[0])
            (void)!link(name->kept, name->path);
        break;
    case NAME_UNLINKED:
        if (name->kept[0])
            (void)!link(name->kept, name->path);
        break;
    }
    crash_tally()->undone++;
}

/* What a -shm holds is made anew by who opens the file first; after a power cut it holds nothing. */
static void drop_shared_memory(const char *folder)
{
    char path[CRASH_PATH * 2];
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 4, "-shm") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
}

/* What is noted beside a journal (journal/mark.c) is written behind the VFS and never synced. */
static void drop_marks(uint64_t *dice, bool all)
{
    DIR *folder = opendir(crash_path("state/runs"));
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        char path[CRASH_PATH];
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".lock") != 0 || (!all && crash_random(dice) % 2))
            continue;
        snprintf(path, sizeof path, "%.400s/%.80s", crash_path("state/runs"), entry->d_name);
        if (truncate(path, 0) != 0)
            abort();
    }
    if (folder)
        closedir(folder);
}

void power_cut(uint64_t seed, bool all)
{
    uint64_t dice = seed;
    for (struct file *file = files; file; file = file->next)
        cut_file(file, &dice, all);
    int64_t back = all ? name_count : (int64_t)(crash_random(&dice) % (uint64_t)(name_count + 1));
    for (struct name *name = names; name && back > 0; name = name->older, back--)
        take_name_back(name);
    drop_marks(&dice, all);
    drop_shared_memory(crash_path("state"));
    drop_shared_memory(crash_path("state/runs"));
}
