/* SPDX-License-Identifier: MIT
 *
 * Semantic versions (https://semver.org, 2.0.0): MAJOR.MINOR.PATCH[-PRE][+BUILD], their order, and the
 * short forms people type for "the highest that fits". */
#ifndef MU_BASE_SEMVER_H
#define MU_BASE_SEMVER_H

#include <stdbool.h>

#define MU_SEMVER_TEXT 64 /* octets of a version, its NUL included */

bool mu_semver_valid(const char *text);
/* Below, at or above zero, by precedence (section 11): a pre-release comes before its release, and
 * what stands behind "+" does not count. Both must be valid. */
int mu_semver_compare(const char *one, const char *other);
bool mu_semver_is_pre(const char *version);
/* What a person may type behind "@": a version, or its first one or two numbers. */
bool mu_semver_is_wish(const char *text);
/* True when a version is what the wish means: "2" and "2.3" every release that begins so, a whole
 * version only itself. "" means every release. Pre-releases are only meant when they are named in full. */
bool mu_semver_fits(const char *version, const char *wish);
/* The next correction, addition and break behind a version: "2.3.1", "2.4.0", "3.0.0" for 2.3.0. */
enum mu_semver_step { MU_SEMVER_PATCH, MU_SEMVER_MINOR, MU_SEMVER_MAJOR };
void mu_semver_next(const char *version, enum mu_semver_step, char out[MU_SEMVER_TEXT]);

#endif
