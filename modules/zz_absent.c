/* SPDX-License-Identifier: MIT
 *
 * Empty stand-ins for built-in modules this tree was built without, so that everything links: the
 * registry skips a module without verbs. Weak, and last in the archive by its name, so that a
 * module's own table is always found first. */
#include "module/module.h"

#define ABSENT(name)                                \
    extern const struct mu_module mu_module_##name; \
    __attribute__((weak)) const struct mu_module mu_module_##name = {0};

ABSENT(dns)
ABSENT(smtp)
ABSENT(mail)
ABSENT(registrar)
ABSENT(notify)
ABSENT(http)
