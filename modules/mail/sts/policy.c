/* SPDX-License-Identifier: MIT
 *
 * See policy.h. */
#include "policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

#define VERSION   "STSv1"
#define MAX_AGE_S 31557600 /* 3.2 */
#define MOST_MX   200

static const char *const modes[] = {"none", "testing", "enforce"};

const char *sts_mode_name(enum sts_mode mode)
{
    return modes[mode];
}

/* --- the TXT record (3.1) --- */

/* "v=STSv1;" in front, which others do not have: those are no business of MTA-STS. */
static bool is_record(const char *text)
{
    size_t version = strlen("v=" VERSION);
    if (strncmp(text, "v=" VERSION, version) != 0)
        return false;
    text += version;
    return text[strspn(text, " \t")] == ';';
}

static bool is_id(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]))
            return false;
    return len > 0 && len <= STS_ID_MAX;
}

static enum mu_err take_id(const char *text, char id[STS_ID_MAX + 1], struct mu_fail *fail)
{
    while (*text) {
        text += strspn(text, " \t;");
        size_t len = strcspn(text, ";"), end = len;
        while (end > 0 && strchr(" \t", text[end - 1]))
            end--;
        if (strncmp(text, "id=", 3) == 0 && end >= 3) {
            if (!is_id(text + 3, end - 3))
                return mu_fail_set(fail, MU_PROTO,
                                   "its id is \"%.40s\": 1 to 32 letters and digits are wanted",
                                   text + 3);
            memcpy(id, text + 3, end - 3);
            id[end - 3] = '\0';
            return MU_OK;
        }
        text += len;
    }
    return mu_fail_set(fail, MU_PROTO, "it has no id");
}

enum mu_err sts_record_read(const json_t *shown, bool *found, char id[STS_ID_MAX + 1],
                            struct mu_fail *fail)
{
    size_t i, count = 0;
    json_t *record;
    enum mu_err err = MU_OK;
    *found = false;
    id[0] = '\0';
    json_array_foreach(shown, i, record)
    {
        char *text = mu_mail_txt_join(json_string_value(record));
        if (is_record(text) && ++count == 1)
            err = take_id(text, id, fail);
        free(text);
    }
    *found = count > 0;
    if (count > 1)
        err = mu_fail_set(fail, MU_PROTO, "there are %zu of them, one is allowed", count);
    return err;
}

/* --- the policy (3.2) --- */

struct line {
    int number;
    char *key, *value;
};

static enum mu_err bad(struct mu_fail *fail, const struct line *line, const char *why)
{
    return mu_fail_set(fail, MU_PROTO, "line %d, \"%.40s: %.60s\": %s", line->number, line->key,
                       line->value, why);
}

static enum mu_err take_mode(struct sts_policy *policy, const struct line *line,
                             struct mu_fail *fail)
{
    for (size_t i = 0; i < MU_COUNT(modes); i++)
        if (strcmp(line->value, modes[i]) == 0) {
            policy->mode = (enum sts_mode)i;
            return MU_OK;
        }
    return bad(fail, line, "enforce, testing or none are wanted");
}

static enum mu_err take_max_age(struct sts_policy *policy, const struct line *line,
                                struct mu_fail *fail)
{
    size_t digits = strspn(line->value, "0123456789");
    if (digits == 0 || digits > 10 || line->value[digits])
        return bad(fail, line, "seconds are wanted");
    policy->max_age_s = strtoll(line->value, NULL, 10);
    return policy->max_age_s <= MAX_AGE_S ? MU_OK
                                          : bad(fail, line, "at most 31557600 seconds are allowed");
}

static enum mu_err take_mx(struct sts_policy *policy, const struct line *line, struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    struct mu_fail why;
    bool any = strncmp(line->value, "*.", 2) == 0;
    if (mu_name_host(line->value + (any ? 2 : 0), name, &why) != MU_OK)
        return bad(fail, line, "a host's name is wanted, with \"*.\" in front or not");
    if (json_array_size(policy->mx) == MOST_MX)
        return bad(fail, line, "more than 200 mx lines");
    json_array_append_new(policy->mx, json_sprintf("%s%s", any ? "*." : "", name));
    return MU_OK;
}

static enum mu_err take_version(struct sts_policy *policy, const struct line *line,
                                struct mu_fail *fail)
{
    (void)policy;
    return strcmp(line->value, VERSION) == 0 ? MU_OK : bad(fail, line, "STSv1 is wanted");
}

static const struct {
    const char *key;
    bool repeats; /* of the others the first counts */
    enum mu_err (*take)(struct sts_policy *, const struct line *, struct mu_fail *);
} fields[] = {{"version", false, take_version},
              {"mode", false, take_mode},
              {"max_age", false, take_max_age},
              {"mx", true, take_mx}};

/* Unknown keys are for later versions (3.2). */
static enum mu_err take_line(struct sts_policy *policy, const struct line *line, unsigned *seen,
                             struct mu_fail *fail)
{
    for (size_t i = 0; i < MU_COUNT(fields); i++) {
        if (strcmp(line->key, fields[i].key) != 0)
            continue;
        bool again = *seen & 1u << i;
        *seen |= 1u << i;
        return again && !fields[i].repeats ? MU_OK : fields[i].take(policy, line, fail);
    }
    return MU_OK;
}

/* Into the line's own memory; false: it is blank. MU_PROTO in *err: it is no line of a policy. */
static bool split_line(char *text, struct line *line, enum mu_err *err, struct mu_fail *fail)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]))
        text[--len] = '\0';
    char *colon = strchr(text, ':');
    if (len == 0)
        return false;
    if (colon == NULL) {
        *err = mu_fail_set(fail, MU_PROTO, "line %d, \"%.60s\": a key and a colon are wanted",
                           line->number, text);
        return false;
    }
    *colon = '\0';
    line->key = text;
    line->value = colon + 1 + strspn(colon + 1, " \t");
    return true;
}

static enum mu_err check_whole(const struct sts_policy *policy, unsigned seen, struct mu_fail *fail)
{
    for (size_t i = 0; i < MU_COUNT(fields); i++)
        if (!(seen & 1u << i) && !(fields[i].repeats && policy->mode == STS_NONE))
            return mu_fail_set(fail, MU_PROTO, "it has no line \"%s: ...\"", fields[i].key);
    return MU_OK;
}

enum mu_err sts_policy_parse(const char *body, struct sts_policy *out, struct mu_fail *fail)
{
    char *copy = mu_xstrdup(body), *rest = copy, *text;
    unsigned seen = 0;
    enum mu_err err = MU_OK;
    *out = (struct sts_policy){.mx = json_array()};
    for (int number = 1; err == MU_OK && (text = strsep(&rest, "\n")) != NULL; number++) {
        struct line line = {.number = number};
        if (split_line(text, &line, &err, fail))
            err = take_line(out, &line, &seen, fail);
    }
    free(copy);
    return err == MU_OK ? check_whole(out, seen, fail) : err;
}

void sts_policy_free(struct sts_policy *policy)
{
    json_decref(policy->mx);
    *policy = (struct sts_policy){0};
}

/* --- which hosts it covers (4.1) --- */

bool sts_pattern_covers(const char *pattern, const char *host)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return strcasecmp(pattern, host) == 0;
    const char *dot = strchr(host, '.');
    return dot && dot > host && strcasecmp(dot + 1, pattern + 2) == 0;
}

bool sts_policy_covers(const struct sts_policy *policy, const char *host)
{
    size_t i;
    json_t *pattern;
    json_array_foreach(policy->mx, i, pattern)
    {
        if (sts_pattern_covers(json_string_value(pattern), host))
            return true;
    }
    return false;
}
