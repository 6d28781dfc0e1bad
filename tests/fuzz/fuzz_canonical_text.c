/* SPDX-License-Identifier: MIT
 *
 * Values: JSON of an author, of a stranger and of a journal has one canonical text, and that text is
 * the same whatever road it takes: jansson and back, Lua and back. Replay compares such texts.
 *
 *   octet 0   bit 0: the text is a stranger's (numbers and octets may be anything)
 *   rest      the text */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "lua/convert.h"
#include "lua/vm.h"

static bool holds_null(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    if (json_is_null(value))
        return true;
    json_object_foreach((json_t *)value, key, item)
    {
        if (holds_null(item))
            return true;
    }
    json_array_foreach(value, i, item)
    {
        if (holds_null(item))
            return true;
    }
    return false;
}

/* Lua has one empty table; written without a schema it is an object. */
static json_t *as_lua_has_it(const json_t *value)
{
    const char *key;
    json_t *item, *copy;
    size_t i;
    if (json_is_array(value) && json_array_size(value) > 0) {
        copy = json_array();
        json_array_foreach(value, i, item)
        {
            json_array_append_new(copy, as_lua_has_it(item));
        }
        return copy;
    }
    if (!json_is_object(value) && !json_is_array(value))
        return json_incref((json_t *)value);
    copy = json_object();
    json_object_foreach((json_t *)value, key, item)
    {
        json_object_set_new(copy, key, as_lua_has_it(item));
    }
    return copy;
}

struct trip {
    const char *text;
    size_t len;
    char *back;
};

static int there_and_back(lua_State *L)
{
    struct trip *trip = lua_touserdata(L, 1);
    mu_lua_push_canon(L, trip->text, trip->len);
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    mu_buf_reset(buf);
    mu_lua_to_canon(L, -1, buf, "value");
    trip->back = strdup(mu_buf_text(buf));
    promise(strlen(trip->back) == buf->len);
    return 0;
}

static void check_lua(const json_t *value, const char *text)
{
    static struct mu_vm *vm;
    if (vm == NULL)
        vm = mu_vm_new(7);
    struct mu_fail fail = {0};
    struct trip trip = {.text = text, .len = strlen(text)};
    if (holds_null(value)) /* reads as absent: the way back has less */
        return;
    enum mu_err err = mu_vm_protect(vm, there_and_back, &trip, &fail);
    promise(err == MU_OK);
    json_t *expected = as_lua_has_it(value);
    char *wanted = mu_json_text(expected);
    promise(strcmp(trip.back, wanted) == 0);
    free(wanted);
    free(trip.back);
    json_decref(expected);
}

static int read_it(lua_State *L)
{
    const struct trip *trip = lua_touserdata(L, 1);
    mu_lua_push_canon(L, trip->text, trip->len);
    return 0;
}

/* Text that is not canonical raises, and reads nothing beyond its end. */
static void check_strange(const char *text, size_t len)
{
    static struct mu_vm *vm;
    if (vm == NULL)
        vm = mu_vm_new(7);
    struct mu_fail fail = {0};
    struct trip trip = {.text = text, .len = len};
    promise(mu_vm_protect(vm, read_it, &trip, &fail) == MU_OK || fail.text[0] != '\0');
}

static void check_value(const json_t *value)
{
    struct mu_fail fail = {0};
    char *text = mu_json_text(value);
    json_t *again = mu_json_parse(text, strlen(text), &fail);
    promise(again != NULL);
    promise(json_equal(value, again));
    char *text_again = mu_json_text(again);
    promise(strcmp(text, text_again) == 0);
    check_lua(again, text);
    free(text_again);
    free(text);
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_fail fail = {0};
    if (len == 0)
        return 0;
    char *own = malloc(len); /* its own block: reading past its end shows */
    memcpy(own, bytes + 1, len - 1);
    own[len - 1] = '\0';
    json_t *value = bytes[0] & 1 ? mu_json_parse_foreign(own, len - 1, &fail)
                                 : mu_json_parse(own, len - 1, &fail);
    promise(value != NULL || fail.text[0] != '\0');
    if (value)
        check_value(value);
    check_strange(own, len - 1);
    json_decref(value);
    free(own);
    return 0;
}
