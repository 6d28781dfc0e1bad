/* SPDX-License-Identifier: MIT
 *
 * See record.h. */
#include "record.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/json.h"
#include "base/mem.h"

#define MOST_URIS   50
#define MOST_LABELS 7 /* of the second name that is asked (4.10, step 4) */

static const char *const policies[] = {"absent", "none", "quarantine", "reject"};

const char *dmarc_policy_name(enum dmarc_policy policy)
{
    return policies[policy];
}

static void problem(struct dmarc_record *record, const char *fmt, ...) MU_PRINTF(2, 3);
static void problem(struct dmarc_record *record, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = mu_xvasprintf(fmt, ap);
    va_end(ap);
    json_array_append_new(record->problems, mu_json_lenient_string(text, strlen(text)));
    free(text);
}

/* --- tags (4.8) --- */

static void take_policy(struct dmarc_record *record, const char *tag, const char *value,
                        enum dmarc_policy *out)
{
    *out = DMARC_ABSENT;
    for (size_t i = DMARC_NONE; i < MU_COUNT(policies); i++)
        if (strcasecmp(value, policies[i]) == 0)
            *out = (enum dmarc_policy)i;
    if (*out == DMARC_ABSENT) {
        record->wrong = true;
        problem(record, "%s=%.40s: none, quarantine or reject are wanted", tag, value);
    }
}

/* One of these letters, in either case; else the default stays. */
static char take_letter(struct dmarc_record *record, const char *tag, const char *value,
                        const char *letters, char otherwise)
{
    char letter = (char)tolower((unsigned char)value[0]);
    if (letter && value[1] == '\0' && strchr(letters, letter))
        return letter;
    problem(record, "%s=%.40s: one of \"%s\" is wanted; \"%c\" counts", tag, value, letters,
            otherwise);
    return otherwise;
}

/* scheme:something, which is all that can be said of a URI here (RFC 3986, 3). */
static bool is_uri(const char *text)
{
    size_t scheme = strcspn(text, ":");
    if (!isalpha((unsigned char)text[0]) || text[scheme] == '\0' || text[scheme + 1] == '\0')
        return false;
    for (size_t i = 0; i < scheme; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i]))
            return false;
    return true;
}

static void take_uris(struct dmarc_record *record, const char *tag, char *list, json_t *out)
{
    char *one;
    while ((one = strsep(&list, ",")) != NULL && json_array_size(out) < MOST_URIS) {
        one = mu_mail_trim(one);
        if (strchr(one, '!')) { /* obs-dmarc-report-size */
            problem(record, "%s: a size behind ! is ignored since RFC 9989", tag);
            *strchr(one, '!') = '\0';
        }
        if (is_uri(one))
            json_array_append_new(out, json_string(one));
        else
            problem(record, "%s: \"%.60s\" is no URI: an address is written mailto:...", tag, one);
    }
}

static void take_tag(struct dmarc_record *record, const char *tag, char *value)
{
    static const char *const gone[] = {"pct", "rf", "ri"};
    if (strcasecmp(tag, "p") == 0)
        take_policy(record, "p", value, &record->p);
    else if (strcasecmp(tag, "sp") == 0)
        take_policy(record, "sp", value, &record->sp);
    else if (strcasecmp(tag, "np") == 0)
        take_policy(record, "np", value, &record->np);
    else if (strcasecmp(tag, "psd") == 0)
        record->psd = take_letter(record, "psd", value, "ynu", 'u');
    else if (strcasecmp(tag, "t") == 0)
        record->testing = take_letter(record, "t", value, "yn", 'n') == 'y';
    else if (strcasecmp(tag, "adkim") == 0)
        record->strict_dkim = take_letter(record, "adkim", value, "rs", 'r') == 's';
    else if (strcasecmp(tag, "aspf") == 0)
        record->strict_spf = take_letter(record, "aspf", value, "rs", 'r') == 's';
    else if (strcasecmp(tag, "rua") == 0)
        take_uris(record, "rua", value, record->rua);
    else if (strcasecmp(tag, "ruf") == 0)
        take_uris(record, "ruf", value, record->ruf);
    for (size_t i = 0; i < MU_COUNT(gone); i++)
        if (strcasecmp(tag, gone[i]) == 0)
            problem(record, "%s is no tag any more since RFC 9989; older receivers still heed it",
                    tag);
}

static void take_tags(struct dmarc_record *record, const char *text)
{
    char *copy = mu_xstrdup(text), *rest = copy;
    struct mu_mail_tag tag;
    strsep(&rest, ";"); /* v */
    while (mu_mail_tag_next(&rest, &tag)) {
        if (tag.value)
            take_tag(record, tag.name, tag.value);
        else
            problem(record, "\"%.60s\" is no tag: name=value is wanted", tag.name);
    }
    free(copy);
}

/* "v" equals "DMARC1", the first tag, case-sensitive as the RFC has it. */
static bool is_record(const char *text)
{
    text += strspn(text, " \t");
    if (*text != 'v' && *text != 'V')
        return false;
    text += 1 + strspn(text + 1, " \t");
    if (*text != '=')
        return false;
    text += 1 + strspn(text + 1, " \t");
    if (strncmp(text, "DMARC1", 6) != 0)
        return false;
    text += 6 + strspn(text + 6, " \t");
    return *text == ';' || *text == '\0';
}

static void check_whole(struct dmarc_record *record)
{
    if (record->wrong || record->p == DMARC_ABSENT)
        problem(record,
                json_array_size(record->rua) > 0 ? "without a valid policy it counts as p=none"
                : record->wrong ? "without a valid policy and an rua receivers ignore it"
                                : "without p it counts as p=none; older receivers ignore it");
}

void dmarc_record_read(const json_t *shown, struct dmarc_record *out)
{
    size_t i, count = 0;
    json_t *record;
    *out = (struct dmarc_record){
        .psd = 'u', .rua = json_array(), .ruf = json_array(), .problems = json_array()};
    json_array_foreach(shown, i, record)
    {
        char *text = mu_mail_txt_join(json_string_value(record));
        if (is_record(text) && ++count == 1)
            out->text = text;
        else
            free(text);
    }
    if (count > 1) {
        problem(out, "%zu DMARC records: receivers ignore all of them (RFC 9989, 4.10)", count);
        free(out->text);
        out->text = NULL;
    }
    if (out->text) {
        take_tags(out, out->text);
        check_whole(out);
    }
}

void dmarc_record_free(struct dmarc_record *record)
{
    free(record->text);
    json_decref(record->rua);
    json_decref(record->ruf);
    json_decref(record->problems);
    *record = (struct dmarc_record){0};
}

/* --- the walk (4.10) --- */

static size_t labels_of(const char *domain)
{
    size_t labels = *domain != '\0';
    for (; *domain; domain++)
        labels += *domain == '.';
    return labels;
}

const char *dmarc_next_name(const char *domain, bool first)
{
    const char *dot = strchr(domain, '.');
    if (dot == NULL)
        return NULL;
    domain = dot + 1;
    while (first && labels_of(domain) > MOST_LABELS)
        domain = strchr(domain, '.') + 1;
    return domain;
}

bool dmarc_ends_walk(const struct dmarc_record *record)
{
    return record->text && record->psd != 'u';
}

/* One label longer than `above`, an end of `domain`. */
static const char *below(const char *domain, const char *above)
{
    const char *at = domain + strlen(domain) - strlen(above);
    if (at == domain)
        return domain;
    for (at--; at > domain && at[-1] != '.';)
        at--;
    return at;
}

const char *dmarc_org_domain(const struct dmarc_walk *walk)
{
    const char *org = walk->steps[0].domain;
    for (size_t i = 0; i < walk->count; i++) {
        const struct dmarc_step *step = &walk->steps[i];
        if (step->record.text == NULL)
            continue;
        if (step->record.psd == 'n')
            return step->domain;
        if (step->record.psd == 'y' && i > 0)
            return below(walk->steps[0].domain, step->domain);
        org = step->domain;
    }
    return org;
}

static const struct dmarc_step *step_of(const struct dmarc_walk *walk, const char *domain)
{
    for (size_t i = 0; i < walk->count; i++)
        if (walk->steps[i].record.text && strcasecmp(walk->steps[i].domain, domain) == 0)
            return &walk->steps[i];
    return NULL;
}

const struct dmarc_step *dmarc_applied(const struct dmarc_walk *walk)
{
    if (walk->steps[0].record.text)
        return &walk->steps[0];
    const struct dmarc_step *org = step_of(walk, dmarc_org_domain(walk));
    if (org)
        return org;
    for (size_t i = 1; i < walk->count; i++)
        if (walk->steps[i].record.text && walk->steps[i].record.psd == 'y')
            return &walk->steps[i];
    return NULL;
}

enum dmarc_policy dmarc_asked(const struct dmarc_walk *walk, const struct dmarc_step *step,
                              bool exists, const char **tag_out)
{
    const struct dmarc_record *record = &step->record;
    *tag_out = "p";
    if (record->wrong || record->p == DMARC_ABSENT)
        return record->wrong && json_array_size(record->rua) == 0 ? DMARC_ABSENT : DMARC_NONE;
    if (step == &walk->steps[0])
        return record->p;
    if (!exists && record->np != DMARC_ABSENT) {
        *tag_out = "np";
        return record->np;
    }
    if (record->sp != DMARC_ABSENT)
        *tag_out = "sp";
    return record->sp != DMARC_ABSENT ? record->sp : record->p;
}
