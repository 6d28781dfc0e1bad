/* SPDX-License-Identifier: MIT
 *
 * Names as people type them, into the one form used everywhere; see name.h. IDNA is libidn2's
 * business (non-transitional UTS #46, then IDNA2008); the letter-digit-hyphen rules are checked
 * here on what comes out. A name that is ASCII already is not sent through IDNA: an "xn--" label
 * that IDNA2008 would not make (an emoji domain) exists in DNS all the same and has mail to be
 * kept. */
#include "base/name.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPED_MAX \
    1000 /* octets of a name in UTF-8 before IDNA; a name of 253 octets never needs more */
#define LABEL_MAX 63 /* RFC 1035, 2.3.4 */
#define LOCAL_MAX 64 /* RFC 5321, 4.5.3.1.1 */

enum { NAME_DOMAIN, NAME_HOST, NAME_OWNER };
static const char *const kinds[] = {"a domain name", "a host name", "an owner name"};

static enum mu_err normalise(int kind, const char *typed, char *out, struct mu_fail *fail);

enum mu_err mu_name_domain(const char *typed, char *out, struct mu_fail *fail)
{
    return normalise(NAME_DOMAIN, typed, out, fail);
}

enum mu_err mu_name_host(const char *typed, char *out, struct mu_fail *fail)
{
    return normalise(NAME_HOST, typed, out, fail);
}

enum mu_err mu_name_owner(const char *typed, char *out, struct mu_fail *fail)
{
    return normalise(NAME_OWNER, typed, out, fail);
}

bool mu_name_within(const char *child, const char *parent)
{
    size_t child_len = strlen(child), parent_len = strlen(parent);
    if (child_len < parent_len || strcmp(child + child_len - parent_len, parent) != 0)
        return false;
    return child_len == parent_len || (parent_len > 0 && child[child_len - parent_len - 1] == '.');
}

bool mu_name_typed_within(const char *typed, const char *parent)
{
    char name[MU_NAME_TEXT];
    struct mu_fail ignored;
    return mu_name_within(mu_name_host(typed, name, &ignored) == MU_OK ? name : typed, parent);
}

/* --- domain names --- */

static MU_PRINTF(4, 5) enum mu_err
    refuse(int kind, const char *typed, struct mu_fail *fail, const char *fmt, ...)
{
    struct mu_fail why;
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&why, MU_USAGE, fmt, ap);
    va_end(ap);
    return mu_fail_set(fail, MU_USAGE, "\"%.80s\" is not %s: %s", typed, kinds[kind], why.text);
}

/* What people paste in place of a name, told apart before the rules of names speak. */
static enum mu_err refuse_other_things(int kind, const char *typed, struct mu_fail *fail)
{
    struct sockaddr_storage addr;
    if (typed[0] == '\0')
        return mu_fail_set(fail, MU_USAGE, "%s is wanted, this is empty", kinds[kind]);
    if (strlen(typed) > TYPED_MAX)
        return refuse(kind, typed, fail, "it has more than %d octets", MU_LIMIT_NAME);
    if (mu_addr_parse(typed, 1, &addr))
        return refuse(kind, typed, fail, "it is an IP address");
    if (strstr(typed, "://") != NULL)
        return refuse(kind, typed, fail, "it is a URL; give only the name in it");
    if (strchr(typed, '@') != NULL)
        return refuse(kind, typed, fail, "it is a mail address; give what stands after the @");
    if (strchr(typed, ':') != NULL)
        return refuse(kind, typed, fail, "a port is not part of a name");
    return MU_OK;
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* Lower case and A-labels, in a new allocation. */
static enum mu_err to_ascii(int kind, const char *typed, char **out, struct mu_fail *fail)
{
    if (is_ascii(typed)) {
        *out = strdup(typed);
        for (char *p = *out; p && *p; p++)
            *p = (char)tolower((unsigned char)*p);
        return *out ? MU_OK : mu_fail_set(fail, MU_INTERNAL, "out of memory");
    }
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)typed, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return refuse(kind, typed, fail,
                      "%s (IDNA2008; write it with its xn-- labels if it exists all the same)",
                      idn2_strerror(rc));
    *out = strdup((const char *)ascii);
    idn2_free(ascii);
    return *out ? MU_OK : mu_fail_set(fail, MU_INTERNAL, "out of memory");
}

static bool may_stand(int kind, char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           (kind == NAME_OWNER && c == '_');
}

static enum mu_err check_label(int kind, const char *typed, const char *label, size_t len,
                               struct mu_fail *fail)
{
    if (len == 0)
        return refuse(kind, typed, fail, "an empty label (two dots together, or one in front)");
    if (len > LABEL_MAX)
        return refuse(kind, typed, fail, "label \"%.20s...\" has %zu octets, %d are allowed", label,
                      len, LABEL_MAX);
    for (size_t i = 0; i < len; i++) {
        if (may_stand(kind, label[i]))
            continue;
        if (label[i] == '_')
            return refuse(kind, typed, fail, "'_' can't stand in it");
        if (isprint((unsigned char)label[i]) && label[i] != ' ')
            return refuse(kind, typed, fail, "'%c' can't stand in it", label[i]);
        return refuse(kind, typed, fail, "a space or control character can't stand in it");
    }
    if (label[0] == '-' || label[len - 1] == '-')
        return refuse(kind, typed, fail, "label \"%.*s\" starts or ends with '-'", (int)len, label);
    return MU_OK;
}

static enum mu_err check_labels(int kind, const char *typed, const char *name, struct mu_fail *fail)
{
    const char *label = name;
    size_t count = 0, len = 0;
    if (kind == NAME_OWNER && strncmp(label, "*.", 2) == 0)
        label += 2;
    for (;; label += len + 1) {
        len = strcspn(label, ".");
        enum mu_err err = check_label(kind, typed, label, len, fail);
        if (err != MU_OK)
            return err;
        count++;
        if (label[len] == '\0')
            break;
    }
    if (strspn(label, "0123456789") == len)
        return refuse(kind, typed, fail, "no top-level domain is a number");
    if (count < 2 && kind == NAME_DOMAIN)
        return refuse(kind, typed, fail, "it has one label; a domain looks like \"example.com\"");
    return MU_OK;
}

static enum mu_err normalise(int kind, const char *typed, char *out, struct mu_fail *fail)
{
    char *name = NULL;
    enum mu_err err = refuse_other_things(kind, typed, fail);
    if (err == MU_OK)
        err = to_ascii(kind, typed, &name, fail);
    if (err != MU_OK)
        return err;
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '.')
        name[--len] = '\0';
    if (len > MU_LIMIT_NAME)
        err = refuse(kind, typed, fail, "it has %zu octets, %d are allowed", len, MU_LIMIT_NAME);
    else
        err = check_labels(kind, typed, name, fail);
    if (err == MU_OK)
        memcpy(out, name, len + 1);
    free(name);
    return err;
}

/* --- mail addresses --- */

/* RFC 5321 4.1.2: Dot-string of atext (RFC 5322, 3.2.3). */
static bool is_dot_string(const char *local, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool dot = local[i] == '.';
        if (dot && (i == 0 || i + 1 == len || local[i + 1] == '.'))
            return false;
        if (!dot && !isalnum((unsigned char)local[i]) &&
            strchr("!#$%&'*+-/=?^_`{|}~", local[i]) == NULL)
            return false;
    }
    return len > 0;
}

/* Quoted-string: printable ASCII, '"' and '\' behind a '\'. */
static bool is_quoted(const char *local, size_t len)
{
    if (len < 2 || local[0] != '"' || local[len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < len; i++) {
        if (local[i] == '\\' && ++i + 1 >= len)
            return false;
        else if (local[i] == '"' && local[i - 1] != '\\')
            return false;
        if (local[i] < 0x20 || local[i] > 0x7E)
            return false;
    }
    return true;
}

enum mu_err mu_name_mailbox(const char *typed, char *out, struct mu_fail *fail)
{
    const char *at = strrchr(typed, '@');
    char domain[MU_NAME_TEXT];
    if (at == NULL)
        return mu_fail_set(fail, MU_USAGE, "\"%.80s\" is not a mail address: it has no @", typed);
    size_t len = (size_t)(at - typed);
    if (len > LOCAL_MAX)
        return mu_fail_set(fail, MU_USAGE,
                           "\"%.80s\" is not a mail address: more than %d octets before the @",
                           typed, LOCAL_MAX);
    if (!is_dot_string(typed, len) && !is_quoted(typed, len))
        return mu_fail_set(
            fail, MU_USAGE,
            "\"%.80s\" is not a mail address: what stands before the @ is neither words joined by "
            "single dots nor in quotes",
            typed);
    enum mu_err err = mu_name_host(at + 1, domain, fail);
    if (err == MU_OK)
        snprintf(out, 320 + MU_NAME_TEXT, "%.*s@%s", (int)len, typed, domain);
    return err;
}

/* --- addresses --- */

static bool parse_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0' || strtol(text, NULL, 10) > 65535)
        return false;
    *port = (uint16_t)strtol(text, NULL, 10);
    return true;
}

/* Splits "host:port" and "[host]:port"; a bare IPv6 address has more than one colon. */
static bool split_port(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *from = text, *end = text + strlen(text), *rest = end;
    const char *colon = strchr(text, ':');
    if (text[0] == '[') {
        from = text + 1;
        end = strchr(text, ']');
        if (end == NULL)
            return false;
        rest = end + 1;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        end = rest = colon;
    }
    if (*rest != '\0' && (*rest != ':' || !parse_port(rest + 1, port)))
        return false;
    if ((size_t)(end - from) >= size)
        return false;
    memcpy(host, from, (size_t)(end - from));
    host[end - from] = '\0';
    return true;
}

bool mu_addr_parse(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memset(out, 0, sizeof *out);
    if (!split_port(text, host, sizeof host, &port))
        return false;
    if (text[0] != '[' && inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        v4.sin_port = htons(port);
        memcpy(out, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
        return false;
    v6.sin6_port = htons(port);
    memcpy(out, &v6, sizeof v6);
    return true;
}

const char *mu_addr_text(const struct sockaddr *addr, bool with_port, char *buf)
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)addr;
    bool is_v6 = addr->sa_family == AF_INET6;
    const void *bytes = is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr;
    if (is_v6 || addr->sa_family == AF_INET)
        inet_ntop(addr->sa_family, bytes, host, sizeof host);
    if (with_port)
        snprintf(buf, MU_ADDR_TEXT, is_v6 ? "[%s]:%u" : "%s:%u", host, mu_addr_port(addr));
    else
        snprintf(buf, MU_ADDR_TEXT, "%s", host);
    return buf;
}

uint16_t mu_addr_port(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)addr)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)addr)->sin_port);
}

void mu_addr_set_port(struct sockaddr_storage *addr, uint16_t port)
{
    if (addr->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)addr)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)(void *)addr)->sin_port = htons(port);
}
