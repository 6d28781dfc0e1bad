/* SPDX-License-Identifier: MIT
 *
 * One look with a playbook's detect, and one plain HTTP GET: what the supervisor does between runs, in this
 * process, in memory. A look is a run like any other whose main only hands over what detect said; it may
 * change nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "io/http.h"

#define MAIN "\nfunction main(_, samples) evidence(\"look\", samples.last) finish(\"looked\") end\n"

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    if (strcmp(path, "playbook.lua") == 0) {
        char *text = mu_xasprintf("%.*s%s", (int)len, bytes, MAIN);
        mu_bundle_add(ud, path, text, strlen(text));
        free(text);
    } else {
        mu_bundle_add(ud, path, bytes, len);
    }
    return true;
}

static bool keep_look(const struct mu_row *row, void *ud)
{
    if (row->type != MU_ROW_NOTE || strcmp(row->verb, "evidence") != 0)
        return true;
    json_t **out = ud, *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (strcmp(mu_json_str(value, "what", ""), "look") == 0) {
        json_decref(*out);
        *out = json_incref(json_object_get(value, "value"));
    }
    json_decref(value);
    return true;
}

enum mu_err mu_run_look(const struct mu_config *config, const struct mu_bundle *bundle,
                        const struct mu_header *header, const json_t *params, json_t **out,
                        struct mu_fail *fail)
{
    struct mu_header harmless = *header;
    struct mu_bundle *look = mu_bundle_new();
    json_t *who = json_pack("{s:s}", "name", "serve"),
           *trigger = json_pack("{s:s}", "kind", "look");
    harmless.may_change = json_array();
    mu_bundle_each(bundle, add_file, look);
    struct mu_run_request request = {.bundle = look,
                                     .header = &harmless,
                                     .params = params,
                                     .config = config,
                                     .world = "live",
                                     .who = who,
                                     .trigger = trigger};
    struct mu_journal *journal = mu_run_create_memory(&request);
    struct mu_execute execute = {.journal = journal, .config = config, .who = who, .wake_fd = -1};
    *out = NULL;
    *fail = (struct mu_fail){.class = MU_OK};
    (void)!mu_run_execute(&execute, fail);
    (void)!mu_journal_each(journal, 0, keep_look, out, NULL);
    mu_journal_close(journal);
    json_decref(harmless.may_change);
    json_decref(who);
    json_decref(trigger);
    mu_bundle_free(look);
    if (json_is_object(*out))
        return MU_OK;
    json_decref(*out);
    *out = NULL;
    if (fail->text[0] == '\0')
        mu_fail_set(fail, MU_USAGE, "detect said nothing");
    return fail->class == MU_OK ? (fail->class = MU_USAGE) : fail->class;
}

/* --- one GET --- */

struct get {
    bool done;
    enum mu_err err;
    struct mu_fail *fail;
};

static void on_answer(const struct mu_http_response *response, void *ud)
{
    struct get *get = ud;
    get->done = true;
    if (response->err != MU_OK)
        get->err = mu_fail_set(get->fail, response->err, "%s", response->why);
    else if (response->status < 200 || response->status > 299)
        get->err = mu_fail_set(get->fail, MU_REMOTE, "it answered %d", response->status);
}

enum mu_err mu_run_get(const struct mu_config *config, const char *url, int timeout_ms,
                       struct mu_fail *fail)
{
    struct run *run = MU_NEW(struct run);
    struct get get = {.err = MU_OK, .fail = fail};
    struct mu_http_request request = {.method = "GET", .url = url, .timeout_ms = timeout_ms};
    run->config = config;
    get.err = host_open(run, fail);
    if (get.err == MU_OK) {
        struct mu_op *op = mu_http_start(run->host.http, &request, on_answer, &get);
        while (op && !get.done && mu_loop_turn(run->loop, true))
            ;
    }
    host_close(run);
    free(run);
    return get.err;
}
