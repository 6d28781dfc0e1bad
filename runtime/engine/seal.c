/* SPDX-License-Identifier: MIT
 *
 * Behind the end of a run. Its file becomes the whole evidence, and is replayed once offline (J9). Nobody
 * waits for that, and other runs may be at work in the same incident: it gives way to them, at a
 * lower priority and one run of a state folder at a time. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/internal.h"

#define NICE          5
#define TURN_MS       10000 /* then it seals beside the others: one of them may be stopped */
#define LOOK_FIRST_MS 5
#define LOOK_MOST_MS  100

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* The state folder itself is what they lock; closing the descriptor passes the turn on. -1: none is needed. */
static int wait_for_turn(const char *state_dir)
{
    int fd = state_dir ? open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int64_t until = mu_clock_mono_ms() + TURN_MS, look_ms = LOOK_FIRST_MS;
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || mu_clock_mono_ms() > until)
            break;
        pause_ms(look_ms);
        look_ms = look_ms * 2 > LOOK_MOST_MS ? LOOK_MOST_MS : look_ms * 2;
    }
    return fd;
}

static void seal(struct mu_journal *journal, const char *name)
{
    struct mu_fail fail;
    if (mu_journal_seal(journal, &fail) != MU_OK)
        mu_error("engine", "%s has ended and is not sealed: %s; muster resume %s tries again", name,
                 fail.text, name);
}

static void verify(struct mu_journal *journal, const struct mu_config *config, const char *name)
{
    struct mu_fail fail;
    enum mu_err err = mu_run_verify(journal, config, &fail);
    if (err == MU_STORAGE)
        mu_error("engine",
                 "%s has ended and can't be read to be replayed: %s; muster verify %s tries "
                 "again",
                 name, fail.text, name);
    else if (err != MU_OK)
        mu_error("engine",
                 "%s: the offline replay differs; this is a bug of muster, please report it: %s",
                 name, fail.text);
}

void seal_behind(struct mu_journal *journal, const struct mu_execute *how, const char *name)
{
    bool in_a_file = how->journal == NULL;
    int turn = -1;
    if (in_a_file) {
        (void)!setpriority(PRIO_PROCESS, 0, NICE);
        turn = wait_for_turn(how->state_dir);
    }
    seal(journal, name);
    verify(journal, how->config, name);
    if (turn >= 0)
        close(turn);
}
