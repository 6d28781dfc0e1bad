/* SPDX-License-Identifier: MIT
 *
 * Fuzzes the SMTP reply parser (libFuzzer): whatever a server sends, a reply is well-formed or
 * refused, and its text is fit for a terminal.
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -Iruntime -D_DEFAULT_SOURCE
 * tests/fuzz/fuzz_smtp_reply.c \ runtime/io/smtp_reply.c runtime/base/{buf,mem}.c -o
 * fuzz_smtp_reply
 *   ./fuzz_smtp_reply -max_len=4096 tests/fuzz/corpus/smtp_reply */
#include <stdlib.h>
#include <string.h>

#include "io/smtp_reply.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mu_smtp_reply *reply)
{
    if (reply->code < 200 || reply->code > 599 || strlen(reply->text) >= sizeof reply->text)
        abort();
    if (*reply->enhanced != '\0' && *reply->enhanced != '0' + reply->code / 100)
        abort();
    for (const char *c = reply->text; *c != '\0'; c++)
        if (((unsigned char)*c < ' ' && *c != '\t' && *c != '\n') || *c == 127)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mu_smtp_reply reply;
    if (mu_smtp_reply_parse((const char *)data, size, &reply))
        check(&reply);
    return 0;
}
