/* SPDX-License-Identifier: MIT
 *
 * Parameters: what people type, what muster.lua gives, what is left to defaults. */
#include "words.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/redact.h"
#include "playbook/header.h"

static const char text[] =
    "playbook { name = 'mx-failover', version = '1.0.0', owner = 'o', summary = 's', may_change = "
    "{},\n"
    "  changelog = { ['1.0.0'] = 'f' }, params = {\n"
    "    standby = param.host 'Standby MX' { from = 'domains[domain].standby' },\n"
    "    hosts   = param.list(param.host) 'All of them' { from = 'pools[standby].hosts', default = "
    "{} },\n"
    "    domain  = param.domain 'The domain',\n"
    "    how     = param.choice 'How' { 'swap', 'add', default = 'swap' },\n"
    "    settle  = param.duration 'How long' { default = '15m', min = '1m', max = '2h' },\n"
    "    port    = param.integer 'Port' { default = 25, min = 1, max = 65535 },\n"
    "    ratio   = param.number 'Ratio' { default = 0.5, min = 0, max = 1 },\n"
    "    loud    = param.boolean 'Loud' { default = false },\n"
    "    text    = param.string 'Text' { default = 'x' },\n"
    "    who     = param.mailbox 'Who' { default = 'a@example.com' },\n"
    "    key     = param.secret 'Key' { from = 'keys.one' },\n"
    "} }\nfunction main() end\n";

static struct mu_header *header;

static int read_header(void **state)
{
    (void)state;
    struct mu_fail fail;
    struct mu_bundle *bundle = bundle_of(text);
    if (mu_header_read(bundle, &header, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    mu_bundle_free(bundle);
    return 0;
}

static int free_header(void **state)
{
    (void)state;
    mu_header_free(header);
    return 0;
}

static json_t *config(void)
{
    struct mu_fail fail;
    static const char values[] =
        "{\"domains\":{\"example.com\":{\"standby\":\"MX2.example.net.\"}},\"pools\":{\"mx2."
        "example.net\":{\"hosts\":[\"a.example.net\",\"b.example.net\"]}},"
        "\"keys\":{\"one\":{\"$secret\":\"keys/one\"}}}";
    json_t *value = mu_json_parse(values, sizeof values - 1, &fail);
    assert_non_null(value);
    return value;
}

/* The resolved object's text, or the failure's after "!". */
static const char *resolve(const char *const *pairs, const json_t *values)
{
    static char out[2000];
    struct mu_fail fail;
    json_t *params;
    size_t count = 0;
    while (pairs[count])
        count++;
    if (mu_params_resolve(header, pairs, count, values, &params, &fail) != MU_OK) {
        assert_null(params);
        snprintf(out, sizeof out, "!%s", fail.text);
        return out;
    }
    char *shown = mu_json_text(params);
    snprintf(out, sizeof out, "%s", shown);
    free(shown);
    json_decref(params);
    return out;
}

static void what_is_typed_counts_before_configuration_before_defaults(void **state)
{
    (void)state;
    json_t *values = config();
    static const char rest[] =
        "\"how\":\"swap\",\"key\":{\"$secret\":\"keys/"
        "one\"},\"loud\":false,\"port\":25,\"ratio\":0.5,\"settle\":\"15m\",";
    char wanted[1000];
    snprintf(wanted, sizeof wanted,
             "{\"domain\":\"example.com\",\"hosts\":[\"a.example.net\",\"b.example.net\"],%"
             "s\"standby\":\"mx2.example.net\",\"text\":\"x\",\"who\":\"a@example.com\"}",
             rest);
    const char *one[] = {"domain=Example.COM.", NULL};
    assert_string_equal(resolve(one, values), wanted);
    snprintf(wanted, sizeof wanted,
             "{\"domain\":\"example.com\",\"hosts\":[],%s\"standby\":\"192.0.2.7\",\"text\":\"a="
             "b\",\"who\":\"a@example.com\"}",
             rest);
    const char *two[] = {"domain=example.com", "standby=192.0.2.7", "text=a=b", NULL};
    assert_string_equal(resolve(two, values), wanted);
    json_decref(values);
}

static void bad_values_say_which_and_what(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[4], *said;
    } cases[] = {
        {{"domian=example.com"},
         "!unknown parameter \"domian\": mx-failover takes standby, hosts, domain, how, settle, "
         "port, ratio, loud, text, who, key; did you mean domain?"},
        {{"example.com"}, "!\"example.com\" is not key=value"},
        {{"domain=example.com", "domain=example.org"}, "!parameter domain is given twice"},
        {{"port=25"}, "!parameter domain is missing: The domain. Give it: domain=... (a domain)"},
        {{"domain=example.org"},
         "!parameter standby is missing: Standby MX. Give it: standby=... (a host) or set it in muster.lua: "
         "domains[example.org].standby"},
        {{"domain=https://example.com"}, "!parameter domain (The domain):"},
        {{"domain=example.com", "how=both"},
         "!parameter how (How) takes swap or add, got \"both\""},
        {{"domain=example.com", "settle=15"},
         "!parameter settle (How long) takes a duration like 90s, 15m, 2h or 45d, got \"15\""},
        {{"domain=example.com", "settle=10s"},
         "!parameter settle (How long) takes at least 1m, got \"10s\""},
        {{"domain=example.com", "settle=3h"},
         "!parameter settle (How long) takes at most 2h, got \"3h\""},
        {{"domain=example.com", "port=0"}, "!parameter port (Port) takes at least 1, got \"0\""},
        {{"domain=example.com", "port=65536"}, "!parameter port (Port) takes at most 65535"},
        {{"domain=example.com", "port=25x"},
         "!parameter port (Port) takes an integer, got \"25x\""},
        {{"domain=example.com", "port="}, "!parameter port (Port) takes an integer"},
        {{"domain=example.com", "port=99999999999999999999"},
         "!parameter port (Port) takes an integer"},
        {{"domain=example.com", "ratio=1.5"}, "!parameter ratio (Ratio) takes at most 1"},
        {{"domain=example.com", "ratio=nan"}, "!parameter ratio (Ratio) takes a number"},
        {{"domain=example.com", "loud=maybe"}, "!parameter loud (Loud) takes true or false"},
        {{"domain=example.com", "who=nobody"}, "!parameter who (Who):"},
        {{"domain=example.com", "text=\xff"}, "!parameter text (Text) takes UTF-8 text"},
        {{"domain=example.com", "hosts=a.example.com,not a host"},
         "!parameter hosts (All of them)"},
        {{"domain=example.com", "key=hunter2hunter2"},
         "!parameter key (Key): a secret is never given as it is"},
        {{"domain=example.com", "key=env:MUSTER_TEST_NOT_SET"},
         "!parameter key (Key): the secret's environment variable MUSTER_TEST_NOT_SET is not set"},
        {{"domain=example.com", "key=file:/nonexistent/key"}, "!parameter key (Key): "},
    };
    json_t *values = config();
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        const char *said = resolve(cases[i].pairs, values);
        if (strncmp(said, cases[i].said, strlen(cases[i].said)) != 0)
            fail_msg("%s %s\n  said   %s\n  wanted %s", cases[i].pairs[0],
                     cases[i].pairs[1] ? cases[i].pairs[1] : "", said, cases[i].said);
    }
    json_decref(values);
}

static void configuration_is_checked_too(void **state)
{
    (void)state;
    static const struct {
        const char *values, *said;
    } cases[] = {
        {"{\"domains\":{\"example.com\":{\"standby\":5}}}",
         "!domains[example.com].standby: parameter standby (Standby MX) takes a host, not 5"},
        {"{\"domains\":{\"example.com\":{\"standby\":{}}}}",
         "!domains[example.com].standby: parameter standby"},
        {"{\"domains\":{\"example.com\":{\"standby\":\"no host\"}}}",
         "!domains[example.com].standby: parameter standby"},
        {"{\"domains\":{\"example.com\":{\"standby\":\"mx2.example.net\"}},\"pools\":{\"mx2."
         "example.net\":{\"hosts\":[1]}}}",
         "!pools[mx2.example.net].hosts: parameter hosts"},
        {"{\"domains\":{\"example.com\":{\"standby\":\"mx2.example.net\"}},\"keys\":{\"one\":"
         "\"plain text secret\"}}",
         "!parameter key is a secret: keys.one must hold secret.file or secret.env"},
    };
    const char *pairs[] = {"domain=example.com", NULL};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_fail fail;
        json_t *values = mu_json_parse(cases[i].values, strlen(cases[i].values), &fail);
        const char *said = resolve(pairs, values);
        if (strncmp(said, cases[i].said, strlen(cases[i].said)) != 0)
            fail_msg("%s\n  said   %s\n  wanted %s", cases[i].values, said, cases[i].said);
        json_decref(values);
    }
}

static void write_secret(const char *path, const char *secret, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(secret, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void secrets_come_by_file_and_environment(void **state)
{
    (void)state;
    char dir[] = "/tmp/muster-test-XXXXXX", path[100], pair[120];
    json_t *values = config();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/key", dir);
    snprintf(pair, sizeof pair, "key=file:%s", path);
    const char *pairs[] = {"domain=example.com", pair, NULL};
    write_secret(path, "correct horse battery\n", 0644);
    assert_non_null(strstr(resolve(pairs, values), "chmod 600"));
    write_secret(path, "short\n", 0600);
    assert_int_equal(resolve(pairs, values)[0], '!');
    write_secret(path, "correct horse battery\n", 0600);
    assert_non_null(strstr(resolve(pairs, values), "\"key\":{\"$secret\":\"param.key\"}"));
    assert_string_equal(mu_redact_secret("param.key"), "correct horse battery");
    assert_int_equal(setenv("MUSTER_TEST_KEY", "another secret text", 1), 0);
    pairs[1] = "key=env:MUSTER_TEST_KEY";
    assert_non_null(strstr(resolve(pairs, values), "\"$secret\":\"param.key\""));
    assert_string_equal(mu_redact_secret("param.key"), "another secret text");
    unsetenv("MUSTER_TEST_KEY");
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    json_decref(values);
    mu_redact_clear();
}

static void holes_are_filled(void **state)
{
    (void)state;
    struct mu_fail fail;
    json_t *params = mu_json_parse("{\"domain\":\"example.com\",\"port\":25}", 34, &fail);
    static const char *const cases[][2] = {{"mx:{domain}", "mx:example.com"},
                                           {"{domain}:{port}", "example.com:25"},
                                           {"plain", "plain"},
                                           {"open{", "open{"}};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        char *filled = mu_params_fill(cases[i][0], params);
        assert_string_equal(filled, cases[i][1]);
        free(filled);
    }
    json_decref(params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_counts_before_configuration_before_defaults),
        cmocka_unit_test(bad_values_say_which_and_what),
        cmocka_unit_test(configuration_is_checked_too),
        cmocka_unit_test(secrets_come_by_file_and_environment),
        cmocka_unit_test(holes_are_filled),
    };
    return cmocka_run_group_tests(tests, read_header, free_header);
}
