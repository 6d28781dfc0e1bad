/* SPDX-License-Identifier: MIT
 *
 * Which bytes count as a DNS message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "io/dns_packet.h"

#define QUESTION    "\7example\0\0\x0f\0\1"
#define MX          "\xc0\x0c\0\x0f\0\1\0\0\1\x2c\0\4\0\x0a\xc0\x0c"
#define OPT         "\0\0\x29\4\xd0\0\0\0\0\0\4\0\3\0\0" /* with an option: ldns copies it */
#define TSIG        "\1k\0\0\xfa\0\xff\0\0\0\0\0\x1d\x0bhmac-sha256\0\0\0\x6a\0\0\0\1\x2c\0\0\0\1\0\0\0\0"
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

struct row {
    const char *what;
    const uint8_t *bytes;
    size_t len;
    int answers; /* -1 = no message */
};

/* Under LeakSanitizer this also shows that ldns drops what it read of a refused message. */
static const struct row rows[] = {
    {"an answer", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\1" QUESTION MX OPT), 1},
    {"signed", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\2" QUESTION MX OPT TSIG), 1},
    {"two OPT", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\2" QUESTION MX OPT OPT), -1},
    {"two TSIG", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\2" QUESTION MX TSIG TSIG), -1},
    {"fewer records than it says", BYTES("\x12\x34\x81\x80\0\1\0\2\0\0\0\0" QUESTION MX), -1},
    {"rdata beyond the end",
     BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\0\0\x0f\0\1\0\0\0\0\0\x40"), -1},
    {"a name beyond the end", BYTES("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\x3fx"), -1},
    {"a pointer that is cut", BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0"), -1},
    {"a pointer to itself",
     BYTES("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x19\0\x0f\0\1\0\0\0\0\0\0"), -1},
    {"a header", BYTES("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"), 0},
    {"half a header", BYTES("\x12\x34\x81"), -1},
};

static void reads_messages_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        ldns_pkt *packet = mu_dns_packet_read(rows[i].bytes, rows[i].len);
        int answers = packet ? (int)ldns_rr_list_rr_count(ldns_pkt_answer(packet)) : -1;
        if (answers != rows[i].answers)
            fail_msg("%s: %d answers", rows[i].what, answers);
        ldns_pkt_free(packet);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_messages_only)};
    return cmocka_run_group_tests_name("io.dns_packet", tests, NULL, NULL);
}
