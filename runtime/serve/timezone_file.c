/* SPDX-License-Identifier: MIT
 *
 * TZif files, version 2 and later (RFC 8536): only the block with 64-bit times counts, and the rule in its
 * footer for the time behind its last change. They come from the system, but are read as if from a stranger.
 *
 *   header (44) block with 32-bit times │ header (44) times types indices designations ... │ \n rule \n  */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "serve/timezone_internal.h"

#define FOLDER    "/usr/share/zoneinfo"
#define FILE_MAX  (256u << 10) /* the largest of tzdata 2024 has 3.5 KiB */
#define HEADER    44
#define TYPE_SIZE 6
#define RULE_MAX  128

struct block { /* counts of a header, and where its data lie */
    uint32_t ut, standard, leap, times, types, chars;
    const unsigned char *data;
};

static uint32_t u32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t i64(const unsigned char *p)
{
    return (int64_t)((uint64_t)u32(p) << 32 | u32(p + 4));
}

static size_t block_size(const struct block *block, size_t time_size)
{
    return (size_t)block->times * (time_size + 1) + (size_t)block->types * TYPE_SIZE +
           block->chars + (size_t)block->leap * (time_size + 4) + block->standard + block->ut;
}

/* Reads the header at *at and moves *at behind its block. */
static bool read_block(const unsigned char *bytes, size_t len, size_t *at, size_t time_size,
                       struct block *block)
{
    const unsigned char *p = bytes + *at;
    if (len - *at < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    *block = (struct block){u32(p + 20), u32(p + 24), u32(p + 28), u32(p + 32),
                            u32(p + 36), u32(p + 40), p + HEADER};
    size_t room = len - *at - HEADER;
    if (block->times > room || block->types > room || block->chars > room || block->leap > room ||
        block->standard > room || block->ut > room || block_size(block, time_size) > room)
        return false;
    *at += HEADER + block_size(block, time_size);
    return true;
}

static bool read_state(const struct block *block, const unsigned char *types, uint8_t index,
                       struct timezone_state *out)
{
    const unsigned char *type = types + (size_t)index * TYPE_SIZE;
    const unsigned char *names = types + (size_t)block->types * TYPE_SIZE;
    if (index >= block->types || type[5] >= block->chars)
        return false;
    out->offset = (int32_t)u32(type);
    size_t room = block->chars - type[5], n = strnlen((const char *)names + type[5], room);
    snprintf(out->name, sizeof out->name, "%.*s", (int)(n < room ? n : room),
             (const char *)names + type[5]);
    return out->offset <= TIMEZONE_OFFSET_MAX && out->offset >= -TIMEZONE_OFFSET_MAX;
}

static bool read_changes(struct mu_timezone *zone, const struct block *block)
{
    const unsigned char *indices = block->data + (size_t)block->times * 8;
    const unsigned char *types = indices + block->times;
    struct timezone_state state;
    if (!read_state(block, types, 0, &zone->first))
        return false;
    for (uint32_t i = 0; i < block->times; i++) {
        int64_t at = i64(block->data + (size_t)i * 8);
        bool later = zone->count == 0 || at > zone->changes[zone->count - 1].at;
        if (!later || !read_state(block, types, indices[i], &state))
            return false;
        timezone_add(zone, at, &state);
    }
    return true;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n" into a text. */
static bool read_rule(const unsigned char *bytes, size_t len, char rule[RULE_MAX])
{
    const unsigned char *end = len > 1 ? memchr(bytes + 1, '\n', len - 1) : NULL;
    if (end == NULL || bytes[0] != '\n' || end - bytes > RULE_MAX)
        return false;
    snprintf(rule, RULE_MAX, "%.*s", (int)(end - bytes - 1), (const char *)bytes + 1);
    return true;
}

enum mu_err mu_timezone_parse(const unsigned char *bytes, size_t len, struct mu_timezone **out,
                              struct mu_fail *fail)
{
    struct block block;
    char rule[RULE_MAX];
    size_t at = 0;
    struct mu_timezone *zone = MU_NEW(struct mu_timezone);
    enum mu_err err = MU_OK;
    *out = NULL;
    if (!read_block(bytes, len, &at, 4, &block) || !read_block(bytes, len, &at, 8, &block) ||
        !read_changes(zone, &block) || !read_rule(bytes + at, len - at, rule))
        err = mu_fail_set(fail, MU_CONFIG, "not a time zone file (TZif, version 2 or later)");
    else
        err = timezone_add_rule(zone, rule, fail);
    if (err == MU_OK)
        *out = zone;
    else
        mu_timezone_free(zone);
    return err;
}

/* Names become paths: letters, digits and "_+-/", no empty part, nothing hidden. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 64 && name[0] != '/' && strstr(name, "//") == NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/") ==
               len;
}

static enum mu_err read_file(const char *name, unsigned char *bytes, size_t *len,
                             struct mu_fail *fail)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", FOLDER, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, bytes, FILE_MAX) : -1;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return mu_fail_set(fail, MU_CONFIG,
                           "there is no time zone %s here (%s: %s): a name such as "
                           "\"Europe/Berlin\"; is the package tzdata installed?",
                           name, path, strerror(why));
    *len = (size_t)got;
    return MU_OK;
}

enum mu_err mu_timezone_load(const char *name, struct mu_timezone **out, struct mu_fail *fail)
{
    size_t len = 0;
    *out = NULL;
    if (strcmp(name, "UTC") == 0) {
        *out = MU_NEW(struct mu_timezone);
        (*out)->first = (struct timezone_state){0, "UTC"};
        return MU_OK;
    }
    if (!is_name(name))
        return mu_fail_set(fail, MU_CONFIG,
                           "\"%.64s\" is not the name of a time zone: one such as "
                           "\"Europe/Berlin\" or \"UTC\"",
                           name);
    unsigned char *bytes = mu_xcalloc(FILE_MAX, 1);
    enum mu_err err = read_file(name, bytes, &len, fail);
    if (err == MU_OK && mu_timezone_parse(bytes, len, out, fail) != MU_OK)
        err = mu_fail_prefix(fail, "%s/%s", FOLDER, name);
    free(bytes);
    return err;
}
