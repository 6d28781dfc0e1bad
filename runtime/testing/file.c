/* SPDX-License-Identifier: MIT
 *
 * A playbook and its tests, read but not run; see testing.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "playbook/uses.h"
#include "testing/testing.h"

static enum mu_err read_text(struct mu_test_file *file, struct mu_fail *fail)
{
    FILE *in = fopen(file->path, "re");
    if (in == NULL)
        return mu_fail_set(fail, errno == ENOENT ? MU_REFUSED : MU_USAGE, "%s: %s", file->path,
                           errno == ENOENT
                               ? "there is no test.lua; docs/testing.md shows how one begins"
                               : strerror(errno));
    file->text = mu_xcalloc(1, MU_LIMIT_FILE + 1);
    file->len = fread(file->text, 1, MU_LIMIT_FILE, in);
    bool whole = feof(in) && !ferror(in);
    fclose(in);
    return whole ? MU_OK
                 : mu_fail_set(fail, MU_USAGE, "%s can't be read, or has more than %d KiB",
                               file->path, MU_LIMIT_FILE >> 10);
}

/* What the tests say of the world stands for muster.lua; nothing of the real one gets in. */
static enum mu_err take_config(struct mu_test_file *file, const struct mu_config *config,
                               struct mu_fail *fail)
{
    const char *own = mu_tests_config(file->tests);
    file->config = config;
    if (own == NULL)
        return MU_OK;
    json_t *values = mu_json_parse(own, strlen(own), fail);
    if (values == NULL)
        return fail->class;
    char *name = mu_xasprintf("%s: config", file->path);
    enum mu_err err =
        mu_config_make(values, name, mu_bundle_folder(file->bundle), &file->own, fail);
    free(name);
    file->config = file->own;
    return err;
}

/* What is shared with others is measured by nobody: no playbook needs all of it. */
static bool measure(const char *path, const char *text, size_t len, void *ud)
{
    struct mu_test_file *file = ud;
    if (mu_bundle_origin(file->bundle, path) == NULL)
        mu_coverage_add(&file->coverage, path, text, len);
    return true;
}

static enum mu_err read_playbook(struct mu_test_file *file, struct mu_fail *fail)
{
    enum mu_err err = mu_header_read(file->bundle, &file->header, fail);
    if (err != MU_OK)
        return err;
    mu_uses_each(file->bundle, measure, file);
    file->path = mu_xasprintf("%s/test.lua", mu_bundle_folder(file->bundle));
    return MU_OK;
}

static enum mu_err load_tests(struct mu_test_file *file, const char *chunk,
                              const struct mu_config *config, bool must, struct mu_fail *fail)
{
    enum mu_err err = mu_tests_load(file->text, file->len, chunk, &file->tests, fail);
    if (err == MU_OK && must && mu_tests_count(file->tests) == 0)
        err = mu_fail_set(fail, MU_USAGE,
                          "%s: there is no test in it: test(\"...\", function(world) ... end)",
                          file->path);
    return err == MU_OK ? take_config(file, config, fail) : err;
}

static struct mu_test_file *file_new(const char *typed, const char *const *search)
{
    struct mu_test_file *file = MU_NEW(struct mu_test_file);
    file->typed = mu_xstrdup(typed);
    file->search = search;
    return file;
}

/* Places are said from where a person stands: of several playbooks each has a test.lua. */
static void say_folder(const struct mu_test_file *file, struct mu_fail *fail)
{
    const char *folder = file->bundle ? mu_bundle_folder(file->bundle) : NULL;
    size_t name = strcspn(fail->text, ":");
    bool place = name > strlen(".lua") && strncmp(fail->text + name - 4, ".lua", 4) == 0;
    if (folder == NULL || !place || strncmp(fail->text, folder, strlen(folder)) == 0)
        return;
    char *text = mu_xasprintf("%s/%s", folder, fail->text);
    mu_fail_set(fail, fail->class, "%s", text);
    free(text);
}

/* The file, or nothing of it. */
static enum mu_err hand_out(enum mu_err err, struct mu_test_file *file, struct mu_test_file **out)
{
    if (err != MU_OK)
        mu_test_file_free(file);
    *out = err == MU_OK ? file : NULL;
    return err;
}

enum mu_err mu_test_file_load(const char *typed, const char *const *search,
                              const struct mu_config *config, bool must, struct mu_test_file **out,
                              struct mu_fail *fail)
{
    struct mu_test_file *file = file_new(typed, search);
    enum mu_err err = mu_bundle_load(typed, search, &file->bundle, fail);
    if (err == MU_OK)
        err = read_playbook(file, fail);
    if (err != MU_OK) {
        say_folder(file, fail);
        return hand_out(err, file, out);
    }
    err = read_text(file, fail);
    if (err == MU_REFUSED && !must) { /* nothing is known of its world, then */
        file->text = mu_xcalloc(1, 1);
        err = MU_OK;
    }
    if (err == MU_OK)
        err = load_tests(file, "test.lua", config, must, fail);
    if (err != MU_OK)
        say_folder(file, fail);
    return hand_out(err, file, out);
}

enum mu_err mu_test_file_with(struct mu_bundle *bundle_take, const char *const *search,
                              const struct mu_config *config, const char *text,
                              struct mu_test_file **out, struct mu_fail *fail)
{
    struct mu_test_file *file = file_new("", search);
    file->bundle = bundle_take;
    file->text = mu_xstrdup(text);
    file->len = strlen(text);
    enum mu_err err = read_playbook(file, fail);
    if (err == MU_OK)
        err = load_tests(file, "rehearsal", config, true, fail); /* no file has that text */
    return hand_out(err, file, out);
}

void mu_test_file_free(struct mu_test_file *file)
{
    if (file == NULL)
        return;
    mu_bundle_free(file->bundle);
    if (file->header)
        mu_header_free(file->header);
    mu_tests_free(file->tests);
    mu_config_free(file->own);
    mu_coverage_free(&file->coverage);
    free(file->typed);
    free(file->path);
    free(file->text);
    free(file);
}
