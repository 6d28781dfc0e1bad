/* SPDX-License-Identifier: MIT
 *
 * The judgement of an SMTP session, row by row. Each row is a morning somebody has had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "smtp/judge.h"

struct row {
    const char *what;
    enum mu_err err;
    enum mu_smtp_phase phase; /* when err */
    bool timed_out;
    int os_error;
    enum mu_smtp_tls tls;
    int greeting, ehlo, starttls, mail, rcpt[3]; /* reply codes, 0 = none came */
    const char *text;                            /* of the refusal */
    enum mu_smtp_verdict verdict;
    enum mu_smtp_phase decided;
    int code;
    const char *why; /* in the reason */
};

#define OK           220, 250, 0
#define UP           MU_SMTP_UP
#define DOWN         MU_SMTP_DOWN
#define REJECTING    MU_SMTP_REJECTING
#define INCONCLUSIVE MU_SMTP_INCONCLUSIVE
#define TRY          MU_SMTP_TLS_TRY
#define REQUIRE      MU_SMTP_TLS_REQUIRE
#define AT(phase)    MU_SMTP_##phase

/* clang-format off */
static const struct row rows[] = {
    /* nothing wrong */
    {"EHLO fine", 0, 0, 0, 0, TRY, OK, 0, {0}, "", UP, AT(QUIT), 250, ""},
    {"recipient accepted", 0, 0, 0, 0, TRY, OK, 250, {250}, "", UP, AT(QUIT), 250, ""},
    {"one of two accepted", 0, 0, 0, 0, TRY, OK, 250, {550, 250}, "", UP, AT(QUIT), 250, ""},
    {"will forward (251)", 0, 0, 0, 0, TRY, OK, 250, {251}, "", UP, AT(QUIT), 251, ""},

    /* nobody there */
    {"refused", MU_NET, AT(CONNECT), 0, ECONNREFUSED, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(CONNECT), 0, "connect: failed"},
    {"connect timeout", MU_NET, AT(CONNECT), 1, 0, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(CONNECT), 0, "connect: no connection within 10s"},
    {"no route to host", MU_NET, AT(CONNECT), 0, EHOSTUNREACH, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(CONNECT), 0, ""},
    {"no banner (OpenSMTPD)", MU_NET, AT(GREETING), 1, 0, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(GREETING), 0, ""},
    {"dead behind a balancer", MU_NET, AT(GREETING), 0, 0, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(GREETING), 0, ""},
    {"no mail server", MU_PROTO, AT(GREETING), 0, 0, TRY, 0, 0, 0, 0, {0}, "", DOWN, AT(GREETING), 0, ""},
    {"EHLO hangs", MU_NET, AT(EHLO), 1, 0, TRY, 220, 0, 0, 0, {0}, "", DOWN, AT(EHLO), 0, "ehlo: no reply within 1m30s"},

    /* our own side */
    {"no IPv6 here", MU_NET, AT(CONNECT), 0, ENETUNREACH, TRY, 0, 0, 0, 0, {0}, "", INCONCLUSIVE, AT(CONNECT), 0, "no way there"},
    {"our firewall", MU_NET, AT(CONNECT), 0, EPERM, TRY, 0, 0, 0, 0, {0}, "", INCONCLUSIVE, AT(CONNECT), 0, "no way there"},
    {"our ca_file", MU_CONFIG, AT(STARTTLS), 0, 0, TRY, 220, 250, 220, 0, {0}, "", INCONCLUSIVE, AT(STARTTLS), 0, "failed"},

    /* a temporary no says nothing */
    {"421 at greeting", 0, 0, 0, 0, TRY, 421, 0, 0, 0, {0}, "too busy", INCONCLUSIVE, AT(GREETING), 421, "greeting: 421 4.7.0 too busy"},
    {"450 at greeting", 0, 0, 0, 0, TRY, 450, 0, 0, 0, {0}, "", INCONCLUSIVE, AT(GREETING), 450, ""},
    {"421 at EHLO", 0, 0, 0, 0, TRY, 220, 421, 0, 0, {0}, "", INCONCLUSIVE, AT(EHLO), 421, ""},
    {"451 at MAIL", 0, 0, 0, 0, TRY, OK, 451, {0}, "", INCONCLUSIVE, AT(MAIL), 451, ""},
    {"greylisted", 0, 0, 0, 0, TRY, OK, 250, {450}, "greylisted", INCONCLUSIVE, AT(RCPT), 450, "rcpt: 450"},
    {"disk full", 0, 0, 0, 0, TRY, OK, 250, {452}, "", INCONCLUSIVE, AT(RCPT), 452, ""},
    {"wrong region (451 4.4.62)", 0, 0, 0, 0, TRY, OK, 250, {451}, "", INCONCLUSIVE, AT(RCPT), 451, ""},
    {"550 for one, 450 for another", 0, 0, 0, 0, TRY, OK, 250, {550, 450}, "", INCONCLUSIVE, AT(RCPT), 450, ""},
    {"RCPT hangs", MU_NET, AT(RCPT), 1, 0, TRY, OK, 250, {0}, "", INCONCLUSIVE, AT(RCPT), 0, ""},
    {"closed after MAIL", MU_NET, AT(MAIL), 0, 0, TRY, OK, 0, {0}, "", INCONCLUSIVE, AT(MAIL), 0, ""},
    {"hangs up on our EHLO", MU_NET, AT(EHLO), 0, 0, TRY, 220, 0, 0, 0, {0}, "", INCONCLUSIVE, AT(EHLO), 0, "HELO name"},

    /* a permanent no to us says nothing either */
    {"HELO refused", 0, 0, 0, 0, TRY, 220, 550, 0, 0, {0}, "", INCONCLUSIVE, AT(EHLO), 550, "HELO name"},
    {"sender refused", 0, 0, 0, 0, TRY, OK, 550, {0}, "", INCONCLUSIVE, AT(MAIL), 550, "our sender"},
    {"we are listed, at greeting", 0, 0, 0, 0, TRY, 554, 0, 0, 0, {0}, "Blocked using Spamhaus", INCONCLUSIVE, AT(GREETING), 554, "our own address"},
    {"we are listed, at RCPT", 0, 0, 0, 0, TRY, OK, 250, {550}, "client is on a blocklist", INCONCLUSIVE, AT(RCPT), 550, "our own address"},

    /* mail bounces */
    {"554 at greeting", 0, 0, 0, 0, TRY, 554, 0, 0, 0, {0}, "no service", REJECTING, AT(GREETING), 554, "greeting: 554 5.7.0 no service"},
    {"521 does not accept mail", 0, 0, 0, 0, TRY, 521, 0, 0, 0, {0}, "", REJECTING, AT(GREETING), 521, ""},
    {"user unknown", 0, 0, 0, 0, TRY, OK, 250, {550}, "no such user", REJECTING, AT(RCPT), 550, "rcpt: 550"},
    {"relay access denied", 0, 0, 0, 0, TRY, OK, 250, {554}, "Relay access denied", REJECTING, AT(RCPT), 554, ""},
    {"all recipients refused", 0, 0, 0, 0, TRY, OK, 250, {550, 554, 550}, "", REJECTING, AT(RCPT), 550, ""},

    /* TLS */
    {"TLS broken, tried", MU_PROTO, AT(STARTTLS), 0, 0, TRY, 220, 250, 220, 0, {0}, "", UP, AT(QUIT), 250, ""},
    {"TLS hangs, tried", MU_NET, AT(STARTTLS), 1, 0, TRY, 220, 250, 220, 0, {0}, "", UP, AT(QUIT), 250, ""},
    {"STARTTLS refused, tried", 0, 0, 0, 0, TRY, 220, 250, 454, 0, {0}, "", UP, AT(QUIT), 250, ""},
    {"STARTTLS refused, then RCPT", 0, 0, 0, 0, TRY, 220, 250, 454, 250, {550}, "", REJECTING, AT(RCPT), 550, ""},
    {"TLS broken, demanded", MU_PROTO, AT(STARTTLS), 0, 0, REQUIRE, 220, 250, 220, 0, {0}, "", DOWN, AT(STARTTLS), 0, "failed"},
    {"STARTTLS not offered, demanded", MU_REMOTE, AT(STARTTLS), 0, 0, REQUIRE, OK, 0, {0}, "", DOWN, AT(STARTTLS), 0, "failed"},
    {"STARTTLS refused, demanded", MU_REMOTE, AT(STARTTLS), 0, 0, REQUIRE, 220, 250, 454, 0, {0}, "", DOWN, AT(STARTTLS), 454, "failed"},
};
/* clang-format on */

static void fill(struct mu_smtp_reply *reply, int code, const char *text)
{
    reply->code = code;
    if (code < 400)
        return;
    snprintf(reply->enhanced, sizeof reply->enhanced, "%s", code < 500 ? "4.7.0" : "5.7.0");
    snprintf(reply->text, sizeof reply->text, "%s", text);
}

static void judges(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct mu_smtp_reply rcpt[3] = {0};
        char why[80];
        snprintf(why, sizeof why, "[2001:db8::25]:25: %s: failed", mu_smtp_phase_name(row->phase));
        struct mu_smtp_result r = {.err = row->err,
                                   .phase = row->phase,
                                   .timed_out = row->timed_out,
                                   .os_error = row->os_error,
                                   .why = row->err ? why : NULL,
                                   .rcpt = rcpt};
        fill(&r.greeting, row->greeting, row->text);
        fill(&r.ehlo, row->ehlo, row->text);
        fill(&r.starttls, row->starttls, row->text);
        fill(&r.mail, row->mail, row->text);
        for (; r.rcpt_count < 3 && row->rcpt[r.rcpt_count] != 0; r.rcpt_count++)
            fill(&rcpt[r.rcpt_count], row->rcpt[r.rcpt_count], row->text);
        struct mu_smtp_request asked = {
            .tls = row->tls, .connect_timeout_ms = 10000, .phase_timeout_ms = 90000};
        struct mu_smtp_judgement j = mu_smtp_judge(&r, &asked);
        int code = j.reply ? j.reply->code : 0;
        if (j.verdict != row->verdict || j.phase != row->decided || code != row->code ||
            strstr(j.why, row->why) == NULL || strstr(j.why, "2001:") != NULL ||
            (j.verdict == MU_SMTP_UP) != (*j.why == '\0'))
            fail_msg("%s: %s at %s, %d: %s", row->what, mu_smtp_verdict_name(j.verdict),
                     mu_smtp_phase_name(j.phase), code, j.why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
