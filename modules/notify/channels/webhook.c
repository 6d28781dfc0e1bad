/* SPDX-License-Identifier: MIT
 *
 * A webhook of one's own: JSON, signed when there is a secret. The receiver drops a second delivery
 * with an Idempotency-Key it has seen, and checks before believing anything:
 *
 *   POST url                            {"id": the key, "run", "incident", "kind", "subject",
 *   Idempotency-Key: 32 hex digits       "text", "vars", "sent_at": RFC 3339, "to"?: address}
 *   X-Muster-Timestamp: unix seconds
 *   X-Muster-Signature: sha256=HEX      HMAC-SHA-256 of TIMESTAMP "." BODY under the secret
 *
 *   channels = { hook = { kind = "webhook", url = "https://...", secret = secret.file "hook" } } */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "notify/channels/web.h"

static json_t *text_value(const char *text)
{
    return mu_json_lenient_string(text, strlen(text));
}

static char *body_text(const struct channel_request *send)
{
    const struct message *message = send->message;
    char sent_at[MU_TIME_TEXT];
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:s}", "id", send->key, "run", message->run,
                  "incident", message->incident, "kind", message->kind, "subject",
                  text_value(message->subject), "text", text_value(message->text), "vars",
                  message->vars, "sent_at", mu_time_utc(message->created_ms, sent_at));
    if (send->channel->address[0] != '\0')
        json_object_set_new(body, "to", text_value(send->channel->address));
    char *text = mu_json_text(body);
    json_decref(body);
    return text;
}

/* Signed anew at each try: a receiver refuses old timestamps, the body stays the same. */
static void sign(struct web_request *request, const char *secret)
{
    long long now_s = (long long)(mu_clock_real_ms() / 1000);
    struct mu_buf signed_text = {0};
    uint8_t mac[MU_SHA256];
    char hex[MU_SHA256_HEX];
    mu_notify_web_header(request, "X-Muster-Timestamp: %lld", now_s);
    if (secret == NULL)
        return;
    mu_buf_addf(&signed_text, "%lld.", now_s);
    mu_buf_add(&signed_text, request->body, request->body_len);
    mu_hmac_sha256(secret, strlen(secret), mu_buf_text(&signed_text), signed_text.len, mac);
    mu_hex(mac, sizeof mac, hex);
    mu_notify_web_header(request, "X-Muster-Signature: sha256=%s", hex);
    mu_buf_free(&signed_text);
}

static struct mu_op *send_webhook(const struct channel_request *send, channel_done *done, void *ud)
{
    struct web_request request = {
        .method = "POST",
        .url = mu_xstrdup(mu_notify_channel_text(send->host, send->channel, "url")),
        .body = body_text(send),
        .timeout_ms = send->timeout_ms,
    };
    request.body_len = strlen(request.body);
    memcpy(request.id, send->key, strlen(send->key) + 1);
    mu_notify_web_header(&request, "Content-Type: application/json");
    mu_notify_web_header(&request, "Idempotency-Key: %s", send->key);
    sign(&request, mu_notify_channel_text(send->host, send->channel, "secret"));
    return mu_notify_web_send(send->host, &request, done, ud);
}

static enum mu_err check(const struct mu_host *host, const struct channel *channel,
                         struct mu_fail *fail)
{
    if (mu_json_get(channel->config, "secret") != NULL &&
        mu_notify_channel_text(host, channel, "secret") == NULL)
        return mu_fail_set(
            fail, MU_CONFIG,
            "channels.%s.secret in muster.lua is unknown: its file is missing or unreadable",
            channel->name);
    return mu_notify_web_check_url(host, channel, fail);
}

static struct mu_op *look(const struct channel_request *request, channel_done *done, void *ud)
{
    return mu_notify_web_look(request, "/", done, ud);
}

const struct channel_class mu_notify_webhook = {
    .kind = "webhook",
    .keyed = true,
    .timeout_ms = 10000,
    .check = check,
    .send = send_webhook,
    .look = look,
};
