/* SPDX-License-Identifier: MIT
 *
 * DNS servers on loopback for tests: real ones (Knot DNS) and a scripted peer that does what no
 * real server does on purpose. Everything is static, so that tests of io/ can use it without the
 * harness.
 *
 * The scripted peer chooses its behaviour by the first label of the question:
 *   wrongid, wrongname, noqr   a forgery first, then the true answer 50 ms later
 *   drop1                      the first question of each id is lost
 *   drop                       silence
 *   formerr                    FORMERR without OPT as long as the question has EDNS
 *   garbage                    true header and question, then bytes that are no records
 *   servfail, refused          that rcode
 *   late                       the answer after 700 ms
 *   tc                         truncated; nobody listens on TCP
 * anything else is answered with one A record, 192.0.2.1. */
#ifndef MU_TESTS_DNS_SERVER_H
#define MU_TESTS_DNS_SERVER_H

#include <poll.h>
#include <strings.h>

#include "harness/process.h"

/* --- Knot DNS -------------------------------------------------------------------------------- */

struct test_zone {
    const char *name, *text; /* text NULL: configured, but there is no file: SERVFAIL */
};

struct test_knot {
    pid_t pid;
    char folder[64];
};

static void test_knot_config(const struct test_knot *knot, const char *address, uint16_t port,
                             const struct test_zone *zones)
{
    FILE *file = test_file(knot->folder, "knot.conf");
    fprintf(file,
            "server:\n  rundir: \"%s\"\n  listen: [ %s@%u ]\n  udp-workers: 1\n  tcp-workers: 1\n"
            "  background-workers: 1\n"
            "database:\n  storage: \"%s\"\n"
            "template:\n  - id: default\n    storage: \"%s\"\n    zonefile-sync: -1\n"
            "    journal-content: none\n    semantic-checks: off\n",
            knot->folder, address, port, knot->folder, knot->folder);
    if (zones->name)
        fprintf(file, "zone:\n");
    for (; zones->name; zones++) {
        fprintf(file, "  - domain: %s\n    file: \"%s.zone\"\n", zones->name, zones->name);
        char name[300];
        if (zones->text == NULL)
            continue;
        snprintf(name, sizeof name, "%s.zone", zones->name);
        FILE *zone = test_file(knot->folder, name);
        fputs(zones->text, zone);
        fclose(zone);
    }
    fclose(file);
}

/* The rcode of an SOA question, -1 while nobody answers. */
static int test_ask_soa(const char *address, uint16_t port, const char *name)
{
    uint8_t wire[512] = {0x12, 0x34, 0, 0, 0, 1};
    size_t len = 12;
    for (const char *label = name; *label;
         label += strcspn(label, ".") + (strchr(label, '.') != NULL)) {
        size_t n = strcspn(label, ".");
        wire[len++] = (uint8_t)n;
        memcpy(wire + len, label, n);
        len += n;
    }
    len += 1;
    wire[len + 1] = 6;
    wire[len + 3] = 1;
    len += 4;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = test_address(address, port);
    ssize_t got = -1;
    if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0 && send(fd, wire, len, 0) > 0 &&
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 100) == 1)
        got = recv(fd, wire, sizeof wire, 0);
    close(fd);
    return got >= 12 ? wire[3] & 15 : -1;
}

/* zones ends with name == NULL. Waits until every zone is served. */
MU_UNUSED static struct test_knot test_knot_start(const char *address, uint16_t port,
                                                  const struct test_zone *zones)
{
    struct test_knot knot = {.folder = "/tmp/muster-knot-XXXXXX"};
    char config[96];
    if (mkdtemp(knot.folder) == NULL)
        abort();
    test_knot_config(&knot, address, port, zones);
    snprintf(config, sizeof config, "%s/knot.conf", knot.folder);
    knot.pid = test_spawn(knot.folder, (const char *const[]){"knotd", "-c", config, NULL});
    for (int i = 0; i < 200 && test_ask_soa(address, port, zones->name ? zones->name : "") < 0; i++)
        test_sleep_ms(25);
    for (; zones->name; zones++)
        for (int i = 0; i < 200 && zones->text && test_ask_soa(address, port, zones->name) != 0;
             i++)
            test_sleep_ms(25);
    return knot;
}

MU_UNUSED static void test_knot_stop(struct test_knot *knot)
{
    test_stop(knot->pid);
    knot->pid = 0;
    test_remove(knot->folder);
}

/* --- the scripted peer ----------------------------------------------------------------------- */

struct test_datagram {
    uint8_t bytes[1024];
    size_t len, question_len; /* question_len: header and question */
    struct sockaddr_in from;
    int fd;
};

static bool test_is(const struct test_datagram *d, const char *label)
{
    return d->bytes[12] == strlen(label) &&
           strncasecmp((const char *)d->bytes + 13, label, strlen(label)) == 0;
}

static void test_reply(const struct test_datagram *d, const uint8_t *bytes, size_t len)
{
    sendto(d->fd, bytes, len, 0, (const struct sockaddr *)&d->from, sizeof d->from);
}

/* Header, question and one A record. */
static size_t test_answer(const struct test_datagram *d, uint8_t *out)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    memcpy(out, d->bytes, d->question_len);
    out[2] = 0x84; /* QR, AA */
    out[3] = 0;
    memset(out + 6, 0, 6);
    out[7] = 1;
    memcpy(out + d->question_len, record, sizeof record);
    return d->question_len + sizeof record;
}

static void test_reply_rcode(const struct test_datagram *d, uint8_t flags, uint8_t rcode)
{
    uint8_t out[1024];
    test_answer(d, out);
    out[2] |= flags;
    out[3] = rcode;
    out[7] = 0;
    test_reply(d, out, d->question_len);
}

static bool test_forge_first(const struct test_datagram *d, const uint8_t *answer, size_t len)
{
    uint8_t forged[1100];
    memcpy(forged, answer, len);
    forged[len - 1] = 66; /* what a victim would be sent to */
    if (test_is(d, "wrongid"))
        forged[1] ^= 1;
    else if (test_is(d, "wrongname"))
        forged[14] ^= 2;
    else if (test_is(d, "noqr"))
        forged[2] &= 0x7f;
    else
        return false;
    test_reply(d, forged, len);
    test_sleep_ms(50);
    return true;
}

static bool test_seen_before(const struct test_datagram *d)
{
    static uint8_t last[256];
    bool seen = memcmp(last, d->bytes + 12, d->question_len - 12) == 0;
    memcpy(last, d->bytes + 12, d->question_len - 12);
    return seen;
}

static void test_play(const struct test_datagram *d)
{
    uint8_t answer[1100];
    size_t len = test_answer(d, answer);
    if (test_is(d, "drop") || (test_is(d, "drop1") && !test_seen_before(d)))
        return;
    if (test_is(d, "formerr") && d->len > d->question_len) {
        memset(answer + 4, 0, 8);
        answer[3] = 1;
        test_reply(d, answer, 12);
    } else if (test_is(d, "garbage")) {
        answer[len - 5] = 200; /* rdlength beyond the end */
        test_reply(d, answer, len);
    } else if (test_is(d, "servfail") || test_is(d, "refused")) {
        test_reply_rcode(d, 0, test_is(d, "servfail") ? 2 : 5);
    } else if (test_is(d, "tc")) {
        test_reply_rcode(d, 2, 0);
    } else {
        test_forge_first(d, answer, len);
        if (test_is(d, "late"))
            test_sleep_ms(700);
        test_reply(d, answer, len);
    }
}

static MU_NORETURN void test_peer_serve(int fd)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        struct test_datagram d = {.fd = fd};
        socklen_t from_len = sizeof d.from;
        ssize_t got = recvfrom(fd, d.bytes, 512, 0, (struct sockaddr *)&d.from, &from_len);
        if (got < 17)
            continue;
        d.len = (size_t)got;
        d.question_len = 12;
        while (d.question_len < d.len && d.bytes[d.question_len])
            d.question_len += 1 + (size_t)d.bytes[d.question_len];
        d.question_len += 5;
        if (d.question_len <= d.len && d.question_len < 280)
            test_play(&d);
    }
}

MU_UNUSED static pid_t test_peer_start(const char *address, uint16_t port)
{
    int fd = test_bind(SOCK_DGRAM, address, port);
    if (fd < 0)
        abort();
    pid_t pid = fork();
    if (pid == 0)
        test_peer_serve(fd);
    close(fd);
    return pid;
}

#endif
