/* SPDX-License-Identifier: MIT
 *
 * Services for modules: the loop, the protocol clients made from muster.lua, and the functions of
 * module.h that answer from configuration and bundle. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"
#include "io/curl_late.h"
#include "io/dns.h"
#include "io/http.h"
#include "io/smtp.h"
#include "io/tls.h"

#define DESCRIPTORS 24 /* the loop and its pipes, sealing, one connection with room to spare */

/* A NULL-terminated list of the array's strings (borrowed texts, free the list); NULL when absent. */
static const char **text_list(const json_t *array)
{
    if (json_array_size(array) == 0)
        return NULL;
    const char **list = mu_xcalloc(json_array_size(array) + 1, sizeof *list);
    size_t i, n = 0;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        if (json_is_string(item))
            list[n++] = json_string_value(item);
    }
    return list;
}

static int milliseconds(const json_t *value)
{
    int64_t ms = 0;
    if (json_is_string(value) && mu_duration_parse(json_string_value(value), &ms) && ms < INT_MAX)
        return (int)ms;
    return json_is_integer(value) ? (int)json_integer_value(value) * 1000 : 0;
}

static enum mu_err open_dns(struct run *run, struct mu_fail *fail)
{
    const json_t *section = mu_config(&run->host, "dns");
    const char **resolvers = text_list(json_object_get(section, "resolvers"));
    const char **fallback = text_list(json_object_get(section, "fallback"));
    struct mu_dns_config config = {.resolvers = resolvers,
                                   .fallback = fallback,
                                   .authoritative_port = (uint16_t)mu_json_int(section, "port", 0),
                                   .timeout_ms = milliseconds(json_object_get(section, "timeout"))};
    enum mu_err err = mu_dns_new(run->loop, &config, &run->host.dns, fail);
    free(resolvers);
    free(fallback);
    return err;
}

static char *ca_file_of(const struct mu_config *config)
{
    const json_t *file = mu_config_at(config->values, "tls.ca_file");
    const char *path = json_string_value(file);
    if (path == NULL)
        return NULL;
    return path[0] == '/' ? mu_xstrdup(path) : mu_xasprintf("%s/%s", config->dir, path);
}

enum mu_err mu_run_warm(const struct mu_config *config, struct mu_fail *fail)
{
    char *ca_file = ca_file_of(config);
    struct mu_tls_trust *trust = mu_tls_trust_new(ca_file);
    enum mu_err err = mu_tls_trust_load(trust, fail);
    mu_tls_trust_free(trust); /* tls_trust.c keeps what was read */
    free(ca_file);
    return err;
}

/* libuv ends the process when it can't make its pipes, and a run that can't open one more file can't seal
 * its journal: without room for that nothing is begun. */
static enum mu_err check_descriptors(struct mu_fail *fail)
{
    int fds[DESCRIPTORS], count = 0;
    while (count < DESCRIPTORS && (fds[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    int errnum = errno;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    if (count == DESCRIPTORS)
        return MU_OK;
    return mu_fail_set(fail, MU_STORAGE,
                       "an executor needs %d more files open at once and could open %d (%s): raise "
                       "ulimit -n, then try again",
                       DESCRIPTORS, count, strerror(errnum));
}

/* While there is memory, and descriptors to open it with: in the middle of an incident there may be none. When it is
 * not there, whoever needs it says so. A replay and a simulated world send nothing. */
static void load_curl(const struct run *run)
{
    struct mu_fail ignored;
    if (run->sim == NULL && !run->verifying)
        (void)!mu_curl_load(&ignored);
}

enum mu_err host_open(struct run *run, struct mu_fail *fail)
{
    if (check_descriptors(fail) != MU_OK)
        return fail->class;
    char name[256] = "localhost";
    gethostname(name, sizeof name - 1);
    run->loop = mu_loop_new();
    run->host.loop = run->loop;
    run->host.config = run->config->values;
    run->host.config_dir = run->config->dir;
    if (open_dns(run, fail) != MU_OK)
        return fail->class;
    char *ca_file = ca_file_of(run->config);
    struct mu_http_config http = {.ca_file = ca_file};
    run->host.http = mu_http_new(run->loop, run->host.dns, &http);
    run->host.smtp =
        mu_smtp_new(run->loop, ca_file, mu_json_str(mu_config(&run->host, "smtp"), "helo", name));
    free(ca_file);
    load_curl(run);
    return MU_OK;
}

void host_close(struct run *run)
{
    if (run->loop == NULL)
        return;
    mu_smtp_free(run->host.smtp);
    mu_http_free(run->host.http);
    if (run->host.dns)
        mu_dns_free(run->host.dns);
    mu_loop_free(run->loop);
    run->loop = NULL;
}

/* --- module.h --- */

const json_t *mu_config(const struct mu_host *host, const char *path)
{
    return host->config ? mu_config_at(host->config, path) : NULL;
}

const char *mu_secret(const struct mu_host *host, const json_t *ref)
{
    (void)host;
    if (json_is_string(ref))
        return json_string_value(ref);
    const char *name = mu_json_str(ref, "$secret", NULL);
    return name ? mu_redact_secret(name) : NULL;
}

const char *mu_call_file(struct mu_call *call, const char *path, size_t *len)
{
    struct run *run = call_of(call)->run;
    return run->bundle ? mu_bundle_file(run->bundle, path, len) : NULL;
}
