/* SPDX-License-Identifier: MIT
 *
 * mail.picture: every part is asked for at once (parts.h), and judged when all have answered. */
#include "picture.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "parts.h"

struct question {
    struct picture *of;
    json_t *result;
};

struct picture {
    struct mu_call *call;
    int64_t started_ms;
    struct question questions[MU_MAIL_PARTS];
    size_t asked, left;
};

static void picture_free(struct picture *picture)
{
    for (size_t i = 0; i < MU_MAIL_PARTS; i++)
        json_decref(picture->questions[i].result);
    picture->call->state = NULL;
    free(picture);
}

void mu_mail_picture_cancel(struct mu_call *call)
{
    if (call->state)
        picture_free(call->state);
}

static void finish(struct picture *picture)
{
    struct mu_call *call = picture->call;
    json_t *results[MU_MAIL_PARTS];
    for (size_t i = 0; i < MU_MAIL_PARTS; i++)
        results[i] = picture->questions[i].result;
    json_t *value = mu_mail_picture_of(results);
    if (!mu_json_bool(value, "ok", false))
        json_object_set_new(value, "class", json_string(mu_err_name(MU_REMOTE)));
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - picture->started_ms));
    picture_free(picture);
    mu_call_done(call, value);
}

static void on_result(struct mu_call *call, const json_t *result, void *ud)
{
    struct question *question = ud;
    struct picture *picture = question->of;
    question->result = json_deep_copy(result);
    picture->left--;
    mu_call_progress(call, "%zu/%zu parts seen", picture->asked - picture->left, picture->asked);
    if (picture->left == 0)
        finish(picture);
}

/* Its own name for the domain: an SPF check is asked by sender. */
static json_t *args_of(const struct mu_mail_part *part, const char *domain)
{
    json_t *args = json_object();
    bool spf = strcmp(part->verb, "mail.spf") == 0;
    json_object_set_new(args, spf ? "sender" : "domain", json_string(domain));
    if (strcmp(part->verb, "dns.mx") == 0)
        json_object_set_new(args, "at", json_string("authoritative"));
    return args;
}

void mu_mail_picture_start(struct mu_call *call)
{
    struct picture *picture = MU_NEW(struct picture);
    const char *domain = mu_json_str(call->args, "domain", "");
    bool talk = mu_json_bool(call->args, "talk", true);
    call->state = picture;
    picture->call = call;
    picture->started_ms = mu_clock_mono_ms();
    for (size_t i = 0; i < MU_MAIL_PARTS; i++)
        picture->asked += talk || !mu_mail_parts[i].talks;
    picture->left = picture->asked;
    for (size_t i = 0; i < MU_MAIL_PARTS; i++) {
        picture->questions[i].of = picture;
        if (talk || !mu_mail_parts[i].talks)
            mu_sub(call, mu_mail_parts[i].verb, args_of(&mu_mail_parts[i], domain), on_result,
                   &picture->questions[i]);
    }
}
