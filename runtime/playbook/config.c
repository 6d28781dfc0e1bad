/* SPDX-License-Identifier: MIT
 *
 * muster.lua; see config.h. Every key there is stands in mu_config_keys, with its type and what it means:
 * that table is the check, the reference and muster.lua(5); docs/configuration.md is the prose. To add
 * a key, add its row. */
#include "playbook/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/place.h"
#include "lua/bind.h"
#include "playbook/config_needs.h"
#include "playbook/lexer.h"
#include "playbook/scope.h"
#include "playbook/secret.h"

extern const char mu_prelude_config[];
extern const size_t mu_prelude_config_len;

/* "*" stands for any one name; a table whose keys are not listed here takes any. Of a domain,
 * playbooks may take (`from`) what muster does not know: there a key is refused only when it looks
 * like a known one. */
/* clang-format off */
const struct mu_config_key mu_config_keys[] = {
    {"state", MU_CONFIG_TEXT,
     "journals and control store; else $MUSTER_STATE, else ~/.local/state/muster"},
    {"playbooks", MU_CONFIG_TEXTS,
     "folders where muster run NAME looks; then playbooks/ beside this file, then muster's own"},
    {"modules", MU_CONFIG_TEXTS,
     "shared objects with verbs of your own, relative to this file; their sections are theirs to check"},
    {"lab", MU_CONFIG_BOOLEAN,
     "written by muster lab: what runs here is an exercise"},
    {"dns", MU_CONFIG_TABLE,
     "how names are looked up"},
    {"dns.resolvers", MU_CONFIG_TEXTS,
     "addresses, never names: \"192.0.2.53\", \"[2001:db8::53]:5353\"; else those of /etc/resolv.conf"},
    {"dns.fallback", MU_CONFIG_TEXTS,
     "asked when all of them are silent"},
    {"dns.blocklists", MU_CONFIG_TABLE,
     "which lists dns.blocklists asks: their zones"},
    {"dns.blocklists.addresses", MU_CONFIG_TEXTS,
     "of addresses; else zen.spamhaus.org, bl.spamcop.net, b.barracudacentral.org"},
    {"dns.blocklists.domains", MU_CONFIG_TEXTS,
     "of domains; else dbl.spamhaus.org, multi.surbl.org, multi.uribl.com"},
    {"dns.trust_anchors", MU_CONFIG_TEXTS,
     "DS or DNSKEY records as a zone file has them, trusted by dns.dnssec instead of the root's keys that muster knows"},
    {"dns.port", MU_CONFIG_INTEGER,
     "of resolvers and name servers; else 53"},
    {"dns.timeout", MU_CONFIG_DURATION,
     "of one try; else 2s"},
    {"smtp", MU_CONFIG_TABLE,
     "how mail servers are asked"},
    {"smtp.port", MU_CONFIG_INTEGER,
     "else 25"},
    {"smtp.helo", MU_CONFIG_TEXT,
     "our name in EHLO; else the host's"},
    {"smtp.from", MU_CONFIG_TEXT,
     "envelope sender of a probe with a recipient; else the null sender"},
    {"smtp.control", MU_CONFIG_TEXTS,
     "hosts of others that always answer: \"is it me?\", probed when all of a domain's MX fail"},
    {"smtp.connect_timeout", MU_CONFIG_DURATION,
     "for a connection; else 10s"},
    {"smtp.phase_timeout", MU_CONFIG_DURATION,
     "for each answer in the dialogue"},
    {"tls", MU_CONFIG_TABLE,
     "whom to believe"},
    {"tls.ca_file", MU_CONFIG_TEXT,
     "certificates to believe instead of the system's, relative to this file"},
    {"domains", MU_CONFIG_TABLE,
     "the domains you look after, by name"},
    {"domains.*", MU_CONFIG_TABLE,
     "one domain"},
    {"domains.*.*", MU_CONFIG_ANY,
     "anything else a playbook takes `from` here"},
    {"domains.*.provider", MU_CONFIG_TEXT,
     "its DNS host: a key of providers"},
    {"domains.*.standby", MU_CONFIG_TEXT,
     "the host that takes its mail when the primary fails"},
    {"domains.*.primary", MU_CONFIG_TEXTS,
     "its own MX hosts, best first: where mx-failback goes back to"},
    {"domains.*.dkim", MU_CONFIG_TEXTS,
     "selectors of its DKIM keys, for mail.dkim"},
    {"domains.*.recipient", MU_CONFIG_TEXT,
     "known good: a 5xx for it means rejecting; without one no recipient is tried"},
    {"providers", MU_CONFIG_TABLE,
     "DNS hosts, by a name of yours"},
    {"providers.*", MU_CONFIG_TABLE,
     "one DNS host"},
    {"providers.*.driver", MU_CONFIG_TEXT,
     "powerdns or rfc2136"},
    {"providers.*.url", MU_CONFIG_TEXT,
     "powerdns: of its API"},
    {"providers.*.key", MU_CONFIG_SECRET,
     "powerdns: the API key"},
    {"providers.*.server", MU_CONFIG_TEXT,
     "rfc2136: the primary's address, \"192.0.2.1:53\""},
    {"providers.*.timeout", MU_CONFIG_DURATION,
     "for one exchange; else 15s"},
    {"providers.*.tsig", MU_CONFIG_TABLE,
     "rfc2136: how updates are signed"},
    {"providers.*.tsig.name", MU_CONFIG_TEXT,
     "of the key"},
    {"providers.*.tsig.algorithm", MU_CONFIG_TEXT,
     "hmac-sha256, for one"},
    {"providers.*.tsig.secret", MU_CONFIG_SECRET,
     "of the key, base64"},
    {"people", MU_CONFIG_TABLE,
     "who is who, by a short name"},
    {"people.*", MU_CONFIG_TABLE,
     "one person"},
    {"people.*.name", MU_CONFIG_TEXT,
     "as others read it"},
    {"people.*.account", MU_CONFIG_TEXT,
     "the operating-system account they answer from"},
    {"people.*.teams", MU_CONFIG_TEXTS,
     "a team's name may stand wherever a person's may"},
    {"people.*.contact", MU_CONFIG_TEXTS,
     "contact points, tried in order: \"channel\" or \"channel:address\""},
    {"channels", MU_CONFIG_TABLE,
     "ways to reach people, by a name of yours"},
    {"channels.*", MU_CONFIG_TABLE,
     "one channel"},
    {"channels.*.kind", MU_CONFIG_TEXT,
     "email, slack, webhook or ntfy"},
    {"channels.*.relay", MU_CONFIG_TEXT,
     "email: the submission server, \"mail.oncall.example:587\""},
    {"channels.*.from", MU_CONFIG_TEXT,
     "email: the sender"},
    {"channels.*.user", MU_CONFIG_TEXT,
     "email: with password, for AUTH"},
    {"channels.*.password", MU_CONFIG_SECRET,
     "email: of that user"},
    {"channels.*.tls", MU_CONFIG_TEXT,
     "email: require (the default), try or none"},
    {"channels.*.url", MU_CONFIG_SECRET,
     "slack, webhook, ntfy: where messages are posted"},
    {"channels.*.secret", MU_CONFIG_SECRET,
     "webhook: signs what is posted"},
    {"channels.*.token", MU_CONFIG_SECRET,
     "ntfy: the access token"},
    {"channels.*.timeout", MU_CONFIG_DURATION,
     "for one try"},
    {"channels.*.deadline", MU_CONFIG_DURATION,
     "after which the next contact point is tried; else 1m"},
    {"audiences", MU_CONFIG_TABLE,
     "who is told together, by name"},
    {"audiences.*", MU_CONFIG_LIST,
     "people, contact points, or lists of contact points tried in order"},
    {"ladders", MU_CONFIG_TABLE,
     "who is paged in turn, by name"},
    {"ladders.*", MU_CONFIG_LIST,
     "rungs: { page = \"ana\", ack_within = \"5m\" }"},
    {"commands", MU_CONFIG_TABLE,
     "programs that playbooks may run, by a name of yours: docs/commands.md"},
    {"commands.*", MU_CONFIG_TABLE,
     "one program"},
    {"commands.*.argv", MU_CONFIG_TEXTS,
     "the program, as an absolute path, and its arguments; {NAME} stands for a parameter; no shell reads it"},
    {"commands.*.params", MU_CONFIG_TABLE,
     "what stands for {NAME}: its type"},
    {"commands.*.params.*", MU_CONFIG_TEXT,
     "domain, host, mailbox, address, integer, string, or the texts to choose from: \"deferred|active\""},
    {"commands.*.kind", MU_CONFIG_TEXT,
     "act: it changes something (command.run); or probe: it only looks (command.probe); else act"},
    {"commands.*.in_doubt", MU_CONFIG_TEXT,
     "of an act whose end nobody saw: ask, repeatable, or keyed: twice with the same MUSTER_KEY it does it once; else ask"},
    {"commands.*.key_ttl", MU_CONFIG_DURATION,
     "keyed: how long it remembers a key; else for ever"},
    {"commands.*.changes", MU_CONFIG_TEXT,
     "what it changes, for muster guard, with {NAME} for parameters: \"mx:{domain}\"; else it and its parameters"},
    {"commands.*.ok", MU_CONFIG_LIST,
     "exit codes that are fine; else { 0 }"},
    {"commands.*.timeout", MU_CONFIG_DURATION,
     "it is killed, with all it started, when it takes longer; else 30s"},
    {"commands.*.output_kb", MU_CONFIG_INTEGER,
     "how much of what it says is kept, of stdout and stderr each, 1 to 1024; else 64"},
    {"commands.*.cwd", MU_CONFIG_TEXT,
     "where it runs, relative to this file; else /"},
    {"commands.*.env", MU_CONFIG_TABLE,
     "its environment beside PATH, LANG and MUSTER_*; no secrets: it is a program's to read them from a file"},
    {"commands.*.env.*", MU_CONFIG_TEXT,
     "a value"},
    {"commands.*.dry_run", MU_CONFIG_BOOLEAN,
     "a probe runs in dry runs, too: it really only looks; else false, and a dry run ends there"},
    {"publish", MU_CONFIG_TABLE,
     "which versions of playbooks may run"},
    {"publish.required", MU_CONFIG_BOOLEAN,
     "live runs take published versions only; else false"},
    {"publish.signers", MU_CONFIG_TEXT,
     "a file of ALLOWED SIGNERS, ssh-keygen(1): live runs take what one of them signed only"},
    {"publish.reviewer", MU_CONFIG_BOOLEAN,
     "a version counts only when somebody else has signed it, too"},
    {"publish.key", MU_CONFIG_TEXT,
     "the ssh key that versions are signed with"},
    {"schedules", MU_CONFIG_TABLE,
     "what starts by itself, by a name of yours: docs/serve.md"},
    {"schedules.*", MU_CONFIG_TABLE,
     "one schedule"},
    {"schedules.*.run", MU_CONFIG_TEXT,
     "the playbook it starts"},
    {"schedules.*.params", MU_CONFIG_TABLE,
     "its parameters"},
    {"schedules.*.cron", MU_CONFIG_TEXT,
     "when: minute hour day-of-month month weekday, \"30 9 * * MON\", or @daily and the like"},
    {"schedules.*.every", MU_CONFIG_DURATION,
     "instead of cron: an interval, counted from 1970-01-01T00:00Z"},
    {"schedules.*.zone", MU_CONFIG_TEXT,
     "whose clocks are meant, \"Europe/Berlin\"; else UTC"},
    {"schedules.*.world", MU_CONFIG_TEXT,
     "live, drill or dry-run; else live"},
    {"schedules.*.misfire", MU_CONFIG_TEXT,
     "run_once: a tick that was missed fires once, late; or skip; else run_once"},
    {"schedules.*.late", MU_CONFIG_DURATION,
     "run_once: how late at most; else 1h"},
    {"schedules.*.spread", MU_CONFIG_DURATION,
     "a tick fires up to so long behind its time, each schedule at another moment; else at once"},
    {"schedules.*.blackout", MU_CONFIG_TEXTS,
     "local times in which it does not fire: \"22:00 - 06:00\", \"FRI 18:00 - MON 06:00\", \"2026-12-24 - 2026-12-27\""},
    {"schedules.*.owner", MU_CONFIG_TEXT,
     "who is told when it starts nothing, as playbooks name their owner; else the playbook's owner"},
    {"schedules.*.scenario", MU_CONFIG_TEXT,
     "of a drill: which of the playbook's scenarios; else the first by name"},
    {"schedules.*.faults", MU_CONFIG_TEXTS,
     "of a drill: what else goes wrong, as muster drill --fault takes it"},
    {"schedules.*.dry_people", MU_CONFIG_BOOLEAN,
     "of a drill: nobody real is told; else false"},
    {"schedules.*.look_every", MU_CONFIG_DURATION,
     "of a drill: how often to look until it is detected; else as the playbook's watch says"},
    {"drill", MU_CONFIG_TABLE,
     "where the acts of drills go instead: docs/drills.md. What is not listed is refused in a drill"},
    {"drill.zones", MU_CONFIG_TABLE,
     "production domain = drill domain; the latter has its own provider in domains"},
    {"drill.zones.*", MU_CONFIG_TEXT,
     "the domain that is changed instead"},
    {"drill.channels", MU_CONFIG_TABLE,
     "channel = the channel or contact point that is used instead; the same name: it is used in drills, too"},
    {"drill.channels.*", MU_CONFIG_TEXT,
     "\"drill-chat\", or \"relay:drills@example.net\": then everything goes there"},
    {"drill.commands", MU_CONFIG_TABLE,
     "entry of commands = the entry that is run instead; the same name: it is run in drills, too"},
    {"drill.commands.*", MU_CONFIG_TEXT,
     "\"flush-nothing\""},
    {"drill.urls", MU_CONFIG_TABLE,
     "beginning of a URL = what stands there instead, for http.post"},
    {"drill.urls.*", MU_CONFIG_TEXT,
     "\"https://staging.example.net/\""},
    {"watched", MU_CONFIG_TABLE,
     "what muster serve looks at, by playbook: docs/serve.md"},
    {"watched.*", MU_CONFIG_LIST,
     "targets: tables of the playbook's parameters"},
    {"serve", MU_CONFIG_TABLE,
     "the supervisor"},
    {"serve.socket", MU_CONFIG_TEXT,
     "where it listens; else serve.sock in the state folder"},
    {"serve.group", MU_CONFIG_TEXT,
     "the group whose members may ask it there: docs/serve.md"},
    {"serve.workers", MU_CONFIG_INTEGER,
     "looks that go on at once, 1 to 256; else 16"},
    {"serve.look_timeout", MU_CONFIG_DURATION,
     "a look that takes longer is killed and inconclusive; else 1m"},
    {"serve.heartbeat", MU_CONFIG_TABLE,
     "a dead man's switch somewhere else"},
    {"serve.heartbeat.url", MU_CONFIG_SECRET,
     "is fetched every so often"},
    {"serve.heartbeat.every", MU_CONFIG_DURATION,
     "how often; else 1m"},
    {"anchor", MU_CONFIG_TABLE,
     "the journal's head to an audience: what an evidence is compared with"},
    {"anchor.to", MU_CONFIG_TEXT,
     "the audience"},
    {"anchor.every", MU_CONFIG_DURATION,
     "how often while a run lives; it is also sent when one parks and ends"},
    {0}};
/* clang-format on */

const char *mu_config_type_name(enum mu_config_type type)
{
    static const char *const names[] = {
        "a text",        "a list of texts",        "an integer",
        "true or false", "a duration like \"2s\"", "a secret (secret.file, secret.env) or a text",
        "a list",        "a table with names",     "anything"};
    return (size_t)type < MU_COUNT(names) ? names[type] : "?";
}

/* --- checking --- */

static bool texts(const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return json_is_array(value) || (json_is_object(value) && json_object_size(value) == 0);
}

static bool fits(const json_t *value, enum mu_config_type type)
{
    int64_t ms;
    switch (type) {
    case MU_CONFIG_TEXT:
        return json_is_string(value);
    case MU_CONFIG_TEXTS:
        return texts(value);
    case MU_CONFIG_INTEGER:
        return json_is_integer(value);
    case MU_CONFIG_BOOLEAN:
        return json_is_boolean(value);
    case MU_CONFIG_DURATION:
        return json_is_string(value) && mu_duration_parse(json_string_value(value), &ms);
    case MU_CONFIG_SECRET:
        return json_is_string(value) || mu_json_str(value, "$secret", NULL) != NULL;
    case MU_CONFIG_LIST:
        return json_is_array(value) || (json_is_object(value) && json_object_size(value) == 0);
    case MU_CONFIG_TABLE:
        return json_is_object(value);
    case MU_CONFIG_ANY:
        return true;
    }
    return false;
}

/* Sections of modules that muster does not know are theirs to check. */
static bool is_listed_table(const char *pattern)
{
    size_t len = strlen(pattern);
    for (size_t i = 0; mu_config_keys[i].path; i++)
        if (strncmp(mu_config_keys[i].path, pattern, len) == 0 &&
            mu_config_keys[i].path[len] == '.')
            return true;
    return false;
}

static int find_key(const char *pattern)
{
    for (size_t i = 0; mu_config_keys[i].path; i++)
        if (strcmp(mu_config_keys[i].path, pattern) == 0)
            return (int)i;
    return -1;
}

struct source { /* one file being checked */
    const char *file;
    struct mu_places places;
    const json_t *modules; /* of somebody else's; their sections are theirs to check */
};

static enum mu_err wrong(const struct source *, const char *path, struct mu_fail *, const char *fmt,
                         ...) MU_PRINTF(4, 5);

/* "muster.lua:12: ..." */
static enum mu_err wrong(const struct source *source, const char *path, struct mu_fail *fail,
                         const char *fmt, ...)
{
    const struct mu_place *place = mu_places_find(&source->places, path);
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(fail, MU_CONFIG, fmt, ap);
    va_end(ap);
    return place ? mu_fail_prefix(fail, "%s:%d", source->file, place->line)
                 : mu_fail_prefix(fail, "%s", source->file);
}

/* The known key of this section that is nearest to what was typed; NULL when none is near. */
static const char *nearest_key(const char *section, const char *typed)
{
    struct mu_near near = {.typed = typed};
    size_t len = strlen(section);
    for (size_t i = 0; mu_config_keys[i].path; i++) {
        bool inside = len == 0 || (strncmp(mu_config_keys[i].path, section, len) == 0 &&
                                   mu_config_keys[i].path[len] == '.');
        const char *rest = inside ? mu_config_keys[i].path + len + (len > 0) : NULL;
        if (rest && strchr(rest, '.') == NULL && strcmp(rest, "*") != 0)
            mu_near_try(&near, rest);
    }
    return near.best;
}

static enum mu_err unknown_key(const struct source *source, const char *section, const char *path,
                               const char *key, struct mu_fail *fail)
{
    const char *near = nearest_key(section, key);
    if (near)
        return wrong(source, path, fail, "unknown key %s: did you mean %s?", path, near);
    return wrong(source, path, fail, "unknown key %s: docs/configuration.md lists those there are",
                 path);
}

static enum mu_err check_table(const struct source *source, const json_t *table,
                               const char *section, const char *path, struct mu_fail *fail);

/* "domains.example" and "domains["example.com"]", as the places of a file are written. */
static char *path_of(const char *above, const char *key)
{
    bool plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                     strlen(key) &&
                 key[0] != '\0';
    if (plain)
        return mu_xasprintf("%s%s%s", above, above[0] ? "." : "", key);
    return mu_xasprintf("%s[\"%s\"]", above, key);
}

static enum mu_err check_value(const struct source *source, const json_t *value,
                               const char *section, const char *path, const char *key,
                               struct mu_fail *fail)
{
    char pattern[300], any[300];
    snprintf(pattern, sizeof pattern, "%s%s%s", section, section[0] ? "." : "", key);
    snprintf(any, sizeof any, "%s%s*", section, section[0] ? "." : "");
    const char *found_as = find_key(pattern) >= 0 ? pattern : any;
    int found = find_key(found_as);
    if (found < 0 && section[0] == '\0' && json_array_size(source->modules) > 0)
        return MU_OK;
    if (found < 0 ||
        (mu_config_keys[found].type == MU_CONFIG_ANY && nearest_key(section, key) != NULL))
        return unknown_key(source, section, path, key, fail);
    if (!fits(value, mu_config_keys[found].type))
        return wrong(source, path, fail, "%s takes %s", path,
                     mu_config_type_name(mu_config_keys[found].type));
    if (json_is_object(value) && is_listed_table(found_as) &&
        mu_config_keys[found].type == MU_CONFIG_TABLE)
        return check_table(source, value, found_as, path, fail);
    return MU_OK;
}

static enum mu_err check_table(const struct source *source, const json_t *table,
                               const char *section, const char *path, struct mu_fail *fail)
{
    const char *key;
    json_t *value;
    enum mu_err err = MU_OK;
    json_object_foreach((json_t *)table, key, value)
    {
        char *full = path_of(path, key);
        err = check_value(source, value, section, full, key, fail);
        free(full);
        if (err != MU_OK)
            break;
    }
    return err;
}

/* Keys stand in the table that is returned, or are assigned at the left of the file. */
static void find_places(const char *text, size_t len, struct mu_places *places)
{
    struct mu_tokens tokens;
    mu_lex(text, len, &tokens);
    for (size_t i = 0; i + 1 < tokens.count; i = mu_token_close(&tokens, i) + 1) {
        const struct mu_token *t = &tokens.items[i];
        if (mu_token_is(t, "return") && mu_token_is(t + 1, "{")) {
            mu_places_of_table(&tokens, i + 1, "", places);
        } else if (t->kind == MU_TOKEN_NAME && mu_token_is(t + 1, "=")) {
            char *name = mu_xstrndup(t->text, t->len);
            mu_places_add(places, name, t);
            if (i + 2 < tokens.count && mu_token_is(t + 2, "{"))
                mu_places_of_table(&tokens, i + 2, name, places);
            free(name);
        }
    }
    mu_tokens_free(&tokens);
}

/* --- reading --- */

struct reading {
    const char *dir;
    enum { SECRETS_NEEDED, SECRETS_IF_HAD, SECRETS_LEFT_ALONE } secrets;
    char **missing; /* with SECRETS_IF_HAD: the first that is not to be had */
};

static int l_secret(lua_State *L)
{
    struct mu_fail fail;
    const struct reading *reading = lua_touserdata(L, lua_upvalueindex(1));
    const char *source = luaL_checkstring(L, 1), *colon = strchr(source, ':');
    if (reading->secrets != SECRETS_LEFT_ALONE &&
        secret_read(colon + 1, source, reading->dir, &fail) != MU_OK) {
        char src[MU_BIND_SRC];
        lua_pushfstring(L, "%s: %s", mu_bind_src(L, src), fail.text);
        if (reading->secrets == SECRETS_NEEDED)
            return lua_error(L);
        if (*reading->missing == NULL)
            *reading->missing = mu_xstrdup(lua_tostring(L, -1));
    }
    lua_pushstring(L, colon + 1);
    return 1;
}

static enum mu_err read_text(const char *file, char **text, size_t *len, struct mu_fail *fail)
{
    struct stat info;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > (off_t)MU_LIMIT_FILE) {
        if (fd >= 0)
            close(fd);
        return mu_fail_set(fail, MU_CONFIG, "can't read the configuration %s: %s", file,
                           fd < 0 ? strerror(errno) : "not a file of at most 1 MiB");
    }
    *text = mu_xcalloc((size_t)info.st_size + 1, 1);
    ssize_t got = read(fd, *text, (size_t)info.st_size);
    *len = got > 0 ? (size_t)got : 0;
    close(fd);
    return MU_OK;
}

static enum mu_err read_values(const char *file, const struct reading *reading, json_t **out,
                               struct mu_fail *fail)
{
    const struct scope_word words[] = {{"secret", l_secret}, {0}};
    char *text = NULL;
    size_t len = 0;
    if (read_text(file, &text, &len, fail) != MU_OK)
        return fail->class;
    enum mu_err err = scope_read(mu_prelude_config, mu_prelude_config_len, "muster/config.lua",
                                 &(struct scope_text){.text = text, .len = len, .chunk = file},
                                 words, (void *)reading, out, fail);
    if (err == MU_OK && !json_is_object(*out)) {
        bool empty = json_is_array(*out) && json_array_size(*out) == 0;
        json_decref(*out);
        *out = json_object();
        if (!empty)
            err = mu_fail_set(fail, MU_CONFIG,
                              "%s: the configuration is a table with names, not a list", file);
    }
    if (err == MU_OK) {
        struct source source = {file, {0}, json_object_get(*out, "modules")};
        find_places(text, len, &source.places);
        err = check_table(&source, *out, "", "", fail);
        mu_places_free(&source.places);
    }
    free(text);
    if (err != MU_OK)
        fail->class = MU_CONFIG;
    return err;
}

struct merging {
    json_t *origins; /* path → the file that set it first */
    const char *first, *file;
    struct mu_fail *fail;
};

/* The file that set this key, or the table it is in. */
static const char *file_of(const json_t *files, const char *path, const char *otherwise)
{
    const char *file = NULL;
    for (size_t len = strlen(path); len > 0 && file == NULL; len--) {
        if (path[len] != '\0' && path[len] != '.' && path[len] != '[')
            continue;
        char *holder = mu_xstrndup(path, len);
        file = mu_json_str(files, holder, NULL);
        free(holder);
    }
    return file ? file : otherwise;
}

const char *mu_config_file(const struct mu_config *config, const char *section, const char *name)
{
    char *path = name ? path_of(section, name) : mu_xstrdup(section);
    const char *file = file_of(config->files, path, config->path);
    free(path);
    return file[0] ? file : "muster.lua";
}

/* Tables are merged; anything else that is set twice is an error that names both files. */
static enum mu_err merge(const struct merging *merging, json_t *into, const json_t *from,
                         const char *path)
{
    const char *key;
    json_t *value;
    enum mu_err err = MU_OK;
    json_object_foreach((json_t *)from, key, value)
    {
        json_t *there = json_object_get(into, key);
        char *name = path_of(path, key);
        if (there == NULL) {
            json_object_set(into, key, value);
            json_object_set_new(merging->origins, name, json_string(merging->file));
        } else if (json_is_object(there) && json_is_object(value) &&
                   json_object_get(there, "$secret") == NULL) {
            err = merge(merging, there, value, name);
        } else {
            err = mu_fail_set(merging->fail, MU_CONFIG,
                              "%s is set in %s and again in %s: keep one of them", name,
                              file_of(merging->origins, name, merging->first), merging->file);
        }
        free(name);
        if (err != MU_OK)
            break;
    }
    return err;
}

static int lua_files(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static enum mu_err merge_file(struct mu_config *config, const struct reading *reading,
                              const char *file, json_t *origins, struct mu_fail *fail)
{
    struct merging merging = {origins, config->path, file, fail};
    json_t *values = NULL;
    enum mu_err err = read_values(file, reading, &values, fail);
    if (err == MU_OK)
        err = merge(&merging, config->values, values, "");
    json_decref(values);
    return err;
}

static enum mu_err merge_folder(struct mu_config *config, const struct reading *reading,
                                struct mu_fail *fail)
{
    char *folder = mu_xasprintf("%s/muster.d", config->dir);
    struct dirent **entries = NULL;
    json_t *origins = config->files = json_object();
    int count = scandir(folder, &entries, lua_files, alphasort);
    enum mu_err err = MU_OK;
    if (count < 0 && errno != ENOENT)
        err = mu_fail_set(fail, MU_CONFIG, "%s can't be read: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *file = mu_xasprintf("%s/%s", folder, entries[i]->d_name);
        if (err == MU_OK)
            err = merge_file(config, reading, file, origins, fail);
        free(file);
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return err;
}

/* The nearest muster.lua upward from here; NULL when there is none. */
static char *find_upward(void)
{
    char dir[PATH_MAX];
    if (getcwd(dir, sizeof dir) == NULL)
        return NULL;
    for (;;) {
        char *file = mu_xasprintf("%s/muster.lua", strcmp(dir, "/") == 0 ? "" : dir);
        if (access(file, F_OK) == 0)
            return file;
        free(file);
        char *slash = strrchr(dir, '/');
        if (slash == NULL || strcmp(dir, "/") == 0)
            return NULL;
        slash[slash == dir] = '\0';
    }
}

static char *folder_of(const char *path)
{
    char full[PATH_MAX];
    if (realpath(path, full) == NULL)
        snprintf(full, sizeof full, "%s", path);
    char *slash = strrchr(full, '/');
    if (slash == NULL)
        return mu_xstrdup(".");
    slash[slash == full] = '\0';
    return mu_xstrdup(full);
}

static char *find_file(void)
{
    char *file = find_upward();
    if (file == NULL && access(MUSTER_SYSCONFDIR "/muster/muster.lua", F_OK) == 0)
        file = mu_xstrdup(MUSTER_SYSCONFDIR "/muster/muster.lua");
    return file;
}

static enum mu_err load(const char *explicit_path, struct reading reading, struct mu_config **out,
                        struct mu_fail *fail)
{
    struct mu_config *config = MU_NEW(struct mu_config);
    config->path = explicit_path ? mu_xstrdup(explicit_path) : find_file();
    enum mu_err err = MU_OK;
    if (config->path == NULL) {
        config->path = mu_xstrdup("");
        config->dir = mu_xstrdup(".");
        config->values = json_object();
    } else {
        config->dir = folder_of(config->path);
        reading.dir = config->dir;
        reading.missing = &config->missing;
        err = read_values(config->path, &reading, &config->values, fail);
        if (err == MU_OK)
            err = merge_folder(config, &reading, fail);
        if (err == MU_OK)
            err = config_check_needs(config, fail);
    }
    if (err == MU_OK) {
        secret_guard_urls("", config->values);
        *out = config;
    } else {
        mu_config_free(config);
        *out = NULL;
    }
    return err;
}

enum mu_err mu_config_load(const char *explicit_path, struct mu_config **out, struct mu_fail *fail)
{
    return load(explicit_path, (struct reading){.secrets = SECRETS_NEEDED}, out, fail);
}

enum mu_err mu_config_look(const char *explicit_path, struct mu_config **out, struct mu_fail *fail)
{
    return load(explicit_path, (struct reading){.secrets = SECRETS_IF_HAD}, out, fail);
}

enum mu_err mu_config_places(const char *explicit_path, struct mu_config **out,
                             struct mu_fail *fail)
{
    return load(explicit_path, (struct reading){.secrets = SECRETS_LEFT_ALONE}, out, fail);
}

enum mu_err mu_config_make(json_t *values_take, const char *name, const char *dir,
                           struct mu_config **out, struct mu_fail *fail)
{
    struct mu_config *config = MU_NEW(struct mu_config);
    struct source source = {name, {0}, json_object_get(values_take, "modules")};
    *config =
        (struct mu_config){.values = values_take, .path = mu_xstrdup(""), .dir = mu_xstrdup(dir)};
    enum mu_err err = check_table(&source, values_take, "", "", fail);
    if (err == MU_OK)
        secret_guard_urls("", config->values);
    else
        mu_config_free(config);
    *out = err == MU_OK ? config : NULL;
    return err;
}

void mu_config_free(struct mu_config *config)
{
    if (config == NULL)
        return;
    json_decref(config->values);
    json_decref(config->files);
    free(config->path);
    free(config->missing);
    free(config->dir);
    free(config);
}

/* --- looking up --- */

/* One part of "domains[example.com].standby"; returns where the next one begins. */
static const char *next_part(const char *path, char *part, size_t size)
{
    bool bracket = *path == '[';
    size_t len = bracket ? strcspn(path + 1, "]") : strcspn(path, ".[");
    snprintf(part, size, "%.*s", (int)len, bracket ? path + 1 : path);
    path += bracket ? len + 1 + (path[len + 1] == ']') : len;
    return *path == '.' ? path + 1 : path;
}

const json_t *mu_config_at(const json_t *values, const char *path)
{
    char part[MU_LIMIT_NAME + 2];
    while (values && *path) {
        path = next_part(path, part, sizeof part);
        values = mu_json_get(values, part);
    }
    return values;
}

char *mu_config_state_dir(const struct mu_config *config)
{
    const char *said = mu_json_str(config->values, "state", NULL), *env = getenv("MUSTER_STATE"),
               *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (said)
        return said[0] == '/' ? mu_xstrdup(said) : mu_xasprintf("%s/%s", config->dir, said);
    if (env && env[0])
        return mu_xstrdup(env);
    if (xdg && xdg[0] == '/')
        return mu_xasprintf("%s/muster", xdg);
    return mu_xasprintf("%s/.local/state/muster", home && home[0] ? home : "/tmp");
}

char **mu_config_playbook_path(const struct mu_config *config)
{
    const json_t *configured = mu_config_at(config->values, "playbooks");
    char **list = mu_xcalloc(json_array_size(configured) + 3, sizeof *list);
    size_t n = 0, i;
    json_t *item;
    json_array_foreach(configured, i, item)
    {
        const char *dir = json_string_value(item);
        list[n++] = dir[0] == '/' ? mu_xstrdup(dir) : mu_xasprintf("%s/%s", config->dir, dir);
    }
    list[n++] = mu_xasprintf("%s/playbooks", config->dir);
    list[n++] = mu_place_playbooks();
    return list;
}

void mu_config_playbook_path_free(char **list)
{
    for (char **at = list; at && *at; at++)
        free(*at);
    free(list);
}
