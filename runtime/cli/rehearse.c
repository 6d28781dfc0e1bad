/* SPDX-License-Identifier: MIT
 *
 * `muster rehearse RUN --with PLAYBOOK`: the world of a run that is over, played with another version. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/evidence.h"
#include "cli/say.h"
#include "cli/tested.h"
#include "engine/versions.h"
#include "testing/fixture.h"
#include "testing/testing.h"

static int tell(struct mu_cli *cli, const struct mu_test_file *file, const json_t *result)
{
    bool same = mu_json_bool(result, "ok", false);
    if (cli->json) {
        say_json_take(json_incref((json_t *)result));
    } else {
        tested_heading(file);
        tested_result(result);
        if (same) {
            tested_run(json_array_get(json_object_get(result, "runs"), 0));
            say("it does the same: same steps, questions, acts, messages and end (arguments that "
                "are not shown, and the "
                "texts of messages, are not compared)\n");
        }
    }
    return same ? MU_EXIT_OK : MU_EXIT_FAILED;
}

/* Published or not, signed or not: nothing of it is real. */
static enum mu_err choose(struct mu_cli *cli, const char *with, struct mu_bundle **out,
                          struct mu_fail *fail)
{
    struct mu_choice choice;
    (void)!mu_cli_open_store(cli, fail); /* without one nothing is published */
    enum mu_err err =
        mu_choose(cli->store, cli->config, with, mu_cli_playbook_path(cli), false, &choice, fail);
    if (err != MU_OK)
        return err;
    *out = choice.bundle;
    choice.bundle = NULL;
    mu_choice_fini(&choice);
    return MU_OK;
}

/* The world of the run as a test of that version. */
static enum mu_err load(struct mu_cli *cli, const char *path, const char *with,
                        const json_t *changed, struct mu_test_file **out, struct mu_fail *fail)
{
    struct mu_buf text = {0};
    struct mu_bundle *bundle = NULL;
    struct mu_header *header = NULL;
    enum mu_err err = choose(cli, with, &bundle, fail);
    if (err == MU_OK)
        err = mu_header_read(bundle, &header, fail);
    if (err == MU_OK)
        err = mu_fixture_for(path, header, changed, &text, fail);
    if (err == MU_OK)
        err = mu_test_file_with(bundle, mu_cli_playbook_path(cli), cli->config, mu_buf_text(&text),
                                out, fail);
    else
        mu_bundle_free(bundle);
    if (header)
        mu_header_free(header);
    mu_buf_free(&text);
    return err;
}

static int rehearse(struct mu_cli *cli, const char *path, const char *with, const json_t *changed)
{
    struct mu_fail fail;
    struct mu_test_file *file = NULL;
    enum mu_err err = load(cli, path, with, changed, &file, &fail);
    char *state = err == MU_OK ? mu_test_state_new(&fail) : NULL;
    int code;
    if (state == NULL) {
        code = mu_cli_fail(cli, "rehearse", MU_EXIT_USAGE, "%s", fail.text);
    } else {
        json_t *result = mu_test_play(file, 0, state);
        code = tell(cli, file, result);
        json_decref(result);
    }
    mu_test_state_free(state);
    mu_test_file_free(file);
    return code;
}

/* NULL: it is told what is wrong. */
static json_t *changes(struct mu_cli *cli, int argc, char **argv)
{
    json_t *changed = json_object();
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '='), *name;
        if (equals == NULL || equals == argv[i]) {
            mu_cli_fail(cli, "rehearse", MU_EXIT_USAGE, "\"%s\" is no parameter: key=value",
                        argv[i]);
            json_decref(changed);
            return NULL;
        }
        name = mu_xstrndup(argv[i], (size_t)(equals - argv[i]));
        json_object_set_new(changed, name, json_string(equals + 1));
        free(name);
    }
    return changed;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    char path[EVIDENCE_PATH], incident[32];
    const char *with = NULL;
    mu_cli_option(&argc, argv, "--with", &with);
    int code = mu_cli_no_more_options(&mu_command_rehearse, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_rehearse, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0 && with == NULL)
        code = mu_cli_fail(cli, "rehearse", MU_EXIT_USAGE,
                           "which playbook? --with ./my-playbook, --with NAME@VERSION");
    if (code == 0)
        code = evidence_find(cli, "rehearse", argv[1], path, incident);
    json_t *changed = code == 0 ? changes(cli, argc, argv) : NULL;
    if (code == 0)
        code = changed ? rehearse(cli, path, with, changed) : MU_EXIT_USAGE;
    json_decref(changed);
    return code;
}

const struct mu_command mu_command_rehearse = {
    .name = "rehearse",
    .usage = "rehearse RUN|FILE --with PLAYBOOK [key=value ...] [--json]",
    .summary = "what another version would have done in that night",
    .help = "The world of a run that is over (what its probes found, what its acts met, who said "
            "what) is\n"
            "simulated, and PLAYBOOK plays in it: a folder or a name. What it does otherwise is "
            "listed:\n"
            "\"-\" the run did, \"+\" this version does. Exits with 1 when there is a difference.\n"
            "It gets the run's parameters; key=value says another value, key= none.\n"
            "\n"
            "  --with PLAYBOOK   a folder, or a name as muster run takes it\n",
    .run = run,
    .without_secrets = true};
