/* SPDX-License-Identifier: MIT
 *
 * Who may use what muster makes; see share.h. The folder above decides, so that an administrator says it once
 * (`install -d -m 2770 -g oncall DIR`); the setgid bit makes SQLite's side files the group's, too. Members of
 * the group may put names into such a folder: symbolic links are not followed. */
#include "base/share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define PRIVATE_FILE  0600
#define SHARED_FILE   0660
#define SHARED_FOLDER 02770
#define PERMISSIONS   07777

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL   ? mu_xstrdup(".")
           : slash == path ? mu_xstrdup("/")
                           : mu_xstrndup(path, (size_t)(slash - path));
}

/* Of the folder above path, when its group may write there. */
static bool sharing_group(const char *path, gid_t *group)
{
    struct stat st;
    char *folder = folder_of(path);
    bool shared = stat(folder, &st) == 0 && (st.st_mode & S_IWGRP) != 0;
    free(folder);
    *group = shared ? st.st_gid : 0;
    return shared;
}

/* Never a bit for a group other than the folder's. */
static void share_file(int fd, const char *path)
{
    gid_t group;
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
        (st.st_mode & PERMISSIONS) != PRIVATE_FILE || !sharing_group(path, &group))
        return;
    if (st.st_gid == group || fchown(fd, (uid_t)-1, group) == 0)
        (void)!fchmod(fd, SHARED_FILE);
}

int mu_share_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, PRIVATE_FILE);
    if (fd >= 0 && (flags & O_CREAT))
        share_file(fd, path);
    return fd;
}

int mu_share_close_to_writing(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    return fchmod(fd, st.st_mode & S_IRGRP ? 0440 : 0400) == 0 ? 0 : errno;
}

static void share_path(const char *path, gid_t group)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return;
    if (st.st_gid == group || lchown(path, (uid_t)-1, group) == 0)
        (void)!fchmodat(AT_FDCWD, path, (st.st_mode & S_IRWXU) | (st.st_mode & S_IRWXU) >> 3,
                        AT_SYMLINK_NOFOLLOW);
}

void mu_share_files(const char *dir)
{
    gid_t group;
    char *inside = mu_xasprintf("%s/.", dir);
    DIR *entries = sharing_group(inside, &group) ? opendir(dir) : NULL;
    free(inside);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        char *path = mu_xasprintf("%s/%s", dir, entry->d_name);
        share_path(path, group);
        free(path);
    }
    if (entries)
        closedir(entries);
}

bool mu_share_folder(const char *path)
{
    gid_t group;
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
        !sharing_group(path, &group) || ((st.st_mode & S_IWGRP) && st.st_gid == group))
        return false;
    if ((st.st_gid != group && lchown(path, (uid_t)-1, group) != 0) ||
        fchmodat(AT_FDCWD, path, SHARED_FOLDER, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    mu_share_files(path);
    return true;
}

/* --- names --- */

static void user_name(uid_t uid, char name[64])
{
    const struct passwd *entry = getpwuid(uid);
    if (entry)
        snprintf(name, 64, "%s", entry->pw_name);
    else
        snprintf(name, 64, "uid %lu", (unsigned long)uid);
}

static void group_name(gid_t gid, char name[64])
{
    const struct group *entry = getgrgid(gid);
    if (entry)
        snprintf(name, 64, "%s", entry->gr_name);
    else
        snprintf(name, 64, "gid %lu", (unsigned long)gid);
}

/* --- the state folder --- */

bool mu_share_is_for_another(const struct stat *st)
{
    return geteuid() == 0 && st->st_uid != 0 && !(st->st_mode & S_IWGRP);
}

enum mu_err mu_share_check(const char *dir, struct mu_fail *fail)
{
    struct stat st;
    char group[64];
    if (stat(dir, &st) != 0)
        return MU_OK; /* whoever opens something in it says why */
    if (st.st_mode & S_IWOTH)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.300s: everybody on this host may write there (mode %04o), and so answer and act in "
            "the name of others: chmod o-rwx %.300s; a team shares it by a group, see \"A team on "
            "one host\" in docs/operating.md",
            dir, (unsigned)(st.st_mode & PERMISSIONS), dir);
    if (mu_share_is_for_another(&st)) {
        user_name(st.st_uid, group);
        return mu_fail_set(fail, MU_STORAGE,
                           "%.300s belongs to %s, and what root makes there %s could not use: sudo "
                           "-u %s muster ...",
                           dir, group, group, group);
    }
    if ((st.st_mode & (S_IWGRP | S_ISGID)) != S_IWGRP)
        return MU_OK;
    if (chmod(dir, (st.st_mode & PERMISSIONS) | S_ISGID) == 0 && stat(dir, &st) == 0 &&
        (st.st_mode & S_ISGID))
        return MU_OK;
    group_name(st.st_gid, group);
    return mu_fail_set(fail, MU_STORAGE,
                       "%.300s: its group %s may write there, but new files would not belong to "
                       "that group: let its owner do chmod g+s %.300s",
                       dir, group, dir);
}

/* --- what is in the way --- */

static void describe(const char *path, char *text, size_t size)
{
    struct stat st;
    char owner[64], group[64], we[64];
    if (stat(path, &st) != 0)
        return;
    user_name(st.st_uid, owner);
    group_name(st.st_gid, group);
    user_name(geteuid(), we);
    snprintf(text, size, "%.300s belongs to %s, group %s, mode %04o, and muster runs as %s", path,
             owner, group, (unsigned)(st.st_mode & PERMISSIONS), we);
}

/* Is there a folder above path that can't be entered? Then that is what is described. */
static bool blocked_above(const char *path, char *text, size_t size)
{
    char *part = mu_xstrdup(path);
    bool blocked = false;
    for (char *slash = strchr(part + 1, '/'); slash && !blocked; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        blocked = access(part, X_OK) != 0 && errno == EACCES;
        if (blocked)
            describe(part, text, size);
        *slash = '/';
    }
    free(part);
    return blocked;
}

void mu_share_obstacle(const char *path, char *text, size_t size)
{
    struct stat st;
    text[0] = '\0';
    if (blocked_above(path, text, size))
        return;
    char *folder = folder_of(path);
    if (stat(path, &st) == 0 && access(path, R_OK | W_OK | (S_ISDIR(st.st_mode) ? X_OK : 0)) != 0)
        describe(path, text, size);
    else if (access(folder, W_OK) != 0) /* something is to be made or removed there */
        describe(folder, text, size);
    free(folder);
}
