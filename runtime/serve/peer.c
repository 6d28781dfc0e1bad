/* SPDX-License-Identifier: MIT
 *
 * Who is at the other end of the socket: the kernel's word, not the peer's. And who may be there at all: the
 * socket's group. */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "serve/internal.h"

bool peer_of(int fd, struct mu_peer *peer)
{
    struct ucred ucred;
    socklen_t len = sizeof ucred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) != 0 || len != sizeof ucred)
        return false;
    *peer = (struct mu_peer){.uid = ucred.uid, .pid = ucred.pid};
    return true;
}

/* A group that is named must be able to reach the socket; a folder that one may write is that group's. */
static enum mu_err find_group(const struct mu_config *config, const char *path, gid_t *gid,
                              bool *shared, struct mu_fail *fail)
{
    struct stat info;
    const char *name = json_string_value(mu_config_at(config->values, "serve.group"));
    char *copy = mu_xstrdup(path);
    const char *dir = dirname(copy);
    const struct group *group = name ? getgrnam(name) : NULL;
    enum mu_err err = MU_OK;
    if (stat(dir, &info) != 0)
        err =
            mu_fail_set(fail, MU_STORAGE, "the folder of the socket %s: %s", path, strerror(errno));
    else if (name && group == NULL)
        err = mu_fail_set(fail, MU_CONFIG,
                          "serve.group: there is no group %s on this machine: "
                          "addgroup --system %s",
                          name, name);
    else if (group && !(info.st_mode & S_IXOTH) &&
             !(info.st_gid == group->gr_gid && (info.st_mode & S_IXGRP)))
        err = mu_fail_set(fail, MU_CONFIG,
                          "group %s can't reach the socket %s: chgrp %s %s; chmod g+x %s, or name "
                          "another place with serve.socket",
                          name, path, name, dir, dir);
    *shared = err == MU_OK && (group != NULL || (info.st_mode & S_IWGRP));
    *gid = group ? group->gr_gid : info.st_gid;
    free(copy);
    return err;
}

enum mu_err peer_admit(const struct mu_config *config, const char *path, struct mu_fail *fail)
{
    gid_t gid;
    bool shared;
    enum mu_err err = find_group(config, path, &gid, &shared, fail);
    if (err != MU_OK || !shared)
        return err;
    if (chown(path, (uid_t)-1, gid) != 0 || chmod(path, 0660) != 0)
        return mu_fail_set(fail, MU_CONFIG,
                           "the socket %s can't be given to its group: %s (muster serve must run "
                           "as a member of it)",
                           path, strerror(errno));
    return MU_OK;
}
