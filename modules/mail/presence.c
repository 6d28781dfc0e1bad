/* SPDX-License-Identifier: MIT
 *
 * mail.tls_rpt and mail.bimi; see presence.h.
 *
 *   TXT _smtp._tls.DOMAIN           "v=TLSRPTv1; rua=mailto:...,https://..."   RFC 8460, 3
 *   TXT SELECTOR._bimi.DOMAIN       "v=BIMI1; l=https://...; a=https://..."    draft-brand-indicators-for-message-identification */
#include "presence.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "txt.h"

/* --- one line of tags --- */

struct line {
    char *text, *copy; /* copy is what the tags point into */
    size_t count;      /* records that begin like this one */
};

/* "v=NAME" in front, then nothing or ";". */
static bool is_line(const char *text, const char *version)
{
    size_t len = strlen(version);
    if (strncmp(text, version, len) != 0)
        return false;
    text += len + strspn(text + len, " \t");
    return *text == ';' || *text == '\0';
}

static struct line line_among(const json_t *records, const char *version)
{
    struct line line = {.count = 0};
    size_t i;
    json_t *shown;
    json_array_foreach(records, i, shown)
    {
        char *text = mu_mail_txt_join(json_string_value(shown));
        if (is_line(text, version) && ++line.count == 1)
            line.text = text;
        else
            free(text);
    }
    line.copy = line.text ? mu_xstrdup(line.text) : NULL;
    return line;
}

static void line_free(struct line *line)
{
    free(line->text);
    free(line->copy);
}

/* The value of a tag until the next is asked for, "" when it is empty; NULL: there is none. */
static const char *tag_of(struct line *line, const char *name)
{
    char *rest = line->copy;
    struct mu_mail_tag tag;
    memcpy(line->copy, line->text, strlen(line->text) + 1);
    while (mu_mail_tag_next(&rest, &tag))
        if (tag.value && strcasecmp(tag.name, name) == 0)
            return tag.value;
    return NULL;
}

static json_t *verdict(bool ok, bool present, const char *why)
{
    json_t *value = json_pack("{s:b, s:b, s:s}", "ok", ok, "present", present, "why", why);
    if (!ok)
        json_object_set_new(value, "class", json_string(mu_err_name(MU_REMOTE)));
    return value;
}

/* There is none, or not one. NULL: there is one. */
static json_t *judge_count(const struct line *line, const char *what)
{
    char *why = line->count == 0 ? mu_xasprintf("no %s", what)
                                 : mu_xasprintf("%zu %s records: readers take several for none",
                                                line->count, what);
    json_t *value = line->count == 1 ? NULL : verdict(line->count == 0, line->count > 0, why);
    free(why);
    return value;
}

/* --- TLS-RPT --- */

static void add_uris(json_t *list, const char *text)
{
    char *copy = mu_xstrdup(text), *rest = copy, *uri;
    while ((uri = strsep(&rest, ",")) != NULL) {
        uri += strspn(uri, " \t");
        size_t len = strcspn(uri, " \t");
        if (strncasecmp(uri, "mailto:", 7) == 0 || strncasecmp(uri, "https:", 6) == 0)
            json_array_append_new(list, json_stringn(uri, len));
    }
    free(copy);
}

json_t *mu_mail_tls_rpt_judge(const json_t *records)
{
    struct line line = line_among(records, "v=TLSRPTv1");
    json_t *value = judge_count(&line, "TLS-RPT"), *rua = json_array();
    if (value == NULL) {
        const char *tag = tag_of(&line, "rua");
        add_uris(rua, tag ? tag : "");
        bool any = json_array_size(rua) > 0;
        value = verdict(any, true,
                        any ? "reports are asked for"
                            : "rua= names no mailto: or https: address: nobody is sent a report");
        json_object_set_new(value, "record", json_string(line.text));
    }
    json_object_set_new(value, "rua", rua);
    line_free(&line);
    return value;
}

/* --- BIMI --- */

json_t *mu_mail_bimi_judge(const json_t *records)
{
    struct line line = line_among(records, "v=BIMI1");
    json_t *value = judge_count(&line, "BIMI");
    if (value == NULL) {
        const char *tag = tag_of(&line, "l");
        char *logo = mu_xstrdup(tag ? tag : "");
        tag = tag_of(&line, "a");
        bool declined = logo[0] == '\0' && (tag == NULL || tag[0] == '\0'),
             good = declined || strncasecmp(logo, "https://", 8) == 0;
        value = verdict(good, true,
                        declined ? "the domain wants no logo shown"
                        : good   ? (tag && tag[0] ? "a logo with a certificate"
                                                  : "a logo without a certificate: some show it")
                                 : "l= is no https: address");
        json_object_set_new(value, "record", json_string(line.text));
        if (logo[0])
            json_object_set_new(value, "logo", json_string(logo));
        if (tag && tag[0])
            json_object_set_new(value, "certificate", json_string(tag));
        free(logo);
    }
    line_free(&line);
    return value;
}

/* --- asking --- */

struct sight {
    struct mu_call *call;
    int64_t started_ms;
    json_t *(*judge)(const json_t *records);
};

void mu_mail_presence_cancel(struct mu_call *call)
{
    free(call->state);
    call->state = NULL;
}

static void on_record(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    bool known = mu_mail_dns_told(result);
    json_t *value = known
                        ? sight->judge(json_object_get(result, "records"))
                        : json_pack("{s:b, s:s, s:s, s:[]}", "ok", 0, "class", mu_err_name(MU_NET),
                                    "why", mu_json_str(result, "why", "no answer"), "rua");
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - sight->started_ms));
    mu_mail_presence_cancel(call);
    mu_call_done(call, value);
}

static void start(struct mu_call *call, char *name_take, json_t *(*judge)(const json_t *records))
{
    struct sight *sight = MU_NEW(struct sight);
    *sight = (struct sight){call, mu_clock_mono_ms(), judge};
    call->state = sight;
    mu_sub(call, "dns.query", json_pack("{s:s, s:s}", "name", name_take, "type", "TXT"), on_record,
           sight);
    free(name_take);
}

void mu_mail_tls_rpt_start(struct mu_call *call)
{
    start(call, mu_xasprintf("_smtp._tls.%s", mu_json_str(call->args, "domain", "")),
          mu_mail_tls_rpt_judge);
}

void mu_mail_bimi_start(struct mu_call *call)
{
    start(call,
          mu_xasprintf("%s._bimi.%s", mu_json_str(call->args, "selector", "default"),
                       mu_json_str(call->args, "domain", "")),
          mu_mail_bimi_judge);
}
