/* SPDX-License-Identifier: MIT
 *
 * An rrset in the words of people; see rrset.h. */
#include "base/rrset.h"

#include "base/json.h"

static void add_clean(struct mu_buf *buf, const char *text)
{
    for (; *text; text++)
        mu_buf_addc(buf, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static const json_t *list_of(const json_t *value)
{
    if (json_is_array(value))
        return value;
    return mu_json_get(value, "mx") ? mu_json_get(value, "mx") : mu_json_get(value, "records");
}

void mu_rrset_text(const json_t *value, struct mu_buf *buf)
{
    const json_t *list = list_of(value);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        mu_buf_adds(buf, i ? ", " : "");
        if (json_is_string(item)) {
            add_clean(buf, json_string_value(item));
            continue;
        }
        mu_buf_addf(buf, "%lld ", (long long)mu_json_int(item, "preference", 0));
        add_clean(buf, mu_json_str(item, "host", "?"));
    }
    if (json_array_size(list) == 0)
        mu_buf_adds(buf, "(none)");
    int64_t ttl = mu_json_int(value, "ttl", mu_json_int(json_array_get(list, 0), "ttl", -1));
    if (ttl >= 0)
        mu_buf_addf(buf, "  TTL %lld", (long long)ttl);
}
