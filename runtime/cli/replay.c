/* SPDX-License-Identifier: MIT
 *
 * `muster replay RUN|FILE`: the run once more from its journal alone, with no world behind (design J9). Does
 * this muster come to the same end by the same rows? */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/evidence.h"
#include "engine/run.h"

static int tell_verdict(const struct mu_cli *cli, const char *path, int64_t rows, int64_t us,
                        enum mu_err err, const char *why)
{
    if (cli->json) {
        json_t *out =
            json_pack("{s:s, s:b, s:I, s:I, s:s}", "path", path, "same", err == MU_OK, "rows",
                      (json_int_t)rows, "us", (json_int_t)us, "why", err == MU_OK ? "" : why);
        say_json_take(out);
    } else if (err == MU_OK) {
        say("%sthe same%s  %lld rows, replayed with no world behind\nfile      %s\n",
            mu_cli_color("green"), mu_cli_color("reset"), (long long)rows, path);
    } else {
        say("%sDIFFERS%s   ", mu_cli_color("red"), mu_cli_color("reset"));
        say_hanging(10, "%s\n", why);
        say("file      %s\n", path);
    }
    return err == MU_OK ? MU_EXIT_OK : MU_EXIT_FAILED;
}

static int replay(struct mu_cli *cli, const char *typed)
{
    char path[EVIDENCE_PATH], incident[32];
    struct mu_journal *journal;
    struct mu_fail fail;
    int code = evidence_find(cli, "replay", typed, path, incident);
    if (code)
        return code;
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK)
        return mu_cli_fail(cli, "replay", MU_EXIT_USAGE, "%s", fail.text);
    int64_t began = mu_clock_mono_us();
    enum mu_err err = mu_run_verify(journal, cli->config, &fail);
    code = tell_verdict(cli, path, mu_journal_last_gsn(journal), mu_clock_mono_us() - began, err,
                        fail.text);
    mu_journal_close(journal);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int code = mu_cli_no_more_options(&mu_command_replay, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_replay, argc, 1, 1);
    if (code == 0)
        code = mu_cli_config(cli); /* for modules{} */
    return code ? code : replay(cli, argv[1]);
}

const struct mu_command mu_command_replay = {
    .name = "replay",
    .usage = "replay RUN|FILE",
    .summary = "play a journal again offline and compare",
    .help = "Nothing is asked, changed or told: every answer comes from the journal. Before an "
            "upgrade it\n"
            "shows whether the new muster goes on with the runs that are parked; exits with 1 when "
            "a run\n"
            "differs. A run that has ended was replayed once by itself.\n",
    .run = run};
