/* SPDX-License-Identifier: MIT
 *
 * Replies of hostile mail servers: whatever comes, what is kept can be shown on a terminal. */
#include "fuzz.h"

#include <string.h>

#include "io/smtp_reply.h"

static void check_text(const char *text, size_t size)
{
    promise(memchr(text, '\0', size) != NULL);
    for (; *text; text++)
        promise(((unsigned char)*text >= ' ' && *text != 127) || *text == '\n' || *text == '\t');
}

/* "5.7.1", of the reply's class (RFC 2034 4). */
static void check_enhanced(const char *enhanced, size_t size, int code)
{
    promise(memchr(enhanced, '\0', size) != NULL);
    if (*enhanced == '\0')
        return;
    int dots = 0;
    promise(enhanced[0] == '0' + code / 100);
    for (; *enhanced; enhanced++) {
        dots += *enhanced == '.';
        promise(*enhanced == '.' || (*enhanced >= '0' && *enhanced <= '9'));
    }
    promise(dots == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_smtp_reply reply;
    char *own = malloc(len + 1); /* its own block: reading past its end shows */
    memcpy(own, bytes, len);
    memset(&reply, 'x', sizeof reply);
    if (mu_smtp_reply_parse(own, len, &reply)) {
        promise(reply.code >= 200 && reply.code <= 599);
        check_text(reply.text, sizeof reply.text);
        check_enhanced(reply.enhanced, sizeof reply.enhanced, reply.code);
    }
    free(own);
    return 0;
}
