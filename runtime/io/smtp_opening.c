/* SPDX-License-Identifier: MIT
 *
 * The part of an SMTP session that curl speaks (CURLOPT_CONNECT_ONLY on smtp://): connect,
 * greeting, EHLO, STARTTLS, AUTH. curl keeps its dialogue to itself, so it is overheard:
 *
 *   every reply line    CURLOPT_HEADERFUNCTION       may end the session when it is no SMTP
 *   every command line  CURLOPT_DEBUGFUNCTION        tells which phase begins
 *   the socket          CURLOPT_CLOSESOCKETFUNCTION  taken over when curl gives up on a server that
 *                                                    only said no, so that it still hears QUIT
 *
 * AUTH lines and the server's challenges are never recorded. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/scarce.h"
#include "io/curl_late.h"
#include "io/own_socket.h"
#include "io/smtp_session.h"

#define RECEIVE_BUFFER \
    4096L /* above MU_LIMIT_SMTP_LINE; curl's own 16 KiB a session buy nothing \
           */
#define NEVER_MS (24L * 3600 * 1000) /* curl's timeouts are far off: the phases' count */

static void set_dialogue(struct session *);
static void set_tls(struct session *);
static size_t on_line(char *, size_t, size_t, void *session);
static int on_debug(CURL *, curl_infotype, char *, size_t, void *session);
static int on_socket(void *session, curl_socket_t, curlsocktype);
static int on_close(void *session, curl_socket_t);
static void on_opened(void *easy, int code, void *session);

enum mu_err smtp_open(struct session *s)
{
    if (mu_curl_load(&s->fail) != MU_OK)
        return s->fail.class;
    s->easy = curl_easy_init();
    if (s->easy == NULL)
        abort();
    set_dialogue(s);
    set_tls(s);
    if (mu_loop_curl_add(s->client->loop, s->easy, on_opened, s) == MU_OK) {
        s->started_us = s->phase_us =
            mu_clock_mono_us(); /* curl's own start is not the server's time */
        return MU_OK;
    }
    curl_easy_cleanup(s->easy);
    s->easy = NULL;
    return mu_fail_set(&s->fail, MU_INTERNAL, "%s: libcurl can't be used", s->peer);
}

void smtp_shut(struct session *s)
{
    if (s->easy != NULL) {
        mu_loop_curl_remove(s->client->loop, s->easy);
        curl_easy_cleanup(s->easy);
    }
    curl_slist_free_all(s->routes);
    if (s->bare != CURL_SOCKET_BAD)
        close(s->bare);
    s->routes = NULL;
    s->easy = NULL;
    s->bare = CURL_SOCKET_BAD;
}

/* --- what curl is told --- */

/* The name curl says in EHLO is the path of the URL. */
static void set_url(struct session *s)
{
    const char *port = strrchr(s->peer, ':') + 1;
    char *helo = curl_easy_escape(s->easy, s->helo, 0);
    char *url = mu_xasprintf(strchr(s->host, ':') ? "smtp://[%s]:%s/%s" : "smtp://%s:%s/%s",
                             s->host, port, helo);
    char *route = mu_xasprintf("::%s", s->peer); /* whatever the name: connect there */
    s->routes = curl_slist_append(NULL, route);
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_CONNECT_TO, s->routes);
    curl_free(helo);
    free(url);
    free(route);
}

static void set_dialogue(struct session *s)
{
    CURL *easy = s->easy;
    set_url(s);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, NEVER_MS);
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, NEVER_MS / 1000);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 0L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->curl_says);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, s);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, mu_own_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &s->socket_errno);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, s);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, s);
    if (s->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, s->password ? s->password : "");
        curl_easy_setopt(easy, CURLOPT_SASL_IR, 1L); /* one round trip less, RFC 4954 4 */
        /* Named, or curl would ask Kerberos first for a user that looks like a mailbox. */
        curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    }
}

static void set_tls(struct session *s)
{
    static const long use[] = {
        [MU_SMTP_TLS_TRY] = CURLUSESSL_TRY,
        [MU_SMTP_TLS_REQUIRE] = CURLUSESSL_ALL,
        [MU_SMTP_TLS_NONE] = CURLUSESSL_NONE,
    };
    curl_easy_setopt(s->easy, CURLOPT_USE_SSL, use[s->tls]);
    if (s->tls == MU_SMTP_TLS_NONE)
        return;
    curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, s->verify ? 1L : 0L);
    curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, s->verify ? 2L : 0L);
    curl_easy_setopt(s->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* see the certificate every time */
    curl_easy_setopt(s->easy, CURLOPT_CAINFO, NULL);            /* the anchors come from tls.c */
    curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(s->easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(s->easy, CURLOPT_SSL_CTX_FUNCTION, mu_tls_trust_apply);
    curl_easy_setopt(s->easy, CURLOPT_SSL_CTX_DATA, s->client->trust);
}

/* --- what is overheard --- */

/* The keywords of an EHLO reply: every line but the first, which is the server's name. */
static void keep_capabilities(struct session *s)
{
    mu_buf_reset(&s->capability_text);
    const char *lines = mu_buf_text(&s->reader.lines), *line = strchr(lines, '\n');
    for (; line != NULL; line = strchr(line + 1, '\n')) {
        size_t len = strcspn(line + 1, "\n");
        if (len > 0) {
            mu_buf_add(&s->capability_text, line + 1, len);
            mu_buf_addc(&s->capability_text, '\0');
        }
    }
    if (!s->tls_begun)
        s->result.offers_starttls = smtp_capability(s, "STARTTLS") != NULL;
}

static size_t on_line(char *bytes, size_t size, size_t count, void *ud)
{
    struct session *s = ud;
    struct mu_smtp_reply reply;
    smtp_notice_connected(s);
    enum mu_smtp_got got = smtp_take_line(s, bytes, size * count, &reply);
    if (got == MU_SMTP_BROKEN)
        return 0; /* curl would wait for better lines; this ends the transfer */
    if (got == MU_SMTP_MORE)
        return size * count;
    if (s->phase == MU_SMTP_EHLO && reply.code / 100 == 2)
        keep_capabilities(s);
    if (s->phase == MU_SMTP_STARTTLS && reply.code == 220)
        s->tls_begun = true;
    s->our_turn = !s->tls_begun && reply.code != 421;
    return size * count;
}

/* EHLO again, now under TLS: what was said before does not count any more (RFC 3207 4.2). */
static void under_tls(struct session *s)
{
    struct curl_tlssessioninfo *info = NULL;
    s->result.tls = true;
    memset(&s->result.ehlo, 0, sizeof s->result.ehlo);
    mu_buf_reset(&s->capability_text);
    if (curl_easy_getinfo(s->easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == NULL ||
        info->backend != CURLSSLBACKEND_OPENSSL || info->internals == NULL)
        return;
    s->result.certificate = mu_tls_certificate(info->internals, s->host, mu_clock_real_ms());
    s->result.chain = mu_tls_chain(info->internals);
}

/* Our EHLO leaves before the server's session tickets arrive; a server without TCP_NODELAY holds
 * its reply back until they are acknowledged, which the kernel would put off for 40 ms. */
static void acknowledge_at_once(curl_socket_t socket)
{
#ifdef TCP_QUICKACK
    int on = 1;
    (void)setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)socket;
#endif
}

static bool is_command(const char *line, size_t len, const char *verb)
{
    size_t n = strlen(verb);
    return len >= n && strncasecmp(line, verb, n) == 0;
}

static void on_command(struct session *s, const char *line, size_t len)
{
    s->our_turn = false;
    if (s->phase == MU_SMTP_AUTH) {
        smtp_note(s, 'C', "[hidden]", 8);
        return;
    }
    if (is_command(line, len, "AUTH ")) {
        size_t mechanism = 5;
        while (mechanism < len && line[mechanism] > ' ')
            mechanism++;
        char *shown = mu_xasprintf("%.*s [hidden]", (int)mechanism, line);
        smtp_note(s, 'C', shown, strlen(shown));
        free(shown);
        smtp_enter(s, MU_SMTP_AUTH);
        return;
    }
    smtp_note(s, 'C', line, len);
    if (is_command(line, len, "STARTTLS"))
        smtp_enter(s, MU_SMTP_STARTTLS);
    else if (is_command(line, len, "EHLO") || is_command(line, len, "HELO")) {
        if (s->phase == MU_SMTP_STARTTLS) {
            acknowledge_at_once(s->socket);
            under_tls(s);
        }
        smtp_enter(s, MU_SMTP_EHLO);
    }
}

static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t len, void *ud)
{
    static const char flood[] = "Excessive server response line";
    struct session *s = ud;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        on_command(s, bytes, len);
    /* curl 7.88 reads on as long as bytes of an endless line keep coming, and the loop stands
     * still: a socket that is shut down resets the sender. */
    if (type == CURLINFO_TEXT && len >= sizeof flood - 1 &&
        memcmp(bytes, flood, sizeof flood - 1) == 0) {
        smtp_notice_connected(s);
        smtp_fail(s, MU_PROTO, "the server sent a reply line of more than %ld octets",
                  RECEIVE_BUFFER / 2);
        shutdown(s->socket, SHUT_RDWR);
    }
    return 0;
}

static int on_socket(void *ud, curl_socket_t socket, curlsocktype purpose)
{
    (void)purpose;
    ((struct session *)ud)->socket = socket;
    return CURL_SOCKOPT_OK;
}

static int on_close(void *ud, curl_socket_t socket)
{
    struct session *s = ud;
    if (s->ending || !s->our_turn || s->fail.class != MU_OK)
        return close(socket);
    s->bare = socket;
    return 0;
}

/* --- how it ended --- */

static void explain_connect(struct session *s)
{
    long os_error = 0;
    char scarce[MU_FAIL_TEXT];
    curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &os_error);
    if (mu_scarce(s->socket_errno)) {
        mu_scarce_text(s->socket_errno, scarce);
        smtp_fail(s, MU_RESOURCES, "%s", scarce);
        return;
    }
    s->result.os_error = (int)os_error;
    s->result.timed_out = os_error == ETIMEDOUT;
    smtp_fail(s, MU_NET, "%s", os_error ? strerror((int)os_error) : "no connection");
}

static void explain_tls(struct session *s, CURLcode code)
{
    struct mu_fail config;
    if (code == CURLE_SSL_CACERT_BADFILE && mu_tls_trust_load(s->client->trust, &config) != MU_OK)
        smtp_fail(s, MU_CONFIG, "%s", config.text);
    else
        smtp_fail(s, MU_PROTO, "TLS failed: %s",
                  s->curl_says[0] ? s->curl_says : curl_easy_strerror(code));
}

/* curl gave up although nothing said no: the network, TLS, or a demand of ours. */
static void explain(struct session *s, CURLcode code)
{
    smtp_notice_connected(s);
    if (s->phase == MU_SMTP_CONNECT)
        explain_connect(s);
    else if (code == CURLE_USE_SSL_FAILED && s->phase == MU_SMTP_EHLO) {
        smtp_enter(s, MU_SMTP_STARTTLS);
        smtp_fail(s, MU_REMOTE, "the server does not offer it");
    } else if (s->tls_begun && !s->result.tls)
        explain_tls(s, code);
    else if (code == CURLE_LOGIN_DENIED && s->phase != MU_SMTP_AUTH) {
        smtp_enter(s, MU_SMTP_AUTH);
        smtp_fail(s, MU_REMOTE, "the server offers neither AUTH PLAIN nor LOGIN");
    } else if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_LOGIN_DENIED)
        smtp_fail(s, MU_PROTO, "the server sent an unexpected reply (%d)", s->reader.code);
    else
        smtp_fail(s, MU_NET, "the server closed the connection%s",
                  s->reader.begun ? " in the middle of a reply" : "");
}

static void say_no(struct session *s, const struct mu_smtp_reply *reply)
{
    smtp_fail(s, MU_REMOTE, "%d %s%s%s", reply->code, reply->enhanced, *reply->enhanced ? " " : "",
              reply->text);
}

/* STARTTLS and AUTH were demanded: a no to them is a failure, not only a reply. */
static bool demanded(const struct session *s)
{
    return s->refused == MU_SMTP_AUTH ||
           (s->refused == MU_SMTP_STARTTLS && s->tls == MU_SMTP_TLS_REQUIRE);
}

static void on_opened(void *easy, int code, void *ud)
{
    struct session *s = ud;
    (void)easy;
    if (demanded(s))
        say_no(s, s->refused == MU_SMTP_AUTH ? &s->auth : &s->result.starttls);
    else if (code != CURLE_OK && s->refused == MU_SMTP_QUIT)
        explain(s, (CURLcode)code);
    else if (code == CURLE_OK && s->user != NULL && s->spent_us[MU_SMTP_AUTH] < 0) {
        smtp_enter(s, MU_SMTP_AUTH);
        smtp_fail(s, MU_REMOTE, "the server offers no AUTH");
    }
    if (code == CURLE_OK)
        smtp_talk(s, s->fail.class != MU_OK);
    else if (s->bare != CURL_SOCKET_BAD)
        smtp_talk(s, true);
    else
        smtp_end(s);
}
