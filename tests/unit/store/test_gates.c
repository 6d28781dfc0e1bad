/* SPDX-License-Identifier: MIT
 *
 * store: gates and answers. One decision each, by the rules, whoever comes first and from wherever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/store_internal.h"
#include "store/store.h"

#define PROCESSES 8
#define NOW       1795400000000
#define DEADLINE  (NOW + 600000)

static char folder[64];
static struct mu_store *store;
static const char id[] = "mx-failover.1/r/7";

static int setup(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    snprintf(folder, sizeof folder, "/tmp/muster-gates-XXXXXX");
    assert_non_null(mkdtemp(folder));
    if (mu_store_open(folder, &store, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mu_store_close(store);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static struct mu_store_gate gate_for(const char *gate_id, const char *kind, int quorum)
{
    return (struct mu_store_gate){.id = gate_id,
                                  .run = "mx-failover.1",
                                  .incident = "INC-1",
                                  .world = "live",
                                  .kind = kind,
                                  .title = "Move the MX",
                                  .by = "incident-lead",
                                  .shown = "{}",
                                  .digest = "9f31c2aa00",
                                  .quorum = quorum,
                                  .starter = "ana",
                                  .opened = NOW,
                                  .deadline = DEADLINE};
}

static const char *open_gate(const struct mu_store_gate *gate)
{
    static char code[8];
    struct mu_fail fail = {0};
    if (mu_store_gate_open(store, gate, code, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return code;
}

static void opens(const char *kind, int quorum)
{
    struct mu_store_gate gate = gate_for(id, kind, quorum);
    open_gate(&gate);
}

static void answers_at(const char *who, const char *answer, int64_t at,
                       enum mu_store_vote_result expected, const char *text)
{
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT];
    struct mu_fail fail = {0};
    struct mu_store_vote vote = {
        .who = who, .from = "prompt", .answer = answer, .reason = "DC2", .at = at};
    if (mu_store_gate_vote(store, id, &vote, &result, said, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    assert_string_equal(said, text);
    assert_int_equal(result, expected);
}

static void answers(const char *who, const char *answer, enum mu_store_vote_result expected,
                    const char *text)
{
    answers_at(who, answer, NOW + 1000, expected, text);
}

static bool write_gate(const struct mu_store_gate *gate, void *ud)
{
    mu_buf_addf(ud, "%s by %s, %d yes, %s", gate->state, gate->by, gate->votes_yes, gate->reason);
    return true;
}

static void stands(const char *expected)
{
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_gate_find(store, id, write_gate, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), expected);
    mu_buf_free(&buf);
}

static bool write_vote(const struct mu_store_vote *vote, void *ud)
{
    mu_buf_addf(ud, "%s %s;", vote->who, vote->answer);
    return true;
}

static void voted(const char *expected)
{
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_votes(store, id, write_vote, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), expected);
    mu_buf_free(&buf);
}

/* "too late: approved by ana, bo at 03:57:31 CET" with the hour of this machine. */
static const char *with_time(const char *fmt, int64_t ms)
{
    static char text[256];
    char at[MU_TIME_TEXT];
    const char *mark = strchr(fmt, '@');
    snprintf(text, sizeof text, "%.*s%s%s", (int)(mark - fmt), fmt, mu_time_hms(ms, at), mark + 1);
    return text;
}

static void quorum_needs_distinct_people(void **state)
{
    (void)state;
    opens("approve", 2);
    answers("ana", "yes", MU_VOTE_RECORDED, "recorded, 1 of 2");
    answers("ana", "yes", MU_VOTE_REFUSED,
            with_time("you answered \"yes\" at @ already; it stands at 1 of 2", NOW + 1000));
    stands("open by incident-lead, 1 yes, ");
    answers("bo", "yes", MU_VOTE_DECIDED, "approved");
    stands("approved by incident-lead, 2 yes, DC2");
    answers("cy", "no", MU_VOTE_TOO_LATE,
            with_time("too late: approved by ana, bo at @: DC2", NOW + 1000));
    voted("ana yes;bo yes;");
}

static void answers_from(const char *who, const char *uid, const char *answer,
                         enum mu_store_vote_result expected, const char *text)
{
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT];
    struct mu_store_vote vote = {
        .who = who, .uid = uid, .from = "prompt", .answer = answer, .at = NOW + 1000};
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, NULL), MU_OK);
    assert_string_equal(said, text);
    assert_int_equal(result, expected);
}

/* A name is what a muster.lua says: one account is one person under each, and one name under each account. */
static void one_account_is_one_person(void **state)
{
    (void)state;
    opens("approve", 2);
    answers_from("ana", "1001", "yes", MU_VOTE_RECORDED, "recorded, 1 of 2");
    answers_from(
        "carl", "1001", "yes", MU_VOTE_REFUSED,
        with_time("you answered \"yes\" at @ already as ana; it stands at 1 of 2", NOW + 1000));
    answers_from("ana", "1002", "yes", MU_VOTE_REFUSED,
                 with_time("you answered \"yes\" at @ already; it stands at 1 of 2", NOW + 1000));
    answers_from("carl", "1001", "withdraw", MU_VOTE_RECORDED, "withdrawn, it stands at 0 of 2");
    stands("open by incident-lead, 0 yes, ");
    answers_from("carl", "1001", "yes", MU_VOTE_RECORDED, "recorded, 1 of 2");
    stands("open by incident-lead, 1 yes, ");
    answers_from("bo", "1002", "yes", MU_VOTE_DECIDED, "approved");
    voted("ana yes;carl withdraw;carl yes;bo yes;");
}

static void the_starters_account_is_kept_out_too(void **state)
{
    (void)state;
    struct mu_store_gate gate = gate_for(id, "approve", 1);
    gate.no_self = true;
    gate.starter_uid = "1001";
    open_gate(&gate);
    answers_from(
        "carl", "1001", "yes", MU_VOTE_REFUSED,
        "you started mx-failover.1: this gate needs somebody else (incident-lead is asked)");
    answers_from(
        "ana", "1002", "yes", MU_VOTE_REFUSED,
        "you started mx-failover.1: this gate needs somebody else (incident-lead is asked)");
    answers_from("bo", "1002", "yes", MU_VOTE_DECIDED, "approved");
}

static void a_no_decides_at_once(void **state)
{
    (void)state;
    opens("approve", 3);
    answers("ana", "yes", MU_VOTE_RECORDED, "recorded, 1 of 3");
    answers("ana", "no", MU_VOTE_DECIDED, "declined"); /* who said yes may think again */
    stands("declined by incident-lead, 0 yes, DC2");
    answers("bo", "yes", MU_VOTE_TOO_LATE,
            with_time("too late: declined by ana at @: DC2", NOW + 1000));
    voted("ana yes;ana no;");
}

static void the_starter_may_be_kept_out(void **state)
{
    (void)state;
    struct mu_store_gate gate = gate_for(id, "approve", 1);
    gate.no_self = true;
    open_gate(&gate);
    answers("ana", "yes", MU_VOTE_REFUSED,
            "you started mx-failover.1: this gate needs somebody else (incident-lead is asked)");
    answers("bo", "maybe", MU_VOTE_REFUSED, "\"maybe\" is no answer here: say yes or no");
    answers("bo", "yes", MU_VOTE_DECIDED, "approved");
    voted("bo yes;");
}

static void only_what_was_seen_is_answered(void **state)
{
    (void)state;
    opens("approve", 1);
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT];
    struct mu_store_vote vote = {.who = "bo", .answer = "yes", .digest = "9f31c3", .at = NOW};
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, NULL), MU_OK);
    assert_int_equal(result, MU_VOTE_REFUSED);
    assert_string_equal(said,
                        "what you saw (9f31c3) is not what is asked now (9f31c2); look again: "
                        "muster show mx-failover.1");
    vote.digest = "9f31c"; /* one digit too few says nothing */
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, NULL), MU_OK);
    assert_int_equal(result, MU_VOTE_REFUSED);
    vote.digest = "9f31c2aa000"; /* longer than all of it */
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, NULL), MU_OK);
    assert_int_equal(result, MU_VOTE_REFUSED);
    vote.digest = "9F31c2";
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, NULL), MU_OK);
    assert_int_equal(result, MU_VOTE_DECIDED);
    struct mu_fail fail = {0};
    assert_int_equal(mu_store_gate_vote(store, "x/r/1", &vote, &result, said, &fail), MU_USAGE);
    vote.who = "";
    assert_int_equal(mu_store_gate_vote(store, id, &vote, &result, said, &fail), MU_USAGE);
}

static void the_deadline_counts_to_the_millisecond(void **state)
{
    (void)state;
    opens("approve", 2);
    assert_int_equal(mu_store_gate_expire(store, id, DEADLINE - 1, 0, NULL), MU_OK);
    stands("open by incident-lead, 0 yes, ");
    answers_at("ana", "yes", DEADLINE - 1, MU_VOTE_RECORDED, "recorded, 1 of 2");
    answers_at("bo", "yes", DEADLINE, MU_VOTE_TOO_LATE,
               with_time("too late: it expired at @", DEADLINE)); /* and so it did, by this */
    stands("expired by incident-lead, 1 yes, ");
    assert_int_equal(mu_store_gate_expire(store, id, DEADLINE, 0, NULL), MU_OK);
    stands("expired by incident-lead, 1 yes, ");
    /* Given in time, but written after the expiry: the first one counts. */
    answers_at("bo", "yes", DEADLINE - 1, MU_VOTE_TOO_LATE,
               with_time("too late: it expired at @", DEADLINE));
    voted("ana yes;");
}

static void the_next_is_asked_before_it_expires(void **state)
{
    (void)state;
    struct mu_store_gate gate = gate_for(id, "approve", 1);
    gate.then_ask = "duty-manager";
    open_gate(&gate);
    assert_int_equal(mu_store_gate_expire(store, id, DEADLINE + 5, 60000, NULL), MU_OK);
    stands("open by duty-manager, 0 yes, ");
    assert_int_equal(mu_store_gate_expire(store, id, DEADLINE + 6, 60000, NULL), MU_OK);
    stands("open by duty-manager, 0 yes, "); /* two processes saw the same deadline */
    answers_at("dana", "yes", DEADLINE + 60004, MU_VOTE_DECIDED, "approved");
    assert_int_equal(mu_store_gate_expire(store, id, DEADLINE + 90000, 60000, NULL), MU_OK);
    stands("approved by duty-manager, 1 yes, DC2");
}

/* An answer behind the deadline lets it pass: the next is asked, and who was asked first may answer. */
static void a_late_answer_reaches_the_next_period(void **state)
{
    (void)state;
    struct mu_store_gate gate = gate_for(id, "approve", 2);
    gate.then_ask = "duty-manager";
    gate.within_ms = 60000;
    open_gate(&gate);
    answers_at("ana", "yes", DEADLINE + 5, MU_VOTE_RECORDED, "recorded, 1 of 2");
    stands("open by duty-manager, 1 yes, ");
    answers_at("bo", "yes", DEADLINE + 60005, MU_VOTE_TOO_LATE,
               with_time("too late: it expired at @", DEADLINE + 60005));
    stands("expired by duty-manager, 1 yes, ");
}

/* A gate that an older muster opened does not say how long the next one has: its run will. */
static void an_old_gate_waits_for_its_run(void **state)
{
    (void)state;
    struct mu_store_gate gate = gate_for(id, "approve", 1);
    gate.then_ask = "duty-manager";
    open_gate(&gate);
    answers_at("ana", "yes", DEADLINE + 5, MU_VOTE_TOO_LATE,
               with_time("too late: the deadline was @", DEADLINE));
    stands("open by incident-lead, 0 yes, ");
    gate.within_ms = 60000;
    open_gate(&gate); /* resumed by a newer one */
    answers_at("ana", "yes", DEADLINE + 6, MU_VOTE_DECIDED, "approved");
    stands("approved by duty-manager, 1 yes, DC2");
}

static void an_answer_can_be_taken_back(void **state)
{
    (void)state;
    opens("approve", 2);
    answers("ana", "withdraw", MU_VOTE_REFUSED,
            "you have no answer to take back: none of ana is recorded");
    answers("ana", "yes", MU_VOTE_RECORDED, "recorded, 1 of 2");
    answers("bo", "withdraw", MU_VOTE_REFUSED,
            "you have no answer to take back: none of bo is recorded");
    answers("ana", "withdraw", MU_VOTE_RECORDED, "withdrawn, it stands at 0 of 2");
    answers("ana", "withdraw", MU_VOTE_REFUSED,
            "you have no answer to take back: none of ana is recorded");
    stands("open by incident-lead, 0 yes, ");
    answers("bo", "yes", MU_VOTE_RECORDED, "recorded, 1 of 2");
    answers("ana", "yes", MU_VOTE_DECIDED, "approved");
    answers("ana", "withdraw", MU_VOTE_TOO_LATE,
            with_time("too late: approved by bo, ana at @: DC2", NOW + 1000));
    voted("ana yes;ana withdraw;bo yes;ana yes;");
}

static void say(const char *gate, const char *who, const char *answer, const char *text,
                enum mu_store_vote_result expected, const char *expected_text)
{
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT];
    struct mu_store_vote vote = {.who = who, .answer = answer, .text = text, .at = NOW};
    assert_int_equal(mu_store_gate_vote(store, gate, &vote, &result, said, NULL), MU_OK);
    assert_string_equal(said, expected_text);
    assert_int_equal(result, expected);
}

static void other_kinds_have_their_own_words(void **state)
{
    (void)state;
    opens("ack", 1);
    answers("bo", "no", MU_VOTE_REFUSED,
            "a page can't be declined: leave it, the next one is told");
    answers("ana", "ack", MU_VOTE_DECIDED, "acknowledged");
    answers("bo", "ack", MU_VOTE_TOO_LATE,
            with_time("too late: acknowledged by ana at @: DC2", NOW + 1000));
    struct mu_store_gate todo = gate_for("mx-failover.1/r/9", "todo", 1);
    open_gate(&todo);
    say(todo.id, "bo", "yes", NULL, MU_VOTE_DECIDED, "done");
}

static void an_ask_takes_one_of_its_choices(void **state)
{
    (void)state;
    struct mu_store_gate ask = gate_for(id, "ask", 1);
    ask.choices = "[\"mx1.example.net\",\"no\",\"withdraw\"]";
    open_gate(&ask);
    say(id, "bo", "yes", NULL, MU_VOTE_REFUSED, "an answer is missing");
    say(id, "bo", "yes", " \t", MU_VOTE_REFUSED, "an answer is missing");
    say(id, "bo", "yes", "mx1.exmaple.net", MU_VOTE_REFUSED,
        "\"mx1.exmaple.net\" is none of the answers; did you mean \"mx1.example.net\"?: "
        "\"mx1.example.net\", \"no\", \"withdraw\"");
    say(id, "bo", "mx1.example.net", NULL, MU_VOTE_REFUSED,
        "\"mx1.example.net\" is no answer here: say yes or no");
    say(id, "bo", "yes", "MX1.Example.NET", MU_VOTE_DECIDED, "answered: mx1.example.net");
    struct mu_store_gate other = gate_for("mx-failover.1/r/8", "ask", 1); /* "no" as a choice */
    other.choices = ask.choices;
    open_gate(&other);
    say(other.id, "bo", "yes", "no", MU_VOTE_DECIDED, "answered: no");
    struct mu_store_gate any = gate_for("mx-failover.1/r/9", "ask", 1);
    open_gate(&any);
    char *much = malloc(MU_GATE_ANSWER + 2);
    memset(much, 'x', MU_GATE_ANSWER + 1);
    much[MU_GATE_ANSWER + 1] = '\0';
    say(any.id, "bo", "yes", much, MU_VOTE_REFUSED,
        "the answer is longer than 2000 octets: say it shorter");
    say(any.id, "bo", "yes", "Ticket 881", MU_VOTE_DECIDED, "answered: Ticket 881");
    free(much);
    struct mu_store_gate last = gate_for("mx-failover.1/r/10", "ask", 1);
    open_gate(&last);
    say(last.id, "bo", "no", NULL, MU_VOTE_DECIDED, "declined");
}

static void an_ended_run_takes_no_answers(void **state)
{
    (void)state;
    char name[128], path[4096];
    struct mu_store_run run = {.playbook = "mx-failover", .started = NOW};
    assert_int_equal(mu_store_run_create(store, &run, name, path, NULL), MU_OK);
    opens("approve", 1);
    assert_int_equal(
        mu_store_run_update(store, name, "cancelled", NULL, NULL, NULL, NOW, -1, 5, NULL), MU_OK);
    answers("ana", "yes", MU_VOTE_TOO_LATE, "too late: mx-failover.1 has ended (cancelled)");
}

static void cancelled_gates_stay_cancelled(void **state)
{
    (void)state;
    opens("approve", 1);
    assert_int_equal(mu_store_gate_cancel(store, id, NOW + 5, "mail is back", NULL), MU_OK);
    assert_int_equal(mu_store_gate_cancel(store, id, NOW + 6, "again", NULL), MU_OK);
    answers("ana", "yes", MU_VOTE_TOO_LATE,
            with_time("too late: cancelled at @: mail is back", NOW + 5));
    stands("cancelled by incident-lead, 0 yes, mail is back");
}

static void find_misses(const char *typed, const char *part)
{
    struct mu_fail fail = {0};
    struct mu_buf buf = {0};
    assert_int_equal(mu_store_gate_find(store, typed, write_gate, &buf, &fail), MU_USAGE);
    if (strstr(fail.text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, fail.text);
    mu_buf_free(&buf);
}

static void gates_are_found_by_code_and_run(void **state)
{
    (void)state;
    char name[128], path[4096], code[8], other_code[8];
    struct mu_buf buf = {0};
    struct mu_store_run run = {.playbook = "mx-failover", .started = NOW};
    assert_int_equal(mu_store_run_create(store, &run, name, path, NULL), MU_OK);
    find_misses("mx-failover.1", "waits for nobody");
    find_misses("4417", "no gate 4417");
    find_misses("mx-failover.9", "did you mean mx-failover.1?");
    struct mu_store_gate gate = gate_for(id, "approve", 1),
                         other = gate_for("mx-failover.1/r/8", "approve", 1);
    snprintf(code, sizeof code, "%s", open_gate(&gate));
    assert_string_equal(open_gate(&gate), code); /* a resumed run opens it again */
    assert_int_equal(strlen(code), 4);
    const char *names[] = {id, code, "mx-failover.1", "1", "last"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(mu_store_gate_find(store, names[i], write_gate, &buf, NULL), MU_OK);
        assert_string_equal(mu_buf_text(&buf), "open by incident-lead, 0 yes, ");
        mu_buf_reset(&buf);
    }
    snprintf(other_code, sizeof other_code, "%s", open_gate(&other));
    assert_string_not_equal(code, other_code);
    find_misses("mx-failover.1", "has 2 open gates");
    find_misses("mx-failover.1", other_code);
    char slip[8] = {code[1], code[0], code[2], code[3], '\0'};
    if (code[0] != code[1] && strcmp(slip, other_code) != 0)
        find_misses(slip, code); /* told, never taken for it */
    answers("bo", "yes", MU_VOTE_DECIDED, "approved");
    assert_int_equal(mu_store_gate_find(store, code, write_gate, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "approved by incident-lead, 1 yes, DC2");
    assert_string_equal(open_gate(&gate), code);
    mu_buf_reset(&buf);
    assert_int_equal(mu_store_gates_open(store, write_gate, &buf, NULL), MU_OK);
    assert_string_equal(mu_buf_text(&buf), "open by incident-lead, 0 yes, ");
    mu_buf_free(&buf);
}

static bool look_at_code(const struct mu_store_gate *gate, void *ud)
{
    bool *seen = ud;
    long code = strtol(gate->code, NULL, 10);
    assert_in_range(code, 1000, 99999);
    assert_false(seen[code]);
    seen[code] = true;
    return true;
}

static void codes_stay_apart_when_crowded(void **state)
{
    (void)state;
    size_t long_codes = 0;
    for (int i = 0; i < 1100; i++) {
        char gate_id[32];
        snprintf(gate_id, sizeof gate_id, "drill.%d/r/1", i);
        struct mu_store_gate gate = gate_for(gate_id, "approve", 1);
        long_codes += strlen(open_gate(&gate)) == 5;
    }
    assert_int_equal(long_codes, 100);
    static bool seen[100000];
    assert_int_equal(mu_store_gates_open(store, look_at_code, seen, NULL), MU_OK);
}

static bool take_code(const struct mu_store_gate *gate, void *ud)
{
    bool *given = ud;
    long code = strtol(gate->code, NULL, 10);
    assert_false(given[code]);
    given[code] = true;
    return true;
}

/* Who has an old message before them must not answer another question with its code. By chance none of 300
 * would come again in one of 20,000 tries. */
static void a_code_rests_for_a_day(void **state)
{
    (void)state;
    static bool given[100000];
    for (int i = 0; i < 600; i++) {
        char gate_id[32];
        snprintf(gate_id, sizeof gate_id, "drill.%d/r/1", i);
        struct mu_store_gate gate = gate_for(gate_id, "approve", 1);
        gate.opened = i < 300 ? NOW : NOW + 86400000 - 1;
        open_gate(&gate);
        assert_int_equal(mu_store_gate_find(store, gate_id, take_code, given, NULL), MU_OK);
        if (i < 300)
            assert_int_equal(mu_store_gate_cancel(store, gate_id, NOW, "over", NULL), MU_OK);
    }
}

/* Exit code of a voter: 1 decided, 2 recorded, 3 too late, 4 refused. */
static int vote_from_child(int who)
{
    static const int codes[] = {[MU_VOTE_DECIDED] = 1,
                                [MU_VOTE_RECORDED] = 2,
                                [MU_VOTE_TOO_LATE] = 3,
                                [MU_VOTE_REFUSED] = 4};
    struct mu_store *own = NULL;
    enum mu_store_vote_result result;
    char said[MU_FAIL_TEXT], name[16];
    snprintf(name, sizeof name, "p%d", who);
    struct mu_store_vote vote = {
        .who = name, .answer = who == PROCESSES - 1 ? "no" : "yes", .at = NOW};
    if (mu_store_open(folder, &own, NULL) != MU_OK)
        return 100;
    enum mu_err err = mu_store_gate_vote(own, id, &vote, &result, said, NULL);
    mu_store_close(own);
    return err == MU_OK ? codes[result] : 101;
}

static void vote_at_once(int counts[5])
{
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        char go;
        close(gate[1]);
        _exit(read(gate[0], &go, 1) == 0 ? vote_from_child(i)
                                         : 102); /* EOF: everybody starts now */
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        wait(&status);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 1, 4);
        counts[WEXITSTATUS(status)]++;
    }
}

static void eight_voters_make_one_decision(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        int counts[5] = {0};
        opens("approve", 3);
        vote_at_once(counts);
        assert_int_equal(counts[1], 1);
        assert_in_range(counts[2], 0, 2);
        assert_int_equal(counts[1] + counts[2] + counts[3], PROCESSES);
        teardown(NULL);
        setup(NULL);
    }
}

static bool keep_deadline(const struct mu_store_gate *gate, void *ud)
{
    *(int64_t *)ud = gate->deadline;
    return true;
}

/* The wall clock has jumped since somebody last looked: ten minutes stay ten minutes. */
static void deadlines_follow_the_clock(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    int64_t now = mu_clock_real_ms(), deadline = 0;
    struct mu_store_gate gate = gate_for(id, "approve", 1);
    gate.opened = now;
    gate.deadline = now + 600000;
    open_gate(&gate);
    /* As it would be had the clock been an hour behind when the gate was opened. */
    assert_int_equal(sqlite3_exec(store->db,
                                  "UPDATE clock SET ahead = ahead - 3600000;"
                                  "UPDATE gate SET deadline = deadline - 3600000",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(mu_store_gate_expire(store, id, now, 0, &fail), MU_OK);
    stands("open by incident-lead, 0 yes, ");
    assert_int_equal(mu_store_gate_find(store, id, keep_deadline, &deadline, NULL), MU_OK);
    /* Wall clock minus boot clock is read in two steps: a millisecond may lie between. */
    assert_in_range(deadline, now + 600000 - 2, now + 600000 + 2);
    assert_int_equal(mu_store_gate_expire(store, id, deadline, 0, &fail), MU_OK);
    stands("expired by incident-lead, 0 yes, ");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(quorum_needs_distinct_people),
                                       T(one_account_is_one_person),
                                       T(the_starters_account_is_kept_out_too),
                                       T(a_no_decides_at_once),
                                       T(the_starter_may_be_kept_out),
                                       T(only_what_was_seen_is_answered),
                                       T(the_deadline_counts_to_the_millisecond),
                                       T(deadlines_follow_the_clock),
                                       T(the_next_is_asked_before_it_expires),
                                       T(other_kinds_have_their_own_words),
                                       T(a_late_answer_reaches_the_next_period),
                                       T(an_old_gate_waits_for_its_run),
                                       T(an_answer_can_be_taken_back),
                                       T(an_ask_takes_one_of_its_choices),
                                       T(an_ended_run_takes_no_answers),
                                       T(cancelled_gates_stay_cancelled),
                                       T(gates_are_found_by_code_and_run),
                                       T(codes_stay_apart_when_crowded),
                                       T(a_code_rests_for_a_day),
                                       T(eight_voters_make_one_decision)};
    return cmocka_run_group_tests_name("gates", tests, NULL, NULL);
}
