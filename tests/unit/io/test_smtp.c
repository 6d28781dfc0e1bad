/* SPDX-License-Identifier: MIT
 *
 * The SMTP client against Postfix's smtp-sink and against scripted peers on their bad days. All on
 * loopback, ports chosen by the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/name.h"
#include "harness/smtp_peer.h"
#include "io/smtp.h"

#define PHASE_MS 300

static char folder[] = "/tmp/muster-smtp-XXXXXX";
static SSL_CTX *tls;

struct seen { /* a result, kept after its callback */
    bool done;
    struct mu_smtp_result r;
    struct mu_smtp_reply rcpt[4];
    char why[512], transcript[8192], capabilities[512];
};

static void on_result(const struct mu_smtp_result *r, void *ud)
{
    struct seen *seen = ud;
    assert_false(seen->done);
    seen->done = true;
    seen->r = *r;
    json_incref(seen->r.certificate);
    assert_true(r->rcpt_count <= 4);
    for (size_t i = 0; i < r->rcpt_count; i++)
        seen->rcpt[i] = r->rcpt[i];
    snprintf(seen->why, sizeof seen->why, "%s", r->why ? r->why : "");
    snprintf(seen->transcript, sizeof seen->transcript, "%s", r->transcript);
    size_t len = 0;
    for (const char *const *c = r->capabilities; *c != NULL; c++)
        len +=
            (size_t)snprintf(seen->capabilities + len, sizeof seen->capabilities - len, "%s|", *c);
    assert_true((r->err == MU_OK) == (r->why == NULL));
}

static struct seen talk_with(const char *ca_file, int port, const struct mu_smtp_request *asked)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct mu_loop *loop = mu_loop_new();
    struct mu_smtp *client = mu_smtp_new(loop, ca_file, "probe.test");
    struct mu_smtp_request request = *asked;
    request.addr = (const struct sockaddr *)&addr;
    request.host = request.host ? request.host : "mx.test";
    request.phase_timeout_ms = request.phase_timeout_ms ? request.phase_timeout_ms : PHASE_MS;
    struct seen seen = {0};
    assert_non_null(mu_smtp_start(client, &request, on_result, &seen));
    assert_false(seen.done); /* never from inside start */
    while (!seen.done)
        assert_true(mu_loop_turn(loop, true) || seen.done);
    mu_smtp_free(client);
    mu_loop_free(loop);
    return seen;
}

static struct seen talk(int port, const struct mu_smtp_request *request)
{
    return talk_with(NULL, port, request);
}

static struct seen talk_to_script(const char *const *script, const struct mu_smtp_request *request,
                                  struct smtp_peer *peer)
{
    *peer = (struct smtp_peer){.script = script, .tls = tls};
    smtp_peer_start(peer);
    struct seen seen = talk(peer->port, request);
    smtp_peer_stop(peer);
    return seen;
}

/* --- smtp-sink ------------------------------------------------------------------------------- */

static int free_port(void)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
    getsockname(fd, (struct sockaddr *)&addr, &len);
    close(fd);
    return ntohs(addr.sin_port);
}

static bool answers(int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    close(fd);
    return yes;
}

struct sink {
    pid_t pid;
    int port;
};

/* option and value may be NULL. */
static struct sink sink_start(const char *option, const char *value)
{
    struct sink sink = {.port = free_port()};
    char where[64];
    snprintf(where, sizeof where, "127.0.0.1:%d", sink.port);
    sink.pid = fork();
    if (sink.pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        const char *user = getuid() == 0 ? "nobody" : "";
        const char *argv[] = {"smtp-sink", "-u", user, option, value, where, "100", NULL};
        const char *plain[] = {"smtp-sink", "-u", user, where, "100", NULL};
        const char **chosen = option ? argv : plain;
        if (*user == '\0') {
            chosen[2] = "smtp-sink";
            chosen += 2;
        }
        execv("/usr/sbin/smtp-sink", (char *const *)(uintptr_t)chosen);
        _exit(127);
    }
    for (int i = 0; i < 200 && !answers(sink.port); i++)
        usleep(10000);
    return sink;
}

static void sink_stop(struct sink *sink)
{
    kill(sink->pid, SIGTERM);
    waitpid(sink->pid, NULL, 0);
}

static const char *const one_rcpt[] = {"postmaster@example.com", NULL};
static const struct mu_smtp_request deliver = {
    .mail_from = "", .rcpt = one_rcpt, .data = "Subject: x\n\n.dot\r\nend"};

static void talks_to_a_real_server(void **state)
{
    (void)state;
    struct sink sink = sink_start(NULL, NULL);
    struct seen seen = talk(sink.port, &(struct mu_smtp_request){0});
    assert_string_equal(seen.why, "");
    assert_int_equal(seen.r.phase, MU_SMTP_QUIT);
    assert_int_equal(seen.r.greeting.code, 220);
    assert_int_equal(seen.r.ehlo.code, 250);
    assert_int_equal(seen.r.quit.code, 221);
    assert_non_null(strstr(seen.capabilities, "PIPELINING|8BITMIME|"));
    assert_non_null(strstr(seen.transcript, "S: 220 smtp-sink ESMTP\nC: EHLO probe.test\nS: 250-"));
    assert_non_null(strstr(seen.transcript, "\nC: QUIT\nS: 221 "));
    assert_true(seen.r.phase_ms[MU_SMTP_EHLO] >= 0);
    assert_int_equal(seen.r.phase_ms[MU_SMTP_MAIL], -1);

    seen = talk(sink.port, &deliver);
    assert_int_equal(seen.r.err, MU_OK);
    assert_true(seen.r.sent);
    assert_int_equal(seen.r.data.code, 250);
    assert_int_equal(seen.r.rcpt_count, 1);
    assert_string_equal(seen.rcpt[0].enhanced, "2.1.5");
    sink_stop(&sink);
}

/* What smtp-sink can be told to refuse, and what the client makes of it. */
static void tells_where_it_was_refused(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value;
        enum mu_err err;
        enum mu_smtp_phase phase;
        const char *heard; /* in the transcript */
    } rows[] = {
        {"-f", "CONNECT", MU_OK, MU_SMTP_GREETING, "S: 500 5.3.0 Error: command failed\nC: QUIT"},
        {"-r", "CONNECT", MU_OK, MU_SMTP_GREETING, "S: 450 4.3.0 Error: command failed\nC: QUIT"},
        {"-Q", "CONNECT", MU_OK, MU_SMTP_GREETING, "S: 421 "},
        {"-q", "CONNECT", MU_NET, MU_SMTP_GREETING, ""},
        {"-f", "EHLO", MU_OK, MU_SMTP_QUIT, "C: HELO probe.test\nS: 250 "},
        {"-f", "EHLO,HELO", MU_OK, MU_SMTP_EHLO, "C: QUIT"},
        {"-q", "EHLO", MU_NET, MU_SMTP_EHLO, "C: EHLO probe.test"},
        {"-f", "MAIL", MU_OK, MU_SMTP_MAIL,
         "C: MAIL FROM:<>\nS: 500 5.3.0 Error: command failed\nC: QUIT"},
        {"-q", "MAIL", MU_NET, MU_SMTP_MAIL, "C: MAIL FROM:<>"},
        {"-r", "RCPT", MU_OK, MU_SMTP_RCPT, "S: 450 4.3.0 Error: command failed\nC: RSET\n"},
        {"-Q", "RCPT", MU_OK, MU_SMTP_RCPT, "S: 421 "},
        {"-f", "DATA", MU_OK, MU_SMTP_DATA, "C: DATA\nS: 500 5.3.0 Error: command failed\nC: RSET"},
        {"-f", ".", MU_OK, MU_SMTP_DATA, "octets)\nS: 500 5.3.0"},
        {"-q", ".", MU_NET, MU_SMTP_DATA, "octets)\n"},
        {"-q", "QUIT", MU_OK, MU_SMTP_QUIT, "C: QUIT\n"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        struct sink sink = sink_start(rows[i].option, rows[i].value);
        struct seen seen = talk(sink.port, &deliver);
        sink_stop(&sink);
        if (seen.r.err != rows[i].err || seen.r.phase != rows[i].phase ||
            strstr(seen.transcript, rows[i].heard) == NULL)
            fail_msg("%s %s: %s, %s, %s\n%s", rows[i].option, rows[i].value,
                     mu_err_name(seen.r.err), mu_smtp_phase_name(seen.r.phase), seen.why,
                     seen.transcript);
        bool asked_to_take_it = strstr(seen.transcript, "octets)") != NULL;
        assert_int_equal(seen.r.sent, asked_to_take_it);
    }
}

/* --- scripted peers -------------------------------------------------------------------------- */

#define GREET "> 220 mx.test ESMTP", "< EHLO probe.test"

static const struct {
    const char *what;
    const char *script[16];
    enum mu_smtp_tls tls;
    enum mu_err err;
    enum mu_smtp_phase phase;
    bool timed_out;
    const char *why;   /* in the reason */
    const char *heard; /* the last thing the peer heard; NULL = not looked at */
} bad_days[] = {
    {"no banner, ever", {"hang"}, 0, MU_NET, MU_SMTP_GREETING, true, "no reply within 300 ms", ""},
    {"closes at once", {">> "}, 0, MU_NET, MU_SMTP_GREETING, false, "closed the connection", ""},
    {"another protocol",
     {"> +OK POP3 ready", "hang"},
     0,
     MU_PROTO,
     MU_SMTP_GREETING,
     false,
     "not an SMTP reply",
     ""},
    {"half a greeting",
     {">> 220-mx.test\r\n220", "hang"},
     0,
     MU_NET,
     MU_SMTP_GREETING,
     true,
     "an unfinished reply within",
     ""},
    {"closes in mid reply",
     {">> 220-mx.test\r\n"},
     0,
     MU_NET,
     MU_SMTP_GREETING,
     false,
     "in the middle of a reply",
     ""},
    {"an endless line",
     {">> 220 ", "flood"},
     0,
     MU_PROTO,
     MU_SMTP_GREETING,
     false,
     "reply line of more than",
     ""},
    {"go ahead, says the greeting",
     {"> 354 go", "hang"},
     0,
     MU_PROTO,
     MU_SMTP_GREETING,
     false,
     "unexpected reply (354)",
     NULL},
    {"421 is not answered",
     {"> 421 4.7.0 later", "hang"},
     0,
     MU_OK,
     MU_SMTP_GREETING,
     false,
     "",
     ""},
    {"554 still hears QUIT",
     {"> 554 5.7.1 go away", "< QUIT", "> 221 bye"},
     0,
     MU_OK,
     MU_SMTP_GREETING,
     false,
     "",
     "QUIT\n"},
    {"two codes",
     {GREET, "> 250-mx.test", "> 251 HELP", "hang"},
     0,
     MU_PROTO,
     MU_SMTP_EHLO,
     false,
     "different codes",
     NULL},
    {"EHLO hangs",
     {GREET, "hang"},
     0,
     MU_NET,
     MU_SMTP_EHLO,
     true,
     "ehlo: no reply within 300 ms",
     NULL},
    {"EHLO and HELO refused",
     {GREET, "> 502 no", "< HELO", "> 550 no", "< QUIT"},
     0,
     MU_OK,
     MU_SMTP_EHLO,
     false,
     "",
     "QUIT\n"},
    {"HELO only",
     {GREET, "> 502 no", "< HELO", "> 250 ok", "< QUIT", "> 221 bye"},
     0,
     MU_OK,
     MU_SMTP_QUIT,
     false,
     "",
     "QUIT\n"},
    {"QUIT unanswered",
     {GREET, "> 250 mx.test", "< QUIT", "hang"},
     0,
     MU_OK,
     MU_SMTP_QUIT,
     false,
     "",
     "QUIT\n"},
    {"STARTTLS not offered, demanded",
     {GREET, "> 250 mx.test", "< QUIT", "> 221 bye"},
     MU_SMTP_TLS_REQUIRE,
     MU_REMOTE,
     MU_SMTP_STARTTLS,
     false,
     "does not offer it",
     "QUIT\n"},
    {"STARTTLS refused, tried",
     {GREET, "> 250-mx.test", "> 250 STARTTLS", "< STARTTLS", "> 454 4.7.0 no TLS now", "< QUIT",
      "> 221 bye"},
     MU_SMTP_TLS_TRY,
     MU_OK,
     MU_SMTP_STARTTLS,
     false,
     "",
     "QUIT\n"},
    {"STARTTLS refused, demanded",
     {GREET, "> 250-mx.test", "> 250 STARTTLS", "< STARTTLS", "> 454 4.7.0 no TLS now", "< QUIT",
      "> 221 bye"},
     MU_SMTP_TLS_REQUIRE,
     MU_REMOTE,
     MU_SMTP_STARTTLS,
     false,
     "454 4.7.0 no TLS now",
     "QUIT\n"},
    {"no TLS after 220",
     {GREET, "> 250-mx.test", "> 250 STARTTLS", "< STARTTLS", "> 220 go", "> what is this", "hang"},
     MU_SMTP_TLS_TRY,
     MU_PROTO,
     MU_SMTP_STARTTLS,
     false,
     "TLS failed",
     NULL},
    {"TLS hangs",
     {GREET, "> 250-mx.test", "> 250 STARTTLS", "< STARTTLS", "> 220 go", "hang"},
     MU_SMTP_TLS_TRY,
     MU_NET,
     MU_SMTP_STARTTLS,
     true,
     "no reply within",
     NULL},
    {"bare line feeds",
     {">> 220 mx.test\n", "< EHLO", ">> 250 mx.test\n", "< QUIT", ">> 221 bye\n"},
     0,
     MU_OK,
     MU_SMTP_QUIT,
     false,
     "",
     "QUIT\n"},
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    return len >= n && strcmp(text + len - n, end) == 0;
}

static void survives_bad_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(bad_days); i++) {
        struct smtp_peer *peer = MU_NEW(struct smtp_peer);
        struct mu_smtp_request request = {.tls = bad_days[i].tls};
        int64_t started = mu_clock_mono_ms();
        struct seen seen = talk_to_script(bad_days[i].script, &request, peer);
        const char *heard = bad_days[i].heard;
        if (seen.r.err != bad_days[i].err || seen.r.phase != bad_days[i].phase ||
            seen.r.timed_out != bad_days[i].timed_out ||
            strstr(seen.why, bad_days[i].why) == NULL ||
            (heard && (*heard ? !ends_with(peer->heard, heard) : *peer->heard != '\0')))
            fail_msg("%s: %s, %s, %s\n%s\nheard: %s", bad_days[i].what, mu_err_name(seen.r.err),
                     mu_smtp_phase_name(seen.r.phase), seen.why, seen.transcript, peer->heard);
        if (mu_clock_mono_ms() - started > 2000)
            fail_msg("%s took %lld ms", bad_days[i].what,
                     (long long)(mu_clock_mono_ms() - started));
        free(peer);
    }
}

/* The dialogue that we speak ourselves meets the same peers. */
static void survives_bad_days_after_ehlo(void **state)
{
    (void)state;
    static const struct {
        const char *script[16];
        enum mu_err err;
        enum mu_smtp_phase phase;
        bool timed_out;
        const char *why;
    } rows[] = {
        {{GREET, "> 250 mx.test", "< MAIL", "hang"},
         MU_NET,
         MU_SMTP_MAIL,
         true,
         "mail: no reply within"},
        {{GREET, "> 250 mx.test", "< MAIL", "> 250 ok", "< RCPT", ">> 250-half"},
         MU_NET,
         MU_SMTP_RCPT,
         false,
         "in the middle of a reply"},
        {{GREET, "> 250 mx.test", "< MAIL", ">> 250 ", "flood"},
         MU_PROTO,
         MU_SMTP_MAIL,
         false,
         "more than 2048 octets"},
        {{GREET, "> 250 mx.test", "< MAIL", "> nonsense", "hang"},
         MU_PROTO,
         MU_SMTP_MAIL,
         false,
         "not an SMTP reply"},
        {{GREET, "> 250 mx.test", "< MAIL", "> 250 a", "< RCPT", "> 250 b", "< DATA", "> 354 go",
          "message", "hang"},
         MU_NET,
         MU_SMTP_DATA,
         true,
         "data: no reply within"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        struct smtp_peer *peer = MU_NEW(struct smtp_peer);
        struct seen seen = talk_to_script(rows[i].script, &deliver, peer);
        if (seen.r.err != rows[i].err || seen.r.phase != rows[i].phase ||
            seen.r.timed_out != rows[i].timed_out || strstr(seen.why, rows[i].why) == NULL)
            fail_msg("row %zu: %s, %s, %s\n%s", i, mu_err_name(seen.r.err),
                     mu_smtp_phase_name(seen.r.phase), seen.why, seen.transcript);
        assert_int_equal(seen.r.sent, seen.r.phase == MU_SMTP_DATA);
        free(peer);
    }
}

/* Line ends of every kind, dots at the start of lines: one message arrives, ended once. */
static void sends_one_message(void **state)
{
    (void)state;
    static const char *const script[] = {GREET,
                                         "> 250-mx.test",
                                         "> 250 8BITMIME",
                                         "< MAIL FROM:<a@test> BODY=8BITMIME",
                                         "> 250 ok",
                                         "< RCPT TO:<b@test>",
                                         "> 550 5.1.1 no",
                                         "< RCPT TO:<c@test>",
                                         "> 250 ok",
                                         "< DATA",
                                         "> 354 go",
                                         "message",
                                         "> 250 2.0.0 queued",
                                         "< QUIT",
                                         "> 221 bye",
                                         NULL};
    struct mu_smtp_request request = {.mail_from = "a@test",
                                      .rcpt = (const char *const[]){"b@test", "c@test", NULL},
                                      .data = "one\n.\r\n.\rtwo \xc3\xbc\n..\n\nend."};
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    struct seen seen = talk_to_script(script, &request, peer);
    assert_string_equal(seen.why, "");
    assert_non_null(strstr(peer->heard, "DATA\none\n..\n..\ntwo \xc3\xbc\n...\n\nend.\n.\nQUIT\n"));
    assert_int_equal(seen.r.rcpt_count, 2);
    assert_int_equal(seen.rcpt[0].code, 550);
    assert_int_equal(seen.rcpt[1].code, 250);
    assert_int_equal(seen.r.data.code, 250);
    assert_int_equal(seen.r.phase, MU_SMTP_RCPT); /* the first refusal */
    free(peer);
}

/* --- TLS and AUTH ---------------------------------------------------------------------------- */

#define TLS_EHLO                                                                               \
    GREET, "> 250-mx.test", "> 250-SIZE 7", "> 250 STARTTLS", "< STARTTLS", "> 220 go", "tls", \
        "< EHLO probe.test"

static void describes_the_certificate(void **state)
{
    (void)state;
    static const char *const script[] = {
        TLS_EHLO, "> 250-mx.test", "> 250 SIZE 8", "< QUIT",    "> 221 bye", "---",
        TLS_EHLO, "> 250 mx.test", "< QUIT",       "> 221 bye", NULL};
    char ca_file[256];
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", folder);
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    *peer = (struct smtp_peer){.script = script, .tls = tls};
    smtp_peer_start(peer);

    struct seen seen = talk(peer->port, &(struct mu_smtp_request){.host = "other.test"});
    assert_string_equal(seen.why, "");
    assert_true(seen.r.tls && seen.r.offers_starttls);
    assert_string_equal(seen.capabilities, "SIZE 8|"); /* of the second EHLO */
    json_t *c = seen.r.certificate;
    assert_non_null(c);
    assert_string_equal(json_string_value(json_object_get(c, "subject")), "CN=mx.test");
    assert_int_equal(json_array_size(json_object_get(c, "names")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(c, "names"), 1)),
                        "127.0.0.1");
    assert_true(json_is_false(json_object_get(c, "verified")));
    assert_true(json_is_false(json_object_get(c, "host_matches")));
    assert_non_null(strstr(json_string_value(json_object_get(c, "verify_error")), "self-signed"));
    assert_in_range(json_integer_value(json_object_get(c, "days_left")), 29, 30);
    json_decref(c);

    seen = talk_with(ca_file, peer->port, &(struct mu_smtp_request){.host = "127.0.0.1"});
    c = seen.r.certificate;
    assert_true(json_is_true(json_object_get(c, "verified")));
    assert_true(json_is_true(json_object_get(c, "host_matches")));
    assert_null(json_object_get(c, "verify_error"));
    json_decref(c);
    smtp_peer_stop(peer);
    free(peer);
}

#define SECRET    "correct horse battery"
#define SECRET_64 "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"

static void authenticates_under_tls_only(void **state)
{
    (void)state;
    static const char *const script[] = {TLS_EHLO,
                                         "> 250-mx.test",
                                         "> 250 AUTH LOGIN PLAIN",
                                         "< AUTH PLAIN",
                                         "> 235 2.7.0 ok",
                                         "< MAIL FROM:<a@test>",
                                         "> 250 ok",
                                         "< RSET",
                                         "> 250 ok",
                                         "< QUIT",
                                         "> 221 bye",
                                         "---",
                                         TLS_EHLO,
                                         "> 250-mx.test",
                                         "> 250 AUTH LOGIN",
                                         "< AUTH LOGIN dXNlckB0ZXN0",
                                         "> 334 UGFzc3dvcmQ6",
                                         "< " SECRET_64,
                                         "> 535 5.7.8 wrong",
                                         "---",
                                         TLS_EHLO,
                                         "> 250 mx.test",
                                         "< QUIT",
                                         "> 221 bye",
                                         "---",
                                         TLS_EHLO,
                                         "> 250-mx.test",
                                         "> 250 AUTH GSSAPI",
                                         "---",
                                         GREET,
                                         "> 250-mx.test",
                                         "> 250 AUTH PLAIN",
                                         "< QUIT",
                                         "> 221 bye",
                                         "---",
                                         GREET,
                                         "> 250-mx.test",
                                         "> 250 STARTTLS",
                                         "< STARTTLS",
                                         "> 220 go",
                                         "tls",
                                         NULL};
    char ca_file[256];
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", folder);
    struct mu_smtp_request request = {.user = "user@test",
                                      .password = SECRET,
                                      .mail_from = "a@test",
                                      .verify = true,
                                      .tls = MU_SMTP_TLS_TRY};
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    *peer = (struct smtp_peer){.script = script, .tls = tls};
    smtp_peer_start(peer);

    struct seen seen = talk_with(ca_file, peer->port, &request);
    assert_string_equal(seen.why, "");
    assert_non_null(strstr(seen.transcript, "\nC: AUTH PLAIN [hidden]\nS: 235 2.7.0 ok\nC: MAIL"));
    json_decref(seen.r.certificate);

    seen = talk_with(ca_file, peer->port, &request);
    assert_int_equal(seen.r.err, MU_REMOTE);
    assert_int_equal(seen.r.phase, MU_SMTP_AUTH);
    assert_non_null(strstr(seen.why, "auth: 535 5.7.8 wrong"));
    assert_non_null(
        strstr(seen.transcript, "C: AUTH LOGIN [hidden]\nS: 334 [hidden]\nC: [hidden]\n"));
    assert_null(strstr(seen.transcript, SECRET_64));
    json_decref(seen.r.certificate);

    seen = talk_with(ca_file, peer->port, &request);
    assert_int_equal(seen.r.err, MU_REMOTE);
    assert_non_null(strstr(seen.why, "offers no AUTH"));
    json_decref(seen.r.certificate);

    seen = talk_with(ca_file, peer->port, &request);
    assert_int_equal(seen.r.phase, MU_SMTP_AUTH);
    assert_non_null(strstr(seen.why, "neither AUTH PLAIN nor LOGIN"));
    json_decref(seen.r.certificate);

    seen = talk_with(ca_file, peer->port, &request); /* no STARTTLS: no password */
    assert_int_equal(seen.r.err, MU_REMOTE);
    assert_int_equal(seen.r.phase, MU_SMTP_STARTTLS);

    seen = talk(peer->port, &request); /* nobody we trust */
    assert_int_equal(seen.r.err, MU_PROTO);
    assert_int_equal(seen.r.phase, MU_SMTP_STARTTLS);
    assert_non_null(strstr(seen.why, "self-signed"));
    smtp_peer_stop(peer);
    assert_null(strstr(peer->heard, "! expected"));
    free(peer);

    seen = talk(1, &(struct mu_smtp_request){.user = "u", .tls = MU_SMTP_TLS_NONE});
    assert_int_equal(seen.r.err, MU_USAGE);
}

static void names_a_broken_ca_file(void **state)
{
    (void)state;
    static const char *const script[] = {TLS_EHLO, NULL};
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    *peer = (struct smtp_peer){.script = script, .tls = tls};
    smtp_peer_start(peer);
    struct seen seen = talk_with("/nonexistent/ca.pem", peer->port, &(struct mu_smtp_request){0});
    assert_int_equal(seen.r.err, MU_CONFIG);
    assert_non_null(strstr(seen.why, "tls.ca_file /nonexistent/ca.pem"));
    smtp_peer_stop(peer);
    free(peer);
}

/* --- connecting, refusing, cancelling -------------------------------------------------------- */

static void tells_how_connecting_failed(void **state)
{
    (void)state;
    struct seen seen = talk(free_port(), &(struct mu_smtp_request){0});
    assert_int_equal(seen.r.err, MU_NET);
    assert_int_equal(seen.r.phase, MU_SMTP_CONNECT);
    assert_false(seen.r.timed_out);
    assert_non_null(strstr(seen.why, "connect: Connection refused"));

    /* A listener whose queue is full answers no SYN. */
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int listener = socket(AF_INET, SOCK_STREAM, 0), filler[3];
    assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    getsockname(listener, (struct sockaddr *)&addr, &len);
    for (size_t i = 0; i < MU_COUNT(filler); i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(filler[i], (struct sockaddr *)&addr, len);
    }
    seen = talk(ntohs(addr.sin_port), &(struct mu_smtp_request){.connect_timeout_ms = 200});
    assert_int_equal(seen.r.phase, MU_SMTP_CONNECT);
    assert_true(seen.r.timed_out);
    assert_non_null(strstr(seen.why, "no connection within 200 ms"));
    for (size_t i = 0; i < MU_COUNT(filler); i++)
        close(filler[i]);
    close(listener);
}

static void refuses_injected_lines(void **state)
{
    (void)state;
    static const char *const evil[] = {"a@test>\r\nRCPT TO:<b@test", NULL};
    const struct mu_smtp_request rows[] = {
        {.mail_from = "", .rcpt = evil},
        {.mail_from = evil[0]},
        {.helo = "me\r\nMAIL FROM:<>"},
        {.helo = "me and you"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++)
        assert_int_equal(talk(1, &rows[i]).r.err, MU_USAGE);
}

/* After so many turns in each phase: nothing is called, nothing leaks (LeakSanitizer). */
static void cancels_cleanly(void **state)
{
    (void)state;
    struct sink sink = sink_start(NULL, NULL);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)sink.port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct mu_smtp_request request = deliver;
    request.addr = (const struct sockaddr *)&addr;
    for (int turns = 0; turns < 8; turns++) {
        struct mu_loop *loop = mu_loop_new();
        struct mu_smtp *client = mu_smtp_new(loop, NULL, NULL);
        struct seen seen = {0};
        struct mu_op *op = mu_smtp_start(client, &request, on_result, &seen);
        for (int i = 0; i < turns && !seen.done; i++)
            mu_loop_turn(loop, true);
        bool was_done = seen.done;
        if (!was_done)
            mu_op_cancel(op);
        for (int i = 0; i < 3; i++)
            mu_loop_turn(loop, false);
        assert_int_equal(seen.done, was_done);
        mu_smtp_free(client);
        mu_loop_free(loop);
    }
    sink_stop(&sink);
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return -1;
    tls = smtp_peer_tls(folder, "mx.test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    smtp_peer_tls_free(tls, folder);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_to_a_real_server),
        cmocka_unit_test(tells_where_it_was_refused),
        cmocka_unit_test(survives_bad_days),
        cmocka_unit_test(survives_bad_days_after_ehlo),
        cmocka_unit_test(sends_one_message),
        cmocka_unit_test(describes_the_certificate),
        cmocka_unit_test(authenticates_under_tls_only),
        cmocka_unit_test(names_a_broken_ca_file),
        cmocka_unit_test(tells_how_connecting_failed),
        cmocka_unit_test(refuses_injected_lines),
        cmocka_unit_test(cancels_cleanly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
