/* SPDX-License-Identifier: MIT
 *
 * Where the control store may lie: a folder of ours on a local file system. SQLite's WAL needs
 * shared memory and flock needs one kernel; over a network both seem to work until two hosts meet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "store/store_internal.h"

#define FUSE_TYPE 0x65735546ul

static const struct {
    unsigned long type; /* statfs(2) */
    const char *name;
} network_types[] = {
    {0x6969, "NFS"},        {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},   {0x517b, "SMB"},
    {0x00c36400, "CephFS"}, {0x5346414f, "AFS"},  {0x6b414653, "AFS"},   {0x73757245, "Coda"},
    {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"}, {0x01021997, "9p"},    {0x564c, "NCP"},
    {0x7461636f, "OCFS2"},  {0x01161970, "GFS2"}, {0x19830326, "FhGFS"},
};

/* FUSE is local (ntfs-3g, mergerfs) or not; its sub-type tells. */
static const char *const network_fuses[] = {"fuse.sshfs",   "fuse.glusterfs", "fuse.s3fs",
                                            "fuse.rclone",  "fuse.davfs",     "fuse.ceph-fuse",
                                            "fuse.gcsfuse", "fuse.curlftpfs", "fuse.juicefs",
                                            "fuse.moosefs", "fuse.smbnetfs"};

const char *store_network_fs(unsigned long fs_type, const char *name)
{
    for (size_t i = 0; i < MU_COUNT(network_types); i++)
        if (network_types[i].type == (fs_type & 0xfffffffful))
            return network_types[i].name;
    for (size_t i = 0; fs_type == FUSE_TYPE && name && i < MU_COUNT(network_fuses); i++)
        if (strcmp(network_fuses[i], name) == 0)
            return network_fuses[i] + sizeof "fuse." - 1;
    return NULL;
}

/* One line of mountinfo, proc(5): "36 35 98:0 /root /mnt rw,noatime master:1 - fuse.sshfs src rw".
 */
static bool mount_line(const char *line, dev_t device, char type[64])
{
    unsigned major_number, minor_number;
    const char *dash = strstr(line, " - ");
    return dash && sscanf(line, "%*d %*d %u:%u", &major_number, &minor_number) == 2 &&
           makedev(major_number, minor_number) == device && sscanf(dash, " - %63s", type) == 1;
}

static void mount_type(const char *path, char type[64])
{
    struct stat st;
    char line[4096];
    type[0] = '\0';
    FILE *mounts = stat(path, &st) == 0 ? fopen("/proc/self/mountinfo", "re") : NULL;
    while (mounts && fgets(line, sizeof line, mounts))
        if (mount_line(line, st.st_dev, type))
            break;
    if (mounts)
        fclose(mounts);
}

static enum mu_err check_local(const char *dir, struct mu_fail *fail)
{
    struct statfs fs;
    char type[64] = "";
    if (statfs(dir, &fs) != 0)
        return mu_storage_fail(fail, dir, "looking at the state folder", NULL, errno);
    if ((unsigned long)fs.f_type == FUSE_TYPE)
        mount_type(dir, type);
    const char *network = store_network_fs((unsigned long)fs.f_type, type);
    if (network == NULL)
        return MU_OK;
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.400s: the state folder lies on a network file system (%s), where locks don't "
        "hold between hosts; point `state` in muster.lua, or $MUSTER_STATE, to a local disk",
        dir, network);
}

enum mu_err store_folder(const char *dir, char **real_out, struct mu_fail *fail)
{
    enum mu_err err = mu_storage_folder(dir, fail);
    if (err == MU_OK)
        err = check_local(dir, fail);
    if (err == MU_OK)
        err = mu_share_check(dir, fail);
    if (err != MU_OK)
        return err;
    char *real = realpath(dir, NULL);
    if (real == NULL)
        return mu_storage_fail(fail, dir, "finding the state folder", NULL, errno);
    char *runs = mu_xasprintf("%s/runs", real);
    err = mu_storage_folder(runs, fail);
    if (err == MU_OK && mu_share_folder(runs)) /* also when it is shared only now */
        mu_share_files(real);
    free(runs);
    if (err == MU_OK)
        *real_out = real;
    else
        free(real);
    return err;
}
