/* SPDX-License-Identifier: MIT
 *
 * Reading globals out of compiled Lua; see chunk.h. The text is compiled, dumped into memory, and
 * the dump is read with every length checked against what is left:
 *
 *   header   "\x1bLua" 0x54 0 "\x19\x93\r\n\x1a\n" 4 8 8 int64(0x5678) double(370.5) upvalues
 *   function source line lastline params vararg stack
 *            n code[4]...  n constants...  n upvalues[3]...  n functions...
 *            n lineinfo[1]...  n abslineinfo(pc line)...  n locals(name pc pc)...  n upvalue
 * names...
 *
 * Sizes have 7 bits an octet, most significant first, the last one marked with 0x80. A global x is
 * GETTABUP or SETTABUP on the upvalue that is _ENV; where the constant does not fit an operand
 * (more than 255 constants, more than 40 octets) GETUPVAL and LOADK come before GETTABLE or
 * SETTABLE. */
#include "chunk.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lua/sandbox.h"
#include "lua/vm.h"

#define DEPTH_MAX 200 /* LUAI_MAXCCALLS: Lua refuses deeper nesting itself */
#define UPVALUES  256

enum opcode {
    OP_LOADK = 3,
    OP_GETUPVAL = 9,
    OP_GETTABUP = 11,
    OP_GETTABLE = 12,
    OP_SETTABUP = 15,
    OP_SETTABLE = 16
};

struct name {
    const char *text; /* NULL: a constant that is no string */
    size_t len;
};

struct reader {
    const unsigned char *p, *end;
    bool bad;
    struct mu_chunk *out;
    size_t room;
};

struct function {
    const unsigned char *code, *line_info;
    size_t code_count, line_count;
    struct name *constants;
    size_t constant_count;
    bool env[UPVALUES]; /* which upvalues are _ENV */
    int line;
    int *absolute; /* pairs of pc and line */
    size_t absolute_count;
    bool top_level;
};

/* --- octets --- */

static const unsigned char *take(struct reader *r, size_t len)
{
    if (r->bad || (size_t)(r->end - r->p) < len) {
        r->bad = true;
        return NULL;
    }
    r->p += len;
    return r->p - len;
}

static unsigned take_byte(struct reader *r)
{
    const unsigned char *p = take(r, 1);
    return p ? *p : 0;
}

static size_t take_size(struct reader *r)
{
    size_t size = 0;
    for (int i = 0; i < 10; i++) {
        unsigned byte = take_byte(r);
        if (size > SIZE_MAX >> 7)
            break;
        size = size << 7 | (byte & 0x7f);
        if (byte & 0x80)
            return size;
    }
    r->bad = true;
    return 0;
}

/* How many of something follow; each takes at least one octet. */
static size_t take_count(struct reader *r)
{
    size_t count = take_size(r);
    if (count > (size_t)(r->end - r->p))
        r->bad = true;
    return r->bad ? 0 : count;
}

static struct name take_string(struct reader *r)
{
    size_t size = take_size(r);
    struct name name = {NULL, 0};
    if (size == 0)
        return name;
    name.len = size - 1;
    name.text = (const char *)take(r, name.len);
    return name;
}

/* --- what is in a function --- */

static void read_constants(struct reader *r, struct function *f)
{
    enum {
        NIL = 0x00,
        FALSE = 0x01,
        TRUE = 0x11,
        INTEGER = 0x03,
        REAL = 0x13,
        SHORT = 0x04,
        LONG = 0x14
    };
    f->constant_count = take_count(r);
    f->constants = mu_xcalloc(f->constant_count + 1, sizeof *f->constants);
    for (size_t i = 0; i < f->constant_count; i++) {
        unsigned type = take_byte(r);
        if (type == SHORT || type == LONG)
            f->constants[i] = take_string(r);
        else if (type == INTEGER || type == REAL)
            take(r, 8);
        else if (type != NIL && type != FALSE && type != TRUE)
            r->bad = true;
    }
}

/* The main function's only upvalue is _ENV; an inner one has it when it takes it from its parent's.
 */
static void read_upvalues(struct reader *r, struct function *f, const struct function *parent)
{
    size_t count = take_count(r);
    for (size_t i = 0; i < count; i++) {
        const unsigned char *upvalue = take(r, 3); /* in stack, index, kind */
        if (upvalue && i < UPVALUES)
            f->env[i] = parent ? !upvalue[0] && parent->env[upvalue[1]] : i == 0;
    }
}

static void read_debug(struct reader *r, struct function *f)
{
    f->line_count = take_count(r);
    f->line_info = take(r, f->line_count);
    f->absolute_count = take_count(r);
    f->absolute = mu_xcalloc(f->absolute_count + 1, 2 * sizeof *f->absolute);
    for (size_t i = 0; i < 2 * f->absolute_count; i++)
        f->absolute[i] = (int)take_size(r);
    for (size_t i = take_count(r); i > 0; i--) {
        take_string(r);
        take_size(r);
        take_size(r);
    }
    for (size_t i = take_count(r); i > 0; i--)
        take_string(r);
}

/* --- what the code does --- */

static uint32_t instruction(const struct function *f, size_t pc)
{
    uint32_t code;
    memcpy(&code, f->code + 4 * pc, sizeof code); /* dumped as it is in memory */
    return code;
}

static unsigned operand_a(uint32_t code)
{
    return code >> 7 & 0xff;
}

static unsigned operand_b(uint32_t code)
{
    return code >> 16 & 0xff;
}

static unsigned operand_c(uint32_t code)
{
    return code >> 24;
}

static void add_use(struct reader *r, const struct function *f, size_t constant, int line,
                    bool write)
{
    struct mu_chunk *out = r->out;
    if (constant >= f->constant_count || f->constants[constant].text == NULL)
        return;
    if (out->count == r->room) {
        r->room = r->room ? r->room * 2 : 64;
        out->globals = mu_xrealloc(out->globals, r->room, sizeof *out->globals);
    }
    out->globals[out->count++] = (struct mu_global){
        .name = mu_xstrndup(f->constants[constant].text, f->constants[constant].len),
        .line = line,
        .write = write,
        .top_level = f->top_level};
}

/* GETUPVAL _ENV, LOADK name, and GETTABLE at once (a read) or SETTABLE after the value (a write).
 */
static void add_long_use(struct reader *r, const struct function *f, size_t pc, int line)
{
    if (pc + 2 >= f->code_count)
        return;
    uint32_t get = instruction(f, pc), load = instruction(f, pc + 1), use = instruction(f, pc + 2);
    if ((load & 0x7f) != OP_LOADK)
        return;
    bool read = (use & 0x7f) == OP_GETTABLE && operand_b(use) == operand_a(get) &&
                operand_c(use) == operand_a(load);
    add_use(r, f, load >> 15, line, !read);
}

static void add_uses(struct reader *r, const struct function *f)
{
    int line = f->line;
    size_t absolute = 0;
    for (size_t pc = 0; pc < f->code_count; pc++) {
        uint32_t code = instruction(f, pc);
        int step = pc < f->line_count ? (signed char)f->line_info[pc] : 0;
        if (step != -0x80)
            line += step;
        else if (absolute < f->absolute_count)
            line = f->absolute[2 * absolute++ + 1];
        switch (code & 0x7f) {
        case OP_GETTABUP:
            if (f->env[operand_b(code)])
                add_use(r, f, operand_c(code), line, false);
            break;
        case OP_SETTABUP:
            if (f->env[operand_a(code)])
                add_use(r, f, operand_b(code), line, true);
            break;
        case OP_GETUPVAL:
            if (f->env[operand_b(code)])
                add_long_use(r, f, pc, line);
            break;
        default:
            break;
        }
    }
}

static void read_function(struct reader *r, const struct function *parent, int depth)
{
    struct function *f = MU_NEW(struct function);
    take_string(r);
    f->line = (int)take_size(r);
    f->top_level = parent == NULL;
    take_size(r);
    take(r, 3);
    f->code_count = take_count(r);
    f->code = f->code_count <= SIZE_MAX / 4 ? take(r, 4 * f->code_count) : NULL;
    read_constants(r, f);
    read_upvalues(r, f, parent);
    r->bad = r->bad || depth > DEPTH_MAX;
    for (size_t i = take_count(r); i > 0 && !r->bad; i--)
        read_function(r, f, depth + 1);
    read_debug(r, f);
    if (!r->bad)
        add_uses(r, f);
    free(f->constants);
    free(f->absolute);
    free(f);
}

static bool read_header(struct reader *r)
{
    static const char magic[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08";
    const int64_t integer = 0x5678;
    const double real = 370.5;
    const unsigned char *p = take(r, sizeof magic - 1 + 8 + 8);
    take_byte(r);
    return p && memcmp(p, magic, sizeof magic - 1) == 0 &&
           memcmp(p + sizeof magic - 1, &integer, 8) == 0 &&
           memcmp(p + sizeof magic - 1 + 8, &real, 8) == 0;
}

/* --- from text --- */

static int add_to_buf(lua_State *L, const void *bytes, size_t len, void *ud)
{
    (void)L;
    mu_buf_add(ud, bytes, len);
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct mu_global *one = a, *two = b;
    if (one->line != two->line)
        return one->line < two->line ? -1 : 1;
    int order = strcmp(one->name, two->name);
    return order != 0 ? order : one->write - two->write;
}

static void drop_repeats(struct mu_chunk *chunk)
{
    size_t kept = 0;
    for (size_t i = 0; i < chunk->count; i++) {
        if (kept > 0 && by_place(&chunk->globals[kept - 1], &chunk->globals[i]) == 0)
            free(chunk->globals[i].name);
        else
            chunk->globals[kept++] = chunk->globals[i];
    }
    chunk->count = kept;
}

static int mark_allowed(lua_State *L)
{
    struct mu_chunk *chunk = lua_touserdata(L, 1);
    mu_sandbox_push_env(L);
    for (size_t i = 0; i < chunk->count; i++) {
        chunk->globals[i].lua = lua_getfield(L, -1, chunk->globals[i].name) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return 0;
}

static enum mu_err dump(struct mu_vm *vm, const char *text, size_t len, const char *file,
                        struct mu_buf *code, struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(vm);
    lua_pushnil(L); /* the function is never called: any environment will do */
    enum mu_err err = mu_vm_load(L, text, len, file, -1, fail);
    if (err == MU_OK)
        lua_dump(L, add_to_buf, code, 0);
    return err;
}

enum mu_err mu_chunk_read(const char *text, size_t len, const char *file, struct mu_chunk *out,
                          struct mu_fail *fail)
{
    struct mu_buf code = {0};
    *out = (struct mu_chunk){0};
    struct mu_vm *vm = mu_vm_new(1);
    if (vm == NULL)
        return mu_fail_set(fail, MU_INTERNAL, "no memory for Lua");
    enum mu_err err = dump(vm, text, len, file, &code, fail);
    if (err == MU_OK) {
        struct reader r = {(const unsigned char *)mu_buf_text(&code),
                           (const unsigned char *)mu_buf_text(&code) + code.len, code.full, out, 0};
        if (read_header(&r))
            read_function(&r, NULL, 0);
        else
            r.bad = true;
        if (r.bad)
            err = mu_fail_set(fail, MU_INTERNAL,
                              "%s: the names it uses can't be read from its compiled form", file);
    }
    if (err == MU_OK) {
        if (out->count > 0)
            qsort(out->globals, out->count, sizeof *out->globals, by_place);
        drop_repeats(out);
        err = mu_vm_protect(vm, mark_allowed, out, fail);
    }
    mu_vm_free(vm);
    mu_buf_free(&code);
    return err;
}

void mu_chunk_free(struct mu_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++)
        free(chunk->globals[i].name);
    free(chunk->globals);
    *chunk = (struct mu_chunk){0};
}
