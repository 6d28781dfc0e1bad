/* SPDX-License-Identifier: MIT
 *
 * Lua values ↔ canonical text, without a tree in between; see convert.h. Everything held across a
 * possible longjmp is on the C stack, on the Lua stack or in the vm's scratch buffer.
 *
 * Writing an object: its values are left on the Lua stack by lua_next, its keys are sorted beside.
 *
 *   stack   ... object | value | value | value |        keys[i].at = stack index of its value
 *
 * Reading works the other way round: keys and values are pushed as they come and stored in one go,
 * so that the table is made in the right size. */
#include "lua/convert.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "lua/bind.h"
#include "lua/keys.h"

/* --- writing --- */

/* Where we are, for errors: args[2].mx[1].preference. */
struct path {
    const struct path *up;
    const char *key; /* NULL: index */
    lua_Integer index;
    int depth;
};

#define NAME_SHOWN 100 /* octets of a key in an error */

static void add_path(const struct path *path, luaL_Buffer *buf)
{
    if (path->up == NULL) {
        luaL_addstring(buf, path->key);
        return;
    }
    add_path(path->up, buf);
    if (path->key == NULL) {
        lua_pushfstring(buf->L, "[%I]", path->index);
        luaL_addvalue(buf);
    } else {
        size_t len = strlen(path->key);
        bool shown = len <= NAME_SHOWN && mu_utf8_valid(path->key, len);
        luaL_addchar(buf, '.');
        luaL_addstring(buf, shown ? path->key : "?");
    }
}

#define FEW_SLOTS 8 /* of the stack, which may be nearly full where something is refused */

/* Raises "playbook.lua:17: PATH: text". */
static void refuse(lua_State *L, const struct path *path, const char *text)
{
    char src[MU_BIND_SRC];
    luaL_Buffer buf;
    luaL_checkstack(L, FEW_SLOTS, "an error");
    luaL_buffinit(L, &buf);
    luaL_addstring(&buf, mu_bind_src(L, src));
    if (src[0])
        luaL_addstring(&buf, ": ");
    add_path(path, &buf);
    luaL_addstring(&buf, ": ");
    luaL_addstring(&buf, text);
    luaL_pushresult(&buf);
    lua_error(L);
}

static void refuse_size(lua_State *L, const struct path *path)
{
    while (path->up) /* where it passed the ceiling says nothing */
        path = path->up;
    refuse(L, path, "too large to be journaled");
}

static void write_value(lua_State *L, int idx, struct mu_buf *buf, const struct path *path);

static void write_string(lua_State *L, const char *text, size_t len, struct mu_buf *buf,
                         const struct path *path)
{
    if (!mu_utf8_valid(text, len))
        refuse(L, path, "text that is not UTF-8 can't be journaled");
    mu_json_canon_string(buf, text, len);
}

static void write_number(lua_State *L, int idx, struct mu_buf *buf, const struct path *path)
{
    if (lua_isinteger(L, idx)) {
        mu_json_canon_integer(buf, lua_tointeger(L, idx));
        return;
    }
    double real = lua_tonumber(L, idx);
    if (!isfinite(real))
        refuse(L, path,
               isnan(real) ? "not a number (NaN) can't be journaled"
                           : "infinity can't be journaled");
    mu_json_canon_real(buf, real);
}

#define FIELDS_MAX 65536 /* the smallest fill half a MiB; their keys take 20 MiB of memory */

/* The keys of an object while its values pile up on the Lua stack. */
struct fields {
    struct mu_key few[MU_KEYS_FEW];
    struct mu_key *keys, *spare;
    size_t count, room;
    int slot; /* stack index that keeps larger arrays alive */
};

static void grow_fields(lua_State *L, struct fields *fields)
{
    size_t room = fields->room * 4;
    struct mu_key *keys = lua_newuserdatauv(L, 2 * room * sizeof *keys, 0);
    memcpy(keys, fields->keys, fields->count * sizeof *keys);
    lua_replace(L, fields->slot);
    fields->keys = keys;
    fields->spare = keys + room;
    fields->room = room;
}

/* An odd one among the keys: names among numbers, numbers among names, or what is never a key. */
static void refuse_keys(lua_State *L, int table, const struct path *path)
{
    int type = mu_key_strange(L, table, false);
    if (type == LUA_TNIL)
        refuse(L, path, "a table with both names and numbers as keys can't be journaled");
    lua_pushfstring(L, "a table with a %s as a key can't be journaled", lua_typename(L, type));
    refuse(L, path, lua_tostring(L, -1));
}

/* Leaves every value of the object on the stack. */
static void collect_fields(lua_State *L, int table, struct fields *fields, const struct path *path)
{
    lua_pushnil(L); /* the slot */
    fields->slot = lua_gettop(L);
    fields->keys = fields->few;
    fields->room = MU_KEYS_FEW;
    for (lua_pushnil(L); lua_next(L, table);) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_settop(L, fields->slot);
            refuse_keys(L, table, path);
        }
        if (fields->count == fields->room) {
            if (fields->room > FIELDS_MAX ||
                !lua_checkstack(L, (int)(fields->room * 3) + LUA_MINSTACK)) {
                lua_settop(L, fields->slot);
                refuse(L, path, "too many fields to be journaled");
            }
            grow_fields(L, fields);
        }
        lua_insert(L, -2); /* value, key: the next lua_next takes the key */
        mu_key_read(L, -1, (uint32_t)lua_gettop(L) - 1, &fields->keys[fields->count++]);
    }
}

static void write_object(lua_State *L, int table, struct mu_buf *buf, const struct path *path)
{
    struct fields fields;
    fields.count = 0;
    fields.spare = NULL;
    collect_fields(L, table, &fields, path);
    mu_keys_sort(fields.keys, fields.spare, fields.count);
    mu_buf_addc(buf, '{');
    for (size_t i = 0; i < fields.count; i++) {
        const struct mu_key *key = &fields.keys[i];
        struct path field = {path, key->text, 0, path->depth + 1};
        if (memchr(key->text, '\0', key->len) != NULL)
            refuse(L, path, "a name with a NUL octet can't be journaled");
        if (i > 0)
            mu_buf_addc(buf, ',');
        write_string(L, key->text, key->len, buf, &field);
        mu_buf_addc(buf, ':');
        write_value(L, (int)key->at, buf, &field);
    }
    mu_buf_addc(buf, '}');
    lua_settop(L, fields.slot - 1);
}

/* How many keys a list has. They are looked at before any value, so that what is wrong with a table is
 * the same in every run, and so that no value is written twice: in tables of tables that would double
 * the work at each level. */
static lua_Integer count_items(lua_State *L, int table, const struct path *path)
{
    lua_Integer count = 0, most = 0;
    bool holes = false, names = false;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        count++;
        names = names || lua_type(L, -2) != LUA_TNUMBER;
        holes = holes || !lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1;
        most = !holes && lua_tointeger(L, -2) > most ? lua_tointeger(L, -2) : most;
    }
    if (names)
        refuse_keys(L, table, path);
    if (holes || most != count)
        refuse(L, path, "a list with holes can't be journaled: its keys must be exactly 1 to n");
    return count;
}

static void write_list(lua_State *L, int table, struct mu_buf *buf, const struct path *path)
{
    struct path item = {path, NULL, 0, path->depth + 1};
    lua_Integer count = count_items(L, table, path);
    mu_buf_addc(buf, '[');
    for (item.index = 1; item.index <= count; item.index++) {
        if (item.index > 1)
            mu_buf_addc(buf, ',');
        lua_rawgeti(L, table, item.index);
        write_value(L, lua_gettop(L), buf, &item);
        lua_pop(L, 1);
    }
    mu_buf_addc(buf, ']');
}

static void write_table(lua_State *L, int table, struct mu_buf *buf, const struct path *path)
{
    if (path->depth >= MU_LIMIT_DEPTH)
        refuse(L, path, "nested too deeply to be journaled (or a table that holds itself)");
    if (!lua_checkstack(L, MU_KEYS_FEW + LUA_MINSTACK))
        refuse(L, path, "too many fields to be journaled");
    lua_pushnil(L);
    if (!lua_next(L, table)) {
        mu_buf_add(buf, "{}", 2);
        return;
    }
    int first = lua_type(L, -2);
    lua_pop(L, 2);
    if (first == LUA_TNUMBER)
        write_list(L, table, buf, path);
    else
        write_object(L, table, buf, path);
}

static void write_value(lua_State *L, int idx, struct mu_buf *buf, const struct path *path)
{
    size_t len;
    const char *text;
    if (buf->full)
        refuse_size(L, path);
    switch (lua_type(L, idx)) {
    case LUA_TNIL:
        mu_buf_add(buf, "null", 4);
        break;
    case LUA_TBOOLEAN:
        mu_buf_adds(buf, lua_toboolean(L, idx) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        write_number(L, idx, buf, path);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, idx, &len);
        write_string(L, text, len, buf, path);
        break;
    case LUA_TTABLE:
        write_table(L, idx, buf, path);
        break;
    default:
        lua_pushfstring(L, "a %s can't be journaled", luaL_typename(L, idx));
        refuse(L, path, lua_tostring(L, -1));
    }
}

void mu_lua_to_canon(lua_State *L, int idx, struct mu_buf *buf, const char *what)
{
    struct path top = {NULL, what, 0, 0};
    write_value(L, lua_absindex(L, idx), buf, &top);
    if (buf->full)
        refuse_size(L, &top);
}

/* --- reading --- */

struct reader {
    lua_State *L;
    const char *start, *p, *end;
    int depth;
};

#define PILE 64 /* values kept on the stack before they go into their table */

static void read_value(struct reader *reader);

static void refuse_text(struct reader *reader, const char *what)
{
    luaL_error(reader->L, "not canonical JSON at byte %I: %s",
               (lua_Integer)(reader->p - reader->start), what);
}

static char peek(const struct reader *reader)
{
    return reader->p < reader->end ? *reader->p : '\0';
}

static void expect(struct reader *reader, const char *word, size_t len)
{
    if ((size_t)(reader->end - reader->p) < len || memcmp(reader->p, word, len) != 0)
        refuse_text(reader, "unexpected text");
    reader->p += len;
}

static unsigned read_hex4(struct reader *reader)
{
    unsigned code = 0;
    if (reader->end - reader->p < 4)
        refuse_text(reader, "cut off");
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, reader->p[i]);
        if (digit == NULL || *digit == '\0')
            refuse_text(reader, "bad \\u escape");
        code = code * 16 + (unsigned)(digit - digits);
    }
    reader->p += 4;
    return code;
}

/* The octet an escape stands for; canonical text escapes nothing above U+001F. */
static char read_escape(struct reader *reader)
{
    static const char from[] = "\"\\bfnrt", to[] = "\"\\\b\f\n\r\t";
    char c = peek(reader);
    const char *found = c ? strchr(from, c) : NULL;
    reader->p++;
    if (found)
        return to[found - from];
    unsigned code = c == 'u' ? read_hex4(reader) : 0x20;
    if (code >= 0x20)
        refuse_text(reader, "an escape that is not canonical");
    return (char)code;
}

/* Up to the next quote, escape or control. */
static const char *plain_end(const struct reader *reader)
{
    const char *p = reader->p;
    while (p < reader->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
}

static void read_escaped_string(struct reader *reader)
{
    luaL_Buffer buf;
    luaL_buffinit(reader->L, &buf);
    for (;;) {
        const char *end = plain_end(reader);
        luaL_addlstring(&buf, reader->p, (size_t)(end - reader->p));
        reader->p = end;
        char c = peek(reader);
        if (c == '"')
            break;
        if (c != '\\')
            refuse_text(reader, "a text that does not end");
        reader->p++;
        luaL_addchar(&buf, read_escape(reader));
    }
    luaL_pushresult(&buf);
    reader->p++;
}

static void read_string(struct reader *reader)
{
    expect(reader, "\"", 1);
    const char *end = plain_end(reader);
    if (end < reader->end && *end == '"') {
        lua_pushlstring(reader->L, reader->p, (size_t)(end - reader->p));
        reader->p = end + 1;
        return;
    }
    read_escaped_string(reader);
}

static size_t skip_digits(struct reader *reader)
{
    const char *from = reader->p;
    while (reader->p < reader->end && *reader->p >= '0' && *reader->p <= '9')
        reader->p++;
    return (size_t)(reader->p - from);
}

static void read_real(struct reader *reader, const char *from)
{
    char text[48];
    if (peek(reader) == '.') {
        reader->p++;
        if (skip_digits(reader) == 0)
            refuse_text(reader, "bad number");
    }
    if (peek(reader) == 'e') {
        reader->p++;
        if (peek(reader) == '-' || peek(reader) == '+')
            reader->p++;
        if (skip_digits(reader) == 0)
            refuse_text(reader, "bad number");
    }
    size_t len = (size_t)(reader->p - from);
    if (len >= sizeof text)
        refuse_text(reader, "a number that is too long");
    memcpy(text, from, len);
    text[len] = '\0';
    double real = strtod(text, NULL);
    if (!isfinite(real))
        refuse_text(reader, "a number out of range");
    lua_pushnumber(reader->L, real);
}

static void read_number(struct reader *reader)
{
    const char *from = reader->p;
    bool negative = peek(reader) == '-';
    if (negative)
        reader->p++;
    const char *digits = reader->p;
    size_t count = skip_digits(reader);
    if (count == 0 || (count > 1 && *digits == '0'))
        refuse_text(reader, "bad number");
    if (peek(reader) == '.' || peek(reader) == 'e') {
        read_real(reader, from);
        return;
    }
    uint64_t value = 0, most = negative ? (uint64_t)1 << 63 : INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[i] - '0');
        if (value > (most - digit) / 10)
            refuse_text(reader, "an integer out of range");
        value = value * 10 + digit;
    }
    lua_pushinteger(reader->L, (lua_Integer)(negative ? 0 - value : value));
}

/* Stores the piled up items; the first goes to index `next`. The table is under the pile. */
static void store_items(lua_State *L, int table, int piled, lua_Integer next)
{
    for (int i = piled; i > 0; i--)
        lua_rawseti(L, table, next + i - 1);
}

static void read_array(struct reader *reader)
{
    lua_State *L = reader->L;
    lua_Integer next = 1;
    int piled = 0, table = 0, base = lua_gettop(L);
    reader->p++;
    for (bool more = peek(reader) != ']'; more; more = peek(reader) == ',' && reader->p++) {
        read_value(reader);
        if (++piled < PILE)
            continue;
        if (table == 0) {
            lua_createtable(L, 4 * PILE, 0);
            lua_insert(L, table = base + 1);
        }
        store_items(L, table, piled, next);
        next += piled;
        piled = 0;
    }
    expect(reader, "]", 1);
    if (table == 0) {
        lua_createtable(L, piled, 0);
        lua_insert(L, table = base + 1);
    }
    store_items(L, table, piled, next);
}

/* Keys must rise: this one is on top, `last` is the one before. */
static void check_order(struct reader *reader, const char *last, size_t last_len, const char *key,
                        size_t len)
{
    size_t shorter = len < last_len ? len : last_len;
    int order = memcmp(last, key, shorter);
    if (order > 0 || (order == 0 && last_len >= len))
        refuse_text(reader, "keys out of order");
}

static void store_fields(lua_State *L, int table, int piled)
{
    for (int i = 0; i < piled; i++)
        lua_rawset(L, table);
}

/* Pushes a key and its value. null is a nil on the pile: storing it stores nothing. */
static void read_field(struct reader *reader, const char **last, size_t *last_len)
{
    size_t len;
    read_string(reader);
    const char *key = lua_tolstring(reader->L, -1, &len);
    if (*last != NULL)
        check_order(reader, *last, *last_len, key, len);
    expect(reader, ":", 1);
    read_value(reader);
    *last = key; /* alive: it is on the pile, or kept by flush_fields */
    *last_len = len;
}

/* Large objects: the table at base + 1, the last key at base + 2, the pile above. */
static void flush_fields(lua_State *L, int base, bool first)
{
    if (first) {
        lua_createtable(L, 0, 4 * PILE);
        lua_pushnil(L);
        lua_rotate(L, base + 1, 2);
    }
    lua_pushvalue(L, -2);
    lua_replace(L, base + 2);
    store_fields(L, base + 1, PILE);
}

static void read_object(struct reader *reader)
{
    lua_State *L = reader->L;
    const char *last = NULL;
    size_t last_len = 0;
    int piled = 0, base = lua_gettop(L);
    bool large = false;
    reader->p++;
    for (bool more = peek(reader) != '}'; more; more = peek(reader) == ',' && reader->p++) {
        read_field(reader, &last, &last_len);
        if (++piled < PILE)
            continue;
        flush_fields(L, base, !large);
        large = true;
        piled = 0;
    }
    expect(reader, "}", 1);
    if (!large) {
        lua_createtable(L, 0, piled);
        lua_insert(L, base + 1);
    }
    store_fields(L, base + 1, piled);
    lua_settop(L, base + 1);
}

static void read_nested(struct reader *reader)
{
    if (++reader->depth > MU_LIMIT_DEPTH)
        refuse_text(reader, "nested too deeply");
    luaL_checkstack(reader->L, 2 * PILE + LUA_MINSTACK, "a value");
    if (peek(reader) == '{')
        read_object(reader);
    else
        read_array(reader);
    reader->depth--;
}

static void read_value(struct reader *reader)
{
    switch (peek(reader)) {
    case '{':
    case '[':
        read_nested(reader);
        break;
    case '"':
        read_string(reader);
        break;
    case 't':
        expect(reader, "true", 4);
        lua_pushboolean(reader->L, 1);
        break;
    case 'f':
        expect(reader, "false", 5);
        lua_pushboolean(reader->L, 0);
        break;
    case 'n':
        expect(reader, "null", 4);
        lua_pushnil(reader->L);
        break;
    default:
        read_number(reader);
    }
}

void mu_lua_push_canon(lua_State *L, const char *text, size_t len)
{
    struct reader reader = {L, text, text, text + len, 0};
    luaL_checkstack(L, LUA_MINSTACK, "a value");
    read_value(&reader);
    if (reader.p != reader.end)
        refuse_text(&reader, "more after the value");
}
