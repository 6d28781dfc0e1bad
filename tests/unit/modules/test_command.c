/* SPDX-License-Identifier: MIT
 *
 * command.run and command.probe: argv from configuration and typed parameters, then real programs: what they say,
 * how they end, that they and their children are gone when they take too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "harness/harness.h"

static struct mu_harness *h;

static int set_up(void **state)
{
    (void)state;
    h = mu_harness_new(mu_harness_json(
        "{'commands': {"
        "'echo': {'argv': ['/bin/echo', '--to={host}', '{host}', '{n}{n}'], 'params': {'host': "
        "'host', 'n': 'integer'}},"
        "'text': {'argv': ['/usr/bin/printf', '%%s|', 'a b', '{any}'], 'params': {'any': "
        "'string'}},"
        "'fails': {'argv': ['/bin/sh', '-c', 'echo out; echo why >&2; exit 3'], 'kind': 'act'},"
        "'fine': {'argv': ['/bin/sh', '-c', 'exit 3'], 'ok': [0, 3]},"
        "'env': {'argv': ['/usr/bin/env'], 'env': {'MODE': 'fast'}, 'kind': 'probe'},"
        "'where': {'argv': ['/bin/sh', '-c', 'pwd; read x; echo end of file; ls /proc/self/fd | wc "
        "-l'], 'cwd': '/usr', 'kind': 'probe'},"
        "'slow': {'argv': ['/bin/sh', '-c', 'sleep 61 & echo $! $$; wait'], 'timeout': '300ms'},"
        "'long': {'argv': ['/bin/sh', '-c', 'echo $$; sleep 62'], 'timeout': '60s', 'in_doubt': "
        "'keyed', 'key_ttl': '2h'},"
        "'much': {'argv': ['/usr/bin/yes'], 'timeout': '200ms', 'output_kb': 2, 'kind': 'probe'},"
        "'much-and-ends': {'argv': ['/bin/sh', '-c', 'head -c 300000 /dev/zero'], 'output_kb': 1, "
        "'kind': 'probe'},"
        "'daemon': {'argv': ['/bin/sh', '-c', 'sleep 2 & echo begun'], 'kind': 'probe'},"
        "'gone': {'argv': ['/no/such/program']},"
        "'dies': {'argv': ['/bin/sh', '-c', 'kill -9 $$']},"
        "'relative': {'argv': ['echo']}, 'empty': {'argv': []}, 'hole': {'argv': ['/bin/echo', "
        "'{nobody}']},"
        "'program': {'argv': ['/bin/{a}'], 'params': {'a': 'string'}}, 'type': {'argv': "
        "['/bin/echo'], 'params': {'a': 'text'}},"
        "'probing': {'argv': ['/bin/echo'], 'kind': 'probe', 'in_doubt': 'keyed'}, 'odd': {'argv': "
        "['/bin/echo'], 'kind': 'look'},"
        "'choice': {'argv': ['/bin/echo', '{to}'], 'params': {'to': 'up|down'}}"
        "}}"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(h);
    return 0;
}

/* What comes of the act: its value, or its failure as {failed, class, in_doubt}. New reference. */
static json_t *act(const char *args)
{
    struct mu_call *call = mu_harness_act(h, "command.run", mu_harness_json("%s", args));
    const struct mu_harness_outcome *end = mu_harness_outcome(call);
    json_t *out = end->err == MU_OK ? json_incref((json_t *)end->value)
                                    : json_pack("{s:s, s:s, s:b}", "failed", end->why, "class",
                                                mu_err_name(end->err), "in_doubt", end->in_doubt);
    mu_harness_close(call);
    return out;
}

static json_t *probe(const char *name)
{
    return mu_harness_call(h, "command.probe", mu_harness_json("['%s']", name));
}

static void expect_text(json_t *value_take, const char *key, const char *wanted)
{
    assert_string_equal(mu_json_str(value_take, key, "(none)"), wanted);
    json_decref(value_take);
}

static void parameters_stand_in_one_element_each(void **state)
{
    (void)state;
    expect_text(act("['echo', {'host': 'MX1.Example.com', 'n': 7}]"), "stdout",
                "--to=mx1.example.com mx1.example.com 77\n");
    expect_text(act("['text', {'any': 'a; rm -rf $HOME `x` * {any} x'}]"), "stdout",
                "a b|a; rm -rf $HOME `x` * {any} x|");
    expect_text(act("['choice', {'to': 'up'}]"), "stdout", "up\n");
}

static void parameters_are_checked(void **state)
{
    static const struct {
        const char *args, *why, *class;
    } cases[] = {
        {"['echo', {'host': 'a b', 'n': 1}]", "echo: host takes a host name", "usage"},
        {"['echo', {'host': 'a', 'n': 'x'}]", "echo: n takes a whole number", "usage"},
        {"['echo', {'host': 'a'}]", "echo: it needs n", "usage"},
        {"['echo', {'host': 'a', 'n': 1, 'm': 1}]", "echo: it takes no \"m\"", "usage"},
        {"['text', {'any': '-rf'}]", "text: any begins with \"-\" and would be taken for an option",
         "refused"},
        {"['text', {'any': 'a\\nb'}]", "text: any has a control character", "refused"},
        {"['text', {'any': 'my hunter2hunter2!'}]", "text: any holds a secret", "refused"},
        {"['text', {'any': {'$secret': 'key'}}]", "text: any: a secret is never an argument",
         "refused"},
        {"['choice', {'to': 'sideways'}]", "choice: to takes one of up, down", "usage"},
        {"['ecko']", "ecko: commands{} of muster.lua has no \"ecko\": did you mean echo?",
         "config"},
        {"['relative']", "relative: commands[relative]: argv[1] is an absolute path", "config"},
        {"['empty']", "empty: commands[empty] needs argv", "config"},
        {"['hole']", "hole: commands[hole]: {nobody} is none of its params", "config"},
        {"['program', {'a': 'sh'}]",
         "program: commands[program]: the program itself is written out", "config"},
        {"['type', {'a': 'x'}]", "type: commands[type].params.a is domain, host", "config"},
        {"['probing']", "probing: commands[probing].in_doubt is of acts", "config"},
        {"['odd']", "odd: commands[odd].kind is one of act|probe", "config"},
        {"['env']", "env: env only looks: command.probe(\"env\", ...)", "usage"},
    };
    (void)state;
    assert_int_equal(mu_redact_register("key", "hunter2hunter2", NULL), MU_OK);
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        json_t *out = act(cases[i].args);
        const char *why = mu_json_str(out, "failed", "(it ran)");
        if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: %s", cases[i].args, why);
        assert_string_equal(mu_json_str(out, "class", ""), cases[i].class);
        assert_false(mu_json_bool(out, "in_doubt", true));
        json_decref(out);
    }
    mu_redact_clear();
}

static void the_exit_code_is_the_word(void **state)
{
    (void)state;
    json_t *out = act("['fails']");
    assert_string_equal(mu_json_str(out, "failed", ""), "fails: it ended with 3: why");
    assert_string_equal(mu_json_str(out, "class", ""), "remote");
    assert_false(mu_json_bool(out, "in_doubt", true));
    json_decref(out);
    out = act("['fine']");
    assert_int_equal(mu_json_int(out, "exit_code", -1), 3);
    json_decref(out);
    out = act("['gone']");
    assert_string_equal(mu_json_str(out, "failed", ""),
                        "gone: can't run /no/such/program: No such file or directory");
    assert_false(mu_json_bool(out, "in_doubt", true));
    json_decref(out);
    out = act("['dies']");
    assert_string_equal(mu_json_str(out, "failed", ""), "dies: it died of signal 9");
    assert_true(mu_json_bool(out, "in_doubt", false));
    json_decref(out);
}

static void the_environment_is_what_it_is_given(void **state)
{
    (void)state;
    setenv("API_TOKEN", "hunter2hunter2", 1);
    json_t *out = probe("env");
    unsetenv("API_TOKEN");
    const char *env = mu_json_str(out, "stdout", "");
    assert_null(strstr(env, "hunter2"));
    assert_null(strstr(env, "HOME="));
    assert_non_null(strstr(env, "MODE=fast\n"));
    assert_non_null(strstr(env, "MUSTER_REPEATED=0\n"));
    assert_non_null(strstr(env, "PATH=/usr/local/sbin:"));
    json_decref(out);
    out = probe("where"); /* nothing to read, and no descriptor of ours: 0, 1, 2 and ls's own */
    assert_string_equal(mu_json_str(out, "stdout", ""), "/usr\nend of file\n4\n");
    json_decref(out);
}

static bool is_alive(long pid)
{
    return kill((pid_t)pid, 0) == 0;
}

/* A killed grandchild is init's to bury, which may take a moment. */
static bool is_gone(long pid)
{
    for (int i = 0; i < 200 && is_alive(pid); i++) {
        char path[64], line[256] = "";
        snprintf(path, sizeof path, "/proc/%ld/stat", pid);
        FILE *stat = fopen(path, "re");
        bool read = stat && fgets(line, sizeof line, stat);
        if (stat)
            fclose(stat);
        if (!read || strstr(line, ") Z "))
            return true;
        usleep(10000);
    }
    return !is_alive(pid);
}

static void what_takes_too_long_is_killed_with_its_children(void **state)
{
    long child = 0;
    (void)state;
    struct mu_call *call = mu_harness_act(h, "command.run", mu_harness_json("['slow']"));
    const struct mu_harness_outcome *end = mu_harness_outcome(call);
    assert_int_equal(end->err, MU_NET);
    assert_true(end->in_doubt);
    assert_string_equal(end->why, "slow: it took too long and was killed");
    mu_harness_close(call);
    FILE *ps = popen("pgrep -f 'sleep 6[1]'", "re");
    assert_int_not_equal(fscanf(ps, "%ld", &child), 1);
    pclose(ps);
}

static void a_cancelled_one_is_killed_with_its_children(void **state)
{
    long pid = 0;
    (void)state;
    struct mu_call *call = mu_harness_open(h, "command.run", mu_harness_json("['long']"));
    mu_harness_prepare(call);
    assert_string_equal(mu_json_str(call->prepared, "in_doubt", ""), "keyed");
    assert_int_equal(mu_json_int(call->prepared, "key_ttl_s", 0), 7200);
    mu_harness_begin(call);
    mu_harness_run_for(h, 200);
    FILE *ps = popen("pgrep -f 'sleep 6[2]' | tail -1", "re");
    assert_int_equal(fscanf(ps, "%ld", &pid), 1);
    pclose(ps);
    assert_true(is_alive(pid));
    mu_harness_cancel(call);
    assert_true(is_gone(pid));
    mu_harness_close(call);
}

static void what_it_says_is_bounded(void **state)
{
    (void)state;
    json_t *out = probe("much");
    assert_false(mu_json_bool(out, "ok", true));
    assert_true(mu_json_bool(out, "cut", false));
    assert_int_equal(strlen(mu_json_str(out, "stdout", "")), 2048);
    json_decref(out);
    out = probe("much-and-ends");
    assert_true(mu_json_bool(out, "ok", false));
    assert_true(mu_json_bool(out, "cut", false));
    json_decref(out);
}

static void a_daemon_that_it_left_is_not_waited_for(void **state)
{
    (void)state;
    int64_t began = mu_clock_mono_ms();
    json_t *out = probe("daemon");
    assert_string_equal(mu_json_str(out, "stdout", ""), "begun\n");
    assert_true(mu_clock_mono_ms() - began < 1500);
    json_decref(out);
}

static void worlds_that_assume_never_run_it(void **state)
{
    (void)state;
    struct mu_call *call = mu_harness_open(h, "command.run", mu_harness_json("['fails']"));
    json_t *out = mu_harness_foresee(call); /* /bin/sh would end with 3 */
    assert_true(mu_json_bool(out, "ok", false));
    json_decref(out);
    mu_facts_set(mu_harness_facts(h), MU_FACT_COMMAND, "fails",
                 json_pack("{s:i, s:s}", "exit_code", 9, "stderr", "no such queue"));
    out = mu_harness_foresee(call);
    assert_false(mu_json_bool(out, "ok", true));
    assert_string_equal(mu_json_str(out, "why", ""), "fails: it ended with 9: no such queue");
    json_decref(out);
    mu_harness_close(call);
    mu_harness_no_world(h, true);
    expect_text(probe("env"), "class", "usage");
    mu_facts_set(mu_harness_facts(h), MU_FACT_COMMAND, "env",
                 json_pack("{s:s}", "stdout", "as the test says"));
    expect_text(probe("env"), "stdout", "as the test says");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(parameters_stand_in_one_element_each),
        T(parameters_are_checked),
        T(the_exit_code_is_the_word),
        T(the_environment_is_what_it_is_given),
        T(what_takes_too_long_is_killed_with_its_children),
        T(a_cancelled_one_is_killed_with_its_children),
        T(what_it_says_is_bounded),
        T(a_daemon_that_it_left_is_not_waited_for),
        T(worlds_that_assume_never_run_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
