/* SPDX-License-Identifier: MIT
 *
 * Files that a person asked for, with the rights their umask gives; see files.h. */
#include "base/files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

enum mu_err mu_files_folder(const char *path, struct mu_fail *fail)
{
    char *copy = mu_xstrdup(path);
    int errnum = 0;
    for (char *p = copy + 1; errnum == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        errnum = mkdir(copy, 0777) != 0 && errno != EEXIST ? errno : 0;
        *p = end;
        if (end == '\0')
            break;
    }
    free(copy);
    return errnum ? mu_fail_set(fail, MU_STORAGE, "%s can't be made: %s", path, strerror(errnum))
                  : MU_OK;
}

enum mu_err mu_files_write(const char *dir, const char *name, const struct mu_buf *text,
                           struct mu_fail *fail)
{
    char *path = mu_xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    bool good = file && fwrite(mu_buf_text(text), 1, text->len, file) == text->len;
    good = file && fclose(file) == 0 && good;
    enum mu_err err =
        good ? MU_OK
             : mu_fail_set(fail, MU_STORAGE, "%s can't be written: %s", path, strerror(errno));
    free(path);
    return err;
}
