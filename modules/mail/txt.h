/* SPDX-License-Identifier: MIT
 *
 * TXT records as policies are written into them. Pure. */
#ifndef MU_MAIL_TXT_H
#define MU_MAIL_TXT_H

/* A record as dns.query shows it, "\"v=spf1 \" \"-all\"", with its strings joined (RFC 7208, 3.3); new. Octets beyond ASCII
 * and NUL become DEL, which no policy has. */
char *mu_mail_txt_join(const char *shown);

#endif
