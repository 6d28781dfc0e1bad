/* SPDX-License-Identifier: MIT
 *
 * The lab from outside, as its visitors see it: `dig` and `curl` of the distribution against DNS,
 * API, SMTP and inbox; every state of a host; and what hostile clients may try. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "lab/lab.h"

static struct mu_lab *lab;
static json_t *status;

/* ---- programs ---- */

struct ran {
    int code;
    char out[65536];
};

/* Runs argv with its output caught; stdin is /dev/null. */
static void run(struct ran *ran, const char *const *argv)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int null = open("/dev/null", O_RDONLY);
        dup2(null, 0);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    size_t len = 0;
    ssize_t got;
    while ((got = read(ends[0], ran->out + len, sizeof ran->out - 1 - len)) > 0)
        len += (size_t)got;
    ran->out[len] = '\0';
    close(ends[0]);
    int wait_status;
    assert_true(waitpid(child, &wait_status, 0) == child);
    ran->code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
}

#define RUN(ran, ...) run(ran, (const char *const[]){__VA_ARGS__, NULL})

static void has(const char *text, const char *wanted)
{
    if (text == NULL || strstr(text, wanted) == NULL)
        fail_msg("expected \"%s\" in:\n%s", wanted, text ? text : "(nothing)");
}

static void has_not(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL)
        fail_msg("unexpected \"%s\" in:\n%s", unwanted, text);
}

static const char *at(const char *object, const char *key)
{
    return mu_json_str(mu_json_get(status, object), key, "");
}

static int port_of(const char *object)
{
    return (int)mu_json_int(mu_json_get(status, object), "port", 0);
}

static void must(enum mu_err err, const struct mu_fail *fail)
{
    if (err != MU_OK)
        fail_msg("%s: %s", mu_err_name(err), fail->text);
}

static void set(const char *host, enum mu_lab_state state)
{
    struct mu_fail fail;
    must(mu_lab_set(lab, host, state, &fail), &fail);
}

static json_t *inbox(void)
{
    struct mu_fail fail;
    json_t *list;
    must(mu_lab_inbox(lab, &list, &fail), &fail);
    return list;
}

static void read_text(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* ---- DNS ---- */

static void dig(struct ran *ran, const char *server, const char *name, const char *type,
                const char *option)
{
    char at_server[64], port[16];
    snprintf(at_server, sizeof at_server, "@%s", server);
    snprintf(port, sizeof port, "%d", port_of("dns"));
    RUN(ran, "dig", at_server, "-p", port, name, type, "+tries=1", "+time=3", option);
    assert_int_equal(ran->code, 0);
}

static void authoritative_servers_answer_with_aa(void **state)
{
    (void)state;
    struct ran ran;
    for (const char *const *server = (const char *const[]){"127.0.0.3", "127.0.0.4", NULL}; *server;
         server++) {
        dig(&ran, *server, "Example.COM", "MX", "+norecurse");
        has(ran.out, "ANSWER: 2,");
        dig(&ran, *server, "example.com", "MX", "+norecurse");
        has(ran.out, "status: NOERROR");
        has(ran.out, "flags: qr aa;");
        has(ran.out, "3600\tIN\tMX\t10 mx1.example.com.");
        has(ran.out, "3600\tIN\tMX\t20 mx2.example.com.");
        has(ran.out, "127.0.0.11"); /* additional */
        dig(&ran, *server, "example.com", "NS", "+tcp");
        has(ran.out, "ns1.example.com.");
        has(ran.out, "(TCP)");
    }
    dig(&ran, "127.0.0.3", "nowhere.example.com", "A", "+norecurse");
    has(ran.out, "status: NXDOMAIN");
    has(ran.out, "300\tIN\tSOA\tns1.example.com."); /* min(TTL, MINIMUM), RFC 2308 */
    dig(&ran, "127.0.0.3", "mx1.example.com", "AAAA", "+norecurse");
    has(ran.out, "status: NOERROR");
    has(ran.out, "ANSWER: 0, AUTHORITY: 1");
    dig(&ran, "127.0.0.3", "example.org", "MX", "+norecurse");
    has(ran.out, "status: REFUSED");
    dig(&ran, "127.0.0.3", "example.com", "AXFR", "+noedns");
    has(ran.out, "Transfer failed");
}

static void resolver_answers_for_the_whole_world(void **state)
{
    (void)state;
    struct ran ran;
    dig(&ran, at("dns", "resolver"), "mx-standby.example.net", "A", "+recurse");
    has(ran.out, "flags: qr rd ra;");
    has(ran.out, "127.0.0.21");
    dig(&ran, at("dns", "resolver"), "_dmarc.example.com", "TXT", "+tcp");
    has(ran.out, "\"v=DMARC1; p=reject\"");
    dig(&ran, at("dns", "resolver"), "www.example.org", "A", "+recurse");
    has(ran.out, "status: NXDOMAIN");
    dig(&ran, at("dns", "resolver"), "com", "NS", "+recurse");
    has(ran.out, "status: NOERROR");
}

/* ---- sockets by hand ---- */

static int dial(const char *address, int port, int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 3};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, address, &addr.sin_addr), 1);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Reads until text ends with LF, the peer closes or patience ends. */
static const char *hear(int fd)
{
    static char text[8192];
    size_t len = 0;
    ssize_t got;
    text[0] = '\0';
    while (len < sizeof text - 1 && (got = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0) {
        len += (size_t)got;
        text[len] = '\0';
        const char *line = text; /* the last line of a reply has a blank after its code */
        for (const char *p = text; (p = strchr(p, '\n')) != NULL && p[1] != '\0'; line = ++p)
            ;
        if (text[len - 1] == '\n' && strlen(line) > 4 && line[3] == ' ')
            break;
    }
    return text;
}

static const char *tell(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    return hear(fd);
}

static void hostile_dns_is_survived(void **state)
{
    (void)state;
    unsigned seed = 20261123;
    int udp = dial("127.0.0.3", port_of("dns"), SOCK_DGRAM);
    uint8_t query[600], answer[2048];
    for (int i = 0; i < 20000; i++) {
        size_t len = (size_t)rand_r(&seed) % sizeof query;
        for (size_t k = 0; k < len; k++)
            query[k] = (uint8_t)(rand_r(&seed) >> 7);
        if (i % 2 == 0 && len > 12)
            memcpy(query + 2, "\1\0\0\1\0\0\0\0\0\1", 10); /* a likely header */
        send(udp, query, len, MSG_NOSIGNAL);
        while (recv(udp, answer, sizeof answer, MSG_DONTWAIT) > 0)
            ;
    }
    /* A name that points at itself, RFC 1035 4.1.4. */
    static const uint8_t loop[] = {7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1};
    usleep(100000);
    while (recv(udp, answer, sizeof answer, MSG_DONTWAIT) > 0)
        ;
    send(udp, loop, sizeof loop, 0);
    assert_int_equal(recv(udp, answer, sizeof answer, 0), 12);
    assert_int_equal(answer[3] & 15, 1); /* FORMERR */
    close(udp);
    int tcp = dial("127.0.0.2", port_of("dns"), SOCK_STREAM);
    static const uint8_t huge[] = {0xff, 0xff, 1, 2, 3};
    send(tcp, huge, sizeof huge, 0);
    assert_int_equal(recv(tcp, answer, sizeof answer, 0), 0); /* closed */
    close(tcp);
    authoritative_servers_answer_with_aa(state);
}

/* ---- SMTP ---- */

static const char *address_of(const char *host)
{
    size_t i;
    json_t *entry;
    json_array_foreach(mu_json_get(status, "hosts"), i,
                       entry) if (strncmp(mu_json_str(entry, "name", ""), host, strlen(host)) ==
                                  0) return mu_json_str(entry, "address", "");
    fail_msg("no host %s", host);
    return NULL;
}

static int visit(const char *host)
{
    return dial(address_of(host), port_of("smtp"), SOCK_STREAM);
}

static void each_state_shows(void **state)
{
    (void)state;
    static const struct {
        enum mu_lab_state state;
        const char *greeting, *rcpt;
    } cases[] = {{MU_LAB_UP, "220 mx1.example.com ", "250 2.1.5"},
                 {MU_LAB_REJECT, "220 mx1.example.com ", "550 5.1.1"},
                 {MU_LAB_GREYLIST, "220 mx1.example.com ", "450 4.2.0"},
                 {MU_LAB_UP, "220 mx1.example.com ", "250 2.1.5"}};
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        set("mx1", cases[i].state);
        int fd = visit("mx1");
        has(hear(fd), cases[i].greeting);
        has(tell(fd, "EHLO probe.example\r\n"), "250-STARTTLS\r\n");
        has(tell(fd, "MAIL FROM:<> BODY=8BITMIME\r\n"), "250 2.1.0");
        has(tell(fd, "RCPT TO:<postmaster@example.com>\r\n"), cases[i].rcpt);
        has(tell(fd, "QUIT\r\n"), "221 2.0.0");
        close(fd);
    }
    set("mx1", MU_LAB_BUSY);
    int fd = visit("mx1");
    has(hear(fd), "421 4.3.2 mx1.example.com");
    assert_string_equal(hear(fd), ""); /* and closes */
    close(fd);
    set("mx1.example.com", MU_LAB_REFUSE);
    assert_int_equal(visit("mx1"), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_true((fd = visit("mx2")) >= 0); /* the neighbour on the same port is not touched */
    close(fd);
    set("mx1", MU_LAB_HANG);
    fd = visit("mx1");
    struct timeval short_patience = {.tv_usec = 300000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &short_patience, sizeof short_patience);
    assert_string_equal(tell(fd, "EHLO x\r\n"), "");
    assert_int_equal(errno, EAGAIN);
    set("mx1", MU_LAB_UP); /* cuts who still waits */
    assert_int_equal(recv(fd, (char[1]){0}, 1, 0), 0);
    close(fd);
}

static void wrong_control_is_refused(void **state)
{
    (void)state;
    struct mu_fail fail;
    assert_int_equal(mu_lab_set(lab, "mx3.example.com", MU_LAB_UP, &fail), MU_USAGE);
    has(fail.text, "did you mean");
    assert_int_equal(mu_lab_set(lab, "a/../b", MU_LAB_UP, &fail), MU_USAGE);
    char path[512], text[1024];
    struct stat st;
    snprintf(path, sizeof path, "%s/lab.json", mu_lab_dir(lab));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    read_text(path, text, sizeof text);
    json_t *info = json_loads(text, 0, NULL);
    char *url = mu_xasprintf("%s/status", mu_json_str(info, "control", ""));
    struct ran ran;
    RUN(&ran, "curl", "-si", url);
    has(ran.out, "401 Unauthorized");
    RUN(&ran, "curl", "-si", "-H", "Authorization: Bearer 0", "-X", "PUT", "-d", "{}", url);
    has(ran.out, "401 Unauthorized");
    RUN(&ran, "curl", "-si", "-H", "Host: evil.example", url);
    has(ran.out, " 421 ");
    free(url);
    json_decref(info);
}

static void smtp_protocol_is_kept(void **state)
{
    (void)state;
    static const struct {
        const char *say, *hear;
    } steps[] = {
        {"NONSENSE\r\n", "500 5.5.2"},
        {"MAIL FROM:<a@example.org>\r\n", "503 5.5.1"}, /* EHLO first */
        {"EHLO\r\n", "501 5.5.4"},
        {"EHLO x\r\n", "250 8BITMIME"},
        {"RCPT TO:<a@example.com>\r\n", "503 5.5.1"},
        {"MAIL FROM:a@example.org\r\n", "501 5.1.7"},
        {"MAIL FROM:<a@example.org> SIZE=99999999\r\n", "552 5.3.4"},
        {"mail from:<a@example.org>\r\n", "250 2.1.0"},
        {"MAIL FROM:<a@example.org>\r\n", "503 5.5.1"},
        {"RCPT TO:<victim@elsewhere.example>\r\n", "554 5.7.1"}, /* no open relay */
        {"DATA\r\n", "503 5.5.1"},
        {"AUTH PLAIN AG11c3RlcgB4\r\n", "503 5.5.1"}, /* not an MX's business */
        {"RSET\r\n", "250 2.0.0"},
        {"VRFY root\r\n", "252 2.0.0"},
    };
    int fd = visit("mx2");
    hear(fd);
    for (size_t i = 0; i < MU_COUNT(steps); i++)
        has(tell(fd, steps[i].say), steps[i].hear);
    char *long_line = mu_xcalloc(10001, 1);
    memset(long_line, 'x', 9998);
    memcpy(long_line + 9998, "\r\n", 3);
    has(tell(fd, long_line), "500 5.5.2");
    free(long_line);
    /* CVE-2011-0411: what was sent in the clear behind STARTTLS is not run under TLS. */
    has(tell(fd, "STARTTLS\r\nRSET\r\nNOOP\r\n"), "220 2.0.0");
    has(tell(fd, "this is no TLS record\r\n"), "");
    assert_true(recv(fd, (char[64]){0}, 64, 0) <= 0);
    close(fd);
    fd = visit("mx2");
    hear(fd);
    for (int i = 0; i < 30; i++)
        send(fd, "WHAT\r\n", 6, MSG_NOSIGNAL);
    usleep(200000);
    char all[8192];
    ssize_t len = recv(fd, all, sizeof all - 1, 0);
    assert_true(len > 0);
    all[len] = '\0';
    has(all, "421 4.7.0 Too many errors");
    close(fd);
}

static const char message[] = "From: muster <muster@example.net>\r\n"
                              "To: ana@example.net\r\n"
                              "Subject: =?utf-8?Q?Mail_f=C3=BCr?= =?utf-8?B?IGV4YW1wbGUuY29t?=\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "since 02:51 =E2=80=94 down=\r\n, not us\r\n"
                              ".a line with a dot\r\n";

static char *write_temporary(const char *name, const char *text)
{
    char *path = mu_xasprintf("%s/%s", mu_lab_dir(lab), name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* curl verifies the relay's certificate against the lab's CA, by name. */
static void relay_takes_mail_over_tls(void **state)
{
    (void)state;
    struct ran ran;
    char secret[128], path[512];
    snprintf(path, sizeof path, "%s/keys/relay", mu_lab_dir(lab));
    read_text(path, secret, sizeof secret);
    char *file = write_temporary("message.eml", message);
    char *ca = mu_xasprintf("%s/tls/ca.pem", mu_lab_dir(lab));
    char *url = mu_xasprintf("smtp://relay.example.net:%d/muster.example.net", port_of("smtp"));
    char *resolve = mu_xasprintf("relay.example.net:%d:%s", port_of("smtp"), address_of("relay"));
    char *user = mu_xasprintf("muster:%s", secret);
    for (const char *const *mechanism = (const char *const[]){"PLAIN", "LOGIN", NULL}; *mechanism;
         mechanism++) {
        char option[64];
        snprintf(option, sizeof option, "AUTH=%s", *mechanism);
        RUN(&ran, "curl", "-sS", "-v", "--ssl-reqd", "--cacert", ca, "--resolve", resolve, "--user",
            user, "--login-options", option, "--mail-from", "muster@example.net", "--mail-rcpt",
            "ana@example.net", "--mail-rcpt", "bo@other.example", "--upload-file", file, url);
        if (ran.code != 0)
            fail_msg("curl %d: %s", ran.code, ran.out);
        has(ran.out, "235 2.7.0");
    }
    RUN(&ran, "curl", "-sS", "--ssl-reqd", "--cacert", ca, "--resolve", resolve, "--user",
        "muster:wrong-password", "--mail-from", "a@b.example", "--mail-rcpt", "a@b.example",
        "--upload-file", file, url);
    assert_int_equal(ran.code, 67); /* login denied */
    RUN(&ran, "curl", "-sS", "--ssl-reqd", "--resolve", resolve, "--mail-from", "a@b.example",
        "--mail-rcpt", "a@b.example", "--upload-file", file, url);
    assert_int_equal(ran.code, 60); /* without the CA nobody trusts it */
    json_t *list = inbox();
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    assert_string_equal(mu_json_str(last, "kind", ""), "email");
    assert_string_equal(mu_json_str(last, "to", ""), "ana@example.net, bo@other.example");
    assert_string_equal(mu_json_str(last, "from", ""), "muster@example.net");
    assert_string_equal(mu_json_str(last, "subject", ""), "Mail f\xc3\xbcr example.com");
    assert_string_equal(mu_json_str(last, "text", ""),
                        "since 02:51 \xe2\x80\x94 down, not us\n.a line with a dot\n");
    char text[8192];
    read_text(mu_json_str(last, "file", ""), text, sizeof text);
    has(text, "Subject: Mail f\xc3\xbcr example.com\n");
    has(text, "----- as it came -----");
    json_decref(list);
    free(user);
    free(resolve);
    free(url);
    free(ca);
    free(file);
}

/* ---- inbox ---- */

static void post(struct ran *ran, const char *path, const char *header, const char *body)
{
    char *url = mu_xasprintf("%s%s", at("inbox", "url"), path);
    RUN(ran, "curl", "-sS", "-i", "-H", header, "-d", body, url);
    free(url);
}

static void inbox_takes_every_channel(void **state)
{
    (void)state;
    struct ran ran;
    json_t *before = inbox();
    size_t count = json_array_size(before);
    json_decref(before);
    post(&ran, "/slack/status", "Content-Type: application/json", "{\"text\":\"mail is down\"}");
    has(ran.out, "200 OK");
    has(ran.out, "\r\n\r\nok");
    post(&ran, "/ntfy/ana", "Title: example.com", "approve 4417");
    has(ran.out, "\"topic\": \"ana\"");
    post(&ran, "/ntfy", "Authorization: Bearer hidden-token",
         "{\"topic\":\"bo\",\"title\":\"t\",\"message\":\"m\"}");
    has(ran.out, "\"topic\": \"bo\"");
    post(&ran, "/webhook/hook", "X-Muster-Signature: sha256=abc",
         "{\"subject\":\"s\",\"text\":\"\\u001b[2J\"}");
    post(&ran, "/other", "X-A: b", "no json");
    has(ran.out, "{\"ok\": true}");
    static const char *const wanted[][4] = {{"slack", "status", "", "mail is down"},
                                            {"ntfy", "ana", "example.com", "approve 4417"},
                                            {"ntfy", "bo", "t", "m"},
                                            {"webhook", "hook", "s", "\x1b[2J"},
                                            {"webhook", "other", "", "no json"}};
    json_t *list = inbox();
    assert_int_equal(json_array_size(list), count + MU_COUNT(wanted));
    for (size_t i = 0; i < MU_COUNT(wanted); i++) {
        const json_t *entry = json_array_get(list, count + i);
        assert_string_equal(mu_json_str(entry, "kind", ""), wanted[i][0]);
        assert_string_equal(mu_json_str(entry, "to", ""), wanted[i][1]);
        assert_string_equal(mu_json_str(entry, "subject", ""), wanted[i][2]);
        assert_string_equal(mu_json_str(entry, "text", ""), wanted[i][3]);
    }
    char file[8192];
    read_text(mu_json_str(json_array_get(list, count + 3), "file", ""), file, sizeof file);
    has(file, "\n?[2J\n"); /* harmless to `cat` */
    has_not(file, "\x1b");
    assert_string_equal(mu_json_str(json_array_get(list, count + 3), "signature", ""), "wrong");
    const json_t *hook = mu_json_get(json_array_get(list, count + 3), "headers");
    assert_string_equal(mu_json_str(hook, "x-muster-signature", ""), "sha256=abc");
    char *all = json_dumps(list, 0);
    has_not(all, "hidden-token");
    free(all);
    json_decref(list);
    char *url = mu_xasprintf("%s/inbox", at("inbox", "url"));
    RUN(&ran, "curl", "-sS", url);
    has(ran.out, "approve 4417");
    free(url);
}

static void large_bodies_are_refused(void **state)
{
    (void)state;
    struct ran ran;
    char *large = mu_xcalloc(400001, 1);
    memset(large, 'x', 400000);
    char *path = write_temporary("large", large);
    char *upload = mu_xasprintf("@%s", path), *url = mu_xasprintf("%s/x", at("inbox", "url"));
    RUN(&ran, "curl", "-sS", "-i", "--data-binary", upload, url);
    has(ran.out, " 413 ");
    free(url);
    free(upload);
    free(path);
    free(large);
}

/* ---- life ---- */

static void configuration_is_complete_lua(void **state)
{
    (void)state;
    struct ran ran;
    char *script = mu_xasprintf("secret = { file = function(p) return io.open(p):read('a') end }\n"
                                "local c = dofile('%s')\n"
                                "assert(#c.providers.lab.key == 48 and c.dns.port == %d)\n"
                                "assert(c.smtp.port == %d and c.domains['example.com'].standby)\n"
                                "assert(#c.ladders['mail-oncall'] >= 2 and c.audiences.everyone)\n",
                                mu_lab_config(lab), port_of("dns"), port_of("smtp"));
    RUN(&ran, "lua5.4", "-e", script);
    if (ran.code != 0)
        fail_msg("%s", ran.out);
    free(script);
}

static void a_second_lab_shares_the_addresses(void **state)
{
    (void)state;
    struct mu_lab *second = NULL, *same = NULL;
    struct mu_fail fail;
    must(mu_lab_start(NULL, &second, &fail), &fail);
    must(mu_lab_set(second, "mx1", MU_LAB_REFUSE, &fail), &fail);
    int fd = visit("mx1");
    assert_true(fd >= 0);
    close(fd);
    struct mu_lab_options taken = {.dir = mu_lab_dir(second)};
    assert_int_equal(mu_lab_start(&taken, &same, &fail), MU_NET);
    has(fail.text, "a lab runs already in");
    struct mu_lab *found = NULL;
    must(mu_lab_open(mu_lab_dir(second), &found, &fail), &fail);
    json_t *info;
    must(mu_lab_status(found, &info, &fail), &fail);
    assert_string_equal(mu_json_str(json_array_get(mu_json_get(info, "hosts"), 0), "state", ""),
                        "refuse");
    json_decref(info);
    mu_lab_stop(found);
    char *dir = mu_xstrdup(mu_lab_dir(second));
    mu_lab_stop(second);
    assert_int_equal(access(dir, F_OK), -1); /* a fresh folder goes with it */
    assert_int_equal(mu_lab_open(dir, &found, &fail), MU_NET);
    has(fail.text, "muster lab up");
    free(dir);
}

static void on_ready_signal(const json_t *info, void *ud)
{
    (void)info;
    int *done = ud;
    assert_int_equal(write(*done, "r", 1), 1);
}

/* In a process that ends with exit(), so that LeakSanitizer looks at the whole range. */
static void foreground_ends_clean_on_a_signal(void **state)
{
    (void)state;
    int ends[2];
    char dir[] = "/tmp/muster-lab-test.XXXXXX", ready;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct mu_lab_options options = {.dir = dir};
        struct mu_lab_observer observer = {.ready = on_ready_signal, .ud = &ends[1]};
        struct mu_fail fail;
        if (freopen("/dev/null", "w", stdout) == NULL)
            exit(2);
        exit(mu_lab_run(&options, &observer, &fail) == MU_OK ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    struct mu_lab *found = NULL;
    struct mu_fail fail;
    must(mu_lab_open(dir, &found, &fail), &fail);
    must(mu_lab_set(found, "mx2", MU_LAB_HANG, &fail), &fail);
    json_t *info;
    must(mu_lab_status(found, &info, &fail), &fail);
    int hung = dial("127.0.0.12", (int)mu_json_int(mu_json_get(info, "smtp"), "port", 0),
                    SOCK_STREAM); /* open at the end */
    assert_true(hung >= 0);
    int dns = dial("127.0.0.2", (int)mu_json_int(mu_json_get(info, "dns"), "port", 0), SOCK_STREAM);
    assert_true(dns >= 0);
    json_decref(info);
    mu_lab_stop(found);
    kill(child, SIGTERM);
    int wait_status;
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    close(hung);
    close(dns);
    close(ends[0]);
    struct ran ran;
    RUN(&ran, "rm", "-r", dir);
    assert_int_equal(ran.code, 0);
}

static int start(void **state)
{
    (void)state;
    struct mu_fail fail;
    must(mu_lab_start(NULL, &lab, &fail), &fail);
    must(mu_lab_status(lab, &status, &fail), &fail);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    json_decref(status);
    mu_lab_stop(lab);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authoritative_servers_answer_with_aa),
        cmocka_unit_test(resolver_answers_for_the_whole_world),
        cmocka_unit_test(hostile_dns_is_survived),
        cmocka_unit_test(each_state_shows),
        cmocka_unit_test(wrong_control_is_refused),
        cmocka_unit_test(smtp_protocol_is_kept),
        cmocka_unit_test(relay_takes_mail_over_tls),
        cmocka_unit_test(inbox_takes_every_channel),
        cmocka_unit_test(large_bodies_are_refused),
        cmocka_unit_test(configuration_is_complete_lua),
        cmocka_unit_test(a_second_lab_shares_the_addresses),
        cmocka_unit_test(foreground_ends_clean_on_a_signal),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
