/* SPDX-License-Identifier: MIT
 *
 * The order of keys; see keys.h. Insertion sort for few, bottom-up merge sort for many: n log n
 * also for input made to be slow. */
#include "lua/keys.h"

#include <math.h>
#include <string.h>

/* The first eight octets, so that most strings are told apart by one comparison. */
static uint64_t head_of_text(const char *text, size_t len)
{
    uint64_t head = 0;
    size_t most = len < 8 ? len : 8;
    for (size_t i = 0; i < most; i++)
        head |= (uint64_t)(unsigned char)text[i] << (56 - 8 * i);
    return head;
}

bool mu_key_read(lua_State *L, int idx, uint32_t at, struct mu_key *key)
{
    size_t len;
    key->at = at;
    key->len = 0;
    switch (lua_type(L, idx)) {
    case LUA_TSTRING:
        key->text = lua_tolstring(L, idx, &len);
        key->len = (uint32_t)len;
        key->rank = MU_KEY_STRING;
        key->head = head_of_text(key->text, len);
        return true;
    case LUA_TNUMBER:
        key->head = 0;
        if (lua_isinteger(L, idx)) {
            key->integer = lua_tointeger(L, idx);
            key->rank = MU_KEY_INTEGER;
        } else {
            key->real = lua_tonumber(L, idx);
            key->rank = MU_KEY_REAL;
        }
        return true;
    case LUA_TBOOLEAN:
        key->head = (uint64_t)lua_toboolean(L, idx);
        key->integer = 0;
        key->rank = MU_KEY_BOOLEAN;
        return true;
    default:
        return false;
    }
}

int mu_key_strange(lua_State *L, int table, bool booleans)
{
    int strange = LUA_TNIL;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        int type = lua_type(L, -2);
        if (type == LUA_TSTRING || type == LUA_TNUMBER || (booleans && type == LUA_TBOOLEAN))
            continue;
        strange = type > strange ? type : strange;
    }
    return strange;
}

/* Exact, also where a double has no room for the integer. */
static int compare_integer_real(lua_Integer integer, lua_Number real)
{
    if (real >= 0x1p63)
        return -1;
    if (!(real >= -0x1p63)) /* NaN stands with the smallest */
        return 1;
    lua_Number whole = floor(real);
    if (integer != (lua_Integer)whole)
        return integer < (lua_Integer)whole ? -1 : 1;
    return whole < real ? -1 : 0;
}

static int compare_numbers(const struct mu_key *a, const struct mu_key *b)
{
    if (a->rank == MU_KEY_INTEGER && b->rank == MU_KEY_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    if (a->rank == MU_KEY_REAL && b->rank == MU_KEY_REAL)
        return (a->real > b->real) - (a->real < b->real);
    if (a->rank == MU_KEY_INTEGER)
        return compare_integer_real(a->integer, b->real);
    return -compare_integer_real(b->integer, a->real);
}

static bool is_number(const struct mu_key *key)
{
    return key->rank == MU_KEY_INTEGER || key->rank == MU_KEY_REAL;
}

static bool before(const struct mu_key *a, const struct mu_key *b)
{
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b) < 0;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (a->head != b->head || a->rank != MU_KEY_STRING)
        return a->head < b->head;
    size_t shorter = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->text, b->text, shorter);
    return order != 0 ? order < 0 : a->len < b->len;
}

static void insertion_sort(struct mu_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct mu_key key = keys[i];
        size_t at = i;
        for (; at > 0 && before(&key, &keys[at - 1]); at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

static void merge(const struct mu_key *left, size_t left_count, const struct mu_key *right,
                  size_t right_count, struct mu_key *out)
{
    while (left_count > 0 && right_count > 0) {
        if (before(right, left)) {
            *out++ = *right++;
            right_count--;
        } else {
            *out++ = *left++;
            left_count--;
        }
    }
    if (left_count > 0)
        memcpy(out, left, left_count * sizeof *left);
    if (right_count > 0)
        memcpy(out, right, right_count * sizeof *right);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void mu_keys_sort(struct mu_key *keys, struct mu_key *spare, size_t count)
{
    for (size_t from = 0; from < count; from += MU_KEYS_FEW)
        insertion_sort(keys + from, least(MU_KEYS_FEW, count - from));
    struct mu_key *in = keys, *out = spare;
    for (size_t run = MU_KEYS_FEW; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t left = least(run, count - from), right = least(run, count - from - left);
            merge(in + from, left, in + from + left, right, out + from);
        }
        struct mu_key *swap = in;
        in = out;
        out = swap;
    }
    if (in != keys)
        memcpy(keys, in, count * sizeof *keys);
}
