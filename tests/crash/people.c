/* SPDX-License-Identifier: MIT
 *
 * The people around a run. A gate that opens is answered at once, through the control store and from a
 * connection of its own, so that every write of an answer is a point, too; a run that parks is looked at
 * as a person would. Linked over store/gates.c by --wrap. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "harness/repetition.h"
#include "crash.h"
#include "engine/run.h"

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
    {"Deny", {{"bo", "no"}, {"ana", "yes"}}},
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
                                 .text = strcmp(gate->kind, "ask") == 0 ? "left" : NULL,
                                 .reason = "it is time",
                                 .digest = gate->digest,
                                 .at = crash_now_ms()};
    (void)!mu_store_gate_vote(store, gate->id, &vote, &result, text, NULL);
}

static void answer_all(const char *dir, const struct mu_store_gate *gate)
{
    struct mu_store *store = NULL;
    const struct script *script = scripts;
    crash_spare(true); /* they would try again until their answer is confirmed */
    if (mu_store_open(dir, &store, NULL) != MU_OK)
        return;
    while (strncmp(gate->title, script->title, strlen(script->title)) != 0)
        script++;
    for (size_t i = 0; i < MU_COUNT(script->answers) && script->answers[i].who; i++)
        answer(store, gate, script->answers[i].who, script->answers[i].answer);
    mu_store_close(store);
    crash_spare(false);
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

/* --- acts in doubt that only a person can tell about --- */

static bool collect_doubts(const struct mu_row *row, void *ud)
{
    char act[200];
    json_t *acts = ud;
    snprintf(act, sizeof act, "%s/%lld", row->task, (long long)row->seq);
    if (row->type == 'i' && strcmp(row->verb, "world.post") == 0) {
        json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
        json_object_set_new(acts, act,
                            json_pack("{s:s, s:I, s:s, s:s}", "task", row->task, "seq",
                                      (json_int_t)row->seq, "verb", row->verb, "key",
                                      mu_json_str(value, "key", "")));
        json_decref(value);
    } else if (row->type == 'o') {
        json_object_del(acts, act);
    } else if (row->type == 'h' && strcmp(row->verb, "doubt") == 0) {
        json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
        snprintf(act, sizeof act, "%s/%lld", mu_json_str(value, "task", ""),
                 (long long)mu_json_int(value, "seq", -1));
        if (strstr(row->value, REPETITION_FAILED) && json_object_get(acts, act))
            json_object_set_new(json_object_get(acts, act), "refused", json_true());
        json_decref(value);
    }
    return true;
}

static bool world_has(const char *key)
{
    char line[1024];
    bool found = false;
    FILE *in = fopen(crash_path("world"), "re");
    while (in && !found && fgets(line, sizeof line, in))
        found = strncmp(line, key, strlen(key)) == 0;
    if (in)
        fclose(in);
    return found;
}

/* Looks at the world as a person would: it is there, or it is to be done once more; where that was refused, it is
 * not to be had. */
bool people_decide(const struct crash_case *subject)
{
    struct mu_journal *journal;
    json_t *acts = json_object(), *act;
    const char *name;
    if (mu_journal_open_read(crash_path(subject->run_path), &journal, NULL) != MU_OK)
        return false;
    (void)!mu_journal_each(journal, 0, collect_doubts, acts, NULL);
    mu_journal_close(journal);
    bool ok = json_object_size(acts) > 0;
    json_object_foreach(acts, name, act)
    {
        const char *found = world_has(mu_json_str(act, "key", "?")) ? "applied"
                            : mu_json_bool(act, "refused", false)   ? "not-applied"
                                                                    : "retry";
        json_object_del(act, "refused");
        json_object_set_new(act, "decision", json_string(found));
        json_object_set_new(act, "reason", json_string("I looked"));
        char *text = mu_json_text(act);
        ok = order(subject->run, "decide", text) && ok;
        free(text);
    }
    json_decref(acts);
    return ok;
}
