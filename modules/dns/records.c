/* SPDX-License-Identifier: MIT
 *
 * Rdata as text; see records.h. */
#include "records.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

json_t *mu_dns_record_text(const ldns_rr *rr)
{
    struct mu_buf text = {0};
    ldns_rr *canonical = ldns_rr_clone(rr);
    ldns_rr2canonical(canonical);
    for (size_t i = 0; i < ldns_rr_rd_count(canonical); i++) {
        char *part = ldns_rdf2str(ldns_rr_rdf(canonical, i));
        mu_buf_addf(&text, "%s%s", i ? " " : "", part ? part : "?");
        LDNS_FREE(part);
    }
    ldns_rr_free(canonical);
    json_t *value = mu_json_lenient_string(mu_buf_text(&text), text.len);
    mu_buf_free(&text);
    return value;
}

bool mu_dns_mx_parse(const char *text, int64_t *preference, char *host)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end != ' ' || number < 0 || number > UINT16_MAX)
        return false;
    *preference = number;
    end += strspn(end, " ");
    if (strcmp(end, ".") == 0) {
        memcpy(host, ".", 2);
        return true;
    }
    return mu_name_owner(end, host, NULL) == MU_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

static int compare_mx(const void *a, const void *b)
{
    long left = strtol(json_string_value(*(json_t *const *)a), NULL, 10);
    long right = strtol(json_string_value(*(json_t *const *)b), NULL, 10);
    if (left != right)
        return left < right ? -1 : 1;
    return compare_texts(a, b);
}

void mu_dns_records_sort(json_t *texts, uint16_t type)
{
    size_t count = json_array_size(texts), i;
    json_t **items = mu_xcalloc(count ? count : 1, sizeof *items), *item;
    json_array_foreach(texts, i, item) items[i] = json_incref(item);
    if (count > 1)
        qsort(items, count, sizeof *items, type == LDNS_RR_TYPE_MX ? compare_mx : compare_texts);
    for (i = 0; i < count; i++)
        json_array_set_new(texts, i, items[i]);
    free(items);
}

/* ldns reads whole records: the text gets an owner, a class and a type in front. */
static json_t *normal_text(const char *text, uint16_t type)
{
    char type_text[16];
    ldns_rr *rr = NULL;
    char *line = mu_xasprintf("x. 0 IN %s %s", mu_dns_type_text(type, type_text), text);
    bool good = ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL) == LDNS_STATUS_OK;
    json_t *normal = good ? mu_dns_record_text(rr) : mu_json_lenient_string(text, strlen(text));
    if (good)
        ldns_rr_free(rr);
    free(line);
    return normal;
}

json_t *mu_dns_records_normal(const json_t *texts, uint16_t type)
{
    json_t *normal = json_array(), *item;
    size_t i;
    json_array_foreach(texts, i, item) if (json_is_string(item))
        json_array_append_new(normal, normal_text(json_string_value(item), type));
    mu_dns_records_sort(normal, type);
    return normal;
}
