/* SPDX-License-Identifier: MIT
 *
 * TXT records as policies are written into them. Pure. */
#ifndef MU_MAIL_TXT_H
#define MU_MAIL_TXT_H

#include <jansson.h>
#include <stdbool.h>

/* dns.query or dns.raw could tell: there are such records, or there are none (NODATA, NXDOMAIN). */
bool mu_mail_dns_told(const json_t *result);

/* A record as dns.query shows it, "\"v=spf1 \" \"-all\"", with its strings joined (RFC 7208, 3.3); new. Octets beyond ASCII
 * and NUL become DEL, which no policy has. */
char *mu_mail_txt_join(const char *shown);

/* "v=DKIM1; k=rsa; p=..." (RFC 6376, 3.2): the next tag of *rest, which is cut up; without blanks at the ends of both; value NULL:
 * there is no "=". Empty ones are passed over. False: behind the last. */
struct mu_mail_tag {
    char *name, *value;
};
bool mu_mail_tag_next(char **rest, struct mu_mail_tag *);
/* In place, without the blanks at its ends. */
char *mu_mail_trim(char *text);

#endif
