/* SPDX-License-Identifier: MIT
 *
 * Who asks over the supervisor's socket; see serve.h. Who answers: socket.c. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/share.h"
#include "serve/internal.h"

#define ANSWER_MS  15000                           /* a reload reads every playbook there is */
#define COMMAND_MS (SOCKET_COMMAND_MS + ANSWER_MS) /* it may have to wait for its turn, too */

char *mu_serve_socket_path(const struct mu_config *config)
{
    const char *said = json_string_value(mu_config_at(config->values, "serve.socket"));
    if (said)
        return said[0] == '/' ? mu_xstrdup(said) : mu_xasprintf("%s/%s", config->dir, said);
    char *state = mu_config_state_dir(config), *path = mu_xasprintf("%s/serve.sock", state);
    free(state);
    return path;
}

static int connect_to(const char *path, struct mu_fail *fail)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int len = snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (len < (int)sizeof to.sun_path && fd >= 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    int why = len < (int)sizeof to.sun_path ? errno : ENAMETOOLONG;
    if (why == EACCES) {
        char obstacle[400];
        mu_share_obstacle(path, obstacle, sizeof obstacle);
        mu_fail_set(fail, MU_REFUSED,
                    "muster serve at %.300s is not for you%s%s: who is in its group may ask it",
                    path, obstacle[0] ? ": " : "", obstacle);
    } else {
        mu_fail_set(fail, MU_NET,
                    "nothing is watched and no schedule fires: no muster serve runs at %.300s "
                    "(%s)",
                    path, strerror(why));
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool read_answer(int fd, struct mu_buf *text, int64_t patience_ms)
{
    char bytes[8192];
    int64_t until = mu_clock_mono_ms() + patience_ms;
    while (text->len == 0 || text->data[text->len - 1] != '\n') {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int64_t left = until - mu_clock_mono_ms();
        if (text->full || left <= 0 || poll(&wait, 1, (int)left) <= 0)
            return false;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got <= 0)
            return false;
        mu_buf_add(text, bytes, (size_t)got);
    }
    return true;
}

enum mu_err mu_serve_ask(const char *path, const struct mu_question *question, json_t **out,
                         struct mu_fail *fail)
{
    struct mu_buf text = {.max = MU_LIMIT_BUF};
    int64_t patience_ms = question->kind == MU_ASK_COMMAND ? COMMAND_MS : ANSWER_MS;
    *out = NULL;
    char *line = mu_question_line(question);
    if (line == NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "that is too much to be asked at once: at most %d words, %u KiB",
                           MU_QUESTION_WORDS, MU_QUESTION_OCTETS >> 10);
    int fd = connect_to(path, fail);
    if (fd < 0) {
        free(line);
        return fail->class;
    }
    ssize_t len = (ssize_t)strlen(line);
    enum mu_err err = MU_OK;
    if (send(fd, line, (size_t)len, MSG_NOSIGNAL) != len || !read_answer(fd, &text, patience_ms))
        err =
            mu_fail_set(fail, MU_NET,
                        "muster serve at %.300s did not answer within %d s, or has too much to do",
                        path, (int)(patience_ms / 1000));
    else if ((*out = mu_json_parse(mu_buf_text(&text), text.len, fail)) == NULL)
        err = fail->class;
    free(line);
    mu_buf_free(&text);
    close(fd);
    return err;
}
