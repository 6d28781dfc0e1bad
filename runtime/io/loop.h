/* SPDX-License-Identifier: MIT
 *
 * The event loop of one executor: libuv, plus the one curl multi handle that HTTP and SMTP share.
 * Single-threaded: every callback of io runs on the loop's thread. */
#ifndef MU_IO_LOOP_H
#define MU_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct mu_loop;
struct uv_loop_s;

struct mu_loop *mu_loop_new(void);
/* Closes every handle; asserts uv_loop_close() == 0. All operations must have ended or been cancelled. */
void mu_loop_free(struct mu_loop *);
/* For engine, serve and lab, which keep handles of their own on it. */
struct uv_loop_s *mu_loop_uv(struct mu_loop *);
/* One turn; waits for an event when `wait`. False when nothing is alive any more. Under a simulated clock
 * (base/clock.h) waiting takes no time, and false means that nothing will ever happen. */
bool mu_loop_turn(struct mu_loop *, bool wait);

/* The curl multi handle bound to this loop, made on first use (curl starts slowly). For io/http.c and
 * io/smtp.c only; `done` is called with CURLMsg's result for the easy handle that was added. */
typedef void mu_loop_curl_done(void *easy, int curl_code, void *ud);
enum mu_err mu_loop_curl_add(struct mu_loop *, void *easy, mu_loop_curl_done *done, void *ud);
/* Takes the easy handle off the multi; no `done` afterwards. Also after `done`. */
void mu_loop_curl_remove(struct mu_loop *, void *easy);

/* A one-shot timer. Cancelling or firing ends it; the pointer is then dead. */
struct mu_timer;
typedef void mu_timer_cb(void *ud);
MU_API struct mu_timer *mu_timer_start(struct mu_loop *, int64_t ms, mu_timer_cb *, void *ud);
MU_API void mu_timer_cancel(struct mu_timer *); /* NULL is fine */

#endif
