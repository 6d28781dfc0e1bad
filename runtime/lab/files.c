/* SPDX-License-Identifier: MIT
 *
 * Folder and files of the lab; see files.h. */
#include "lab/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"

static bool make_one(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0700) == 0)
        return true;
    int saved = errno;
    if (saved == EEXIST && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    errno = saved;
    return false;
}

enum mu_err mu_lab_folder_make(const char *dir, struct mu_fail *fail)
{
    char *path = mu_xstrdup(dir);
    bool made = true;
    for (char *p = path + 1; made && *path != '\0' && *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        made = make_one(path);
        *p = '/';
    }
    made = made && make_one(path);
    int saved = errno;
    free(path);
    return made ? MU_OK
                : mu_fail_set(fail, MU_STORAGE, "can't make the folder %s: %s", dir,
                              strerror(saved));
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

enum mu_err mu_lab_file_write(const char *dir, const char *name, const void *bytes, size_t len,
                              struct mu_fail *fail)
{
    char *path = mu_xasprintf("%s/%s", dir, name);
    char *fresh = mu_xasprintf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, bytes, len);
    int saved = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        saved = errno;
    }
    if (ok && rename(fresh, path) != 0) {
        ok = false;
        saved = errno;
    }
    if (!ok)
        mu_fail_set(fail, MU_STORAGE, "can't write %s: %s", path, strerror(saved));
    free(fresh);
    free(path);
    return ok ? MU_OK : MU_STORAGE;
}

static char *read_fd(int fd)
{
    char *text = mu_xcalloc(MU_LIMIT_FILE + 1, 1);
    size_t len = 0;
    ssize_t got;
    do {
        got = read(fd, text + len, MU_LIMIT_FILE - len);
        len += got > 0 ? (size_t)got : 0;
    } while (len < MU_LIMIT_FILE && (got > 0 || (got < 0 && errno == EINTR)));
    if (got >= 0)
        return text;
    free(text);
    return NULL;
}

char *mu_lab_file_read(const char *path, struct mu_fail *fail)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? read_fd(fd) : NULL;
    if (text == NULL)
        mu_fail_set(fail, MU_STORAGE, "can't read %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return text;
}

static void remove_below(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(fd, entry->d_name, 0) != 0) {
            remove_below(fd, entry->d_name);
            unlinkat(fd, entry->d_name, AT_REMOVEDIR);
        }
    }
    closedir(dir);
}

void mu_lab_folder_remove(const char *dir)
{
    remove_below(AT_FDCWD, dir);
    rmdir(dir);
}
