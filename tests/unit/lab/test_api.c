/* SPDX-License-Identifier: MIT
 *
 * The lab's provider against the real one: every request goes to the lab and to a pdns_server of
 * the distribution with the same zone; status and answer must be the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/curl_late.h"
#include "lab/lab.h"

#define SCHEMA "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
#define KEY    "a-key-for-the-test"
#define ZONE   "/api/v1/servers/localhost/zones/example.net."

static struct mu_lab *lab;
static char lab_url[64], lab_key[128], real_url[64], folder[] = "/tmp/muster-lab-pdns.XXXXXX";
static pid_t pdns;

struct answer {
    long status;
    struct mu_buf body;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *ud)
{
    mu_buf_add(ud, bytes, size * count);
    return size * count;
}

static void ask(struct answer *answer, const char *base, const char *key, const char *method,
                const char *path, const char *body)
{
    struct mu_fail fail;
    assert_int_equal(mu_curl_load(&fail), MU_OK);
    CURL *curl = curl_easy_init();
    char *url = mu_xasprintf("%s%s", base, path), *header = mu_xasprintf("X-API-Key: %s", key);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    *answer = (struct answer){0};
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 5000L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer->body);
    if (body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    free(header);
    free(url);
}

/* Asks both; fails when they differ. */
static void both(const char *method, const char *path, const char *body)
{
    struct answer ours, real;
    ask(&ours, lab_url, lab_key, method, path, body);
    ask(&real, real_url, KEY, method, path, body);
    if (ours.status != real.status || strcmp(mu_buf_text(&ours.body), mu_buf_text(&real.body)) != 0)
        fail_msg("%s %s %s\n  PowerDNS: %ld %s\n  the lab:  %ld %s", method, path, body ? body : "",
                 real.status, mu_buf_text(&real.body), ours.status, mu_buf_text(&ours.body));
    mu_buf_free(&ours.body);
    mu_buf_free(&real.body);
}

static void patch_rrset(const char *name, const char *type, const char *ttl, const char *records)
{
    char *body = mu_xasprintf("{\"rrsets\":[{\"name\":\"%s\",\"type\":\"%s\",\"ttl\":%s,"
                              "\"changetype\":\"REPLACE\",\"records\":%s}]}",
                              name, type, ttl, records);
    both("PATCH", ZONE, body);
    free(body);
}

/* An rrset is a set: its records by content. */
static void forget_order(json_t *set)
{
    json_t *map = json_object(), *record;
    size_t i;
    json_array_foreach(json_object_get(set, "records"), i, record)
        json_object_set(map, mu_json_str(record, "content", ""), record);
    json_object_set_new(set, "records", map);
}

/* Serials and every order are each server's own. */
static json_t *rrsets_of(const char *base, const char *key, bool in_order)
{
    struct answer answer;
    ask(&answer, base, key, "GET", ZONE, NULL);
    assert_int_equal(answer.status, 200);
    json_t *zone = json_loads(mu_buf_text(&answer.body), 0, NULL), *map = json_object(), *set;
    size_t i;
    json_array_foreach(json_object_get(zone, "rrsets"), i, set)
    {
        char id[300];
        snprintf(id, sizeof id, "%s/%s", mu_json_str(set, "name", ""),
                 mu_json_str(set, "type", ""));
        if (strstr(id, "/SOA") != NULL)
            continue;
        if (!in_order)
            forget_order(set);
        json_object_set(map, id, set);
    }
    json_decref(zone);
    mu_buf_free(&answer.body);
    return map;
}

static void same_zones(void)
{
    json_t *ours = rrsets_of(lab_url, lab_key, false), *real = rrsets_of(real_url, KEY, false);
    char *our_text = json_dumps(ours, JSON_SORT_KEYS),
         *real_text = json_dumps(real, JSON_SORT_KEYS);
    assert_string_equal(our_text, real_text);
    free(our_text);
    free(real_text);
    json_decref(ours);
    json_decref(real);
}

static void changes_are_judged_like_powerdns_does(void **state)
{
    (void)state;
    static const struct {
        const char *name, *type, *ttl, *records;
    } cases[] = {
        {"example.net.", "MX", "300", "[{\"content\":\"10 mx1.example.com.\",\"disabled\":false}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10 mx1.example.com\"}]"},
        {"example.net", "MX", "300", "[{\"content\":\"10 mx1.example.com.\"}]"},
        {"", "MX", "300", "[{\"content\":\"10 mx1.example.com.\"}]"},
        {"a..b.", "MX", "300", "[{\"content\":\"10 mx1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"mx1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"70000 mx1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"x mx1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10 mx1.example.com. extra\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10  mx1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10 mx_1.example.com.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10 a..b.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"0 .\"}]"}, /* null MX, RFC 7505 */
        {"example.net.", "MX", "300", "[{\"content\":\"0 a.b.\"},{\"content\":\"0 a.b.\"}]"},
        {"EXAMPLE.net.", "mx", "300", "[{\"content\":\"0 A.b.\"},{\"content\":\"5 c.d.\"}]"},
        {"example.org.", "MX", "300", "[{\"content\":\"10 a.b.\"}]"},
        {"example.net.", "FOO", "300", "[{\"content\":\"10 a.b.\"}]"},
        {"example.net.", "MX", "\"300\"", "[{\"content\":\"10 a.b.\"}]"},
        {"example.net.", "MX", "null", "[{\"content\":\"10 a.b.\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":5}]"},
        {"example.net.", "MX", "300", "[{}]"},
        {"example.net.", "MX", "300", "[\"x\"]"},
        {"example.net.", "MX", "300", "\"x\""},
        {"example.net.", "MX", "300", "[{\"content\":\"10 a.b.\",\"disabled\":\"yes\"}]"},
        {"example.net.", "MX", "300", "[{\"content\":\"10 a.b.\",\"disabled\":true}]"},
        {"example.net.", "MX", "300", "[]"},
        {"example.net.", "CNAME", "300", "[{\"content\":\"a.b.\"}]"},
        {"www.example.net.", "CNAME", "300", "[{\"content\":\"a.b.\"}]"},
        {"www.example.net.", "CNAME", "300", "[{\"content\":\"a.b.\"},{\"content\":\"c.d.\"}]"},
        {"www.example.net.", "A", "300", "[{\"content\":\"127.0.0.1\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"127.0.0.1.1\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"127.0.0\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"127.0.0.01\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"300.0.0.1\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"fred\"}]"},
        {"w.example.net.", "A", "300", "[{\"content\":\"127.0.0.1\"}]"},
        {"w.example.net.", "AAAA", "300", "[{\"content\":\"0:0::1\"}]"},
        {"w.example.net.", "AAAA", "300", "[{\"content\":\"127.0.0.1\"}]"},
        {"w.example.net.", "TXT", "300", "[{\"content\":\"hello\"}]"},
        {"w.example.net.", "TXT", "300", "[{\"content\":\"\\\"v=spf1 -all\\\" \\\"b\\\"\"}]"},
        {"w.example.net.", "TLSA", "300", "[{\"content\":\"3 1 1 ABCD\"}]"},
        {"w.example.net.", "SRV", "300", "[{\"content\":\"0 0 25 a.b.\"}]"},
        {"*.example.net.", "MX", "300", "[{\"content\":\"5 a.b.\"}]"},
        {"b*.example.net.", "MX", "300", "[{\"content\":\"5 a.b.\"}]"},
        {"a b.example.net.", "MX", "300", "[{\"content\":\"5 a.b.\"}]"},
        {"w@x.example.net.", "MX", "300", "[{\"content\":\"5 a.b.\"}]"},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        patch_rrset(cases[i].name, cases[i].type, cases[i].ttl, cases[i].records);
        same_zones();
    }
}

static void requests_are_judged_like_powerdns_does(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "{bad",
        "[]",
        "{\"x\":1}",
        "{\"rrsets\":{}}",
        "{\"rrsets\":[]}",
        "{\"rrsets\":[\"x\"]}",
        "{\"rrsets\":[{\"name\":5,\"type\":\"MX\",\"changetype\":\"DELETE\"}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"changetype\":\"DELETE\"}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"type\":\"MX\"}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"type\":\"MX\",\"changetype\":\"WHAT\"}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"type\":\"MX\",\"changetype\":\"REPLACE\"}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"type\":\"MX\",\"changetype\":\"REPLACE\","
        "\"records\":[{\"content\":\"1 a.b.\"}]}]}",
        "{\"rrsets\":[{\"name\":\"example.net.\",\"type\":\"MX\",\"changetype\":\"delete\"}]}",
        "{\"rrsets\":[{\"name\":\"no.example.net.\",\"type\":\"MX\",\"changetype\":\"DELETE\"}]}",
        "{\"rrsets\":[{\"name\":\"x.example.org.\",\"type\":\"MX\",\"changetype\":\"DELETE\"}]}",
        "{\"rrsets\":[{\"name\":\"w.example.net.\",\"type\":\"MX\",\"changetype\":\"DELETE\"},"
        "{\"name\":\"w.example.net.\",\"type\":\"MX\",\"changetype\":\"DELETE\"}]}",
        /* the first is fine, the second is not: neither happens */
        "{\"rrsets\":[{\"name\":\"half.example.net.\",\"type\":\"A\",\"ttl\":5,"
        "\"changetype\":\"REPLACE\",\"records\":[{\"content\":\"127.0.0.1\"}]},"
        "{\"name\":\"half.example.net.\",\"type\":\"MX\",\"ttl\":5,\"changetype\":\"REPLACE\","
        "\"records\":[{\"content\":\"bad\"}]}]}",
    };
    for (size_t i = 0; i < MU_COUNT(bodies); i++) {
        both("PATCH", ZONE, bodies[i]);
        same_zones();
    }
    both("GET", "/api", NULL);
    both("GET", "/api/v1/servers/other", NULL);
    both("GET", "/api/v1/nothing", NULL);
    both("GET", "/api/v1/servers/localhost/zones/example.org.", NULL);
    both("PATCH", "/api/v1/servers/localhost/zones/example.org.", "{\"rrsets\":[]}");
    both("DELETE", "/api/v1/servers", NULL);
}

static long serial_of(const char *base, const char *key)
{
    struct answer answer;
    ask(&answer, base, key, "GET", ZONE "?rrsets=false", NULL);
    json_t *zone = json_loads(mu_buf_text(&answer.body), 0, NULL);
    assert_null(json_object_get(zone, "rrsets"));
    long serial = (long)mu_json_int(zone, "serial", -1);
    json_decref(zone);
    mu_buf_free(&answer.body);
    return serial;
}

static void serial_grows_by_one_a_change(void **state)
{
    (void)state;
    long ours = serial_of(lab_url, lab_key), real = serial_of(real_url, KEY);
    assert_int_equal(ours / 1000000, real / 1000000); /* both begin with the date */
    patch_rrset("s.example.net.", "A", "5", "[{\"content\":\"127.0.0.1\"}]");
    assert_int_equal(serial_of(lab_url, lab_key), ours + 1);
    assert_int_equal(serial_of(real_url, KEY), real + 1);
    patch_rrset("s.example.net.", "A", "5", "[{\"content\":\"bad\"}]");
    assert_int_equal(serial_of(lab_url, lab_key), ours + 1);
}

static void zone_and_server_have_powerdns_shape(void **state)
{
    (void)state;
    static const char *const paths[] = {ZONE "?rrset_name=example.net.&rrset_type=NS",
                                        "/api/v1/servers/localhost",
                                        "/api/v1/servers/localhost/zones?zone=example.net."};
    for (size_t i = 0; i < MU_COUNT(paths); i++) {
        struct answer ours, real;
        ask(&ours, lab_url, lab_key, "GET", paths[i], NULL);
        ask(&real, real_url, KEY, "GET", paths[i], NULL);
        json_t *a = json_loads(mu_buf_text(&ours.body), 0, NULL);
        json_t *b = json_loads(mu_buf_text(&real.body), 0, NULL), *value;
        const char *name;
        json_t *mine = json_is_array(a) ? json_array_get(a, 0) : a;
        json_object_foreach(mine, name, value)
        {
            json_t *its = json_object_get(json_is_array(b) ? json_array_get(b, 0) : b, name);
            if (its == NULL || json_typeof(its) != json_typeof(value))
                fail_msg("%s: \"%s\" is not what PowerDNS has there", paths[i], name);
        }
        json_decref(a);
        json_decref(b);
        mu_buf_free(&ours.body);
        mu_buf_free(&real.body);
    }
}

static void keys_are_checked(void **state)
{
    (void)state;
    struct answer answer;
    static const char *const keys[] = {"", "wrong", KEY};
    for (size_t i = 0; i < MU_COUNT(keys); i++) {
        ask(&answer, lab_url, keys[i], "GET", ZONE, NULL);
        assert_int_equal(answer.status, 401);
        assert_string_equal(mu_buf_text(&answer.body), "Unauthorized");
        mu_buf_free(&answer.body);
    }
    char *body = mu_xcalloc(300001, 1);
    memset(body, ' ', 300000);
    ask(&answer, lab_url, lab_key, "PATCH", ZONE, body);
    assert_int_equal(answer.status, 413);
    mu_buf_free(&answer.body);
    free(body);
    static const struct { /* where the lab is stricter, see api.h */
        const char *name, *type, *ttl, *records;
    } cases[] = {{"example.net.", "MX", "-5", "[{\"content\":\"10 a.b.\"}]"},
                 {"example.net.", "MX", "99999999999", "[{\"content\":\"10 a.b.\"}]"},
                 {"example.net.", "SOA", "5", "[]"},
                 {"sub.example.net.", "NS", "5", "[{\"content\":\"a.b.\"}]"}};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        char *text = mu_xasprintf("{\"rrsets\":[{\"name\":\"%s\",\"type\":\"%s\",\"ttl\":%s,"
                                  "\"changetype\":\"REPLACE\",\"records\":%s}]}",
                                  cases[i].name, cases[i].type, cases[i].ttl, cases[i].records);
        ask(&answer, lab_url, lab_key, "PATCH", ZONE, text);
        assert_int_equal(answer.status, 422);
        mu_buf_free(&answer.body);
        free(text);
    }
}

/* ---- the real one ---- */

static int free_port(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000058)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    getsockname(fd, (struct sockaddr *)&addr, &len);
    close(fd);
    return ntohs(addr.sin_port);
}

static pid_t spawn(const char *const *argv, const char *input)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    int in = open(input, O_RDONLY), null = open("/dev/null", O_WRONLY);
    dup2(in, 0);
    dup2(null, 1);
    dup2(null, 2);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static void run_wait(const char *const *argv, const char *input)
{
    int wait_status;
    pid_t child = spawn(argv, input);
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
}

static void write_config(int http_port, int dns_port)
{
    char *path = mu_xasprintf("%s/pdns.conf", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "launch=gsqlite3\ngsqlite3-database=%s/db\nlocal-address=127.0.0.88\nlocal-port=%d\n"
            "api=yes\napi-key=" KEY "\nwebserver=yes\nwebserver-address=127.0.0.88\n"
            "webserver-port=%d\nsocket-dir=%s\ndaemon=no\nguardian=no\nlog-dns-details=no\n"
            "security-poll-suffix=\n",
            folder, dns_port, http_port, folder);
    fclose(file);
    free(path);
}

/* The zone as the lab has it, made through the real API. */
static void plant_zone(void)
{
    struct answer answer;
    int status = 0;
    for (int i = 0; i < 100 && status != 200; i++) {
        usleep(50000);
        ask(&answer, real_url, KEY, "GET", "/api/v1/servers", NULL);
        status = (int)answer.status;
        mu_buf_free(&answer.body);
    }
    assert_int_equal(status, 200);
    json_t *ours = rrsets_of(lab_url, lab_key, true), *list = json_array(), *set;
    const char *id;
    json_object_foreach(ours, id, set) json_array_append(list, set);
    json_t *zone =
        json_pack("{ss ss so}", "name", "example.net.", "kind", "Native", "rrsets", list);
    char *text = json_dumps(zone, 0);
    ask(&answer, real_url, KEY, "POST", "/api/v1/servers/localhost/zones", text);
    assert_int_equal(answer.status, 201);
    mu_buf_free(&answer.body);
    free(text);
    json_decref(zone);
    json_decref(ours);
}

static int start(void **state)
{
    (void)state;
    struct mu_fail fail;
    json_t *status;
    if (access(SCHEMA, R_OK) != 0 || access("/usr/sbin/pdns_server", X_OK) != 0) {
        print_message("pdns-server and pdns-backend-sqlite3 are not installed: skipped\n");
        exit(0);
    }
    assert_int_equal(mu_lab_start(NULL, &lab, &fail), MU_OK);
    assert_int_equal(mu_lab_status(lab, &status, &fail), MU_OK);
    json_t *api = json_object_get(status, "api");
    snprintf(lab_url, sizeof lab_url, "%s", mu_json_str(api, "url", ""));
    FILE *file = fopen(mu_json_str(api, "key_file", ""), "r");
    lab_key[fread(lab_key, 1, sizeof lab_key - 1, file)] = '\0';
    fclose(file);
    json_decref(status);
    assert_non_null(mkdtemp(folder));
    int http_port = free_port();
    snprintf(real_url, sizeof real_url, "http://127.0.0.88:%d", http_port);
    write_config(http_port, free_port());
    char *db = mu_xasprintf("%s/db", folder), *config = mu_xasprintf("--config-dir=%s", folder);
    run_wait((const char *const[]){"sqlite3", db, NULL}, SCHEMA);
    pdns = spawn((const char *const[]){"/usr/sbin/pdns_server", config, NULL}, "/dev/null");
    free(db);
    free(config);
    plant_zone();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (pdns > 0) {
        kill(pdns, SIGTERM);
        waitpid(pdns, NULL, 0);
    }
    mu_lab_stop(lab);
    run_wait((const char *const[]){"rm", "-r", folder, NULL}, "/dev/null");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_judged_like_powerdns_does),
        cmocka_unit_test(requests_are_judged_like_powerdns_does),
        cmocka_unit_test(serial_grows_by_one_a_change),
        cmocka_unit_test(zone_and_server_have_powerdns_shape),
        cmocka_unit_test(keys_are_checked),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
