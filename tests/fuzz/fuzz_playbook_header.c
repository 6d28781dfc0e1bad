/* SPDX-License-Identifier: MIT
 *
 * A playbook as somebody sends it, read without running main: the header, its parameters, the linter.
 *
 *   up to a NUL   playbook.lua          rest   templates/t.md */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/redact.h"
#include "engine/run.h"
#include "playbook/bundle.h"
#include "playbook/check.h"
#include "playbook/header.h"

static void count_problem(const struct mu_problem *problem, void *ud)
{
    promise(problem->file && problem->what && problem->what[0] != '\0');
    promise(problem->line >= 1 && problem->column >= 1 && problem->rule && problem->why);
    *(int *)ud += problem->error;
}

static void check_header(const struct mu_header *header)
{
    promise(header->name && header->version && header->owner && header->summary);
    promise(header->stale_after_ms >= 0);
    json_t *json = mu_header_json(header), *params = NULL;
    char *text = mu_json_text(json);
    struct mu_fail fail = {0};
    json_t *again = mu_json_parse(text, strlen(text), &fail);
    promise(json_equal(again, json));
    json_decref(again);
    free(text);
    json_decref(json);
    static const char *const pairs[] = {"domain=example.com", "n=3", "wait=5m"};
    for (size_t count = 0; count <= 3; count++) {
        enum mu_err err = mu_params_resolve(header, pairs, count, NULL, &params, &fail);
        promise(err == MU_OK ? json_is_object(params) : fail.text[0] != '\0');
        if (err == MU_OK && header->exclusive)
            free(mu_params_fill(header->exclusive, params));
        if (err == MU_OK)
            json_decref(params);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const uint8_t *end = memchr(bytes, 0, len);
    size_t text_len = end ? (size_t)(end - bytes) : len;
    struct mu_bundle *bundle = mu_bundle_new();
    struct mu_header *header = NULL;
    struct mu_fail fail = {0};
    int errors = 0;
    mu_bundle_add(bundle, "playbook.lua", (const char *)bytes, text_len);
    if (end)
        mu_bundle_add(bundle, "templates/t.md", (const char *)end + 1, len - text_len - 1);
    enum mu_err err = mu_header_read(bundle, &header, &fail);
    promise(err == MU_OK ? header != NULL : fail.text[0] != '\0');
    int found = mu_check(bundle, mu_run_words(NULL), NULL, count_problem, &errors);
    promise(found == errors);
    promise(err == MU_OK || found > 0); /* what can't be read is said by the linter too */
    if (err == MU_OK) {
        check_header(header);
        mu_header_free(header);
    }
    mu_bundle_free(bundle);
    mu_redact_clear();
    return 0;
}
