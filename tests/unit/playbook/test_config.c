/* SPDX-License-Identifier: MIT
 *
 * muster.lua: found upward, merged with muster.d, every mistake named with its file and line. */
#include "words.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/redact.h"
#include "playbook/config.h"

static char dir[64];

/* DIR/name; valid until the fourth next call. */
static const char *in(const char *name)
{
    static char paths[4][200];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *content, mode_t mode)
{
    FILE *file = fopen(in(name), "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    assert_int_equal(chmod(in(name), mode), 0);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/muster-test-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    mkdir(in("muster.d"), 0755);
    mkdir(in("deep"), 0755);
    mkdir(in("deep/er"), 0755);
    put("key", "a secret of the test\n", 0600);
    put("open-key", "a secret of the test\n", 0644);
    put("short-key", "1234567\n", 0600);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const files[] = {"muster.lua",        "key",
                                        "open-key",          "short-key",
                                        "muster.d/10-a.lua", "muster.d/20-b.lua",
                                        "muster.d/skip.txt"};
    for (size_t i = 0; i < MU_COUNT(files); i++)
        unlink(in(files[i]));
    rmdir(in("deep/er"));
    rmdir(in("deep"));
    rmdir(in("muster.d"));
    mu_redact_clear();
    return rmdir(dir);
}

/* The values' text, or "!failure". */
static const char *load(const char *content)
{
    static char out[3000];
    struct mu_config *config;
    struct mu_fail fail;
    put("muster.lua", content, 0644);
    if (mu_config_load(in("muster.lua"), &config, &fail) != MU_OK) {
        assert_null(config);
        assert_int_equal(fail.class, MU_CONFIG);
        snprintf(out, sizeof out, "!%s", fail.text);
        return out;
    }
    char *text = mu_json_text(config->values);
    snprintf(out, sizeof out, "%s", text);
    free(text);
    mu_config_free(config);
    return out;
}

static void a_configuration_is_read(void **state)
{
    (void)state;
    assert_string_equal(
        load("return { dns = { timeout = '2s', resolvers = { '127.0.0.1:53' } }, domains = { "
             "['example.com'] = { provider = 'p', standby = 'x', own = { 1 } } },\n"
             " providers = { p = { driver = 'powerdns', url = 'u', key = secret.file 'key', timeout = '5s' } "
             "} }"),
        "{\"dns\":{\"resolvers\":[\"127.0.0.1:53\"],\"timeout\":\"2s\"},\"domains\":{\"example."
        "com\":{\"own\":[1],\"provider\":\"p\",\"standby\":\"x\"}},"
        "\"providers\":{\"p\":{\"driver\":\"powerdns\",\"key\":{\"$secret\":\"key\"},\"timeout\":"
        "\"5s\",\"url\":\"u\"}}}");
    assert_string_equal(mu_redact_secret("key"), "a secret of the test");
    assert_string_equal(load("state = 'here'\ndns = { port = 5300 }"),
                        "{\"dns\":{\"port\":5300},\"state\":\"here\"}");
    assert_string_equal(load(""), "{}");
    assert_string_equal(load("local function person(name) return { name = name, teams = { 'a' } } "
                             "end\nreturn { people = { ana = person 'Ana' } }"),
                        "{\"people\":{\"ana\":{\"name\":\"Ana\",\"teams\":[\"a\"]}}}");
    setenv("MUSTER_TEST_TOKEN", "token of the test", 1);
    assert_non_null(strstr(load("return { channels = { push = { kind = 'ntfy', token = secret.env "
                                "'MUSTER_TEST_TOKEN' } } }"),
                           "{\"$secret\":\"MUSTER_TEST_TOKEN\"}"));
    unsetenv("MUSTER_TEST_TOKEN");
}

static void mistakes_have_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *content, *said;
    } cases[] = {
        {"return {\n dns = { tiemout = '2s' } }",
         "muster.lua:2: unknown key dns.tiemout: did you mean timeout?"},
        {"return {\n\n dsn = {} }", "muster.lua:3: unknown key dsn: did you mean dns?"},
        {"return {\n colours = {} }", "muster.lua:2: unknown key colours: docs/configuration.md"},
        {"\ndns = {\n timeout = 2 }", "muster.lua:3: dns.timeout takes a duration like \"2s\""},
        {"return {\n domains = {\n ['example.com'] = {\n standbye = 'x' } } }",
         "muster.lua:4: unknown key domains[\"example.com\"].standbye: did you mean standby?"},
        {"return { domains = {\n ['example.com'] = 'x' } }",
         "muster.lua:2: domains[\"example.com\"] takes a table with names"},
        {"return { people = { ana = {\n contact = 'push:x' } } }",
         "muster.lua:2: people.ana.contact takes a list of texts"},
        {"return { people = { ana = {\n contact = { 1 } } } }",
         "muster.lua:2: people.ana.contact takes a list of texts"},
        {"return { smtp = {\n port = '25' } }", "muster.lua:2: smtp.port takes an integer"},
        {"return { providers = { p = { tsig = {\n secrt = 'x' } } } }",
         "muster.lua:2: unknown key providers.p.tsig.secrt: did you mean secret?"},
        {"return { state = host }", "muster.lua:1: unknown name \"host\": a text stands in quotes"},
        {"return { state = os.getenv 'HOME' }", "muster.lua:1: unknown name \"os\""},
        {"return {\n state = 'x'\n dns = {} }", "muster.lua:3: '}' expected"},
        {"return 5", "muster.lua: the configuration is a table: return { ... }, not a number"},
        {"return { 'x' }", "muster.lua: the configuration is a table with names, not a list"},
        {"state = 'x' return { dns = {} }",
         "muster.lua: state is assigned beside the table that is returned"},
        {"return { state = function() end }", "muster.lua: state: a function can't stand here"},
        {"local t = {} t.t = t return { dns = t }", "nested too deeply"},
        {"return { providers = { p = {\n key = secret.file 'nokey' } } }", "muster.lua:2: "},
        {"return { providers = { p = {\n key = secret.file 'open-key' } } }", "chmod 600"},
        {"return { providers = { p = {\n key = secret.file 'short-key' } } }", "muster.lua:2: "},
        {"return { providers = { p = { key = secret.file(5) } } }",
         "muster.lua:1: secret.file takes a text, got number"},
        {"return { providers = { p = { key = secret.env 'MUSTER_TEST_UNSET' } } }",
         "MUSTER_TEST_UNSET is not set"},
        {"return { providers = { p = { key = secret.fiel 'x' } } }",
         "attempt to call a nil value (field 'fiel')"},
        {"return { providers = { p = {} } }",
         "providers[\"p\"] has no driver (powerdns or rfc2136)"},
        {"return { providers = { p = { driver = 'powerdsn' } } }",
         "providers[\"p\"].driver is unknown: powerdsn; it is powerdns or rfc2136"},
        {"return { providers = { p = { driver = 'powerdns', key = 'k' } } }",
         "providers[\"p\"] has no url (powerdns: of its API)"},
        {"return { providers = { p = { driver = 'rfc2136', server = '192.0.2.1' } } }",
         "providers[\"p\"] has no tsig (rfc2136: how updates are signed)"},
        {"return { providers = { p = { driver = 'rfc2136', server = '192.0.2.1', tsig = { secret = "
         "'x' } } } }",
         "providers[\"p\"] has no tsig.name (of the key)"},
        {"while true do end", "muster.lua:1: still computing"},
        {"\033Lua", "attempt to load a binary chunk"},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        const char *said = load(cases[i].content);
        if (said[0] != '!' || strstr(said, cases[i].said) == NULL ||
            strstr(said, "muster.lua") == NULL)
            fail_msg("%s\n  said   %s\n  wanted %s", cases[i].content, said, cases[i].said);
        if (strstr(said, "a secret of the test"))
            fail_msg("the secret is in: %s", said);
    }
}

static void muster_d_is_merged(void **state)
{
    (void)state;
    put("muster.d/10-a.lua",
        "return { domains = { ['example.org'] = { provider = 'a' } }, providers = { a = { driver = "
        "'powerdns', url = 'https://a' } } }",
        0644);
    put("muster.d/20-b.lua", "smtp = { helo = 'h' }\nproviders = { a = { key = 'k' } }", 0644);
    put("muster.d/skip.txt", "not lua", 0644);
    assert_string_equal(
        load("return { domains = { ['example.com'] = { provider = 'p' } } }"),
        "{\"domains\":{\"example.com\":{\"provider\":\"p\"},\"example.org\":{\"provider\":\"a\"}},"
        "\"providers\":{\"a\":{\"driver\":\"powerdns\",\"key\":\"k\",\"url\":\"https://"
        "a\"}},\"smtp\":{\"helo\":\"h\"}}");
    const char *said = load("return { smtp = { helo = 'x' } }");
    assert_non_null(strstr(said, "smtp.helo is set in "));
    assert_non_null(strstr(said, "muster.lua and again in "));
    assert_non_null(strstr(said, "muster.d/20-b.lua: keep one of them"));
    put("muster.d/20-b.lua", "return { providers = { a = { driver = 'powerdns' } } }", 0644);
    said = load("");
    assert_non_null(strstr(said, "providers.a.driver is set in "));
    assert_non_null(strstr(said, "muster.d/10-a.lua and again in "));
    put("muster.d/20-b.lua", "\nreturn { smtpp = {} }", 0644);
    assert_non_null(strstr(load(""), "20-b.lua:2: unknown key smtpp: did you mean smtp?"));
    unlink(in("muster.d/10-a.lua"));
    unlink(in("muster.d/20-b.lua"));
}

static void the_nearest_one_upward_counts(void **state)
{
    (void)state;
    char before[300];
    struct mu_config *config;
    struct mu_fail fail;
    assert_non_null(getcwd(before, sizeof before));
    put("muster.lua", "state = 'sub'", 0644);
    assert_int_equal(chdir(in("deep/er")), 0);
    assert_int_equal(mu_config_load(NULL, &config, &fail), MU_OK);
    assert_string_equal(config->dir, dir);
    char *place = mu_config_state_dir(config);
    assert_string_equal(place, in("sub"));
    free(place);
    mu_config_free(config);
    unlink(in("muster.lua"));
    assert_int_equal(mu_config_load(NULL, &config, &fail), MU_OK);
    assert_string_equal(config->path, "");
    setenv("MUSTER_STATE", "/tmp/somewhere", 1);
    place = mu_config_state_dir(config);
    assert_string_equal(place, "/tmp/somewhere");
    unsetenv("MUSTER_STATE");
    free(place);
    mu_config_free(config);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(mu_config_load(in("nothing.lua"), &config, &fail), MU_CONFIG);
}

static void paths_are_looked_up(void **state)
{
    (void)state;
    struct mu_fail fail;
    static const char text[] =
        "{\"dns\":{\"port\":53},\"domains\":{\"example.com\":{\"standby\":\"x\"}}}";
    json_t *values = mu_json_parse(text, sizeof text - 1, &fail);
    assert_int_equal(json_integer_value(mu_config_at(values, "dns.port")), 53);
    assert_string_equal(json_string_value(mu_config_at(values, "domains[example.com].standby")),
                        "x");
    assert_null(mu_config_at(values, "domains[example.org].standby"));
    assert_null(mu_config_at(values, "dns.port.more"));
    assert_null(mu_config_at(values, "dns..port"));
    json_decref(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_is_read), cmocka_unit_test(mistakes_have_file_and_line),
        cmocka_unit_test(muster_d_is_merged),      cmocka_unit_test(the_nearest_one_upward_counts),
        cmocka_unit_test(paths_are_looked_up),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
