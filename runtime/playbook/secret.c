/* SPDX-License-Identifier: MIT
 *
 * Where secrets come from; see secret.h. */
#include "playbook/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"

#define MOST 8192 /* octets: a private key in PEM has about 3,200 */

static enum mu_err keep(const char *name, char *text, struct mu_fail *fail)
{
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        text[--len] = '\0';
    enum mu_err err = mu_redact_register(name, text, fail);
    explicit_bzero(text, strlen(text));
    return err;
}

static enum mu_err from_file(const char *name, const char *file, const char *dir,
                             struct mu_fail *fail)
{
    struct stat info;
    char text[MOST + 1];
    char *path = file[0] == '/' ? mu_xstrdup(file) : mu_xasprintf("%s/%s", dir, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not make us wait */
    enum mu_err err = MU_OK;
    if (fd < 0 || fstat(fd, &info) != 0)
        err = mu_fail_set(fail, MU_CONFIG, "the secret's file %s can't be read: %s", path,
                          strerror(errno));
    else if (!S_ISREG(info.st_mode) || info.st_size > MOST)
        err = mu_fail_set(fail, MU_CONFIG,
                          "the secret's file %s is not a regular file of at most %d KiB", path,
                          MOST >> 10);
    else if (info.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH))
        err = mu_fail_set(fail, MU_CONFIG,
                          "the secret's file %s can be read by others: chmod 600 %s", path, path);
    ssize_t len = err == MU_OK ? read(fd, text, MOST) : 0;
    if (fd >= 0)
        close(fd);
    if (err == MU_OK) {
        text[len > 0 ? len : 0] = '\0';
        err = keep(name, text, fail);
    }
    if (err != MU_OK && fd >= 0)
        mu_fail_prefix(fail, "%s", path);
    free(path);
    return err;
}

/* What was read from the environment, by variable: there it is wiped at once, so that it stands in no
 * /proc/PID/environ of a run's processes, which live for hours, nor in that of a child. */
static struct taken {
    char *variable, *text;
    struct taken *next;
} * taken;

static const char *take_variable(const char *variable)
{
    char *text = getenv(variable);
    for (const struct taken *item = taken; item && (text == NULL || text[0] == '\0');
         item = item->next)
        if (strcmp(item->variable, variable) == 0)
            return item->text;
    if (text == NULL || text[0] == '\0')
        return text;
    struct taken *item = MU_NEW(struct taken);
    *item = (struct taken){mu_xstrdup(variable), mu_xstrdup(text), taken};
    taken = item; /* the newest counts */
    explicit_bzero(text, strlen(text));
    return item->text;
}

static enum mu_err from_environment(const char *name, const char *variable, struct mu_fail *fail)
{
    const char *text = take_variable(variable);
    if (text == NULL)
        return mu_fail_set(fail, MU_CONFIG, "the secret's environment variable %s is not set",
                           variable);
    return mu_redact_register(name, text, fail) == MU_OK ? MU_OK
                                                         : mu_fail_prefix(fail, "$%s", variable);
}

static enum mu_err from_stdin(const char *name, struct mu_fail *fail)
{
    char text[MOST + 1];
    if (fgets(text, sizeof text, stdin) == NULL)
        return mu_fail_set(fail, MU_CONFIG, "no secret came on standard input");
    return keep(name, text, fail);
}

/* Names and places only, never a text. Process-wide, as the registry of redaction is. */
static struct origin {
    char *name, *source;
    struct origin *next;
} * origins;

const char *secret_source(const char *name)
{
    for (const struct origin *origin = origins; origin; origin = origin->next)
        if (strcmp(origin->name, name) == 0)
            return origin->source;
    return NULL;
}

static void remember(const char *name, const char *source, const char *dir)
{
    struct origin *origin = MU_NEW(struct origin);
    const char *file = strncmp(source, "file:", 5) == 0 ? source + 5 : NULL;
    char *path =
        file ? mu_xasprintf("%s%s%s", file[0] == '/' ? "" : dir, file[0] == '/' ? "" : "/", file)
             : NULL;
    char *real = path ? realpath(path, NULL) : NULL;
    *origin = (struct origin){.name = mu_xstrdup(name),
                              .source = path ? mu_xasprintf("file:%s", real ? real : path)
                                             : mu_xstrdup(source),
                              .next = origins};
    origins = origin; /* the newest counts */
    free(real);
    free(path);
}

static enum mu_err read_from(const char *name, const char *source, const char *dir,
                             struct mu_fail *fail)
{
    if (strncmp(source, "file:", 5) == 0)
        return from_file(name, source + 5, dir, fail);
    if (strncmp(source, "env:", 4) == 0)
        return from_environment(name, source + 4, fail);
    if (strcmp(source, "-") == 0)
        return from_stdin(name, fail);
    return mu_fail_set(fail, MU_USAGE,
                       "a secret is never given as it is (others see your command line): use "
                       "file:PATH, env:NAME or - for stdin");
}

enum mu_err secret_read(const char *name, const char *source, const char *dir, struct mu_fail *fail)
{
    enum mu_err err = read_from(name, source, dir, fail);
    if (err == MU_OK)
        remember(name, source, dir);
    return err;
}

static const char *last_at(const char *text, size_t len)
{
    while (len > 0 && text[len - 1] != '@')
        len--;
    return len ? text + len - 1 : NULL;
}

/* "https://user:PASSWORD@host": registered under the key it stands at. One of fewer than 8 octets can't
 * be kept out of anything; docs/configuration.md says so. */
static void guard_userinfo(const char *name, const char *url)
{
    const char *start = strstr(url, "://"), *rest = start ? start + 3 : NULL;
    size_t len = rest ? strcspn(rest, "/?#") : 0;
    const char *at = len ? last_at(rest, len) : NULL;
    const char *colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
    if (colon == NULL)
        return;
    char *password = mu_xstrndup(colon + 1, (size_t)(at - colon - 1));
    (void)!mu_redact_register(name, password, NULL);
    explicit_bzero(password, strlen(password));
    free(password);
}

void secret_guard_urls(const char *name, const json_t *value)
{
    const char *key, *secret = mu_json_str(value, "$secret", NULL);
    json_t *item;
    size_t i;
    const char *text = secret ? mu_redact_secret(secret) : json_string_value(value);
    if (text)
        guard_userinfo(name, text);
    json_array_foreach(value, i, item)
    {
        secret_guard_urls(name, item);
    }
    json_object_foreach((json_t *)value, key, item)
    {
        char *path = mu_xasprintf("%s%s%s", name, name[0] ? "." : "", key);
        secret_guard_urls(path, item);
        free(path);
    }
}
