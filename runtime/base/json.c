/* SPDX-License-Identifier: MIT
 *
 * Values and their canonical text; see json.h. */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* --- canonical text --- */

void mu_json_canon_string(struct mu_buf *buf, const char *text, size_t len)
{
    static const char short_forms[] = "btn?fr"; /* \b is 8, \t 9, \n 10, \f 12, \r 13 */
    mu_buf_addc(buf, '"');
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        mu_buf_add(buf, text + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\') {
            mu_buf_addc(buf, '\\');
            mu_buf_addc(buf, (char)c);
        } else if (c >= 8 && c <= 13 && c != 11) {
            mu_buf_addc(buf, '\\');
            mu_buf_addc(buf, short_forms[c - 8]);
        } else {
            mu_buf_addf(buf, "\\u%04x", c);
        }
    }
    mu_buf_add(buf, text + from, len - from);
    mu_buf_addc(buf, '"');
}

void mu_json_canon_real(struct mu_buf *buf, double value)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%.17g", value);
    mu_buf_add(buf, text, (size_t)len);
    if (strcspn(text, ".en") == (size_t)len) /* whole; 'n' keeps inf and nan as they are */
        mu_buf_add(buf, ".0", 2);
}

void mu_json_canon_integer(struct mu_buf *buf, int64_t value)
{
    char text[24], *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    mu_buf_add(buf, p, (size_t)(text + sizeof text - p));
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void canon_object(const json_t *object, struct mu_buf *buf)
{
    const char *few[24], **keys = few;
    size_t count = json_object_size(object), n = 0;
    if (count > MU_COUNT(few))
        keys = mu_xcalloc(count, sizeof *keys);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        keys[n++] = key;
    }
    qsort(keys, n, sizeof *keys, compare_keys);
    mu_buf_addc(buf, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            mu_buf_addc(buf, ',');
        mu_json_canon_string(buf, keys[i], strlen(keys[i]));
        mu_buf_addc(buf, ':');
        mu_json_canon(json_object_get(object, keys[i]), buf);
    }
    mu_buf_addc(buf, '}');
    if (keys != few)
        free(keys);
}

static void canon_array(const json_t *array, struct mu_buf *buf)
{
    mu_buf_addc(buf, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i)
            mu_buf_addc(buf, ',');
        mu_json_canon(json_array_get(array, i), buf);
    }
    mu_buf_addc(buf, ']');
}

void mu_json_canon(const json_t *value, struct mu_buf *buf)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        canon_object(value, buf);
        break;
    case JSON_ARRAY:
        canon_array(value, buf);
        break;
    case JSON_STRING:
        mu_json_canon_string(buf, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        mu_json_canon_integer(buf, json_integer_value(value));
        break;
    case JSON_REAL:
        mu_json_canon_real(buf, json_real_value(value));
        break;
    case JSON_TRUE:
        mu_buf_add(buf, "true", 4);
        break;
    case JSON_FALSE:
        mu_buf_add(buf, "false", 5);
        break;
    case JSON_NULL:
        mu_buf_add(buf, "null", 4);
        break;
    }
}

char *mu_json_text(const json_t *value)
{
    struct mu_buf buf = {0};
    mu_json_canon(value, &buf);
    return mu_buf_take(&buf);
}

/* --- reading --- */

static bool too_deep(const json_t *value, int room)
{
    if (room == 0 && (json_is_object(value) || json_is_array(value)))
        return true;
    size_t i;
    const char *key;
    json_t *item;
    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            if (too_deep(item, room - 1))
                return true;
        }
    } else if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, item)
        {
            if (too_deep(item, room - 1))
                return true;
        }
    }
    return false;
}

static json_t *load(const char *text, size_t len, size_t flags, struct mu_fail *fail)
{
    json_error_t err;
    json_t *value = json_loadb(text, len, flags | JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
    if (value == NULL) {
        mu_fail_set(fail, MU_PROTO, "not JSON at byte %d: %s", err.position, err.text);
        return NULL;
    }
    if (too_deep(value, MU_LIMIT_DEPTH)) {
        json_decref(value);
        mu_fail_set(fail, MU_PROTO, "JSON nested deeper than %d", MU_LIMIT_DEPTH);
        return NULL;
    }
    return value;
}

json_t *mu_json_parse(const char *text, size_t len, struct mu_fail *fail)
{
    return load(text, len, JSON_REJECT_DUPLICATES, fail);
}

const char *mu_json_str(const json_t *object, const char *key, const char *otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : otherwise;
}

int64_t mu_json_int(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool mu_json_bool(const json_t *object, const char *key, bool otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

json_t *mu_json_get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

bool mu_json_lists(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}
