/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target is one file fuzz_NAME.c with one LLVMFuzzerTestOneInput();
 * it checks what its parser promises, not only that it does not crash. Its corpus is
 * corpus/NAME/, small inputs that each reach something of their own; tests/fuzz/run runs it.
 *
 * To add one: those two, nothing else; CMake finds the file. */
#ifndef MU_TESTS_FUZZ_H
#define MU_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A broken promise is a crash, so that the fuzzer keeps the input. */
#define promise(what)                                                                  \
    do {                                                                               \
        if (!(what)) {                                                                 \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #what); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

#endif
