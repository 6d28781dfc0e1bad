/* SPDX-License-Identifier: MIT
 *
 * The MX set to write; see points.h. Pure. */
#include <string.h>

#include "base/json.h"
#include "points.h"

#define TTL_S          300 /* a failover is followed by a failback: caches must not hold it for hours */
#define GAP            10 /* between the last candidate and the first present host */
#define PREFERENCE_MAX 65535

int64_t mu_mail_mx_ttl(int64_t wanted, int64_t present)
{
    if (wanted >= 0)
        return wanted;
    return present >= 0 && present < TTL_S ? present : TTL_S;
}

static bool names(const json_t *set, const char *host)
{
    size_t i;
    json_t *item;
    json_array_foreach(set, i,
                       item) if (strcmp(mu_json_str(item, "host", ""), host) == 0) return true;
    return false;
}

static void add_host(json_t *set, const char *host, int64_t preference, int64_t ttl)
{
    if (preference > PREFERENCE_MAX)
        preference = PREFERENCE_MAX;
    json_array_append_new(set, json_pack("{s:I, s:s, s:I}", "preference", (json_int_t)preference,
                                         "host", host, "ttl", (json_int_t)ttl));
}

static int64_t highest(const json_t *set)
{
    int64_t found = -1;
    size_t i;
    json_t *item;
    json_array_foreach(set, i, item) if (mu_json_int(item, "preference", 0) > found) found =
        mu_json_int(item, "preference", 0);
    return found;
}

static bool stays(const json_t *candidates, const json_t *item)
{
    const char *host = mu_json_str(item, "host", "");
    return strcmp(host, ".") != 0 && !names(candidates, host);
}

/* How far the present hosts move back, so that the best of them stands behind the last candidate.
 */
static int64_t shift(const json_t *candidates, const json_t *present)
{
    int64_t best = PREFERENCE_MAX + 1, last = highest(candidates);
    size_t i;
    json_t *item;
    json_array_foreach(present, i, item) if (stays(candidates, item) &&
                                             mu_json_int(item, "preference", 0) < best) best =
        mu_json_int(item, "preference", 0);
    return best > last ? 0 : last + GAP - best;
}

json_t *mu_mail_mx_set(const json_t *candidates, const json_t *present, bool add, int64_t ttl)
{
    json_t *set = json_array(), *item;
    int64_t back = shift(candidates, present);
    size_t i;
    json_array_foreach(candidates, i, item)
        add_host(set, mu_json_str(item, "host", ""), mu_json_int(item, "preference", 0), ttl);
    json_array_foreach(present, i, item) if (add && stays(candidates, item)) add_host(
        set, mu_json_str(item, "host", ""), mu_json_int(item, "preference", 0) + back, ttl);
    return set;
}
