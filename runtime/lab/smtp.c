/* SPDX-License-Identifier: MIT
 *
 * SMTP hosts and their states; see smtp.h. */
#include "lab/smtp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "lab/event.h"
#include "lab/net.h"
#include "lab/smtp_session.h"

#define BACKLOG 128

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        mu_lab_smtp_session_start(listener->data, listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
    free(handle);
}

static void close_port(struct mu_lab_smtp_host *host)
{
    if (host->listener != NULL)
        uv_close((uv_handle_t *)host->listener, on_listener_closed);
    host->listener = NULL;
}

static enum mu_err open_port(struct mu_lab_smtp_host *host, struct mu_fail *fail)
{
    if (host->listener != NULL)
        return MU_OK;
    int fd = mu_lab_bind_again(host->plan->address, host->smtp->port);
    if (fd < 0)
        return mu_fail_set(fail, MU_NET, "the lab can't open %s:%u again: %s", host->plan->address,
                           host->smtp->port, uv_strerror(uv_translate_sys_error(errno)));
    host->listener = MU_NEW(uv_tcp_t);
    uv_tcp_init(host->smtp->loop, host->listener);
    host->listener->data = host;
    int err = uv_tcp_open(host->listener, fd);
    if (err != 0)
        close(fd);
    else
        err = uv_listen((uv_stream_t *)host->listener, BACKLOG, on_connection);
    if (err == 0)
        return MU_OK;
    close_port(host);
    return mu_fail_set(fail, MU_NET, "the lab can't listen on %s:%u: %s", host->plan->address,
                       host->smtp->port, uv_strerror(err));
}

enum mu_err mu_lab_smtp_set(struct mu_lab_smtp_host *host, enum mu_lab_state state,
                            struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    if (state == MU_LAB_REFUSE)
        close_port(host);
    else
        err = open_port(host, fail);
    if (err != MU_OK)
        return err;
    host->state = state;
    mu_lab_smtp_sessions_abort(host);
    mu_lab_event(host->smtp->observer, host->plan->name, "is now \"%s\": %s",
                 mu_lab_state_word(state), mu_lab_state_what(state));
    return MU_OK;
}

struct mu_lab_smtp_host *mu_lab_smtp_find(struct mu_lab_smtp *smtp, const char *name)
{
    for (size_t i = 0; i < MU_LAB_HOSTS; i++) {
        const char *own = smtp->hosts[i].plan->name;
        size_t label = strcspn(own, ".");
        if (strcasecmp(own, name) == 0 ||
            (strlen(name) == label && strncasecmp(own, name, label) == 0))
            return &smtp->hosts[i];
    }
    return NULL;
}

static enum mu_err start_host(struct mu_lab_smtp *smtp, size_t i, int reserved,
                              struct mu_lab_tls *tls, struct mu_fail *fail)
{
    struct mu_lab_smtp_host *host = &smtp->hosts[i];
    host->plan = &mu_lab_plan_hosts[i];
    host->smtp = smtp;
    host->reserved = reserved;
    enum mu_err err = mu_lab_tls_host(tls, host->plan->name, host->plan->address, &host->tls, fail);
    return err ? err : open_port(host, fail);
}

enum mu_err mu_lab_smtp_start(struct mu_lab_smtp *smtp, struct mu_lab_tls *tls,
                              struct mu_fail *fail)
{
    struct mu_lab_bind binds[MU_LAB_HOSTS];
    for (size_t i = 0; i < MU_LAB_HOSTS; i++) {
        binds[i] = (struct mu_lab_bind){mu_lab_plan_hosts[i].address, SOCK_STREAM, -1};
        smtp->hosts[i].reserved = -1;
    }
    enum mu_err err = mu_lab_bind_all(binds, MU_LAB_HOSTS, &smtp->port, fail);
    for (size_t i = 0; i < MU_LAB_HOSTS && err == MU_OK; i++) {
        err = start_host(smtp, i, binds[i].fd, tls, fail);
        binds[i].fd = -1;
    }
    if (err != MU_OK)
        mu_lab_bind_close(binds, MU_LAB_HOSTS);
    return err;
}

void mu_lab_smtp_stop(struct mu_lab_smtp *smtp)
{
    for (size_t i = 0; i < MU_LAB_HOSTS; i++) {
        close_port(&smtp->hosts[i]);
        mu_lab_smtp_sessions_abort(&smtp->hosts[i]);
    }
}

void mu_lab_smtp_fini(struct mu_lab_smtp *smtp)
{
    for (size_t i = 0; i < MU_LAB_HOSTS; i++) {
        struct mu_lab_smtp_host *host = &smtp->hosts[i];
        assert(host->sessions == NULL);
        if (host->smtp != NULL && host->reserved >= 0)
            close(host->reserved);
        SSL_CTX_free(host->tls);
    }
}
