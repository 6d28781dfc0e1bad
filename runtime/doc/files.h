/* SPDX-License-Identifier: MIT
 *
 * Files of doc/: made whole, in folders that are made on the way. */
#ifndef MU_DOC_FILES_H
#define MU_DOC_FILES_H

#include "base/buf.h"
#include "base/err.h"

enum mu_err files_folder(const char *path, struct mu_fail *);
enum mu_err files_write(const char *dir, const char *name, const struct mu_buf *text,
                        struct mu_fail *);

#endif
