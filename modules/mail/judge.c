/* SPDX-License-Identifier: MIT
 *
 * Verdicts; see judge.h. */
#include "judge.h"

#include <string.h>

#include "base/attr.h"
#include "base/json.h"

static const char *const names[MU_MAIL_VERDICTS] = {
    [MU_MAIL_UP] = "up",
    [MU_MAIL_REJECTING] = "rejecting",
    [MU_MAIL_DOWN] = "down",
    [MU_MAIL_INCONCLUSIVE] = "inconclusive",
    [MU_MAIL_UNSEEN] = "inconclusive",
};

const char *mu_mail_verdict_name(enum mu_mail_verdict verdict)
{
    return names[verdict];
}

/* --- one address, one host, one preference --------------------------------------------------- */

enum mu_mail_verdict mu_mail_judge_address(const json_t *probe)
{
    const char *verdict = mu_json_str(probe, "verdict", "inconclusive");
    for (int i = 0; i < MU_MAIL_INCONCLUSIVE; i++)
        if (strcmp(verdict, names[i]) == 0)
            return (enum mu_mail_verdict)i;
    return mu_json_bool(probe, "no_route", false) ? MU_MAIL_UNSEEN : MU_MAIL_INCONCLUSIVE;
}

/* The sum of equals: addresses of a host, or hosts of one preference, of which a sender takes any.
 */
static enum mu_mail_verdict sum(const size_t counts[MU_MAIL_VERDICTS])
{
    static const enum mu_mail_verdict order[] = {MU_MAIL_UP, MU_MAIL_INCONCLUSIVE,
                                                 MU_MAIL_REJECTING, MU_MAIL_DOWN};
    for (size_t i = 0; i < MU_COUNT(order); i++)
        if (counts[order[i]])
            return order[i];
    return MU_MAIL_UNSEEN;
}

enum mu_mail_verdict mu_mail_judge_host(const json_t *host)
{
    size_t counts[MU_MAIL_VERDICTS] = {0}, i;
    json_t *entry;
    if (strcmp(mu_json_str(host, "lookup", ""), "failed") == 0)
        return MU_MAIL_INCONCLUSIVE;
    if (strcmp(mu_json_str(host, "lookup", ""), "none") == 0)
        return MU_MAIL_DOWN; /* no sender finds it either */
    json_array_foreach(json_object_get(host, "addresses"), i, entry)
        counts[mu_mail_judge_address(json_object_get(entry, "probe"))]++;
    return sum(counts);
}

static enum mu_mail_verdict judge_preference(const json_t *sight, int64_t preference)
{
    size_t counts[MU_MAIL_VERDICTS] = {0}, i;
    json_t *host;
    json_array_foreach(sight, i, host) if (mu_json_int(host, "preference", 0) == preference)
        counts[mu_mail_judge_host(host)]++;
    return sum(counts);
}

/* --- the set --------------------------------------------------------------------------------- */

/* The lowest preference above `after`, -1 when there is none. */
static int64_t next_preference(const json_t *sight, int64_t after)
{
    int64_t next = -1;
    size_t i;
    json_t *host;
    json_array_foreach(sight, i, host)
    {
        int64_t preference = mu_json_int(host, "preference", 0);
        if (preference > after && (next < 0 || preference < next))
            next = preference;
    }
    return next;
}

enum mu_mail_verdict mu_mail_judge(const json_t *sight)
{
    bool unseen = false;
    for (int64_t p = next_preference(sight, -1); p >= 0; p = next_preference(sight, p)) {
        enum mu_mail_verdict verdict = judge_preference(sight, p);
        if (verdict == MU_MAIL_UP)
            return verdict;
        if (verdict != MU_MAIL_DOWN && verdict != MU_MAIL_UNSEEN)
            return unseen ? MU_MAIL_INCONCLUSIVE : verdict; /* a better one may take the mail */
        unseen |= verdict == MU_MAIL_UNSEEN;
    }
    return unseen || json_array_size(sight) == 0 ? MU_MAIL_INCONCLUSIVE : MU_MAIL_DOWN;
}

/* --- "is it me?" ----------------------------------------------------------------------------- */

bool mu_mail_needs_controls(enum mu_mail_verdict verdict)
{
    return verdict == MU_MAIL_DOWN || verdict == MU_MAIL_REJECTING;
}

/* A control that says anything proves our way out; one that refuses us as the domain does, proves
 * nothing. */
static bool control_is_fine(const json_t *probe, enum mu_mail_verdict verdict)
{
    enum mu_mail_verdict own = mu_mail_judge_address(probe);
    if (verdict == MU_MAIL_REJECTING)
        return own == MU_MAIL_UP;
    return own == MU_MAIL_UP || mu_json_int(probe, "code", 0) > 0;
}

enum mu_mail_controls mu_mail_judge_controls(const json_t *controls, enum mu_mail_verdict verdict)
{
    size_t i;
    json_t *control;
    if (json_array_size(controls) == 0)
        return MU_MAIL_CONTROLS_NONE;
    json_array_foreach(controls, i,
                       control) if (control_is_fine(json_object_get(control, "probe"),
                                                    verdict)) return MU_MAIL_CONTROLS_FINE;
    return MU_MAIL_CONTROLS_FAIL;
}

enum mu_mail_verdict mu_mail_judge_with_controls(enum mu_mail_verdict verdict,
                                                 enum mu_mail_controls controls)
{
    return mu_mail_needs_controls(verdict) && controls == MU_MAIL_CONTROLS_FAIL
               ? MU_MAIL_INCONCLUSIVE
               : verdict;
}
