/* SPDX-License-Identifier: MIT
 *
 * Screens of `muster lab`; see lab_screen.h. */
#include "cli/lab_screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "lab/event.h"

#define EVENT_INDENT 22 /* "22:51:07  mx-standby  " */
#define TEXT_LINES   6

static const char *color_of_state(const char *state)
{
    if (strcmp(state, "up") == 0)
        return mu_cli_color("green");
    return mu_cli_color(strcmp(state, "greylist") == 0 || strcmp(state, "busy") == 0 ? "yellow"
                                                                                     : "red");
}

static void show_host(const json_t *host)
{
    const char *state = mu_json_str(host, "state", "?");
    char where[32];
    snprintf(where, sizeof where, "%s:%d", mu_json_str(host, "address", ""),
             (int)mu_json_int(host, "port", 0));
    say("  %-24s%-18s%s%-10s%s%s\n", mu_json_str(host, "name", ""), where, color_of_state(state),
        state, mu_cli_color("reset"), mu_json_str(host, "role", ""));
}

char *lab_mx_text(const json_t *status, const char *zone)
{
    const json_t *info = mu_json_get(mu_json_get(status, "zones"), zone);
    const json_t *mx = mu_json_get(info, "mx");
    struct mu_buf text = {0};
    size_t i;
    json_t *record;
    json_array_foreach(mx, i, record)
        mu_buf_addf(&text, "%s%d %s", i ? ", " : "MX ", (int)mu_json_int(record, "preference", 0),
                    mu_json_str(record, "host", ""));
    if (text.len == 0)
        mu_buf_adds(&text, "no MX");
    else
        mu_buf_addf(&text, " (TTL %d)", (int)mu_json_int(info, "ttl", 0));
    return mu_buf_take(&text);
}

static void show_servers(const json_t *status)
{
    const json_t *dns = mu_json_get(status, "dns"), *servers = mu_json_get(dns, "servers");
    int port = (int)mu_json_int(dns, "port", 0);
    say("  %-24s%s:%d\n", "resolver", mu_json_str(dns, "resolver", ""), port);
    say("  %-24s%s:%d and %s:%d\n", "name servers ns1, ns2",
        json_string_value(json_array_get(servers, 0)), port,
        json_string_value(json_array_get(servers, 1)), port);
    say("  %-24s%s\n", "DNS provider (PowerDNS)",
        mu_json_str(mu_json_get(status, "api"), "url", ""));
    const json_t *inbox = mu_json_get(status, "inbox");
    int count = (int)mu_json_int(inbox, "count", 0);
    say("  %-24s%s/inbox, %d message%s\n", "inbox", mu_json_str(inbox, "url", ""), count,
        count == 1 ? "" : "s");
}

void lab_show_status(const json_t *status)
{
    size_t i;
    json_t *host;
    say("  %s%-24s%-18s%-10s%s%s\n", mu_cli_color("dim"), "mail host", "address", "state",
        "what it is", mu_cli_color("reset"));
    json_array_foreach(mu_json_get(status, "hosts"), i, host) show_host(host);
    say("\n");
    show_servers(status);
    char *mx = lab_mx_text(status, "example.com");
    say("\n  example.com  %s\n", mx);
    free(mx);
}

void lab_show_event(const char *who, const char *text)
{
    char when[MU_TIME_TEXT];
    mu_time_hms(mu_clock_real_ms(), when);
    say("%s%.8s%s  %-10.*s  ", mu_cli_color("dim"), when, mu_cli_color("reset"),
        (int)strcspn(who, "."), who);
    say_hanging(EVENT_INDENT, "%s\n", text);
}

/* A line at a time, indented; control characters of strangers never reach the terminal. */
static void show_text(const json_t *message)
{
    char *text = mu_xstrdup(mu_json_str(message, "text", ""));
    char *rest = text, *line = NULL;
    int shown = 0;
    if (*mu_json_str(message, "subject", "") == '\0')
        strsep(&rest, "\n"); /* stands in the subject's place already */
    while ((line = strsep(&rest, "\n")) != NULL && shown < TEXT_LINES) {
        mu_lab_printable(line);
        size_t len = strlen(line);
        if (len == 0 && (shown == 0 || rest == NULL))
            continue;
        say("       ");
        say_hanging(7, "%s\n", line);
        shown++;
    }
    const char *file = mu_json_str(message, "file", "");
    if (line != NULL && *line != '\0' && *file != '\0')
        say("       %s... the rest is in inbox/%s%s\n", mu_cli_color("dim"),
            strrchr(file, '/') ? strrchr(file, '/') + 1 : file, mu_cli_color("reset"));
    free(text);
}

static char *clean(const json_t *message, const char *key)
{
    char *text = mu_xstrdup(mu_json_str(message, key, ""));
    mu_lab_printable(text);
    return text;
}

static void show_message(const json_t *message, bool texts)
{
    int64_t at_ms = 0;
    char when[MU_TIME_TEXT] = "";
    if (mu_time_parse(mu_json_str(message, "at", ""), &at_ms))
        mu_time_hms(at_ms, when);
    char *to = clean(message, "to"), *subject = clean(message, "subject");
    if (*subject == '\0') { /* what has no subject shows its first line */
        free(subject);
        const char *text = mu_json_str(message, "text", "");
        subject = mu_xstrndup(text, strcspn(text, "\r\n"));
        mu_lab_printable(subject);
    }
    say("  %3d  %.8s  %-8s %-20s %s", (int)mu_json_int(message, "id", 0), when,
        mu_json_str(message, "kind", ""), to, mu_cli_color("bold"));
    say_hanging(46, "%s\n", subject);
    say("%s", mu_cli_color("reset"));
    free(subject);
    free(to);
    if (texts)
        show_text(message);
}

void lab_show_inbox(const json_t *messages, bool texts)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        if (texts && i > 0)
            say("\n");
        show_message(message, texts);
    }
}
