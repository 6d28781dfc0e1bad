/* SPDX-License-Identifier: MIT
 *
 * The people around a run. A gate that opens is answered at once, through the control store and from a
 * connection of its own, so that every write of an answer is a point, too; a run that parks is looked at
 * as a person would. Linked over store/gates.c by --wrap. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash.h"
#include "store/store.h"

enum mu_err __real_mu_store_gate_open(struct mu_store *, const struct mu_store_gate *in,
                                      char *code_out, struct mu_fail *);
enum mu_err __wrap_mu_store_gate_open(struct mu_store *, const struct mu_store_gate *in,
                                      char *code_out, struct mu_fail *);

/* A title that begins with the word gets these answers, in this order. */
static const struct script {
    const char *title;
    struct {
        const char *who, *answer;
    } answers[3];
} scripts[] = {
    {"Deny", {{"ana", "yes"}, {"bo", "no"}}},
    {"Nobody", {{NULL, NULL}}},
    {"", {{"ana", "yes"}, {"bo", "yes"}}},
};

static void answer(struct mu_store *store, const struct mu_store_gate *gate, const char *who,
                   const char *what)
{
    enum mu_store_vote_result result;
    char text[MU_FAIL_TEXT];
    struct mu_store_vote vote = {.who = who,
                                 .from = "crash test",
                                 .answer = strcmp(gate->kind, "ack") == 0 ? "ack" : what,
                                 .reason = "it is time",
                                 .digest = gate->digest,
                                 .at = crash_now_ms()};
    (void)!mu_store_gate_vote(store, gate->id, &vote, &result, text, NULL);
}

static void answer_all(const char *dir, const struct mu_store_gate *gate)
{
    struct mu_store *store = NULL;
    const struct script *script = scripts;
    if (mu_store_open(dir, &store, NULL) != MU_OK)
        return;
    while (strncmp(gate->title, script->title, strlen(script->title)) != 0)
        script++;
    for (size_t i = 0; i < MU_COUNT(script->answers) && script->answers[i].who; i++)
        answer(store, gate, script->answers[i].who, script->answers[i].answer);
    mu_store_close(store);
    kill(getpid(), SIGUSR1); /* the poke: look into the store */
}

enum mu_err __wrap_mu_store_gate_open(struct mu_store *store, const struct mu_store_gate *in,
                                      char *code_out, struct mu_fail *fail)
{
    enum mu_err err = __real_mu_store_gate_open(store, in, code_out, fail);
    if (err == MU_OK)
        answer_all(mu_store_dir(store), in);
    return err;
}

static bool order(const char *run, const char *kind, const char *reason)
{
    struct mu_store *store = NULL;
    struct mu_fail fail = {.class = MU_OK};
    bool ok = mu_store_open(crash_path("state"), &store, &fail) == MU_OK &&
              mu_store_order_put(store, run, kind, "{\"name\":\"ana\"}", reason, crash_now_ms(),
                                 &fail) == MU_OK;
    if (!ok)
        fprintf(stderr, "crash: no order for %s: %s\n", run, fail.text);
    mu_store_close(store);
    return ok;
}

bool people_unpark(const char *run)
{
    return order(run, "unpark", "the killer was us");
}

bool people_decide(const struct crash_case *subject)
{
    (void)subject;
    return false;
}
