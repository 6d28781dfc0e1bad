/* SPDX-License-Identifier: MIT
 *
 * The supervisor's socket in the state folder: one line in, {"ask": "status" | "reload"}, one line out. For who
 * may use the folder; nobody else reaches it (it is 0700, or a group's). And who asks: mu_serve_ask(). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "serve/internal.h"

#define NAME         "serve.sock"
#define QUESTION_MAX 4096
#define CLIENTS_MOST 32
#define ANSWER_MS    15000 /* a reload reads every playbook there is */

struct serve_socket {
    uv_pipe_t pipe; /* first */
    struct serve *serve;
    char *path;
    int clients;
};
struct client {
    uv_pipe_t pipe; /* first */
    struct serve_socket *socket;
    struct mu_buf question;
    uv_write_t write;
    char *answer;
    bool answered;
};

/* --- who is asked --- */

static void client_closed(uv_handle_t *handle)
{
    struct client *client = (struct client *)handle;
    if (client->socket)
        client->socket->clients--;
    mu_buf_free(&client->question);
    free(client->answer);
    free(client);
}

static void drop(struct client *client)
{
    if (!uv_is_closing((uv_handle_t *)client))
        uv_close((uv_handle_t *)client, client_closed);
}

static void on_written(uv_write_t *write, int status)
{
    (void)status;
    drop(write->data);
}

static json_t *reload(struct serve *serve)
{
    struct mu_fail fail;
    if (serve_reload(serve, &fail) != MU_OK)
        return json_pack("{s:s}", "error", fail.text);
    return json_pack("{s:b, s:i, s:i}", "reloaded", true, "watches",
                     (int)serve->settings.watch_count, "schedules",
                     (int)serve->settings.schedules.count);
}

static json_t *answer_to(struct serve *serve, const char *text, size_t len)
{
    json_t *question = mu_json_parse(text, len, NULL), *answer;
    const char *ask = mu_json_str(question, "ask", "");
    if (strcmp(ask, "status") == 0)
        answer = status_json(serve);
    else if (strcmp(ask, "reload") == 0)
        answer = reload(serve);
    else
        answer = json_pack("{s:s}", "error", "this muster serve does not know what was asked");
    json_decref(question);
    return answer;
}

static void answer(struct client *client)
{
    json_t *value = answer_to(client->socket->serve, mu_buf_text(&client->question),
                              strcspn(mu_buf_text(&client->question), "\n"));
    char *text = mu_json_text(value);
    client->answer = mu_xasprintf("%s\n", text);
    client->answered = true;
    free(text);
    json_decref(value);
    uv_buf_t buf = uv_buf_init(client->answer, (unsigned)strlen(client->answer));
    client->write.data = client;
    if (uv_write(&client->write, (uv_stream_t *)client, &buf, 1, on_written) != 0)
        drop(client);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[QUESTION_MAX];
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct client *client = (struct client *)stream;
    if (got > 0 && !client->answered)
        mu_buf_add(&client->question, buf->base, (size_t)got);
    if (got < 0 || client->question.full)
        drop(client);
    else if (!client->answered && strchr(mu_buf_text(&client->question), '\n'))
        answer(client);
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct serve_socket *socket = (struct serve_socket *)stream;
    struct client *client = MU_NEW(struct client);
    client->question.max = QUESTION_MAX;
    client->socket = socket;
    socket->clients++;
    uv_pipe_init(mu_loop_uv(socket->serve->loop), &client->pipe, 0);
    if (status < 0 || uv_accept(stream, (uv_stream_t *)client) != 0 ||
        socket->clients > CLIENTS_MOST ||
        uv_read_start((uv_stream_t *)client, on_alloc, on_read) != 0)
        drop(client);
}

enum mu_err socket_open(struct serve *serve, struct mu_fail *fail)
{
    struct serve_socket *socket = MU_NEW(struct serve_socket);
    socket->serve = serve;
    socket->path = mu_xasprintf("%s/" NAME, serve->state_dir);
    unlink(socket->path); /* of one that was killed: serve.lock says that there is no other */
    mode_t before = umask(077);
    uv_pipe_init(mu_loop_uv(serve->loop), &socket->pipe, 0);
    int failed = uv_pipe_bind(&socket->pipe, socket->path);
    umask(before);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)socket, CLIENTS_MOST, on_connection);
    serve->socket = socket;
    return failed == 0 ? MU_OK
                       : mu_fail_set(fail, MU_STORAGE, "%s: can't listen there: %s", socket->path,
                                     uv_strerror(failed));
}

static void socket_closed(uv_handle_t *handle)
{
    free(handle);
}

static void drop_clients(uv_handle_t *handle, void *ud)
{
    if (handle->type == UV_NAMED_PIPE && handle != ud) {
        ((struct client *)handle)->socket = NULL;
        drop((struct client *)handle);
    }
}

void socket_close(struct serve *serve)
{
    struct serve_socket *socket = serve->socket;
    if (socket == NULL)
        return;
    uv_walk(mu_loop_uv(serve->loop), drop_clients, socket);
    unlink(socket->path);
    free(socket->path);
    uv_close((uv_handle_t *)socket, socket_closed);
    serve->socket = NULL;
}

/* --- who asks --- */

static int connect_to(const char *state_dir, struct mu_fail *fail)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int len = snprintf(to.sun_path, sizeof to.sun_path, "%s/" NAME, state_dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (len < (int)sizeof to.sun_path && fd >= 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    mu_fail_set(fail, MU_NET,
                "nothing is watched and no schedule fires: no muster serve runs in "
                "%.300s (%s)",
                state_dir,
                len < (int)sizeof to.sun_path ? strerror(errno) : "its path is too long");
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool read_answer(int fd, struct mu_buf *text)
{
    char bytes[8192];
    int64_t until = mu_clock_mono_ms() + ANSWER_MS;
    while (strchr(mu_buf_text(text), '\n') == NULL && !text->full) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = until - mu_clock_mono_ms();
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
            return false;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        mu_buf_add(text, bytes, (size_t)got);
    }
    return true;
}

enum mu_err mu_serve_ask(const char *state_dir, const char *what, json_t **out,
                         struct mu_fail *fail)
{
    struct mu_buf text = {.max = MU_LIMIT_BUF};
    char question[64];
    int fd = connect_to(state_dir, fail);
    *out = NULL;
    if (fd < 0)
        return fail->class;
    int len = snprintf(question, sizeof question, "{\"ask\":\"%.20s\"}\n", what);
    enum mu_err err = MU_OK;
    if (send(fd, question, (size_t)len, MSG_NOSIGNAL) != len || !read_answer(fd, &text))
        err = mu_fail_set(fail, MU_NET, "muster serve in %.300s did not answer within %d s",
                          state_dir, ANSWER_MS / 1000);
    else if ((*out = mu_json_parse(mu_buf_text(&text), text.len, fail)) == NULL)
        err = fail->class;
    mu_buf_free(&text);
    close(fd);
    return err;
}
