/* SPDX-License-Identifier: MIT
 *
 * Signals of an executor, on its loop: SIGUSR1 pokes it (somebody wrote into the control store; only
 * a hint), SIGTERM asks it to leave in good order. */
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "base/mem.h"
#include "engine/internal.h"

struct signals {
    uv_signal_t poke, leave;
    int closed;
};

/* Until the loop listens, a poke may not end the process; a file that may not grow is an error that
 * write() reports. */
void signals_ignore(void)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static void on_poke(uv_signal_t *handle, int number)
{
    (void)number;
    run_look_into_store(handle->data);
}

static void on_leave(uv_signal_t *handle, int number)
{
    (void)number;
    run_stop(handle->data, STOP_LEAVE, "left", "the executor was asked to leave");
}

static void start(uv_signal_t *handle, uv_signal_cb cb, int number)
{
    uv_signal_start(handle, cb, number);
    uv_unref((uv_handle_t *)handle);
}

static void init(struct run *run, uv_signal_t *handle)
{
    uv_signal_init(mu_loop_uv(run->loop), handle);
    handle->data = run;
}

void signals_listen(struct run *run)
{
    if (run->store == NULL)
        return;
    run->signals = MU_NEW(struct signals);
    init(run, &run->signals->poke);
    init(run, &run->signals->leave);
    start(&run->signals->poke, on_poke, SIGUSR1);
    if (run->world !=
        &mu_world_sim) /* nobody would go on with that one: it ends as any program does */
        start(&run->signals->leave, on_leave, SIGTERM);
}

static void closed(uv_handle_t *handle)
{
    struct signals *signals = handle->data;
    if (++signals->closed == 2)
        free(signals);
}

/* libuv leaves the default behind, and that of SIGUSR1 is to die: a poke may come until the very end,
 * while the journal is sealed. Held back meanwhile, it is dropped when it is ignored again. */
void signals_stop(struct run *run)
{
    struct signals *signals = run->signals;
    sigset_t poke, before;
    if (signals == NULL)
        return;
    sigemptyset(&poke);
    sigaddset(&poke, SIGUSR1);
    sigprocmask(SIG_BLOCK, &poke, &before);
    run->signals = NULL;
    signals->poke.data = signals->leave.data = signals;
    uv_close((uv_handle_t *)&signals->poke, closed);
    uv_close((uv_handle_t *)&signals->leave, closed);
    signals_ignore();
    sigprocmask(SIG_SETMASK, &before, NULL);
}
