/* SPDX-License-Identifier: MIT
 *
 * Public suffixes, by libpsl's copy of the list (publicsuffix.org): below which names do domains belong to somebody? */
#ifndef MU_BASE_SUFFIX_H
#define MU_BASE_SUFFIX_H

#include "base/attr.h"

/* "example.co.uk" of "a.b.example.co.uk", an end of domain (in our form, base/name.h); NULL: it is a public suffix itself. Private
 * suffixes ("github.io") count. */
MU_API const char *mu_suffix_registrable(const char *domain);

#endif
