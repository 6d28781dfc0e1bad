/* SPDX-License-Identifier: MIT
 *
 * libcurl is no library that muster is linked with; see base/late.h. */
#ifndef MU_IO_CURL_LATE_H
#define MU_IO_CURL_LATE_H

#include "base/err.h"

/* Loads it; done already, it costs nothing. Before the first curl_*() of whoever uses curl. MU_INTERNAL: it is not
 * there, *fail says what to install. */
enum mu_err mu_curl_load(struct mu_fail *fail);

#endif
