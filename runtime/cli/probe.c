/* SPDX-License-Identifier: MIT
 *
 * See probe.h. A run in memory of a playbook that is made for the one call. */
#include "cli/probe.h"

#include <string.h>

#include "base/json.h"
#include "base/people.h"
#include "engine/run.h"
#include "journal/rows.h"

struct mu_bundle *probe_bundle(struct mu_cli *cli, const char *verb, const json_t *args, bool act)
{
    json_t *who = mu_cli_who(cli);
    const char *person = mu_people_of_account(cli->config->values, mu_json_str(who, "account", ""));
    struct mu_bundle *bundle = mu_call_bundle(verb, args, act, person ? person : MU_OWNER_NOBODY);
    json_decref(who);
    return bundle;
}

static bool keep_result(const struct mu_row *row, void *ud)
{
    if (row->type == MU_ROW_COMPLETION || row->type == MU_ROW_OUTCOME) {
        json_t **result = ud;
        json_decref(*result);
        *result = mu_json_parse(row->value, strlen(row->value), NULL);
    }
    return true;
}

static int execute(struct mu_cli *cli, const char *command, const struct mu_bundle *bundle,
                   const struct mu_header *header, json_t **result_out)
{
    struct mu_fail fail = {.class = MU_OK};
    json_t *who = mu_cli_who(cli), *params = json_object();
    struct mu_run_request request = {.bundle = bundle,
                                     .header = header,
                                     .params = params,
                                     .config = cli->config,
                                     .world = "live",
                                     .who = who};
    struct mu_journal *journal = mu_run_create_memory(&request);
    struct mu_execute execute = {
        .journal = journal, .config = cli->config, .who = who, .wake_fd = -1};
    int code = mu_run_execute(&execute, &fail);
    (void)!mu_journal_each(journal, 0, keep_result, result_out, NULL);
    code =
        *result_out ? 0 : mu_cli_fail(cli, command, code ? code : MU_EXIT_FAILED, "%s", fail.text);
    json_decref(params);
    json_decref(who);
    mu_journal_close(journal);
    return code;
}

int probe_once(struct mu_cli *cli, const char *command, const char *verb, const json_t *args,
               json_t **result_out)
{
    struct mu_fail fail;
    struct mu_header *header = NULL;
    struct mu_bundle *bundle = probe_bundle(cli, verb, args, false);
    *result_out = NULL;
    int code = mu_header_read(bundle, &header, &fail) == MU_OK
                   ? execute(cli, command, bundle, header, result_out)
                   : mu_cli_fail(cli, command, MU_EXIT_INTERNAL, "%s", fail.text);
    if (header)
        mu_header_free(header);
    mu_bundle_free(bundle);
    return code;
}
