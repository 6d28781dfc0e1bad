/* SPDX-License-Identifier: MIT
 *
 * muster.lua: configuration as Lua in the effect-free scope (design section 6, 10). Found like git
 * finds its folder: the nearest one upward, or --config FILE, or the machine's. Beside it, muster.d/ *.lua in name order
 * are merged (a key set twice is an error that names both files). Read live by every process.
 *
 * The chunk assigns or returns a table; words in scope: secret.file "path", secret.env "NAME" (become
 * {"$secret": NAME}, text registered for redaction), duration literals stay text. docs/configuration.md
 * lists every key; mu_config_keys is the check. */
#ifndef MU_PLAYBOOK_CONFIG_H
#define MU_PLAYBOOK_CONFIG_H

#include <jansson.h>

#include "base/err.h"

enum mu_config_type {
    MU_CONFIG_TEXT,
    MU_CONFIG_TEXTS,
    MU_CONFIG_INTEGER,
    MU_CONFIG_BOOLEAN,
    MU_CONFIG_DURATION,
    MU_CONFIG_SECRET,
    MU_CONFIG_LIST,
    MU_CONFIG_TABLE,
    MU_CONFIG_ANY
};
const char *mu_config_type_name(enum mu_config_type); /* "a list of texts" */

struct mu_config_key {
    const char *path; /* "dns.timeout"; "*" stands for any one name: "people.*.account" */
    enum mu_config_type type;
    const char *doc;
};
extern const struct mu_config_key mu_config_keys[]; /* ends with path == NULL */

struct mu_config {
    json_t *values; /* object; secrets only as references */
    char *path;     /* of muster.lua; "" when there is none (all defaults) */
    char *dir;      /* its folder; "." when there is none */
    json_t *files;  /* path → the file of muster.d that set it */
    char *
        missing; /* mu_config_look(): the first secret that is not to be had, where and why; else NULL */
};

/* explicit_path NULL: search upward from the working folder, then the machine's own (SYSCONFDIR/muster). No file at
 * all is fine. */
enum mu_err mu_config_load(const char *explicit_path, struct mu_config **out, struct mu_fail *);
/* The same, and a secret that is not to be had is only noted (`missing`): enough for what sends nothing. */
enum mu_err mu_config_look(const char *explicit_path, struct mu_config **out, struct mu_fail *);
/* The same, and no secret is read: enough to find places, for somebody whose secrets they are not. */
enum mu_err mu_config_places(const char *explicit_path, struct mu_config **out, struct mu_fail *);
/* The same checks for values that stand elsewhere, as a table (test.lua). name: what errors begin with; relative
 * paths start at dir. */
enum mu_err mu_config_make(json_t *values_take, const char *name, const char *dir,
                           struct mu_config **out, struct mu_fail *);
void mu_config_free(struct mu_config *);
/* "domains[example.com].standby" or "dns.port": borrowed, NULL when absent. */
const json_t *mu_config_at(const json_t *values, const char *path);
/* The file in which that entry of a section stands (name NULL: the section), for errors; borrowed. */
const char *mu_config_file(const struct mu_config *, const char *section, const char *name);
/* The state folder: values.state, else $MUSTER_STATE, else XDG_STATE_HOME/muster, else ~/.local/state/muster. New text. */
char *mu_config_state_dir(const struct mu_config *);
/* Where playbooks are looked up by name: playbooks{} of muster.lua, playbooks/ beside it, the ones muster came
 * with. NULL-terminated. */
char **mu_config_playbook_path(const struct mu_config *);
void mu_config_playbook_path_free(char **);

#endif
