/* SPDX-License-Identifier: MIT
 *
 * Incoming webhooks as Slack made them, which Mattermost, Rocket.Chat and others take too: POST
 * {"text": ...}. The URL is the password. "&", "<" and ">" are escaped, so that no value can ring
 * "<!channel>". Slack may answer 200 and say no inside; errors such as "no_service" come as 4xx.
 *
 *   channels = { status = { kind = "slack", url = secret.file "slack-url" } }
 *   contact point "status", or "status:#room" where the server lets the sender choose the room */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/excerpt.h"
#include "base/json.h"
#include "base/mem.h"
#include "notify/channels/web.h"

#define SAID_MOST 120   /* octets of its error that are repeated */
#define TEXT_MAX  12000 /* Mattermost takes 16,383 characters, Slack 40,000; escaping adds some */

static void add_escaped(struct mu_buf *buf, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '&')
            mu_buf_adds(buf, "&amp;");
        else if (*text == '<')
            mu_buf_adds(buf, "&lt;");
        else if (*text == '>')
            mu_buf_adds(buf, "&gt;");
        else
            mu_buf_addc(buf, *text);
}

/* The subject as a bold line, unless the text begins with it anyway. */
static json_t *payload(const struct channel_request *send)
{
    const struct message *message = send->message;
    struct mu_buf cut = {0}, text = {0};
    if (message->subject[0] != '\0' &&
        strncmp(message->text, message->subject, strlen(message->subject)) != 0) {
        mu_buf_addc(&text, '*');
        add_escaped(&text, message->subject);
        mu_buf_adds(&text, "*\n");
    }
    mu_notify_add_cut(&cut, message->text, TEXT_MAX);
    add_escaped(&text, mu_buf_text(&cut));
    json_t *body = json_pack("{s:o}", "text", mu_json_lenient_string(mu_buf_text(&text), text.len));
    if (send->channel->address[0] != '\0')
        json_object_set_new(
            body, "channel",
            mu_json_lenient_string(send->channel->address, strlen(send->channel->address)));
    mu_buf_free(&cut);
    mu_buf_free(&text);
    return body;
}

/* {"ok": false, "error": "ratelimited"} or Rocket.Chat's {"success": false, "error": ...}. */
static void judge(const struct mu_http_response *response, struct channel_answer *answer)
{
    json_t *body = mu_json_parse_foreign(response->body, response->body_len, NULL);
    bool ok = mu_json_bool(body, "ok", true) && mu_json_bool(body, "success", true);
    const char *error = mu_json_str(body, "error", "no reason given");
    bool busy = strncmp(error, "rate", 4) == 0;
    if (json_is_object(body) && !ok) {
        char *said = mu_excerpt(error, strlen(error), SAID_MOST);
        mu_notify_answer(answer, busy ? CHANNEL_LATER : CHANNEL_NEVER,
                         "HTTP %d, but it says no: %s", response->status, said);
        free(said);
        answer->retry_after_ms = busy ? mu_http_retry_after_ms(response, mu_clock_real_ms()) : -1;
    }
    json_decref(body);
}

static struct mu_op *send_slack(const struct channel_request *send, channel_done *done, void *ud)
{
    json_t *body = payload(send);
    struct web_request request = {
        .method = "POST",
        .url = mu_xstrdup(mu_notify_channel_text(send->host, send->channel, "url")),
        .body = mu_json_text(body),
        .timeout_ms = send->timeout_ms,
        .judge = judge,
    };
    request.body_len = strlen(request.body);
    mu_notify_web_header(&request, "Content-Type: application/json; charset=utf-8");
    json_decref(body);
    return mu_notify_web_send(send->host, &request, done, ud);
}

static struct mu_op *look(const struct channel_request *request, channel_done *done, void *ud)
{
    return mu_notify_web_look(request, "/", done, ud);
}

const struct channel_class mu_notify_slack = {
    .kind = "slack",
    .timeout_ms = 10000,
    .check = mu_notify_web_check_url,
    .send = send_slack,
    .look = look,
};
