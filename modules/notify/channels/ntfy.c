/* SPDX-License-Identifier: MIT
 *
 * ntfy: a push to phones. POST url/TOPIC, text as the body, the rest in headers, those with other
 * than ASCII as encoded words (RFC 2047), which the server decodes. Without a token whoever knows
 * the topic may read and write it: then the topic is as good as a password and is not shown.
 *
 *   channels = { push = { kind = "ntfy", url = "https://ntfy.sh", token = secret.file "ntfy" } }
 *   contact point "push:TOPIC" */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "notify/channels/mime.h"
#include "notify/channels/web.h"

/* The server's own limit is 4,096; past it a message becomes an attachment. */
#define TEXT_MAX  4000
#define TOPIC_MAX 64

static const char *const priorities[] = {
    [MU_PRIORITY_LOW] = "low", [MU_PRIORITY_NORMAL] = "default", [MU_PRIORITY_HIGH] = "high"};

static bool has_token(const struct channel *channel)
{
    return mu_json_get(channel->config, "token") != NULL;
}

static bool hides_address(const struct channel *channel)
{
    return !has_token(channel);
}

static enum mu_err check_address(const struct channel *channel, struct mu_fail *fail)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(channel->address);
    if (strspn(channel->address, allowed) != len || len > TOPIC_MAX)
        return mu_fail_set(fail, MU_CONFIG,
                           "channel %s: a topic is 1 to %d letters, digits, \"-\" and \"_\"",
                           channel->name, TOPIC_MAX);
    return MU_OK;
}

static enum mu_err check(const struct mu_host *host, const struct channel *channel,
                         struct mu_fail *fail)
{
    if (has_token(channel) && mu_notify_channel_text(host, channel, "token") == NULL)
        return mu_fail_set(
            fail, MU_CONFIG,
            "channels.%s.token in muster.lua is unknown: its file is missing or unreadable",
            channel->name);
    return mu_notify_web_check_url(host, channel, fail);
}

/* "https://ntfy.example/" and a path below it → without the final slash. */
static char *url_below(const struct channel_request *send, const char *path)
{
    const char *url = mu_notify_channel_text(send->host, send->channel, "url");
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return mu_xasprintf("%.*s/%s", (int)len, url, path);
}

/* The server names the message: {"id": "xE73Iyuabi", ...}. */
static void judge(const struct mu_http_response *response, struct channel_answer *answer)
{
    json_t *body = mu_json_parse_foreign(response->body, response->body_len, NULL);
    const char *id = mu_json_str(body, "id", "");
    if (strlen(id) < sizeof answer->id)
        memcpy(answer->id, id, strlen(id) + 1);
    json_decref(body);
}

static void add_secret(struct web_request *request, const struct channel_request *send)
{
    const char *token = mu_notify_channel_text(send->host, send->channel, "token");
    if (token != NULL)
        request->secret_headers[0] = mu_xasprintf("Authorization: Bearer %s", token);
}

static struct mu_op *send_ntfy(const struct channel_request *send, channel_done *done, void *ud)
{
    const struct message *message = send->message;
    struct mu_buf body = {0}, title = {0};
    mu_notify_add_cut(&body, message->text, TEXT_MAX);
    mu_notify_mime_words(&title, message->subject, " ");
    struct web_request request = {
        .method = "POST",
        .url = url_below(send, send->channel->address),
        .body_len = body.len,
        .timeout_ms = send->timeout_ms,
        .judge = judge,
    };
    request.body = mu_buf_take(&body);
    mu_notify_web_header(&request, "Content-Type: text/plain; charset=utf-8");
    mu_notify_web_header(&request, "Title: %s", mu_buf_text(&title));
    mu_notify_web_header(&request, "Priority: %s",
                         strcmp(message->kind, "page") == 0 ? "urgent"
                                                            : priorities[message->priority]);
    mu_notify_web_header(&request, "Tags: muster%s%s", message->incident[0] ? "," : "",
                         message->incident);
    add_secret(&request, send);
    mu_buf_free(&title);
    return mu_notify_web_send(send->host, &request, done, ud);
}

static struct mu_op *look(const struct channel_request *look_at, channel_done *done, void *ud)
{
    struct web_request request = {
        .method = "GET",
        .url = url_below(look_at, "v1/health"),
        .timeout_ms = look_at->timeout_ms,
    };
    return mu_notify_web_send(look_at->host, &request, done, ud);
}

const struct channel_class mu_notify_ntfy = {
    .kind = "ntfy",
    .timeout_ms = 10000,
    .check = check,
    .check_address = check_address,
    .hides_address = hides_address,
    .send = send_ntfy,
    .look = look,
};
