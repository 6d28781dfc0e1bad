/* SPDX-License-Identifier: MIT
 *
 * muster.lua: whatever is in the file, reading it ends, has no effects, and gives a value or a reason. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/people.h"
#include "base/redact.h"
#include "playbook/config.h"

static char folder[] = "/dev/shm/muster-fuzz.XXXXXX", path[64];

static void clean_up(void)
{
    unlink(path);
    rmdir(folder);
}

/* In a folder of its own: beside it a muster.d would be read. */
static const char *scratch_file(void)
{
    if (path[0] == '\0') {
        promise(mkdtemp(folder) != NULL);
        snprintf(path, sizeof path, "%s/muster.lua", folder);
        atexit(clean_up);
    }
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_config *config = NULL;
    struct mu_fail fail = {0};
    int fd = open(scratch_file(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    promise(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
    enum mu_err err = mu_config_load(scratch_file(), &config, &fail);
    promise(err == MU_OK ? json_is_object(config->values) : fail.text[0] != '\0');
    if (err == MU_OK) {
        char *text = mu_json_text(config->values);
        json_t *again = mu_json_parse(text, strlen(text), &fail);
        promise(json_equal(again, config->values));
        json_decref(again);
        free(text);
        json_decref(mu_people_members(config->values, "ana"));
        (void)mu_config_at(config->values, "domains[example.com].standby");
        free(mu_config_state_dir(config));
        mu_config_free(config);
    }
    mu_redact_clear();
    return 0;
}
