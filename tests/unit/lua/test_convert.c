/* SPDX-License-Identifier: MIT
 *
 * Lua ↔ canonical text: the same text as base/json.h writes, back and forth, and errors with a
 * path. */
#include "script.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "lua/convert.h"

/* (script's value) → canonical text, or "!error". */
static int l_convert(lua_State *L)
{
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    mu_buf_reset(buf);
    mu_lua_to_canon(L, 1, buf, "args");
    lua_pushlstring(L, mu_buf_text(buf), buf->len);
    return 1;
}

static int l_read(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    mu_lua_push_canon(L, text, len);
    return 1;
}

static const char *evaluate(struct mu_vm *vm, const char *script)
{
    static char out[2048];
    lua_State *L = mu_vm_state(vm);
    struct mu_fail fail;
    mu_sandbox_push_env(L);
    lua_pushcfunction(L, l_convert);
    lua_setfield(L, -2, "convert");
    lua_pushcfunction(L, l_read);
    lua_setfield(L, -2, "read");
    if (mu_vm_load(L, script, strlen(script), "test.lua", -1, &fail) != MU_OK ||
        mu_vm_run_plain(vm, 0, 1, SCRIPT_TICKS, &fail) != MU_OK)
        snprintf(out, sizeof out, "!%s", fail.text);
    else
        snprintf(out, sizeof out, "%s", lua_tostring(L, -1));
    lua_settop(L, 0);
    return out;
}

static void check(const struct script_case *cases, size_t count)
{
    struct mu_vm *vm = mu_vm_new(7);
    for (size_t i = 0; i < count; i++) {
        const char *got = evaluate(vm, cases[i].script), *want = cases[i].result;
        bool fine = want[0] == '!' ? strncmp(got, "!test.lua:1: ", 13) == 0 && strstr(got, want + 1)
                                   : strcmp(got, want) == 0;
        if (!fine)
            fail_msg("%s\n  gave   %s\n  wanted %s", cases[i].script, got, want);
    }
    mu_vm_free(vm);
}

static void values_have_one_text(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"return convert(nil)", "null"},
        {"return convert(true) .. convert(-5) .. convert(1.0) .. convert(0.1)",
         "true-51.00.10000000000000001"},
        {"return convert(math.mininteger) .. convert(1e300)",
         "-92233720368547758081.0000000000000001e+300"},
        {"return convert {}", "{}"},
        {"return convert { 1, { 2 }, { a = 1 } }", "[1,[2],{\"a\":1}]"},
        {"return convert { b = 1, a = { y = true, x = 'q\"\\n\\1' }, ['A'] = 2 }",
         "{\"A\":2,\"a\":{\"x\":\"q\\\"\\n\\u0001\",\"y\":true},\"b\":1}"},
        {"local t = {} for i = 5, 1, -1 do t[i] = i end return convert(t)", "[1,2,3,4,5]"},
        {"local t = {} for i = 100, 1, -1 do t['k' .. i] = i end return #convert(t)", "885"},
        {"return convert('caf\\u{e9}')", "\"café\""},
    };
    check(cases, MU_COUNT(cases));
}

static void errors_carry_the_path(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"convert { 1, { mx = { { preference = pairs } } } }",
         "!args[2].mx[1].preference: a function can't be journaled"},
        {"convert { a = 0/0 }", "!args.a: not a number (NaN)"},
        {"convert { a = { 1, 1/0 } }", "!args.a[2]: infinity"},
        {"convert { 1, 2, nil, 4 }", "!args: a list with holes"},
        {"convert { [0] = 1 }", "!args: a list with holes"},
        {"convert { [1.5] = 1 }", "!args: a list with holes"},
        {"convert { 1, x = 1 }", "!args: a table with both names and numbers"},
        {"convert { x = { y = 1, [1] = 1 } }", "!args.x: a table with both names and numbers"},
        {"convert { [true] = 1 }", "!args: a table with a boolean as a key"},
        {"convert { [{}] = 1 }", "!args: a table with a table as a key"},
        {"convert { s = '\\xff' }", "!args.s: text that is not UTF-8"},
        {"convert { ['\\xff'] = 1 }", "!text that is not UTF-8"},
        {"convert { ['a\\0'] = 1 }", "!args: a name with a NUL octet"},
        {"local t = {} t.t = t convert(t)", "!nested too deeply"},
    };
    check(cases, MU_COUNT(cases));
}

static void only_canonical_text_is_read(void **state)
{
    (void)state;
    static const struct script_case cases[] = {
        {"local t = read '{\"a\":[1,2.5,null,\"x\\\\n\\\\u001f\"],\"b\":null,\"c\":{}}' return "
         "t.a[1] .. t.a[2] .. tostring(t.a[3]) .. t.a[4] .. tostring(t.b) .. type(t.c)",
         "12.5nilx\n\x1fniltable"},
        {"return math.type(read '1.0') .. math.type(read '1') .. tostring(read "
         "'-9223372036854775808')",
         "floatinteger-9223372036854775808"},
        {"read ''", "!byte 0"},
        {"read '{\"b\":1,\"a\":2}'", "!keys out of order"},
        {"read '{\"a\":1,\"a\":2}'", "!keys out of order"},
        {"read '{\"a\":null,\"a\":2}'", "!keys out of order"},
        {"read '[1, 2]'", "!not canonical JSON at byte 3"},
        {"read '[1,]'", "!bad number"},
        {"read '[1'", "!unexpected text"},
        {"read '{\"a\"}'", "!unexpected text"},
        {"read '{1:2}'", "!unexpected text"},
        {"read '\"abc'", "!a text that does not end"},
        {"read '\"a\\\\'", "!not canonical"},
        {"read '\"\\\\u00e9\"'", "!an escape that is not canonical"},
        {"read '\"\\\\u00'", "!cut off"},
        {"read '01'", "!bad number"},
        {"read '9223372036854775808'", "!an integer out of range"},
        {"read '1e999'", "!a number out of range"},
        {"read '1.'", "!bad number"},
        {"read 'tru'", "!unexpected text"},
        {"read '1 '", "!more after the value"},
        {"read(string.rep('[', 33))", "!nested too deeply"},
    };
    check(cases, MU_COUNT(cases));
}

/* --- any value goes there and back --- */

static uint64_t dice = 88172645463325252u;

static unsigned roll(unsigned sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (unsigned)(dice % sides);
}

static json_t *random_string(void)
{
    static const char *const pieces[] = {
        "a", "zone", "\n", "\"", "\\", "\x01", "é", "漢", "😀", "mx1.example.com", " ", "\x7f"};
    struct mu_buf buf = {0};
    for (unsigned i = roll(6); i > 0; i--)
        mu_buf_adds(&buf, pieces[roll(MU_COUNT(pieces))]);
    json_t *string = json_string(mu_buf_text(&buf));
    mu_buf_free(&buf);
    return string;
}

/* Now and then more than the reader piles up, and than the writer sorts on its stack. */
static unsigned many(int depth, unsigned usual)
{
    return depth == 1 && roll(8) == 0 ? 200 : roll(usual);
}

static json_t *random_value(int depth)
{
    json_t *value;
    switch (roll(depth > 0 ? 9 : 5)) {
    case 0:
        return json_boolean(roll(2));
    case 1:
        return json_integer((json_int_t)(dice >> roll(64)) * (roll(2) ? 1 : -1));
    case 2:
        return json_real(((double)dice / 7e5) * (roll(2) ? 1e-30 : 1));
    case 3:
    case 4:
        return random_string();
    case 5:
    case 6:
        value = json_array(); /* never empty: {} and [] are one in Lua */
        for (unsigned i = 1 + many(depth, 5); i > 0; i--)
            json_array_append_new(value, random_value(depth - 1));
        return value;
    default:
        value = json_object();
        for (unsigned i = many(depth, 6); i > 0; i--) {
            json_t *key = random_string();
            json_object_set_new(value, json_string_value(key), random_value(depth - 1));
            json_decref(key);
        }
        return value;
    }
}

static void random_values_round_trip(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_buf *buf = mu_vm_scratch(vm);
    for (int i = 0; i < 3000; i++) {
        json_t *value = random_value(5);
        char *text = mu_json_text(value);
        if (strlen(text) < MU_LIMIT_VALUE) {
            mu_lua_push_canon(L, text, strlen(text));
            mu_buf_reset(buf);
            mu_lua_to_canon(L, -1, buf, "value");
            assert_false(buf->full);
            assert_string_equal(mu_buf_text(buf), text);
        }
        assert_int_equal(lua_gettop(L), 1);
        lua_settop(L, 0);
        free(text);
        json_decref(value);
    }
    mu_vm_free(vm);
}

/* Broken text must never do more than raise. */
static void damaged_text_raises(void **state)
{
    (void)state;
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    for (int i = 0; i < 3000; i++) {
        json_t *value = random_value(4);
        char *text = mu_json_text(value);
        size_t len = strlen(text);
        for (int hits = 0; hits < 3; hits++)
            text[roll((unsigned)len)] =
                (char)(roll(2) ? roll(256) : (unsigned char)"{}[],:\"\\0e."[roll(11)]);
        lua_pushcfunction(L, l_read);
        lua_pushlstring(L, text, roll(3) ? len : roll((unsigned)len + 1));
        (void)lua_pcall(L, 1, 0, 0);
        lua_settop(L, 0);
        free(text);
        json_decref(value);
    }
    mu_vm_free(vm);
}

/* Ten fields, as a probe gives them. Printed; the bound only catches a blunder under sanitizers. */
static void ten_fields_are_fast(void **state)
{
    (void)state;
    static const char text[] = "{\"addresses\":[\"192.0.2.10\",\"2001:db8::10\"],\"code\":250,"
                               "\"enhanced_code\":\"2.1.5\",\"host\":\"mx1.example.com\","
                               "\"ms\":37,\"ok\":true,\"port\":25,\"starttls\":true,\"verdict\":"
                               "\"up\",\"why\":\"accepted\"}";
    enum { TIMES = 20000 };
    struct mu_vm *vm = mu_vm_new(7);
    lua_State *L = mu_vm_state(vm);
    struct mu_buf *buf = mu_vm_scratch(vm);
    int64_t start = mu_clock_mono_us();
    for (int i = 0; i < TIMES; i++) {
        mu_lua_push_canon(L, text, sizeof text - 1);
        lua_settop(L, 0);
    }
    int64_t reading = mu_clock_mono_us() - start;
    mu_lua_push_canon(L, text, sizeof text - 1);
    start = mu_clock_mono_us();
    for (int i = 0; i < TIMES; i++) {
        mu_buf_reset(buf);
        mu_lua_to_canon(L, 1, buf, "value");
    }
    int64_t writing = mu_clock_mono_us() - start;
    print_message("ten fields: read %.2f us, written %.2f us\n", (double)reading / TIMES,
                  (double)writing / TIMES);
    assert_string_equal(mu_buf_text(buf), text);
    assert_true(reading + writing < 100 * TIMES);
    mu_vm_free(vm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_one_text),        cmocka_unit_test(errors_carry_the_path),
        cmocka_unit_test(only_canonical_text_is_read), cmocka_unit_test(random_values_round_trip),
        cmocka_unit_test(damaged_text_raises),         cmocka_unit_test(ten_fields_are_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
