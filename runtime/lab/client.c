/* SPDX-License-Identifier: MIT
 *
 * Asking a lab; see client.h. */
#include "lab/client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/curl_late.h"

#define TIMEOUT_MS 5000
/* A full inbox: MU_LIMIT_LAB_INBOX messages of ordinary size. */
#define ANSWER_MAX (64u << 20)

static size_t on_body(char *bytes, size_t size, size_t count, void *ud)
{
    struct mu_buf *body = ud;
    mu_buf_add(body, bytes, size * count);
    return body->full ? 0 : size * count;
}

static CURLcode perform(CURL *curl, const char *token, const char *text, struct mu_buf *answer)
{
    char *header = mu_xasprintf("Authorization: Bearer %s", token);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever http_proxy says: this is loopback */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (text != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    free(header);
    return code;
}

static enum mu_err judge(long status, const struct mu_buf *answer, json_t **out,
                         struct mu_fail *fail)
{
    json_t *value = mu_json_parse(mu_buf_text(answer), answer->len, fail);
    if (value == NULL)
        return mu_fail_prefix(fail, "the lab's answer is no JSON");
    if (status / 100 != 2) {
        mu_fail_set(fail, MU_USAGE, "%s", mu_json_str(value, "error", "the lab refuses"));
        json_decref(value);
        return MU_USAGE;
    }
    if (out != NULL)
        *out = value;
    else
        json_decref(value);
    return MU_OK;
}

enum mu_err mu_lab_client_ask(const char *base_url, const char *token, const char *method,
                              const char *path, const json_t *body, json_t **out,
                              struct mu_fail *fail)
{
    if (mu_curl_load(fail) != MU_OK)
        return fail->class;
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return mu_fail_set(fail, MU_INTERNAL, "libcurl does not start");
    char *url = mu_xasprintf("%s%s", base_url, path);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct mu_buf answer = {.max = ANSWER_MAX};
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    CURLcode code = perform(curl, token, text, &answer);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    enum mu_err err = code == CURLE_OK ? judge(status, &answer, out, fail)
                                       : mu_fail_set(fail, MU_NET, "no lab answers at %s: %s",
                                                     base_url, curl_easy_strerror(code));
    mu_buf_free(&answer);
    free(text);
    free(url);
    curl_easy_cleanup(curl);
    return err;
}
