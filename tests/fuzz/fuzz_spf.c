/* SPDX-License-Identifier: MIT
 *
 * SPF records and explanations of hostile domains: what is read whole can be expanded, and a name that comes of it has
 * labels that can be asked for, or is refused before it is asked. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>

#include "mail/spf/macro.h"
#include "mail/spf/record.h"
#include "mail/txt.h"

static const struct spf_values values = {
    .sender = "strong-bad@email.example.com",
    .local = "strong-bad",
    .sender_domain = "email.example.com",
    .domain = "email.example.com",
    .helo = "mx+1.example.org",
    .receiver = "unknown",
    .validated = "mx.example.org",
    .family = AF_INET6,
    .address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xcb, 1},
    .now_s = 1700000000};

static void expand(const char *spec)
{
    if (spec == NULL)
        return;
    promise(spf_macro_wrong(spec, SPF_DOMAIN_SPEC) == NULL);
    char *name = spf_macro_domain(spec, &values);
    promise(strlen(name) <= SPF_DOMAIN_MAX || strchr(name, '.') == NULL);
    spf_macro_needs_name(spec);
    free(name);
}

static void read_record(const char *text)
{
    struct spf_record record;
    struct mu_fail fail;
    if (!spf_record_is(text))
        return;
    bool good = spf_record_parse(text, &record, &fail) == MU_OK;
    for (size_t i = 0; good && i < record.count; i++) {
        const struct spf_term *term = &record.terms[i];
        promise(term->bits4 >= 0 && term->bits4 <= 32 && term->bits6 >= 0 && term->bits6 <= 128);
        promise(strchr("+-~?", term->qualifier) != NULL);
        expand(term->spec);
    }
    if (good) {
        expand(record.redirect);
        expand(record.exp);
    }
    spf_record_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *own = malloc(len + 1);
    memcpy(own, bytes, len);
    own[len] = '\0';
    char *joined = mu_mail_txt_join(own);
    for (const char *c = joined; *c; c++)
        promise((unsigned char)*c < 0x80);
    read_record(joined);
    read_record(own);
    if (spf_macro_wrong(own, SPF_EXPLANATION) == NULL)
        free(spf_macro_expand(own, &values));
    free(joined);
    free(own);
    return 0;
}
