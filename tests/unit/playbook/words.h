/* SPDX-License-Identifier: MIT
 *
 * A small vocabulary for the linter, as the engine gives it from its registry, and bundles from
 * texts. */
#ifndef TEST_PLAYBOOK_WORDS_H
#define TEST_PLAYBOOK_WORDS_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/near.h"
#include "playbook/bundle.h"
#include "playbook/check.h"

static const struct {
    const char *name;
    char kind;
} vocabulary[] = {
    {"dns", 'n'},          {"zone", 'n'},       {"mail", 'n'},        {"smtp", 'n'},
    {"dns.mx", 'p'},       {"zone.mx", 'p'},    {"zone.set_mx", 'a'}, {"zone.set", 'a'},
    {"mail.inbound", 'p'}, {"smtp.probe", 'p'}, {"notify", 'a'},      {"page", 'w'},
    {"escalate", 'w'},     {"playbook", 'w'},   {"param", 'w'},       {"step", 'w'},
    {"finish", 'w'},       {"fail", 'w'},       {"need", 'w'},        {"approve", 'w'},
    {"undo", 'w'},         {"wait_until", 'w'}, {"now", 'w'},         {"main", 'w'},
    {"detect", 'w'},       {"ask", 'w'},        {"todo", 'w'},
};

static char word_kind(const char *name, void *ud)
{
    (void)ud;
    for (size_t i = 0; i < MU_COUNT(vocabulary); i++)
        if (strcmp(vocabulary[i].name, name) == 0)
            return vocabulary[i].kind;
    return 0;
}

static const char *word_nearest(const char *name, void *ud)
{
    (void)ud;
    struct mu_near near = {.typed = name};
    for (size_t i = 0; i < MU_COUNT(vocabulary); i++)
        mu_near_try(&near, vocabulary[i].name);
    return near.best;
}

MU_UNUSED static const struct mu_words test_words = {.kind = word_kind, .nearest = word_nearest};

#define HEADER_WITH(may_change)                                                            \
    "playbook { name = 'x', version = '1.0.0', owner = 'o', summary = 's', changelog = { " \
    "['1.0.0'] = 'first' }, may_change = { " may_change                                    \
    " }, params = { domain = param.domain 'd' } }\n"

MU_UNUSED static struct mu_bundle *bundle_of(const char *playbook)
{
    struct mu_bundle *bundle = mu_bundle_new();
    mu_bundle_add(bundle, "playbook.lua", playbook, strlen(playbook));
    return bundle;
}

#endif
