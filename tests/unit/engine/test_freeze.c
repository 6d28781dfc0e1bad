/* SPDX-License-Identifier: MIT
 *
 * What a freeze covers: the zone and what lies below it, by name or by a URL's host; nothing beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/run.h"

static void covers_zone_and_below(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *target;
        bool covers;
    } cases[] = {
        {"example.com", "example.com", true},
        {"example.com", "www.example.com", true},
        {"example.com", "_dmarc.example.com", true},
        {"example.com", "notexample.com", false},
        {"example.com", "com", false},
        {"www.example.com", "example.com", false},
        {"*.example.com", "www.example.com", true}, /* of an earlier muster */
        {"*.example.com", "notexample.com", false},
        {"example.com", "https://example.com", true},
        {"example.com", "https://api.example.com:8443/v1?x=example.org", true},
        {"example.com", "https://ana@api.example.com/", true},
        {"example.com", "https://example.org/example.com", false},
        {"example.com", "https://example.org/?to=a@example.com", false},
        {"example.com", "https://API.Example.COM/", true},
        {"example.com", "https://api.example.com./", true},
        {"example.com", "https://api.exampl%65.com:443/", true},
        {"example.com", "https://api%2eexample.com", true},
        {"example.com",
         "https://api\xe3\x80\x82"
         "example\xe3\x80\x82"
         "com/",
         true},
        {"example.com", "https://a@b@example.com/", true},
        {"example.com", "https://example.com\\@example.org/", true},
        {"example.com", "EXAMPLE.com.", true},
        {"example.com", "_DMARC.Example.com", true},
        {"example.com", "https://example.com.example.org/", false},
        {"example.com", "https://%00example.org/", false},
        {"example.com", "https://[2001:db8::1]:8443/", false},
        {"xn--bcher-kva.example",
         "https://b\xc3\xbc"
         "cher.example/",
         true},
        {"xn--bcher-kva.example",
         "https://B\xc3\x9c"
         "CHER.example/",
         true},
        {"xn--bcher-kva.example", "https://XN--BCHER-KVA.example/", true},
        {"example.com", "stakeholders", false},
        {"example.com", "", false},
        {"example.com", NULL, false},
        {"", NULL, true},
        {"", "anything", true},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++)
        if (mu_freeze_covers(cases[i].zone, cases[i].target) != cases[i].covers)
            fail_msg("[%s] on [%s]", cases[i].zone, cases[i].target ? cases[i].target : "NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(covers_zone_and_below)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
