/* SPDX-License-Identifier: MIT
 *
 * Giving a decision; see decision.h. Nobody is told that a decision counts before the run has taken it, or
 * nobody else can:
 *
 *   executor alive ─ order ─▶ taken: in the journal │ refused: said │ it left: as below │ it ended: beside it
 *   nobody executes it ─ order ─▶ on disk, then an executor, which takes it before anything else
 *   it has ended ─▶ a note of the incident, and an order that nobody has to carry out */
#include "cli/decision.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/parked.h"
#include "cli/say.h"
#include "engine/run.h"
#include "playbook/secret.h"

#define LOOK_MS     100
#define PATIENCE_MS 10000 /* an executor that is alive looks for orders a few times a second */

static const char *shown(const struct decision *decision)
{
    return mu_json_str(decision->act, "shown", "");
}

/* What the post-mortem reads: the sealed journal only says that the outcome was not known. */
static char *note_of(const struct found_run *run, const struct decision *decision, const char *said)
{
    return mu_xasprintf("%s (%s of %s, in doubt when it ended): %s: %s", shown(decision),
                        mu_json_str(decision->act, "act", ""), run->name,
                        strcmp(decision->decision, "applied") == 0 ? "it took effect"
                                                                   : "it did not take effect",
                        said);
}

/* note: it has ended. *id: of the order. */
static int put(struct mu_cli *cli, const struct found_run *run, const struct decision *decision,
               bool note, int64_t *id)
{
    struct mu_fail fail;
    const json_t *act = decision->act;
    char *said = mu_cli_said(cli, decision->reason),
         *words = note ? note_of(run, decision, said) : NULL;
    json_t *who = mu_cli_who(cli),
           *order = json_pack("{s:O, s:O, s:O, s:O, s:s, s:O?, s:s}", "task",
                              json_object_get(act, "task"), "seq", json_object_get(act, "seq"),
                              "round", json_object_get(act, "round"), "verb",
                              json_object_get(act, "verb"), "decision", decision->decision,
                              "result", decision->result, "reason", said);
    char *person = mu_json_text(who), *text = mu_json_text(order);
    struct mu_store_decision put = {.run = run->name,
                                    .task = mu_json_str(act, "task", ""),
                                    .seq = mu_json_int(act, "seq", 0),
                                    .round = mu_json_int(act, "round", 0),
                                    .who = person,
                                    .text = text,
                                    .note = words,
                                    .incident = run->incident,
                                    .at = mu_clock_real_ms()};
    enum mu_err err = mu_store_decide(cli->store, &put, id, &fail);
    free(person);
    free(text);
    free(said);
    free(words);
    json_decref(who);
    json_decref(order);
    return err == MU_OK
               ? 0
               : mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "%s: %s", shown(decision), fail.text);
}

/* Its executor, which knew its secret parameters, is gone: they are read again where they came from. */
static void learn_secrets(const struct found_run *run)
{
    struct mu_fail ignored;
    const char *name;
    json_t *source, *start = mu_run_beginning(run->path, &ignored);
    json_object_foreach(json_object_get(start, "secrets"), name, source)
    {
        if (strcmp(json_string_value(source), "-") != 0)
            (void)!secret_read(name, json_string_value(source), ".", &ignored);
    }
    json_decref(start);
}

int decision_note(struct mu_cli *cli, const struct found_run *run, const struct decision *decision)
{
    int64_t id;
    if (strcmp(decision->decision, "applied") != 0 &&
        strcmp(decision->decision, "not-applied") != 0)
        return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                           "%s has ended (%s): all that can be said of it now is applied or "
                           "not-applied",
                           run->name, run->result);
    learn_secrets(run);
    int code = put(cli, run, decision, true, &id);
    if (code)
        return code;
    say("%s: %s, said by you, on disk%s%s. %s has ended, its journal stays as it is; muster show "
        "and muster report tell it beside.\n",
        shown(decision), decision->decision, run->incident[0] ? " and noted in " : "",
        run->incident, run->name);
    return MU_EXIT_OK;
}

/* --- what the run makes of it --- */

enum verdict { TAKEN, REFUSED, NOBODY, ENDED, NOT_YET };

static enum verdict look(struct mu_cli *cli, struct found_run *run, int64_t id)
{
    enum mu_store_order state = MU_ORDER_OPEN;
    if (mu_cli_store(cli) != 0 || mu_store_order_state(cli->store, id, &state, NULL) != MU_OK)
        return NOT_YET;
    if (state != MU_ORDER_OPEN)
        return state == MU_ORDER_DONE ? TAKEN : REFUSED;
    if (mu_store_run_find(cli->store, run->name, find_copy, run, NULL) == MU_OK && run->ended)
        return ENDED;
    return mu_journal_lock_holder(run->path) > 0 ? NOT_YET : NOBODY;
}

static enum verdict await(struct mu_cli *cli, struct found_run *run, int64_t id)
{
    const struct timespec pause = {0, LOOK_MS * 1000000};
    int64_t until = mu_clock_mono_ms() + PATIENCE_MS;
    enum verdict verdict;
    while ((verdict = look(cli, run, id)) == NOT_YET && mu_clock_mono_ms() < until)
        nanosleep(&pause, NULL);
    return verdict;
}

static int refused(struct mu_cli *cli, const struct found_run *run, const struct decision *decision)
{
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "%s: %s does not count: when %s read it, the act was not in doubt (any "
                       "more). What became of it: muster show %s --wide",
                       shown(decision), decision->decision, run->name, run->name);
}

/* The run ended with the order unread: it is taken back, and said beside the journal. */
static int note_instead(struct mu_cli *cli, const struct found_run *run,
                        const struct decision *decision, int64_t id)
{
    (void)!mu_store_order_refuse(cli->store, id, NULL);
    return decision_note(cli, run, decision);
}

/* Nobody executes it: the order is the first thing that its executor reads. */
static int give_executor(struct mu_cli *cli, struct found_run *run, const struct decision *decision,
                         int64_t id, struct start *how)
{
    say("%s: %s, said by you, on disk.\n", shown(decision), decision->decision);
    int code = start_follow(cli, "decide", run->name, run->path, parked_rows(run->path), how);
    enum verdict verdict = look(cli, run, id);
    if (verdict == ENDED) /* a colleague's cancel was read first */
        return note_instead(cli, run, decision, id);
    return verdict == REFUSED ? refused(cli, run, decision) : code;
}

int decision_give(struct mu_cli *cli, struct found_run *run, const struct decision *decision,
                  struct start *how)
{
    int64_t id;
    int holder = parked_wait(run), code = put(cli, run, decision, false, &id);
    if (code)
        return code;
    if (holder > 0)
        mu_run_poke(run->path);
    switch (holder > 0 ? await(cli, run, id) : NOBODY) {
    case TAKEN:
        say("%s: %s, said by you, in the journal.\nSee it go on: muster watch %s\n",
            shown(decision), decision->decision, run->name);
        return MU_EXIT_OK;
    case REFUSED:
        return refused(cli, run, decision);
    case ENDED:
        return note_instead(cli, run, decision, id);
    case NOBODY:
        return give_executor(cli, run, decision, id, how);
    default:
        return mu_cli_fail(cli, "decide", MU_EXIT_TEMPORARY,
                           "%s: %s is on disk and handed to %s, which has not read it yet; it "
                           "counts if the act is in doubt then: muster decide %s",
                           shown(decision), decision->decision, run->name, run->name);
    }
}
