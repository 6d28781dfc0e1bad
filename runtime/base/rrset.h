/* SPDX-License-Identifier: MIT
 *
 * An rrset in the words of people: "10 mx1.example.com, 20 mx2.example.com  TTL 3600". */
#ifndef MU_BASE_RRSET_H
#define MU_BASE_RRSET_H

#include <jansson.h>

#include "base/attr.h"
#include "base/buf.h"

/* Of anything that holds `mx` ([{preference, host}]) or `records` ([text]), or of such a list itself;
 * "(none)" when it is empty. The TTL is the rrset's or, where a list says it by item, its first one's.
 * Control characters become spaces. */
MU_API void mu_rrset_text(const json_t *value, struct mu_buf *);

#endif
