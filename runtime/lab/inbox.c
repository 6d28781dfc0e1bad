/* SPDX-License-Identifier: MIT
 *
 * The inbox; see inbox.h. */
#include "lab/inbox.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lab/event.h"
#include "lab/files.h"
#include "lab/mail.h"
#include "lab/secret.h"

struct mu_lab_inbox {
    char *dir;
    const char *hook_secret;
    const struct mu_lab_observer *observer;
    json_t *messages;
    unsigned count;  /* received since the start */
    unsigned number; /* of the newest file */
};

/* ---- keeping ---- */

static unsigned newest_file(const char *path)
{
    DIR *dir = opendir(path);
    unsigned newest = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        unsigned long number = strtoul(entry->d_name, NULL, 10);
        if (number > newest && number < UINT32_MAX)
            newest = (unsigned)number;
    }
    if (dir != NULL)
        closedir(dir);
    return newest;
}

enum mu_err mu_lab_inbox_new(const char *dir, const char *hook_secret,
                             const struct mu_lab_observer *observer, struct mu_lab_inbox **out,
                             struct mu_fail *fail)
{
    enum mu_err err = mu_lab_folder_make(dir, fail);
    if (err != MU_OK)
        return err;
    struct mu_lab_inbox *inbox = MU_NEW(struct mu_lab_inbox);
    inbox->dir = mu_xstrdup(dir);
    inbox->observer = observer;
    inbox->hook_secret = hook_secret;
    inbox->messages = json_array();
    inbox->number = newest_file(dir);
    *out = inbox;
    return MU_OK;
}

void mu_lab_inbox_free(struct mu_lab_inbox *inbox)
{
    if (inbox == NULL)
        return;
    json_decref(inbox->messages);
    free(inbox->dir);
    free(inbox);
}

static void add_line(struct mu_buf *out, const char *name, const json_t *value)
{
    if (!json_is_string(value) || *json_string_value(value) == '\0')
        return;
    char *text = mu_xstrdup(json_string_value(value));
    mu_lab_printable(text);
    mu_buf_addf(out, "%s: %s\n", name, text);
    free(text);
}

/* Several lines, none of which can do anything to the terminal of who reads the file. */
static void add_lines(struct mu_buf *out, const char *lines)
{
    char *copy = mu_xstrdup(lines), *rest = copy, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        size_t len = strlen(line);
        if (len > 0 && line[len - 1] == '\r')
            line[len - 1] = '\0';
        mu_lab_printable(line);
        mu_buf_addf(out, "%s\n", line);
    }
    free(copy);
}

static void write_file(struct mu_lab_inbox *inbox, json_t *message)
{
    const char *kind = mu_json_str(message, "kind", "webhook");
    struct mu_buf text = {0};
    add_line(&text, "Kind", json_object_get(message, "kind"));
    add_line(&text, "At", json_object_get(message, "at"));
    add_line(&text, "From", json_object_get(message, "from"));
    add_line(&text, "To", json_object_get(message, "to"));
    add_line(&text, "Subject", json_object_get(message, "subject"));
    add_line(&text, "Signature", json_object_get(message, "signature"));
    mu_buf_addc(&text, '\n');
    add_lines(&text, mu_json_str(message, "text", ""));
    mu_buf_adds(&text, "\n----- as it came -----\n");
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(message, "headers"), name, value)
        add_line(&text, name, value);
    mu_buf_addc(&text, '\n');
    add_lines(&text, mu_json_str(message, "raw", ""));
    char *file = mu_xasprintf("%04u-%s.txt", inbox->number, kind);
    struct mu_fail fail;
    if (mu_lab_file_write(inbox->dir, file, mu_buf_text(&text), text.len, &fail) == MU_OK)
        json_object_set_new(message, "file", json_sprintf("%s/%s", inbox->dir, file));
    else
        mu_lab_event(inbox->observer, "inbox", "%s", fail.text);
    free(file);
    mu_buf_free(&text);
}

/* "what it says" for the live line: the subject, else the first line of the text. */
static void tell(const struct mu_lab_inbox *inbox, const json_t *message)
{
    const char *subject = mu_json_str(message, "subject", "");
    const char *text = *subject ? subject : mu_json_str(message, "text", "");
    mu_lab_event(inbox->observer, "inbox", "%s to %s: %.*s", mu_json_str(message, "kind", ""),
                 mu_json_str(message, "to", "?"), (int)strcspn(text, "\r\n"), text);
}

static void keep(struct mu_lab_inbox *inbox, json_t *message_take)
{
    char at[MU_TIME_TEXT];
    inbox->count++;
    inbox->number++;
    json_object_set_new(message_take, "id", json_integer(inbox->number));
    json_object_set_new(message_take, "at", json_string(mu_time_utc(mu_clock_real_ms(), at)));
    if (inbox->count <= MU_LIMIT_LAB_FILES)
        write_file(inbox, message_take);
    tell(inbox, message_take);
    if (json_array_size(inbox->messages) >= MU_LIMIT_LAB_INBOX)
        json_array_remove(inbox->messages, 0);
    json_array_append_new(inbox->messages, message_take);
}

const json_t *mu_lab_inbox_messages(const struct mu_lab_inbox *inbox)
{
    return inbox->messages;
}

unsigned mu_lab_inbox_count(const struct mu_lab_inbox *inbox)
{
    return inbox->count;
}

/* ---- e-mail ---- */

static json_t *joined(const json_t *names)
{
    struct mu_buf text = {0};
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
        mu_buf_addf(&text, "%s%s", i ? ", " : "", json_string_value(name));
    json_t *value = mu_json_lenient_string(mu_buf_text(&text), text.len);
    mu_buf_free(&text);
    return value;
}

void mu_lab_inbox_mail(struct mu_lab_inbox *inbox, const char *host, const char *from, json_t *to,
                       const char *bytes, size_t len)
{
    struct mu_lab_mail mail;
    mu_lab_mail_read(bytes, len, &mail);
    json_t *message =
        json_pack("{ss ss so so so so so}", "kind", "email", "host", host, "to", joined(to), "from",
                  mu_json_lenient_string(from, strlen(from)), "subject",
                  mu_json_lenient_string(mail.subject, strlen(mail.subject)), "text",
                  mu_json_lenient_string(mail.text, strlen(mail.text)), "raw",
                  mu_json_lenient_string(bytes, len));
    mu_lab_mail_fini(&mail);
    keep(inbox, message);
}

/* ---- HTTP ---- */

struct incoming {
    const struct mu_lab_exchange *x;
    const json_t *json; /* the body when it is a JSON object, else NULL */
    const char *name;   /* of the path: "/slack/status" → "status", "" when there is none */
};

static json_t *body_text(const struct incoming *in)
{
    return mu_json_lenient_string(in->x->body, in->x->body_len);
}

/* The first of the keys that holds text. */
static json_t *first_of(const json_t *object, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (json_is_string(json_object_get(object, *keys)))
            return json_incref(json_object_get(object, *keys));
    return NULL;
}

static void fill_slack(const struct incoming *in, json_t *message)
{
    static const char *const text_keys[] = {"text", NULL};
    json_object_set_new(message, "to", mu_json_lenient_string(in->name, strlen(in->name)));
    json_object_set_new(message, "text", first_of(in->json, text_keys));
}

static void fill_ntfy(const struct incoming *in, json_t *message)
{
    static const char *const text_keys[] = {"message", NULL}, *const title_keys[] = {"title", NULL},
                             *const topic_keys[] = {"topic", NULL};
    const char *title = mu_lab_http_header(in->x, "Title");
    title = title ? title : mu_lab_http_header(in->x, "X-Title");
    bool json = in->json != NULL && *in->name == '\0';
    json_object_set_new(message, "to",
                        json ? first_of(in->json, topic_keys)
                             : mu_json_lenient_string(in->name, strlen(in->name)));
    json_object_set_new(message, "text", json ? first_of(in->json, text_keys) : body_text(in));
    json_object_set_new(message, "subject",
                        json    ? first_of(in->json, title_keys)
                        : title ? mu_json_lenient_string(title, strlen(title))
                                : NULL);
}

static void fill_webhook(const struct incoming *in, json_t *message)
{
    static const char *const text_keys[] = {"text", "body", "message", NULL},
                             *const title_keys[] = {"subject", "title", NULL};
    json_object_set_new(message, "to", mu_json_lenient_string(in->name, strlen(in->name)));
    json_object_set_new(message, "subject", first_of(in->json, title_keys));
    json_object_set_new(message, "text", first_of(in->json, text_keys));
}

/* docs/configuration.md: "sha256=" and HMAC(secret, timestamp "." body) in hex. */
static void check_signature(const struct mu_lab_inbox *inbox, const struct mu_lab_exchange *x,
                            json_t *message)
{
    const char *given = mu_lab_http_header(x, "X-Muster-Signature");
    const char *timestamp = mu_lab_http_header(x, "X-Muster-Timestamp");
    if (given == NULL)
        return;
    struct mu_buf text = {.max = (size_t)2 * MU_LIMIT_LAB_MESSAGE};
    mu_buf_addf(&text, "%s.", timestamp ? timestamp : "");
    mu_buf_add(&text, x->body, x->body_len);
    uint8_t digest[MU_SHA256];
    char hex[MU_SHA256_HEX];
    mu_hmac_sha256(inbox->hook_secret, strlen(inbox->hook_secret), mu_buf_text(&text), text.len,
                   digest);
    mu_hex(digest, sizeof digest, hex);
    mu_buf_free(&text);
    bool right = strncmp(given, "sha256=", 7) == 0 && mu_lab_secret_equal(given + 7, hex);
    json_object_set_new(message, "signature", json_string(right ? "right" : "wrong"));
}

static void answer_slack(struct mu_lab_exchange *x, const json_t *message)
{
    (void)message;
    mu_lab_http_text(x, 200, "ok");
}

static void answer_ntfy(struct mu_lab_exchange *x, const json_t *message)
{
    json_t *answer = json_pack("{so sI ss}", "id",
                               json_sprintf("lab%lld", (long long)mu_json_int(message, "id", 0)),
                               "time", (json_int_t)(mu_clock_real_ms() / 1000), "event", "message");
    json_object_set_new(answer, "topic", json_string(mu_json_str(message, "to", "")));
    json_object_set_new(answer, "message", json_string(mu_json_str(message, "text", "")));
    mu_lab_http_json(x, 200, answer);
}

static void answer_webhook(struct mu_lab_exchange *x, const json_t *message)
{
    (void)message;
    mu_lab_http_json(x, 200, json_pack("{sb}", "ok", 1));
}

static const struct kind {
    const char *name, *path;
    void (*fill)(const struct incoming *, json_t *message);
    void (*answer)(struct mu_lab_exchange *, const json_t *message);
} kinds[] = {
    {"slack", "/slack", fill_slack, answer_slack},
    {"ntfy", "/ntfy", fill_ntfy, answer_ntfy},
    {"webhook", "", fill_webhook, answer_webhook}, /* all others: last */
};

static const struct kind *kind_of(const char *path)
{
    size_t i = 0;
    for (;; i++) {
        size_t len = strlen(kinds[i].path);
        if (strncmp(path, kinds[i].path, len) == 0 &&
            (len == 0 || path[len] == '\0' || path[len] == '/'))
            return &kinds[i];
    }
}

static void take(struct mu_lab_inbox *inbox, struct mu_lab_exchange *x)
{
    const struct kind *kind = kind_of(x->path);
    json_t *json = mu_json_parse_foreign(x->body, x->body_len, NULL);
    const char *slash = strrchr(x->path, '/');
    bool named = strlen(x->path) > strlen(kind->path) + 1 && slash != NULL;
    struct incoming in = {x, json_is_object(json) ? json : NULL, named ? slash + 1 : ""};
    json_t *message = json_pack("{ss so so}", "kind", kind->name, "headers", mu_lab_http_headers(x),
                                "raw", body_text(&in));
    kind->fill(&in, message);
    check_signature(inbox, x, message);
    if (json_object_get(message, "text") == NULL)
        json_object_set_new(message, "text", body_text(&in));
    keep(inbox, json_incref(message));
    kind->answer(x, message);
    json_decref(message);
    json_decref(json);
}

void mu_lab_inbox_handle(struct mu_lab_exchange *x, void *ud)
{
    struct mu_lab_inbox *inbox = ud;
    if (strcmp(x->method, "GET") == 0 && strcmp(x->path, "/inbox") == 0)
        mu_lab_http_json(x, 200, json_incref(inbox->messages));
    else if (strcmp(x->method, "GET") == 0 && strcmp(x->path, "/ntfy/v1/health") == 0)
        mu_lab_http_json(x, 200, json_pack("{sb}", "healthy", 1));
    else if (strcmp(x->method, "GET") == 0)
        mu_lab_http_text(x, 404, "Not Found: GET /inbox shows what arrived");
    else if (strcmp(x->method, "POST") == 0 || strcmp(x->method, "PUT") == 0)
        take(inbox, x);
    else
        mu_lab_http_text(x, 405, "Method Not Allowed");
}
