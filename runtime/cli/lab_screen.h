/* SPDX-License-Identifier: MIT
 *
 * What `muster lab` shows: hosts and states, what arrives, the inbox. Under 80 columns. */
#ifndef MU_CLI_LAB_SCREEN_H
#define MU_CLI_LAB_SCREEN_H

#include <jansson.h>
#include <stdbool.h>

/* The table of hosts, servers and zones from mu_lab_status(). */
void lab_show_status(const json_t *status);
/* "22:51:07  mx1         visit: ...", long texts wrapped under themselves. */
void lab_show_event(const char *who, const char *text);
/* Messages of mu_lab_inbox(): a line each, and with `texts` the first lines of what they say. */
void lab_show_inbox(const json_t *messages, bool texts);
/* "MX 10 mx1.example.com, 20 mx2.example.com (TTL 3600)" of a zone in the status; new text. */
char *lab_mx_text(const json_t *status, const char *zone);

#endif
