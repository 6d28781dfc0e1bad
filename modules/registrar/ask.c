/* SPDX-License-Identifier: MIT
 *
 * One request at a time through a driver; see ask.h. */
#include "ask.h"

#include <stdlib.h>

#include "base/clock.h"

#define PATIENCE_MS \
    20000 /* an incident cannot sleep 300 s because an API says so (field-notes.md, octoDNS) */
#define PAUSE_MIN_MS 250

static void (*operation(const struct mu_zone_driver *driver,
                        enum mu_zone_request request))(struct mu_zone_job *)
{
    switch (request) {
    case MU_ZONE_LIST:
        return driver->list;
    case MU_ZONE_WRITE:
        return driver->write;
    case MU_ZONE_CHECK:
        return driver->check;
    case MU_ZONE_READ:
        break;
    }
    return driver->read;
}

static void drop_answers(struct mu_zone_job *job, bool keep_too)
{
    json_decref(job->rrset);
    json_decref(job->records);
    job->rrset = job->records = NULL;
    if (keep_too) {
        json_decref(job->keep);
        job->keep = NULL;
    }
    free(job->state);
    job->state = NULL;
    job->op = NULL;
    job->step = 0;
    job->witness[0] = job->note[0] = '\0';
    job->fail = (struct mu_fail){0};
    job->in_doubt = false;
    job->retry_after_ms = -1;
}

static void ask_again(void *ud)
{
    struct mu_zone_ask *ask = ud;
    ask->timer = NULL;
    if (ask->again)
        ask->again(ask);
    else
        mu_zone_ask(ask, ask->request, ask->done, NULL);
}

static void wait_and_ask(struct mu_zone_ask *ask)
{
    struct mu_zone_job *job = &ask->job;
    int64_t ms = job->retry_after_ms > PAUSE_MIN_MS ? job->retry_after_ms : PAUSE_MIN_MS;
    if (ask->waited_ms + ms > PATIENCE_MS) {
        char text[MU_TIME_TEXT];
        mu_fail_prefix(&job->fail, "%s asks to wait %s, longer than an incident can",
                       job->provider.name, mu_duration_text(ms, text));
        ask->done(ask);
        return;
    }
    ask->waited_ms += ms;
    ask->timer = mu_timer_start(job->host->loop, ms, ask_again, ask);
}

static void answered(struct mu_zone_job *job)
{
    struct mu_zone_ask *ask = job->ud;
    job->op = NULL;
    free(job->state);
    job->state = NULL;
    if (job->retry_after_ms >= 0)
        wait_and_ask(ask);
    else
        ask->done(ask);
}

void mu_zone_ask(struct mu_zone_ask *ask, enum mu_zone_request request, mu_zone_ask_cb *done,
                 mu_zone_ask_cb *again)
{
    struct mu_zone_job *job = &ask->job;
    drop_answers(job, request != MU_ZONE_WRITE);
    ask->request = request;
    ask->done = done;
    ask->again = again;
    job->done = answered;
    job->ud = ask;
    operation(job->provider.driver, request)(job);
}

void mu_zone_ask_fini(struct mu_zone_ask *ask)
{
    mu_timer_cancel(ask->timer);
    ask->timer = NULL;
    mu_op_cancel(ask->job.op);
    drop_answers(&ask->job, true);
}

/* --- how drivers end a job --- */

void mu_zone_job_done(struct mu_zone_job *job)
{
    job->fail.class = MU_OK;
    job->done(job);
}

void mu_zone_job_fail(struct mu_zone_job *job, enum mu_err class, bool in_doubt, const char *fmt,
                      ...)
{
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&job->fail, class, fmt, ap);
    va_end(ap);
    job->in_doubt = in_doubt;
    job->done(job);
}

void mu_zone_job_busy(struct mu_zone_job *job, int64_t retry_after_ms, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(&job->fail, MU_REMOTE, fmt, ap);
    va_end(ap);
    job->retry_after_ms = retry_after_ms;
    job->done(job);
}
