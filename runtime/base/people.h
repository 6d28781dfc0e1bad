/* SPDX-License-Identifier: MIT
 *
 * Who is who: people, teams, contact points, audiences and ladders, read from the configuration
 * (muster.lua as JSON). Pure functions; nothing is kept and nobody is told anything here.
 *
 *   people    = { ana = { name, account, teams {"incident-lead"},
 *                         contact {"push:topic", "relay:ana@oncall.example"} } }
 *   channels  = { push = { kind ... } }    a contact point is "channel" or "channel:address"
 *   audiences = { stakeholders = { "ana", "status", {"push:board", "relay:board@other.example"} } }
 *   ladders   = { oncall = { { page = "ana", ack_within = "5m" }, ... } }
 *
 * A word that names somebody is looked up as audience, person, team, then contact point; one word
 * with two of these meanings is a mistake that mu_people_check() reports. */
#ifndef MU_BASE_PEOPLE_H
#define MU_BASE_PEOPLE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

#define MU_PEOPLE_ACK_WITHIN_S 600 /* a rung that doesn't say how long it waits */

/* The person (key in `people`, borrowed) who logs in as this OS account; NULL when nobody does. A
 * person without `account` has the key as account. */
MU_API const char *mu_people_of_account(const json_t *config, const char *account);
#define MU_PEOPLE_UID 24
/* Of who is at the keyboard ({name, account, uid, ...}) the account's number as a text, into out (holds
 * MU_PEOPLE_UID); "" when no account of a person did it, as in a schedule's start. Returns out. */
MU_API const char *mu_people_uid(const json_t *who, char *out);
/* "Ana Ruiz", or the key itself where there is no name; borrowed. */
MU_API const char *mu_people_label(const json_t *config, const char *person);
MU_API bool mu_people_in_team(const json_t *config, const char *person, const char *team);
/* True when person is, or is in, `who` (a person or a team): may they answer for it? */
MU_API bool mu_people_is(const json_t *config, const char *person, const char *who);
/* Names of the people meant by a person or team, in order of name; a new array, empty when unknown.
 */
MU_API json_t *mu_people_members(const json_t *config, const char *who);
/* Contact points of a person in the order they are tried: ["push:topic", ...]; a new array. */
MU_API json_t *mu_people_points(const json_t *config, const char *person);

/* Splits a contact point. *channel_len octets of the point name the channel; returns the address,
 * "" when there is none. */
MU_API const char *mu_people_point(const char *point, size_t *channel_len);

/* Everybody meant by a word, each once: a new array of {name, label, points: ["channel:address",
 * ...]}. MU_USAGE when the word means nobody, with the nearest known one. A mistake further down
 * (an unknown name in an audience, a person without contact points) is left for the sender to
 * report: one wrong line must not keep the others from being told. */
MU_API enum mu_err mu_people_recipients(const json_t *config, const char *who, json_t **out,
                                        struct mu_fail *);
/* The rungs of a ladder: a new array of {who, ack_within: seconds}. A person or team that is no
 * ladder is a ladder of one rung. */
MU_API enum mu_err mu_people_ladder(const json_t *config, const char *name, json_t **out,
                                    struct mu_fail *);

/* Everything that is wrong with people, audiences and ladders: unknown names (with the nearest
 * known one), people nobody can reach, one name with two meanings, one account for two people.
 * `where` is the path in muster.lua ("audiences.stakeholders[2]"). Returns how many. */
typedef void mu_people_problem_cb(const char *where, const char *what, void *ud);
MU_API size_t mu_people_check(const json_t *config, mu_people_problem_cb *, void *ud);

#endif
