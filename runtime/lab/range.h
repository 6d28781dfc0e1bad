/* SPDX-License-Identifier: MIT
 *
 * The running range: what lab.c owns and control.c and config.c describe. Private to the folder. */
#ifndef MU_LAB_RANGE_H
#define MU_LAB_RANGE_H

#include <uv.h>

#include "lab/api.h"
#include "lab/dns.h"
#include "lab/http.h"
#include "lab/inbox.h"
#include "lab/lab.h"
#include "lab/secret.h"
#include "lab/smtp.h"
#include "lab/tls.h"
#include "lab/zone.h"

struct mu_lab_range {
    uv_loop_t loop;
    const struct mu_lab_observer *observer;
    char *dir;       /* absolute */
    char *playbooks; /* "" when none were found */
    int lock;        /* DIR/lab.lock, held while the range runs */
    struct mu_lab_zones zones;
    struct mu_lab_tls *tls;
    struct mu_lab_dns *dns;
    uint16_t dns_port;
    struct mu_lab_smtp smtp;
    struct mu_lab_inbox *inbox;
    struct mu_lab_api api;
    struct mu_lab_http *api_http, *inbox_http, *control_http;
    char *api_url, *inbox_url, *control_url;
    char api_key[MU_LAB_SECRET_TEXT], relay_password[MU_LAB_SECRET_TEXT],
        hook_secret[MU_LAB_SECRET_TEXT], token[MU_LAB_SECRET_TEXT];
};

#endif
