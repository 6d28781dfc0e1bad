/* SPDX-License-Identifier: MIT
 *
 * The filters of message templates: {{since|time}} → text for people.
 * To add one: a function and a line in `filters`, and a line in template.h. */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/template_nodes.h"

static bool filter_time(const json_t *value, struct mu_buf *out)
{
    char utc[MU_TIME_TEXT], local[MU_TIME_TEXT];
    int64_t ms;
    if (json_is_string(value)) {
        if (!mu_time_parse(json_string_value(value), &ms))
            return false;
    } else if (json_is_number(value)) {
        double s = json_number_value(value);
        if (!(s > -6e10 &&
              s < 2.5e11)) /* the years 68 to 9892: else somebody passes milliseconds */
            return false;
        ms = (int64_t)(s * 1000);
    } else {
        return false;
    }
    mu_time_utc(ms, utc);
    mu_time_local(ms, local);
    mu_buf_adds(out, utc);
    if (strncmp(utc, local, 10) == 0)
        mu_time_hms(ms, local);
    if (strstr(local, " UTC") == NULL)
        mu_buf_addf(out, " (%s)", local);
    return true;
}

static bool filter_duration(const json_t *value, struct mu_buf *out)
{
    char text[MU_TIME_TEXT];
    int64_t ms;
    if (json_is_string(value)) {
        if (!mu_duration_read(json_string_value(value), &ms))
            return false;
    } else if (json_is_number(value)) {
        double s = json_number_value(value);
        if (!(s >= 0 && s < 1e12))
            return false;
        ms = (int64_t)(s * 1000);
    } else {
        return false;
    }
    mu_buf_adds(out, mu_duration_text(ms, text));
    return true;
}

bool mu_template_plain(const json_t *value, struct mu_buf *out)
{
    if (json_is_string(value))
        mu_buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        mu_buf_addf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        mu_buf_addf(out, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        mu_buf_adds(out, json_is_true(value) ? "true" : "false");
    else
        return false;
    return true;
}

static bool filter_upper(const json_t *value, struct mu_buf *out)
{
    size_t from = out->len;
    if (!mu_template_plain(value, out))
        return false;
    for (size_t i = from; i < out->len; i++)
        out->data[i] = (char)toupper((unsigned char)out->data[i]);
    return true;
}

static const struct filter filters[] = {
    {"time", filter_time, "unix seconds or RFC 3339 text"},
    {"duration", filter_duration, "seconds or a text like \"15m\" or \"20m38s\""},
    {"upper", filter_upper, "a text"},
};

const struct filter *mu_template_filter(struct span name)
{
    for (size_t i = 0; i < MU_COUNT(filters); i++)
        if (strlen(filters[i].name) == name.len &&
            memcmp(filters[i].name, name.text, name.len) == 0)
            return &filters[i];
    return NULL;
}

const char *mu_template_filter_name(size_t index)
{
    return index < MU_COUNT(filters) ? filters[index].name : NULL;
}
