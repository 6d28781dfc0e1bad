/* SPDX-License-Identifier: MIT
 *
 * DMARC records (RFC 9989, 4.7 and 4.8) and what a walk up the tree makes of them (4.10). Pure. */
#ifndef MU_MAIL_DMARC_RECORD_H
#define MU_MAIL_DMARC_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DMARC_WALK 8 /* names that are asked for one domain (4.10) */

enum dmarc_policy { DMARC_ABSENT, DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
const char *dmarc_policy_name(enum dmarc_policy);

struct dmarc_record {
    char *text;                  /* its strings joined; NULL: there is none */
    enum dmarc_policy p, sp, np; /* ABSENT: not given, or no policy */
    char psd;                    /* y, n, u */
    bool testing, wrong;         /* wrong: p, sp or np have a value that is none (4.10.1) */
    bool strict_dkim, strict_spf;
    json_t *rua, *ruf; /* URIs, without "!10m" */
    json_t *problems;  /* what is ignored of it, for people */
};

/* TXT records of _dmarc.DOMAIN as dns.query shows them. Several DMARC records are none (4.10, step 2); problems says so. */
void dmarc_record_read(const json_t *shown, struct dmarc_record *out);
void dmarc_record_free(struct dmarc_record *);

/* --- the walk --- */

struct dmarc_step {
    char *domain;
    struct dmarc_record record;
};

struct dmarc_walk { /* from the domain itself upwards */
    struct dmarc_step steps[DMARC_WALK];
    size_t count;
};

/* The name to ask after `domain` was, NULL behind the last: labels are left out on the left until 7 remain (4.10, steps 3
 * to 7). Points into domain. */
const char *dmarc_next_name(const char *domain, bool first);
/* A record that ends the walk. */
bool dmarc_ends_walk(const struct dmarc_record *);
/* 4.10.2. Points into the walk's domains. */
const char *dmarc_org_domain(const struct dmarc_walk *);
/* Whose record receivers apply: the domain's own, the organizational domain's, the public suffix's (4.10.1); NULL: nobody's. */
const struct dmarc_step *dmarc_applied(const struct dmarc_walk *);
/* What it asks for, of that step, and by which tag ("p", "sp", "np"). ABSENT: DMARC does not apply. */
enum dmarc_policy dmarc_asked(const struct dmarc_walk *, const struct dmarc_step *, bool exists,
                              const char **tag_out);

#endif
