/* SPDX-License-Identifier: MIT
 *
 * See record.h. */
#include "record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "macro.h"

#define VERSION "v=spf1"

enum argument { NO_ARGUMENT, MAY_NAME, MUST_NAME, NETWORK };

static const struct mechanism {
    const char *name;
    enum spf_mechanism id;
    enum argument argument;
    bool prefix; /* "/24//64" may stand behind it */
    bool looks_up;
} mechanisms[] = {
    {"all", SPF_ALL, NO_ARGUMENT, false, false}, {"include", SPF_INCLUDE, MUST_NAME, false, true},
    {"a", SPF_A, MAY_NAME, true, true},          {"mx", SPF_MX, MAY_NAME, true, true},
    {"ptr", SPF_PTR, MAY_NAME, false, true},     {"ip4", SPF_IP4, NETWORK, true, false},
    {"ip6", SPF_IP6, NETWORK, true, false},      {"exists", SPF_EXISTS, MUST_NAME, false, true},
};

bool spf_record_is(const char *text)
{
    size_t len = strlen(VERSION);
    return strncasecmp(text, VERSION, len) == 0 && (text[len] == ' ' || text[len] == '\0');
}

bool spf_term_looks_up(const struct spf_term *term)
{
    for (size_t i = 0; i < MU_COUNT(mechanisms); i++)
        if (mechanisms[i].id == term->mechanism)
            return mechanisms[i].looks_up;
    return false;
}

static enum mu_err bad(struct mu_fail *fail, const char *term, const char *why)
{
    return mu_fail_set(fail, MU_PROTO, "\"%.200s\": %s", term, why);
}

/* --- prefixes --- */

/* "/0" to "/most" without leading zeros; the number, or -1. */
static int prefix_length(const char *digits, size_t len, int most)
{
    int value = 0;
    if (len == 0 || len > 3 || (digits[0] == '0' && len > 1))
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)digits[i]))
            return -1;
        value = value * 10 + digits[i] - '0';
    }
    return value <= most ? value : -1;
}

/* Where the last "/digits" of the first len octets begins; len where there is none. */
static size_t slash_of(const char *text, size_t len)
{
    size_t at = len;
    while (at > 0 && isdigit((unsigned char)text[at - 1]))
        at--;
    return at > 0 && text[at - 1] == '/' ? at - 1 : len;
}

/* "/24", "//64", "/24//64" at the end of the first *len octets, which are shortened by it (dual-cidr-length, 5). */
static bool take_dual_prefix(const char *text, size_t *len, struct spf_term *term)
{
    size_t end = *len, at = slash_of(text, end);
    if (at < end && at > 0 && text[at - 1] == '/') {
        term->bits6 = prefix_length(text + at + 1, end - at - 1, 128);
        end = at - 1;
        at = slash_of(text, end);
        if (term->bits6 < 0)
            return false;
    }
    if (at < end) {
        term->bits4 = prefix_length(text + at + 1, end - at - 1, 32);
        end = at;
    }
    *len = end;
    return term->bits4 >= 0;
}

/* --- terms --- */

static enum mu_err take_network(struct spf_term *term, const char *text, struct mu_fail *fail)
{
    int family = term->mechanism == SPF_IP4 ? AF_INET : AF_INET6,
        most = family == AF_INET ? 32 : 128,
        *bits = family == AF_INET ? &term->bits4 : &term->bits6;
    const char *slash = strchr(text, '/');
    char *address = slash ? mu_xstrndup(text, (size_t)(slash - text)) : mu_xstrdup(text);
    bool good = inet_pton(family, address, term->network) == 1;
    free(address);
    if (!good)
        return bad(fail, term->text, family == AF_INET ? "no IPv4 address" : "no IPv6 address");
    if (slash)
        *bits = prefix_length(slash + 1, strlen(slash + 1), most);
    return *bits >= 0 ? MU_OK : bad(fail, term->text, "no such prefix length");
}

static enum mu_err take_argument(struct spf_term *term, const struct mechanism *kind,
                                 const char *rest, struct mu_fail *fail)
{
    size_t len = strlen(rest);
    if (kind->argument == NETWORK)
        return rest[0] == ':' ? take_network(term, rest + 1, fail)
                              : bad(fail, term->text, "an address must follow");
    if (kind->prefix && !take_dual_prefix(rest, &len, term))
        return bad(fail, term->text, "no such prefix length");
    if (len == 0)
        return kind->argument == MUST_NAME ? bad(fail, term->text, "a domain must follow") : MU_OK;
    if (rest[0] != ':' || kind->argument == NO_ARGUMENT)
        return bad(fail, term->text, "nobody knows such a mechanism");
    term->spec = mu_xstrndup(rest + 1, len - 1);
    const char *why = spf_macro_wrong(term->spec, SPF_DOMAIN_SPEC);
    return why ? bad(fail, term->text, why) : MU_OK;
}

static const struct mechanism *mechanism_of(const char *text, size_t len)
{
    for (size_t i = 0; i < MU_COUNT(mechanisms); i++)
        if (strlen(mechanisms[i].name) == len && strncasecmp(mechanisms[i].name, text, len) == 0)
            return &mechanisms[i];
    return NULL;
}

static enum mu_err take_directive(struct spf_record *record, const char *text, struct mu_fail *fail)
{
    record->terms = mu_xrealloc(record->terms, record->count + 1, sizeof *record->terms);
    struct spf_term *term = &record->terms[record->count++];
    *term =
        (struct spf_term){.qualifier = '+', .text = mu_xstrdup(text), .bits4 = 32, .bits6 = 128};
    if (*text && strchr("+-~?", *text))
        term->qualifier = *text++;
    size_t len = strcspn(text, ":/");
    const struct mechanism *kind = mechanism_of(text, len);
    if (kind == NULL)
        return bad(fail, term->text, "nobody knows such a mechanism");
    term->mechanism = kind->id;
    return take_argument(term, kind, text + len, fail);
}

/* Octets of the name of a modifier, "redirect" of "redirect=..."; 0: it is none (4.6.1). */
static size_t modifier_name(const char *text)
{
    size_t len = 0;
    if (!isalpha((unsigned char)text[0]))
        return 0;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("-_.", text[len])))
        len++;
    return text[len] == '=' ? len : 0;
}

static enum mu_err take_domain_modifier(char **out, const char *text, const char *spec,
                                        struct mu_fail *fail)
{
    if (*out)
        return bad(fail, text, "it stands there twice");
    const char *why = spf_macro_wrong(spec, SPF_DOMAIN_SPEC);
    if (why)
        return bad(fail, text, why);
    *out = mu_xstrdup(spec);
    return MU_OK;
}

static enum mu_err take_modifier(struct spf_record *record, const char *text, size_t name,
                                 struct mu_fail *fail)
{
    const char *value = text + name + 1;
    if (name == strlen("redirect") && strncasecmp(text, "redirect", name) == 0)
        return take_domain_modifier(&record->redirect, text, value, fail);
    if (name == strlen("exp") && strncasecmp(text, "exp", name) == 0)
        return take_domain_modifier(&record->exp, text, value, fail);
    const char *why =
        spf_macro_wrong(value, SPF_MACRO_STRING); /* others are ignored, if well-formed */
    return why ? bad(fail, text, why) : MU_OK;
}

static enum mu_err take_term(struct spf_record *record, const char *text, struct mu_fail *fail)
{
    size_t name = modifier_name(text);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
            return bad(fail, text, "an octet that can't stand in a record");
    return name ? take_modifier(record, text, name, fail) : take_directive(record, text, fail);
}

enum mu_err spf_record_parse(const char *text, struct spf_record *out, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    *out = (struct spf_record){0};
    text += strlen(VERSION);
    while (err == MU_OK && *(text += strspn(text, " "))) {
        size_t len = strcspn(text, " ");
        char *term = mu_xstrndup(text, len);
        err = take_term(out, term, fail);
        free(term);
        text += len;
    }
    return err;
}

void spf_record_free(struct spf_record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        free(record->terms[i].text);
        free(record->terms[i].spec);
    }
    free(record->terms);
    free(record->redirect);
    free(record->exp);
    *record = (struct spf_record){0};
}
