/* SPDX-License-Identifier: MIT
 *
 * One record's content, judged as PowerDNS's API judges it: parsed, printed again and compared, so
 * that "10 mx1.example.com" (no final dot) is refused with the words PowerDNS 4.7 uses. */
#ifndef MU_LAB_RECORD_H
#define MU_LAB_RECORD_H

#include <stdbool.h> /* first: without it ldns.h makes bool a signed char */

#include <ldns/ldns.h>
#include <stdint.h>

#include "base/err.h"

/* name: canonical, with final dot. type as text ("MX"). On success *out is the record and
 * *canonical its content (both the caller's); else MU_USAGE and PowerDNS's sentence. */
enum mu_err mu_lab_record_parse(const char *name, const char *type, uint32_t ttl,
                                const char *content, ldns_rr **out, char **canonical,
                                struct mu_fail *fail);

/* The content as text: the fields, one space between. New text. */
char *mu_lab_record_content(const ldns_rr *);

/* "MX" → its number, 0 when it is no type that can stand in a zone. */
uint16_t mu_lab_record_type(const char *text);
/* The number as text; buf holds 16. */
const char *mu_lab_record_type_text(uint16_t type, char *buf);

#endif
