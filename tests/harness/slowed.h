/* SPDX-License-Identifier: MIT
 *
 * With AddressSanitizer everything takes several times as long: a test that goes over all there is may take samples
 * there. SLOWED(all, some) is the one or the other. */
#ifndef MU_TESTS_SLOWED_H
#define MU_TESTS_SLOWED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWED(all, some) (some)
#endif
#endif
#ifndef SLOWED
#define SLOWED(all, some) (all)
#endif

#endif
