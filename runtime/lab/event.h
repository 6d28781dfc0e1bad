/* SPDX-License-Identifier: MIT
 *
 * What happens in the lab, told as one line each to whoever watches. Texts come partly from the
 * network, so control characters and bytes that are not UTF-8 are replaced here, once. */
#ifndef MU_LAB_EVENT_H
#define MU_LAB_EVENT_H

#include "base/attr.h"

struct mu_lab_observer;

void mu_lab_event(const struct mu_lab_observer *, const char *who, const char *fmt, ...)
    MU_PRINTF(3, 4);
/* Replaces control characters (C0 but tab, DEL, C1) and stray bytes by '?', in place. */
void mu_lab_printable(char *text);

#endif
