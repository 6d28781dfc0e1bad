/* SPDX-License-Identifier: MIT
 *
 * libcurl, loaded when somebody speaks HTTP or SMTP for the first time; see base/late.h. Its functions have here
 * the names they have there, so that whoever uses curl writes plain curl. mu_curl_load() comes first; what
 * frees something may be called without, where there is nothing to free. */
#define CURL_DISABLE_TYPECHECK
#include "io/curl_late.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/late.h"
#include "base/log.h"
#include "base/mem.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

/* What the functions with "..." take there is as wide as a pointer, whatever it is. */
_Static_assert(sizeof(curl_off_t) == sizeof(void *) && sizeof(long) == sizeof(void *),
               "LP64: an option's value goes through void *");

#define SONAME "libcurl.so.4"

/* clang-format off */
#define GIVING(X)                                                                                  \
    X(CURLcode, curl_global_init, (long flags), (flags))                                           \
    X(CURL *, curl_easy_init, (void), ())                                                          \
    X(CURLcode, curl_easy_perform, (CURL *easy), (easy))                                           \
    X(CURLcode, curl_easy_recv, (CURL *easy, void *to, size_t len, size_t *got), (easy, to, len, got)) \
    X(CURLcode, curl_easy_send, (CURL *easy, const void *from, size_t len, size_t *sent), (easy, from, len, sent)) \
    X(char *, curl_easy_escape, (CURL *easy, const char *text, int len), (easy, text, len))        \
    X(const char *, curl_easy_strerror, (CURLcode code), (code))                                   \
    X(CURLM *, curl_multi_init, (void), ())                                                        \
    X(CURLMcode, curl_multi_cleanup, (CURLM *multi), (multi))                                      \
    X(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *easy), (multi, easy))                 \
    X(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *easy), (multi, easy))              \
    X(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left))                   \
    X(CURLMcode, curl_multi_socket_action, (CURLM *multi, curl_socket_t fd, int what, int *running), (multi, fd, what, running)) \
    X(CURLMcode, curl_multi_assign, (CURLM *multi, curl_socket_t fd, void *ud), (multi, fd, ud))   \
    X(const char *, curl_multi_strerror, (CURLMcode code), (code))                                 \
    X(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text), (list, text)) \
    X(CURLU *, curl_url, (void), ())                                                               \
    X(CURLUcode, curl_url_get, (CURLU *url, CURLUPart part, char **text, unsigned flags), (url, part, text, flags)) \
    X(CURLUcode, curl_url_set, (CURLU *url, CURLUPart part, const char *text, unsigned flags), (url, part, text, flags)) \
    X(const char *, curl_url_strerror, (CURLUcode code), (code))                                   \
    X(time_t, curl_getdate, (const char *text, const time_t *unused), (text, unused))              \
    X(int, curl_strnequal, (const char *one, const char *two, size_t len), (one, two, len))
#define DOING(X)                                                                                   \
    X(curl_global_cleanup, (void), ())                                                             \
    X(curl_easy_cleanup, (CURL *easy), (easy))                                                     \
    X(curl_easy_reset, (CURL *easy), (easy))                                                       \
    X(curl_slist_free_all, (struct curl_slist *list), (list))                                      \
    X(curl_url_cleanup, (CURLU *url), (url))                                                       \
    X(curl_free, (void *text), (text))
#define SETTING(X)                                                                                 \
    X(CURLcode, curl_easy_setopt, CURL *, CURLoption)                                              \
    X(CURLMcode, curl_multi_setopt, CURLM *, CURLMoption)                                          \
    X(CURLcode, curl_easy_getinfo, CURL *, CURLINFO)
/* clang-format on */

static struct {
#define X(type, name, params, args) type(*name) params;
    GIVING(X)
#undef X
#define X(name, params, args) void(*name) params;
    DOING(X)
#undef X
#define X(type, name, handle, option) type (*name)(handle, option, ...);
    SETTING(X)
#undef X
} real;

enum mu_err mu_curl_load(struct mu_fail *fail)
{
    static const struct mu_late_symbol symbols[] = {
#define X(type, name, params, args) {#name, &real.name},
        GIVING(X) SETTING(X)
#undef X
#define X(name, params, args) {#name, &real.name},
            DOING(X)
#undef X
    };
    return mu_late_load(SONAME, symbols, MU_COUNT(symbols), fail);
}

/* A mistake of ours, not a library that is missing. */
static void must_be_loaded(bool loaded, const char *function)
{
    if (loaded)
        return;
    mu_error("io.curl", "%s() before mu_curl_load()", function);
    abort();
}

#define X(type, name, params, args)               \
    type name params                              \
    {                                             \
        must_be_loaded(real.name != NULL, #name); \
        return real.name args;                    \
    }
GIVING(X)
#undef X

#define X(name, params, args) \
    void name params          \
    {                         \
        if (real.name)        \
            real.name args;   \
    }
DOING(X)
#undef X

#define X(type, name, handle, option)       \
    type name(handle on, option which, ...) \
    {                                       \
        va_list rest;                       \
        va_start(rest, which);              \
        void *value = va_arg(rest, void *); \
        va_end(rest);                       \
        return real.name(on, which, value); \
    }
SETTING(X)
#undef X
