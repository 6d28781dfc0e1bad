/* SPDX-License-Identifier: MIT
 *
 * The half of the loop that drives curl; only loop.c includes this. The contract of adding and
 * removing transfers is in loop.h. */
#ifndef MU_IO_LOOP_CURL_H
#define MU_IO_LOOP_CURL_H

#include "base/err.h"
#include "io/loop.h"

struct mu_loop_curl;

/* Initialises curl (slow: some milliseconds) and binds a multi handle to the loop. NULL when curl
 * can't start. */
struct mu_loop_curl *mu_loop_curl_new(struct uv_loop_s *);
/* Closes the connections kept for reuse. The loop must turn once more to release the handles. */
void mu_loop_curl_free(struct mu_loop_curl *);

enum mu_err mu_loop_curl_start(struct mu_loop_curl *, void *easy, mu_loop_curl_done *, void *ud);
void mu_loop_curl_stop(struct mu_loop_curl *, void *easy);

#endif
