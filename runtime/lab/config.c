/* SPDX-License-Identifier: MIT
 *
 * Writing muster.lua; see config.h. */
#include "lab/config.h"

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/place.h"
#include "lab/files.h"
#include "lab/plan.h"

static void add_string(struct mu_buf *out, const char *text)
{
    mu_buf_addc(out, '"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            mu_buf_addf(out, "\\%c", *p);
        else if ((unsigned char)*p < 0x20 || *p == 0x7f)
            mu_buf_addf(out, "\\%03u", (unsigned)(unsigned char)*p);
        else
            mu_buf_addc(out, *p);
    }
    mu_buf_addc(out, '"');
}

/* ---- who sits here ---- */

struct me {
    char account[64], name[128];
};

/* The first field of GECOS is the name, chfn(1). */
static struct me whoami(void)
{
    struct me me = {.account = "me", .name = ""};
    struct passwd entry, *found = NULL;
    char buf[4096];
    if (getpwuid_r(geteuid(), &entry, buf, sizeof buf, &found) == 0 && found != NULL) {
        snprintf(me.account, sizeof me.account, "%s", found->pw_name);
        snprintf(me.name, sizeof me.name, "%.*s", (int)strcspn(found->pw_gecos, ","),
                 found->pw_gecos);
    }
    if (me.name[0] == '\0')
        snprintf(me.name, sizeof me.name, "%s", me.account);
    return me;
}

/* "push:KEY", then "relay:KEY@example.net". */
static void add_person(struct mu_buf *out, const char *key, const char *name, const char *teams)
{
    char *push = mu_xasprintf("push:%s", key), *mail = mu_xasprintf("relay:%s@example.net", key);
    mu_buf_adds(out, "    [");
    add_string(out, key);
    mu_buf_adds(out, "] = {\n      name = ");
    add_string(out, name);
    mu_buf_adds(out, ", account = ");
    add_string(out, key);
    mu_buf_addf(out, ",\n      teams = { %s },\n      contact = { ", teams);
    add_string(out, push);
    mu_buf_adds(out, ", ");
    add_string(out, mail);
    mu_buf_adds(out, " },\n    },\n");
    free(push);
    free(mail);
}

static const struct {
    const char *key, *name;
} colleagues[] = {{"ana", "Ana Ruiz"}, {"bo", "Bo Lindgren"}};

static bool is_me(const struct me *me, size_t i)
{
    return strcmp(colleagues[i].key, me->account) == 0;
}

static void add_people(struct mu_buf *out, const struct me *me)
{
    mu_buf_adds(out, "\n  -- You may approve and are paged first; two invented colleagues beside.\n"
                     "  people = {\n");
    add_person(out, me->account, me->name,
               "\"incident-lead\", \"duty-manager\", \"mail-platform\"");
    for (size_t i = 0; i < MU_COUNT(colleagues); i++)
        if (!is_me(me, i))
            add_person(out, colleagues[i].key, colleagues[i].name, "\"mail-platform\"");
    mu_buf_adds(out, "  },\n");
}

static void add_rung(struct mu_buf *out, const char *who, const char *ack_within)
{
    mu_buf_adds(out, "      { page = ");
    add_string(out, who);
    mu_buf_addf(out, ", ack_within = \"%s\" },\n", ack_within);
}

static void add_audiences(struct mu_buf *out, const struct me *me)
{
    mu_buf_adds(out, "\n  -- Who is meant by a word; an inner list is tried in order.\n"
                     "  audiences = {\n"
                     "    stakeholders = { \"status\", { \"push:board\", "
                     "\"relay:board@example.net\" } },\n"
                     "    everyone = { \"status\", \"hook\", \"mail-platform\" },\n"
                     "  },\n  ladders = {\n    [\"mail-oncall\"] = {\n");
    add_rung(out, me->account, "5m");
    for (size_t i = 0; i < MU_COUNT(colleagues); i++)
        if (!is_me(me, i))
            add_rung(out, colleagues[i].key, "5m");
    mu_buf_adds(out, "    },\n    [\"duty-manager\"] = {\n");
    add_rung(out, me->account, "10m");
    mu_buf_adds(out, "    },\n  },\n");
}

/* ---- the range ---- */

/* before "DIR/what" after */
static void add_path(struct mu_buf *out, const char *before, const struct mu_lab_range *range,
                     const char *what, const char *after)
{
    char *path = mu_xasprintf("%s/%s", range->dir, what);
    mu_buf_adds(out, before);
    add_string(out, path);
    mu_buf_adds(out, after);
    free(path);
}

static void add_places(struct mu_buf *out, const struct mu_lab_range *range)
{
    mu_buf_adds(out, "-- Written by `muster lab` at each start: the ports are new each time.\n"
                     "-- Put settings of your own into muster.d/NAME.lua beside this file, and\n"
                     "-- playbooks of your own into playbooks/.\nreturn {\n");
    add_path(out, "  state = ", range, "state", ",\n");
    if (*range->playbooks != '\0') {
        mu_buf_adds(out, "  playbooks = { ");
        add_string(out, range->playbooks);
        mu_buf_adds(out, " },\n");
    }
}

static void add_network(struct mu_buf *out, const struct mu_lab_range *range)
{
    const struct mu_lab_plan_host *control = mu_lab_plan_host("control");
    mu_buf_addf(out,
                "\n  -- All addresses are on loopback.\n"
                "  dns = {\n    resolvers = { \"%s:%u\" },\n    port = %u, -- of ns1 and ns2\n"
                "    timeout = \"1s\",\n  },\n"
                "  smtp = {\n    port = %u,\n    helo = \"muster.example.net\",\n"
                "    from = \"probe@example.net\",\n"
                "    control = { \"%s:%u\" }, -- %s, not ours: \"is it me?\"\n"
                "    connect_timeout = \"3s\",\n    phase_timeout = \"3s\",\n  },\n",
                MU_LAB_RESOLVER_ADDRESS, range->dns_port, range->dns_port, range->smtp.port,
                control->address, range->smtp.port, control->name);
    add_path(out, "  tls = { ca_file = ", range, "tls/ca.pem", " },\n");
}

static void add_domains(struct mu_buf *out, const struct mu_lab_range *range)
{
    mu_buf_addf(
        out,
        "\n  domains = {\n    [\"example.com\"] = {\n      provider = \"lab\",\n"
        "      primary = { \"%s\", \"%s\" },\n      standby = \"%s\",\n"
        "      recipient = \"postmaster@example.com\",\n    },\n"
        "    [\"drill.example.net\"] = { provider = \"lab\" },\n"
        "  },\n"
        "  -- Where the acts of a drill go: `muster drill mx-failover domain=example.com`.\n"
        "  drill = {\n    zones = { [\"example.com\"] = \"drill.example.net\" },\n"
        "    channels = { push = \"push\", relay = \"relay\", status = \"push:drill\" },\n"
        "  },\n"
        "  -- Plays PowerDNS: the same API, the same errors.\n"
        "  providers = {\n    lab = {\n      driver = \"powerdns\",\n"
        "      url = \"%s\",\n      server = \"localhost\",\n",
        mu_lab_plan_host("mx1")->name, mu_lab_plan_host("mx2")->name,
        mu_lab_plan_host("standby")->name, range->api_url);
    add_path(out, "      key = secret.file ", range, "keys/api", ",\n    },\n  },\n");
}

static void add_channels(struct mu_buf *out, const struct mu_lab_range *range)
{
    mu_buf_addf(out,
                "\n  -- Everything sent ends in the inbox: `muster lab inbox`.\n"
                "  channels = {\n    relay = {\n      kind = \"email\",\n"
                "      relay = \"%s:%u\",\n"
                "      from = \"muster@example.net\",\n      user = \"%s\",\n",
                mu_lab_plan_host("relay")->name, range->smtp.port, MU_LAB_RELAY_USER);
    add_path(out, "      password = secret.file ", range, "keys/relay",
             ",\n      tls = \"require\",\n    },\n");
    mu_buf_addf(out,
                "    status = { kind = \"slack\", url = \"%s/slack/status\" },\n"
                "    push = {\n      kind = \"ntfy\",\n      url = \"%s/ntfy\",\n",
                range->inbox_url, range->inbox_url);
    /* The inbox asks for none; but without a token the topic is the secret, and would be hidden. */
    add_path(out, "      token = secret.file ", range, "keys/hook", ",\n    },\n");
    mu_buf_addf(out, "    hook = {\n      kind = \"webhook\",\n      url = \"%s/webhook/hook\",\n",
                range->inbox_url);
    add_path(out, "      secret = secret.file ", range, "keys/hook", ",\n    },\n  },\n");
}

enum mu_err mu_lab_config_write(const struct mu_lab_range *range, struct mu_fail *fail)
{
    const struct {
        const char *name, *secret;
    } keys[] = {
        {"api", range->api_key}, {"relay", range->relay_password}, {"hook", range->hook_secret}};
    char *folder = mu_xasprintf("%s/keys", range->dir);
    enum mu_err err = mu_lab_folder_make(folder, fail);
    for (size_t i = 0; i < MU_COUNT(keys) && err == MU_OK; i++)
        err = mu_lab_file_write(folder, keys[i].name, keys[i].secret, strlen(keys[i].secret), fail);
    free(folder);
    if (err != MU_OK)
        return err;
    struct me me = whoami();
    struct mu_buf text = {0};
    add_places(&text, range);
    add_network(&text, range);
    add_domains(&text, range);
    add_channels(&text, range);
    add_people(&text, &me);
    add_audiences(&text, &me);
    mu_buf_adds(&text, "}\n");
    err = mu_lab_file_write(range->dir, "muster.lua", mu_buf_text(&text), text.len, fail);
    mu_buf_free(&text);
    return err;
}

/* ---- where the playbooks are ---- */

char *mu_lab_config_playbooks(const char *given)
{
    char path[PATH_MAX];
    if (given != NULL)
        return mu_xstrdup(realpath(given, path) ? path : given);
    return mu_place_playbooks();
}
