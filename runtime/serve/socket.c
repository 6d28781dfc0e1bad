/* SPDX-License-Identifier: MIT
 *
 * The supervisor's socket: one question in (question.h), one line out. Who may connect is the file's modes
 * (peer.c); who it is the kernel says. A command runs in a worker, as `muster` would run it for that person.
 *
 *   HEARS ── a line ──▶ WAITS ── there is room ──▶ WORKS ── its worker is done ──▶ ANSWERS ──▶ closed
 *     └─ status, reload, nonsense ───────────────────────────────────────────────────▲
 *
 * A peer may be hostile: everything it can make us hold is bounded, in all and for one account, and each state
 * has its time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/internal.h"

#define CLIENTS_MOST   64 /* connections at once; a team that watches an incident has some ten */
#define CLIENTS_EACH   16 /* of one account, so that nobody keeps the others out */
#define COMMANDS_MOST  6  /* that run at once; the others wait for their turn */
#define COMMANDS_EACH  2
#define QUESTION_MS    5000  /* to say a question */
#define TURN_MS        10000 /* to come to its turn */
#define ANSWER_TAKE_MS 15000 /* to take the answer */

enum state { HEARS, WAITS, WORKS, ANSWERS };
struct client {
    uv_pipe_t pipe; /* first */
    struct serve_socket *socket;
    struct client *next;
    char id[24]; /* its worker's subject */
    struct mu_peer peer;
    enum state state;
    int64_t deadline_ms; /* monotonic, for this state */
    struct mu_buf text;
    struct mu_question question;
    uv_write_t write;
    char *answer;
};
struct serve_socket {
    uv_pipe_t pipe; /* first */
    struct serve *serve;
    char *path;
    struct client *clients; /* in the order they came */
    unsigned long long known;
};

/* --- one that asks: its end --- */

static void client_closed(uv_handle_t *handle)
{
    struct client *client = (struct client *)handle;
    mu_buf_free(&client->text);
    mu_question_fini(&client->question);
    free(client->answer);
    free(client);
}

static void drop(struct client *client)
{
    for (struct client **at = &client->socket->clients; *at; at = &(*at)->next)
        if (*at == client) {
            *at = client->next;
            uv_close((uv_handle_t *)client, client_closed);
            return;
        }
}

/* --- answering --- */

static void on_written(uv_write_t *write, int status)
{
    struct client *client = write->data;
    if (status != UV_ECANCELED) /* else it is being closed */
        drop(client);
}

static void enter(struct client *client, enum state state, int64_t within_ms)
{
    client->state = state;
    client->deadline_ms = mu_clock_mono_ms() + within_ms;
}

static void answer(struct client *client, json_t *value_take)
{
    char *text = mu_json_text(value_take);
    json_decref(value_take);
    client->answer = mu_xasprintf("%s\n", text);
    free(text);
    enter(client, ANSWERS, ANSWER_TAKE_MS);
    uv_buf_t buf = uv_buf_init(client->answer, (unsigned)strlen(client->answer));
    client->write.data = client;
    if (uv_write(&client->write, (uv_stream_t *)client, &buf, 1, on_written) != 0)
        drop(client);
}

static json_t *error(const char *text)
{
    return json_pack("{s:s}", "error", text);
}

static json_t *reload(struct serve *serve, const struct mu_peer *peer)
{
    struct mu_fail fail;
    if (peer->uid != 0 && peer->uid != geteuid())
        return error("a reload is for root and for the account that muster serve runs as");
    if (serve_reload(serve, &fail) != MU_OK)
        return error(fail.text);
    return json_pack("{s:b, s:i, s:i}", "reloaded", true, "watches",
                     (int)serve->settings.watch_count, "schedules",
                     (int)serve->settings.schedules.count);
}

/* --- commands --- */

static struct client *find_client(const struct serve *serve, const char *id)
{
    struct client *client = serve->socket ? serve->socket->clients : NULL;
    while (client && strcmp(client->id, id) != 0)
        client = client->next;
    return client;
}

static json_t *run_command(struct serve *serve, const char *id, struct mu_fail *fail)
{
    const struct client *client = find_client(serve, id);
    (void)fail;
    return serve->command(serve->settings.config, serve->config_path, &client->peer,
                          &client->question);
}

static void command_done(struct serve *serve, const char *id, const json_t *result, const char *why)
{
    struct client *client = find_client(serve, id);
    if (client)
        answer(client, result ? json_incref((json_t *)result) : error(why));
}

static const struct job command_job = {
    .name = "command of", .run = run_command, .done = command_done};

static int commands_of(const struct serve_socket *socket, const struct mu_peer *peer)
{
    int count = 0;
    for (const struct client *client = socket->clients; client; client = client->next)
        count += client->state == WORKS && (peer == NULL || client->peer.uid == peer->uid);
    return count;
}

/* One whose peer has left still works: it counts by its worker, not by its client. */
static bool has_room(const struct serve_socket *socket, const struct client *client)
{
    return worker_count(socket->serve, &command_job) < COMMANDS_MOST &&
           commands_of(socket, &client->peer) < COMMANDS_EACH;
}

static void try_command(struct client *client)
{
    struct serve_socket *socket = client->socket;
    if (!has_room(socket, client))
        return;
    if (worker_start(socket->serve, &command_job, client->id, SOCKET_COMMAND_MS))
        enter(client, WORKS, 2 * SOCKET_COMMAND_MS); /* the worker's own limit comes first */
}

/* --- hearing --- */

static void understood(struct client *client)
{
    struct serve *serve = client->socket->serve;
    struct mu_fail fail;
    if (mu_question_read(mu_buf_text(&client->text), strcspn(mu_buf_text(&client->text), "\n"),
                         &client->question, &fail) != MU_OK) {
        answer(client, error(fail.text));
    } else if (client->question.kind == MU_ASK_STATUS) {
        answer(client, status_json(serve));
    } else if (client->question.kind == MU_ASK_RELOAD) {
        answer(client, reload(serve, &client->peer));
    } else if (serve->draining) {
        answer(client, error("this muster serve ends: ask again when it has been started anew"));
    } else {
        enter(client, WAITS, TURN_MS);
        try_command(client);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[4096];
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

/* Behind its question a peer has nothing to say; that it has left is noticed when it is answered. */
static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct client *client = (struct client *)stream;
    if (got > 0)
        mu_buf_add(&client->text, buf->base, (size_t)got);
    bool whole = got > 0 && memchr(buf->base, '\n', (size_t)got) != NULL;
    if (got < 0 || client->text.full) {
        drop(client);
    } else if (whole) {
        uv_read_stop(stream);
        understood(client);
    }
}

static int clients_of(const struct serve_socket *socket, uid_t uid, int *all)
{
    int count = 0;
    *all = 0;
    for (const struct client *client = socket->clients; client; client = client->next) {
        count += client->peer.uid == uid;
        ++*all;
    }
    return count;
}

static bool admit(struct serve_socket *socket, struct client *client)
{
    uv_os_fd_t fd;
    int all;
    return uv_fileno((uv_handle_t *)client, &fd) == 0 && peer_of(fd, &client->peer) &&
           clients_of(socket, client->peer.uid, &all) < CLIENTS_EACH && all < CLIENTS_MOST &&
           uv_read_start((uv_stream_t *)client, on_alloc, on_read) == 0;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct serve_socket *socket = (struct serve_socket *)stream;
    struct client *client = MU_NEW(struct client), **last = &socket->clients;
    client->text.max = MU_QUESTION_OCTETS + 1;
    client->socket = socket;
    snprintf(client->id, sizeof client->id, "peer %llu", ++socket->known);
    enter(client, HEARS, QUESTION_MS);
    uv_pipe_init(mu_loop_uv(socket->serve->loop), &client->pipe, 0);
    if (status < 0 || uv_accept(stream, (uv_stream_t *)client) != 0 || !admit(socket, client)) {
        uv_close((uv_handle_t *)client, client_closed);
        return;
    }
    while (*last)
        last = &(*last)->next;
    *last = client;
}

void socket_turn(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    struct client *next;
    for (struct client *client = serve->socket ? serve->socket->clients : NULL; client;
         client = next) {
        next = client->next;
        if (client->state == WAITS)
            try_command(client);
        if (now < client->deadline_ms)
            continue;
        if (client->state == WAITS)
            answer(client, error("too many commands run just now: ask again"));
        else
            drop(client);
    }
}

/* --- its life --- */

/* What a killed supervisor left: serve.lock says that there is no other. Nothing but a socket is removed. */
static enum mu_err clear(const char *path, struct mu_fail *fail)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return MU_OK;
    if (!S_ISSOCK(info.st_mode))
        return mu_fail_set(fail, MU_CONFIG, "serve.socket: %s is there and is no socket", path);
    unlink(path);
    return MU_OK;
}

enum mu_err socket_open(struct serve *serve, struct mu_fail *fail)
{
    struct serve_socket *socket = MU_NEW(struct serve_socket);
    socket->serve = serve;
    socket->path = mu_serve_socket_path(serve->settings.config);
    serve->socket = socket;
    uv_pipe_init(mu_loop_uv(serve->loop), &socket->pipe, 0);
    enum mu_err err = clear(socket->path, fail);
    if (err != MU_OK)
        return err;
    mode_t before = umask(077);
    int failed = strlen(socket->path) < sizeof((struct sockaddr_un *)0)->sun_path
                     ? uv_pipe_bind(&socket->pipe, socket->path)
                     : UV_ENAMETOOLONG; /* it would cut the name */
    umask(before);
    if (failed == 0 && (err = peer_admit(serve->settings.config, socket->path, fail)) != MU_OK)
        return err;
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)socket, CLIENTS_MOST, on_connection);
    return failed == 0 ? MU_OK
                       : mu_fail_set(fail, MU_STORAGE, "%s: can't listen there: %s", socket->path,
                                     uv_strerror(failed));
}

static void socket_closed(uv_handle_t *handle)
{
    free(handle);
}

void socket_close(struct serve *serve)
{
    struct serve_socket *socket = serve->socket;
    if (socket == NULL)
        return;
    while (socket->clients)
        drop(socket->clients);
    unlink(socket->path);
    free(socket->path);
    uv_close((uv_handle_t *)socket, socket_closed);
    serve->socket = NULL;
}
