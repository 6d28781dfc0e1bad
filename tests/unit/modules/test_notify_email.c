/* SPDX-License-Identifier: MIT
 *
 * modules/notify over e-mail, against Postfix's smtp-sink: what arrives, what a refusal does, and
 * that nothing is sent through the domain that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "harness/expect.h"
#include "harness/harness.h"
#include "harness/smtp_sink.h"

#define KEY "0123456789abcdef0123456789abcdef"

struct sink {
    const char *name; /* of its folder and its channel */
    const char *option, *value;
    uint16_t port;
    pid_t pid;
};

static struct sink sinks[] = {
    {.name = "good"},
    {.name = "refuses", .option = "-f", .value = "RCPT"},
    {.name = "busy", .option = "-r", .value = "MAIL"},
    {.name = "drops", .option = "-q", .value = "."},
};
enum { GOOD, REFUSES, BUSY, DROPS, SINKS };

static char folder[] = "/tmp/muster-sink-XXXXXX";
static struct mu_harness *harness;

static void start_sink(struct sink *sink)
{
    char dump[128];
    snprintf(dump, sizeof dump, "%s/%s/m.", folder, sink->name);
    sink->port = test_free_port("127.0.0.1");
    sink->pid = test_sink_start(folder, "127.0.0.1", sink->port,
                                (const char *const[]){"-d", dump, sink->option, sink->value, NULL});
}

static json_t *config(void)
{
    json_t *config = mu_harness_json(
        "{'people': {'ana': {'name': 'Ana Ru\\u00edz', 'contact': ['good:ana@oncall.example']}},"
        " 'domains': {'example.net': {}},"
        " 'audiences': {'two': [['refuses:a@oncall.example', 'good:b@oncall.example'], "
        "'good:c@oncall.example']},"
        " 'channels': {'strict': {'kind': 'email', 'relay': '127.0.0.1:%d', 'from': "
        "'muster@oncall.example'},"
        "              'dotted': {'kind': 'email', 'relay': 'Mail.Example.net.:25', 'from': "
        "'muster@oncall.example'},"
        "              'inside': {'kind': 'email', 'relay': 'mail.example.net:25', 'from': "
        "'muster@oncall.example', 'tls': 'none'}}}",
        sinks[GOOD].port);
    for (int i = 0; i < SINKS; i++)
        json_object_set_new(json_object_get(config, "channels"), sinks[i].name,
                            mu_harness_json("{'kind': 'email', 'relay': '127.0.0.1:%d', 'from': "
                                            "'Muster@OnCall.example', 'tls': 'none',"
                                            " 'timeout': '3s', 'deadline': '4s'}",
                                            sinks[i].port));
    return config;
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return -1;
    for (int i = 0; i < SINKS; i++)
        start_sink(&sinks[i]);
    harness = mu_harness_new(config());
    mu_harness_file(
        harness, "templates/down.md",
        "Subject: {{domain}} f\xc3\xa4llt aus\nPriority: high\n\n.dot\n{{domain}} fails.\n");
    return 0;
}

static void remove_files(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char file[512];
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(file);
    }
    if (dir != NULL)
        closedir(dir);
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(harness);
    mu_redact_clear();
    for (int i = 0; i < SINKS; i++)
        test_stop(sinks[i].pid);
    test_remove(folder);
    return 0;
}

/* Every message that a sink took since the last time, one after another; count in *count. New text.
 */
static char *taken(const struct sink *sink, int *count)
{
    char path[128], file[512], chunk[4096];
    struct mu_buf all = {0};
    snprintf(path, sizeof path, "%s/%s", folder, sink->name);
    DIR *dir = opendir(path);
    struct dirent *entry;
    *count = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        FILE *f = fopen(file, "r");
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
            mu_buf_add(&all, chunk, n);
        fclose(f);
        (*count)++;
    }
    if (dir != NULL)
        closedir(dir);
    remove_files(path);
    return mu_buf_take(&all);
}

static struct mu_call *opened(const char *verb, json_t *args)
{
    struct mu_call *call = mu_harness_open(harness, verb, args);
    call->key = KEY;
    call->run = "mx-failover.12";
    call->incident = "INC-118";
    return call;
}

static const struct mu_harness_outcome *sent(struct mu_call *call)
{
    const struct mu_harness_outcome *prepared = mu_harness_prepare(call);
    if (prepared->err != MU_OK)
        fail_msg("prepare: %s", prepared->why);
    return mu_harness_start(call);
}

static void a_message_arrives(void **state)
{
    (void)state;
    int count;
    struct mu_call *call =
        opened("notify", mu_harness_json("['ana', 'down', {'domain': 'example.com'}]"));
    const struct mu_harness_outcome *outcome = sent(call);
    if (outcome->err != MU_OK)
        fail_msg("%s", outcome->why);
    const json_t *line = json_array_get(json_object_get(outcome->value, "sent"), 0);
    assert_string_equal(mu_json_str(line, "address", ""), "ana@oncall.example");
    char *message = taken(&sinks[GOOD], &count), id[200];
    assert_int_equal(count, 1);
    assert_has(message,
               "X-Mail-Args: <Muster@oncall.example>"); /* domain normalised, local part kept */
    assert_has(message, "X-Rcpt-Args: <ana@oncall.example>");
    assert_has(message, "Subject: =?UTF-8?B?ZXhhbXBsZS5jb20gZsOkbGx0IGF1cw==?=\n");
    assert_has(message, "To: =?UTF-8?B?QW5hIFJ1w616?=\n <ana@oncall.example>\n");
    assert_has(message, "Auto-Submitted: auto-generated\n");
    assert_has(message, "Importance: high\n");
    assert_has(message, "References: <INC-118.muster@oncall.example>\n");
    assert_has(message, "\n\n.dot\nexample.com fails.\n\nmuster mx-failover.12 INC-118\n");
    snprintf(id, sizeof id, "Message-ID: <%s>\n", mu_json_str(line, "id", ""));
    assert_has(message, id);
    free(message);
    /* again, after a crash: the same Message-ID, and marked */
    call->repeated = true;
    assert_int_equal(mu_harness_start(call)->err, MU_OK);
    message = taken(&sinks[GOOD], &count);
    assert_int_equal(count, 1);
    assert_has(message, id);
    assert_has(message, "\n\n(possible duplicate) .dot\n");
    free(message);
    mu_harness_close(call);
}

static void refusal_goes_to_the_next_point(void **state)
{
    (void)state;
    int count;
    struct mu_call *call = opened("notify.direct", mu_harness_json("['two', 'Subject', 'Text']"));
    const struct mu_harness_outcome *outcome = sent(call);
    assert_int_equal(outcome->err, MU_OK);
    assert_int_equal(mu_json_int(outcome->value, "reached", 0), 2);
    const json_t *line = json_array_get(json_object_get(outcome->value, "sent"), 0);
    assert_string_equal(mu_json_str(line, "channel", ""), "good");
    assert_has(mu_json_str(line, "why", ""), "refuses: RCPT answered 500 5.3.0");
    assert_int_equal(mu_json_int(line, "attempts", 0), 2);
    char *messages = taken(&sinks[GOOD], &count);
    assert_int_equal(count, 2);
    assert_has(messages, "<b@oncall.example>");
    assert_has(messages, "<c@oncall.example>");
    free(messages);
    mu_harness_close(call);
}

static void busy_is_tried_again_and_lost_is_not(void **state)
{
    (void)state;
    int count;
    struct mu_call *call =
        opened("notify.direct", mu_harness_json("['busy:ana@oncall.example', 'Subject', 'Text']"));
    const struct mu_harness_outcome *outcome = sent(call);
    assert_int_equal(outcome->err, MU_REMOTE);
    assert_false(outcome->in_doubt);
    assert_has(outcome->why, "busy: MAIL answered 450 4.3.0");
    mu_harness_close(call);
    call =
        opened("notify.direct", mu_harness_json("['drops:ana@oncall.example', 'Subject', 'Text']"));
    outcome = sent(call);
    assert_int_equal(outcome->err, MU_REMOTE);
    assert_true(outcome->in_doubt);
    assert_has(outcome->why, "may have arrived");
    mu_harness_close(call);
    free(taken(&sinks[DROPS], &count));
}

static void tls_is_demanded_by_default(void **state)
{
    (void)state;
    int count;
    struct mu_call *call = opened(
        "notify.direct", mu_harness_json("['strict:ana@oncall.example', 'Subject', 'Text']"));
    const struct mu_harness_outcome *outcome = sent(call);
    assert_int_equal(outcome->err, MU_REMOTE);
    assert_has(outcome->why, "starttls: the server does not offer it");
    char *messages = taken(&sinks[GOOD], &count);
    assert_int_equal(count, 0);
    free(messages);
    mu_harness_close(call);
}

static void refuses(json_t *args, enum mu_err err, const char *why)
{
    struct mu_call *call = opened("notify", args);
    const struct mu_harness_outcome *outcome = mu_harness_prepare(call);
    assert_int_equal(outcome->err, err);
    assert_has(outcome->why, why);
    mu_harness_close(call);
}

static void never_through_what_fails(void **state)
{
    (void)state;
    refuses(mu_harness_json("['ana', 'down', {'domain': 'oncall.example'}]"), MU_REFUSED,
            "the sender oncall.example lies in oncall.example, which is what fails");
    refuses(mu_harness_json("['good:bo@mail.Example.COM', 'down', {'domain': 'example.com.'}]"),
            MU_REFUSED, "the recipient mail.example.com lies in example.com");
    refuses(mu_harness_json("['inside:bo@oncall.example', 'down', {'domain': 'example.net'}]"),
            MU_REFUSED, "the relay mail.example.net lies in example.net");
    refuses(mu_harness_json("['dotted:bo@oncall.example', 'down', {'domain': 'example.net'}]"),
            MU_REFUSED, "lies in example.net");
    refuses(
        mu_harness_json(
            "['inside:bo@oncall.example', 'down', {'domain': 'x', 'host': 'mail.example.net'}]"),
        MU_REFUSED, "the relay mail.example.net");
    refuses(mu_harness_json(
                "['inside:bo@oncall.example', 'down', {'domain': 'x'}, {'domain': 'example.net'}]"),
            MU_REFUSED, "use a relay outside it");
    /* a near miss is no match */
    struct mu_call *call = opened(
        "notify", mu_harness_json("['good:bo@notexample.com', 'down', {'domain': 'example.com'}]"));
    int count;
    assert_int_equal(sent(call)->err, MU_OK);
    free(taken(&sinks[GOOD], &count));
    assert_int_equal(count, 1);
    mu_harness_close(call);
}

static void wrong_configuration(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{'kind': 'email', 'relay': 'h:0', 'from': 'a@b.example'}", "expected \"host:587\""},
        {"{'kind': 'email', 'relay': 'h:25x', 'from': 'a@b.example'}", "expected \"host:587\""},
        {"{'kind': 'email', 'from': 'a@b.example'}", "expected \"host:587\""},
        {"{'kind': 'email', 'relay': 'h:465', 'from': 'a@b.example'}", "port 465"},
        {"{'kind': 'email', 'relay': 'h', 'from': 'nobody'}", "from \"nobody\""},
        {"{'kind': 'email', 'relay': 'h', 'from': 'a@b.example', 'tls': 'yes'}",
         "write \"require\""},
        {"{'kind': 'email', 'relay': 'h', 'from': 'a@b.example', 'user': 'u'}", "go together"},
        {"{'kind': 'email', 'relay': 'h', 'from': 'a@b.example', 'user': 'u', 'password': 'p', "
         "'tls': 'try'}",
         "only sent under verified TLS"},
        {"{'kind': 'email', 'relay': 'h', 'from': 'a@b.example', 'user': 'u', 'password': "
         "{'$secret': 'gone'}}",
         "is unknown"},
        {"{'kind': 'email', 'relay': 'h', 'from': 'a@b.example', 'deadline': '2 hours'}",
         "expected a duration"},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        json_t *channels = json_object_get(mu_harness_host(harness)->config, "channels");
        json_object_set_new(channels, "case", mu_harness_json("%s", cases[i][0]));
        refuses(mu_harness_json("['case:ana@oncall.example', 'down', {'domain': 'example.com'}]"),
                MU_CONFIG, cases[i][1]);
        json_object_del(channels, "case");
    }
    refuses(mu_harness_json("['good:not an address', 'down', {'domain': 'example.com'}]"),
            MU_CONFIG, "channel good, address");
    refuses(
        mu_harness_json(
            "['good:a@b.example>\\r\\nRCPT TO:<x@y.example', 'down', {'domain': 'example.com'}]"),
        MU_CONFIG, "channel good, address");
}

static void doctor_says_hello_only(void **state)
{
    (void)state;
    int count;
    json_t *result = mu_harness_doctor(harness, "notify");
    char *text = mu_json_text(json_object_get(result, "checks"));
    assert_has(text, "{\"ok\":true,\"what\":\"channel good answers\"}");
    assert_has(text, "{\"ok\":false,\"what\":\"channel strict answers\",\"why\":\"");
    assert_has(text, "{\"ok\":false,\"what\":\"channel inside works while example.net fails\"");
    free(text);
    json_decref(result);
    free(taken(&sinks[GOOD], &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives),
        cmocka_unit_test(refusal_goes_to_the_next_point),
        cmocka_unit_test(busy_is_tried_again_and_lost_is_not),
        cmocka_unit_test(tls_is_demanded_by_default),
        cmocka_unit_test(never_through_what_fails),
        cmocka_unit_test(wrong_configuration),
        cmocka_unit_test(doctor_says_hello_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
