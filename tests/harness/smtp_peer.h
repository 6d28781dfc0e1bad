/* SPDX-License-Identifier: MIT
 *
 * A scripted SMTP peer on a free loopback port, for what real servers do only on bad days: hang,
 * talk garbage, close in the middle of a word. A script is a list of lines:
 *
 *   "> 220 mx"   send a line                  "< EHLO"    read a line that starts so
 *   ">> 220-"    send bytes, no line end      "message"   read up to the line "."
 *   "tls"        take the TLS handshake       "hang"      read until the other side closes
 *   "flood"      send one endless line        "---"       close; what follows is the next
 * connection
 *
 * A line that does not match ends the conversation with "! expected …" in `heard`, which holds
 * every line the client said. */
#ifndef MU_TESTS_SMTP_PEER_H
#define MU_TESTS_SMTP_PEER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"

struct smtp_peer {
    const char *const *script; /* ends with NULL */
    SSL_CTX *tls;              /* for "tls" */
    int port;

    pthread_t thread;
    int listener, fd;
    SSL *ssl;
    char heard[32768];
    size_t heard_len;
};

static void smtp_peer_start(struct smtp_peer *);
static void smtp_peer_stop(struct smtp_peer *);
/* A P-256 key and self-signed certificate for `name` and 127.0.0.1 as FOLDER/cert.pem. */
static SSL_CTX *smtp_peer_tls(const char *folder, const char *name);
static void smtp_peer_tls_free(SSL_CTX *, const char *folder);

/* --- reading and writing --- */

static long peer_read(struct smtp_peer *peer, char *c)
{
    return peer->ssl ? SSL_read(peer->ssl, c, 1) : recv(peer->fd, c, 1, 0);
}

static bool peer_write(struct smtp_peer *peer, const char *bytes, size_t len)
{
    return (peer->ssl ? SSL_write(peer->ssl, bytes, (int)len)
                      : send(peer->fd, bytes, len, MSG_NOSIGNAL)) == (long)len;
}

static void peer_note(struct smtp_peer *peer, const char *text)
{
    size_t room = sizeof peer->heard - peer->heard_len;
    int len = snprintf(peer->heard + peer->heard_len, room, "%s\n", text);
    peer->heard_len += (size_t)len < room ? (size_t)len : room - 1;
}

static bool peer_read_line(struct smtp_peer *peer, char *line, size_t size)
{
    size_t len = 0;
    char c = '\0';
    while (c != '\n' && len < size - 1 && peer_read(peer, &c) == 1)
        line[len++] = c;
    bool whole = c == '\n';
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    line[len] = '\0';
    if (whole)
        peer_note(peer, line);
    return whole;
}

/* --- the lines of a script --- */

static bool peer_expect(struct smtp_peer *peer, const char *start)
{
    char line[4096];
    if (peer_read_line(peer, line, sizeof line) && strncmp(line, start, strlen(start)) == 0)
        return true;
    char text[256];
    snprintf(text, sizeof text, "! expected %s", start);
    peer_note(peer, text);
    return false;
}

static bool peer_take_message(struct smtp_peer *peer)
{
    char line[4096] = "";
    while (strcmp(line, ".") != 0)
        if (!peer_read_line(peer, line, sizeof line))
            return false;
    return true;
}

static bool peer_take_tls(struct smtp_peer *peer)
{
    peer->ssl = SSL_new(peer->tls);
    SSL_set_fd(peer->ssl, peer->fd);
    return SSL_accept(peer->ssl) == 1;
}

static bool peer_flood(struct smtp_peer *peer)
{
    char bytes[16384];
    memset(bytes, 'x', sizeof bytes);
    while (peer_write(peer, bytes, sizeof bytes))
        ;
    return false;
}

static bool peer_hang(struct smtp_peer *peer)
{
    char c;
    while (peer_read(peer, &c) == 1)
        ;
    return false;
}

static bool peer_play(struct smtp_peer *peer, const char *line)
{
    char text[4096];
    if (strncmp(line, ">> ", 3) == 0)
        return peer_write(peer, line + 3, strlen(line + 3));
    if (strncmp(line, "> ", 2) == 0) {
        int len = snprintf(text, sizeof text, "%s\r\n", line + 2);
        return peer_write(peer, text, (size_t)len);
    }
    if (strncmp(line, "< ", 2) == 0)
        return peer_expect(peer, line + 2);
    if (strcmp(line, "message") == 0)
        return peer_take_message(peer);
    if (strcmp(line, "tls") == 0)
        return peer_take_tls(peer);
    return strcmp(line, "flood") == 0 ? peer_flood(peer) : peer_hang(peer);
}

/* --- connections --- */

static void peer_close(struct smtp_peer *peer)
{
    if (peer->ssl != NULL) {
        SSL_shutdown(peer->ssl);
        SSL_free(peer->ssl);
    }
    peer->ssl = NULL;
    close(peer->fd);
}

static void *peer_run(void *ud)
{
    struct smtp_peer *peer = ud;
    const char *const *line = peer->script;
    while (*line != NULL && (peer->fd = accept(peer->listener, NULL, NULL)) >= 0) {
        while (*line != NULL && strcmp(*line, "---") != 0 && peer_play(peer, *line))
            line++;
        peer_close(peer);
        while (*line != NULL && strcmp(*line, "---") != 0)
            line++;
        line += *line != NULL;
    }
    return NULL;
}

static MU_UNUSED void smtp_peer_start(struct smtp_peer *peer)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&addr, len) != 0 || listen(peer->listener, 8) != 0)
        abort();
    getsockname(peer->listener, (struct sockaddr *)&addr, &len);
    peer->port = ntohs(addr.sin_port);
    if (pthread_create(&peer->thread, NULL, peer_run, peer) != 0)
        abort();
}

static MU_UNUSED void smtp_peer_stop(struct smtp_peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR); /* an accept() that still waits gives up */
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

/* --- the certificate --- */

static MU_UNUSED SSL_CTX *smtp_peer_tls(const char *folder, const char *name)
{
    char key[256], certificate[256], subject[128], names[256];
    snprintf(key, sizeof key, "%s/key.pem", folder);
    snprintf(certificate, sizeof certificate, "%s/cert.pem", folder);
    snprintf(subject, sizeof subject, "/CN=%s", name);
    snprintf(names, sizeof names, "subjectAltName=DNS:%s,IP:127.0.0.1", name);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject, "-addext",
               names, "-keyout", key, "-out", certificate, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (waitpid(pid, &status, 0) != pid || status != 0 ||
        SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        abort();
    return tls;
}

static MU_UNUSED void smtp_peer_tls_free(SSL_CTX *tls, const char *folder)
{
    char path[256];
    SSL_CTX_free(tls);
    snprintf(path, sizeof path, "%s/key.pem", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/cert.pem", folder);
    unlink(path);
}

#endif
