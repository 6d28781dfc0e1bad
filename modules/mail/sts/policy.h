/* SPDX-License-Identifier: MIT
 *
 * MTA-STS (RFC 8461): the TXT record, the policy, and which hosts it covers. Pure. */
#ifndef MU_MAIL_STS_POLICY_H
#define MU_MAIL_STS_POLICY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define STS_ID_MAX 32

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };

struct sts_policy {
    enum sts_mode mode;
    int64_t max_age_s;
    json_t *mx; /* patterns in lower case, "mx1.example.com", "*.example.net" */
};

/* TXT records of _mta-sts.DOMAIN as dns.query shows them. *found: there is one (3.1); id is then its own, else ""; of several,
 * or of a malformed one, MU_PROTO: senders take both for none. */
enum mu_err sts_record_read(const json_t *shown, bool *found, char id[STS_ID_MAX + 1],
                            struct mu_fail *fail);
/* The body of the policy file (3.2). MU_PROTO with the line. Free it in both cases. */
enum mu_err sts_policy_parse(const char *body, struct sts_policy *out, struct mu_fail *fail);
void sts_policy_free(struct sts_policy *);
const char *sts_mode_name(enum sts_mode);

/* "*." stands for one label, the left-most (4.1). Both without final dot, in any case. */
bool sts_pattern_covers(const char *pattern, const char *host);
bool sts_policy_covers(const struct sts_policy *, const char *host);

#endif
