/* SPDX-License-Identifier: MIT
 *
 * What the system says about names: /etc/resolv.conf (resolv.conf(5)) and /etc/hosts (hosts(5)), as
 * text in, tables out. Search lists and options are left alone on purpose: muster asks whole names,
 * with its own timeouts. Lines that are not understood are skipped, as libc does. */
#include "io/dns_internal.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define BLANKS " \t\r"

void mu_dns_server_set(struct mu_dns_server *server, const struct sockaddr *addr)
{
    bool v6 = addr->sa_family == AF_INET6;
    memset(server, 0, sizeof *server);
    memcpy(&server->addr, addr, v6 ? sizeof server->addr.v6 : sizeof server->addr.v4);
    mu_addr_text(&server->addr.any, true, server->name);
}

/* "fe80::1%eth0": the zone is an interface name (RFC 4007 11), which mu_addr_parse does not take.
 */
static bool parse_nameserver(char *text, struct sockaddr_storage *out)
{
    char *zone = strchr(text, '%');
    if (zone)
        *zone++ = '\0';
    if (!mu_addr_parse(text, 53, out))
        return false;
    if (zone && out->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)out)->sin6_scope_id = if_nametoindex(zone);
    return true;
}

size_t mu_dns_config_resolv(const char *text, struct mu_dns_server *out)
{
    char *copy = mu_xstrdup(text), *line_end, *word_end;
    size_t count = 0;
    for (char *line = strtok_r(copy, "\n", &line_end); line;
         line = strtok_r(NULL, "\n", &line_end)) {
        char *word = strtok_r(line, BLANKS, &word_end);
        char *address =
            word && strcmp(word, "nameserver") == 0 ? strtok_r(NULL, BLANKS, &word_end) : NULL;
        struct sockaddr_storage addr;
        if (address && count < MU_DNS_SERVERS && parse_nameserver(address, &addr))
            mu_dns_server_set(&out[count++], (struct sockaddr *)&addr);
    }
    free(copy);
    return count;
}

static void add_host(struct mu_dns_hosts *hosts, const char *name,
                     const struct sockaddr_storage *addr)
{
    struct mu_dns_host_entry entry = {.addr = *addr};
    if (hosts->count == MU_DNS_HOSTS_MAX || mu_name_host(name, entry.name, NULL) != MU_OK)
        return;
    if ((hosts->count & (hosts->count - 1)) == 0) /* grows at every power of two */
        hosts->list = mu_xrealloc(hosts->list, hosts->count ? hosts->count * 2 : 1, sizeof entry);
    hosts->list[hosts->count++] = entry;
}

static void add_hosts_line(struct mu_dns_hosts *hosts, char *line)
{
    char *end, *word;
    struct sockaddr_storage addr;
    line[strcspn(line, "#")] = '\0';
    word = strtok_r(line, BLANKS, &end);
    if (word == NULL || !mu_addr_parse(word, 0, &addr))
        return;
    while ((word = strtok_r(NULL, BLANKS, &end)))
        add_host(hosts, word, &addr);
}

void mu_dns_config_hosts(const char *text, struct mu_dns_hosts *out)
{
    char *copy = mu_xstrdup(text), *end;
    *out = (struct mu_dns_hosts){0};
    for (char *line = strtok_r(copy, "\n", &end); line; line = strtok_r(NULL, "\n", &end))
        add_hosts_line(out, line);
    free(copy);
}

void mu_dns_hosts_fini(struct mu_dns_hosts *hosts)
{
    free(hosts->list);
    *hosts = (struct mu_dns_hosts){0};
}

char *mu_dns_config_file(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = mu_xcalloc(1, MU_LIMIT_FILE + 1);
    size_t len = fread(text, 1, MU_LIMIT_FILE, file);
    fclose(file);
    return mu_xrealloc(text, len + 1, 1); /* calloc: already ends with NUL */
}
