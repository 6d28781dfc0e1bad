/* SPDX-License-Identifier: MIT
 *
 * Compiler attributes, spelled once. */
#ifndef MU_BASE_ATTR_H
#define MU_BASE_ATTR_H

#define MU_MUST_USE     __attribute__((warn_unused_result))
#define MU_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MU_UNUSED       __attribute__((unused))
#define MU_NORETURN     __attribute__((noreturn))
/* Visible to modules that are loaded as shared objects; all else is hidden. */
#define MU_API __attribute__((visibility("default")))

#define MU_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
