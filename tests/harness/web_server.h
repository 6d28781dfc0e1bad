/* SPDX-License-Identifier: MIT
 *
 * nginx on loopback for tests, with TLS: what it serves for which host is nginx's own configuration. The certificate is its own
 * authority: name it as http.ca_file. */
#ifndef MU_TESTS_WEB_SERVER_H
#define MU_TESTS_WEB_SERVER_H

#include "harness/process.h"

struct test_web {
    pid_t pid;
    char folder[64], certificate[96];
};

/* names: "DNS:a.test,DNS:b.test". */
static void test_web_certificate(const struct test_web *web, const char *names, const char *days)
{
    char key[96], alternatives[512];
    snprintf(key, sizeof key, "%s/key.pem", web->folder);
    snprintf(alternatives, sizeof alternatives, "subjectAltName=%s", names);
    const char *const command[] = {"openssl",
                                   "req",
                                   "-x509",
                                   "-newkey",
                                   "ec",
                                   "-pkeyopt",
                                   "ec_paramgen_curve:P-256",
                                   "-nodes",
                                   "-days",
                                   days,
                                   "-subj",
                                   "/CN=web",
                                   "-addext",
                                   alternatives,
                                   "-keyout",
                                   key,
                                   "-out",
                                   web->certificate,
                                   NULL};
    if (test_run(web->folder, command) != 0)
        test_die("openssl req");
}

/* servers: server blocks without listen and certificate. Serves at address:port, with names in its certificate; pid 0: that
 * port can't be had (443 takes root). */
MU_UNUSED static struct test_web test_web_start(const char *address, uint16_t port,
                                                const char *names, const char *const *servers)
{
    struct test_web web = {.folder = "/tmp/muster-web-XXXXXX"};
    char config[96];
    if (mkdtemp(web.folder) == NULL)
        test_die("mkdtemp");
    snprintf(web.certificate, sizeof web.certificate, "%s/cert.pem", web.folder);
    test_web_certificate(&web, names, "30");
    FILE *file = test_file(web.folder, "nginx.conf");
    fprintf(file,
            "daemon off; master_process off; pid %s/pid; error_log stderr;\nevents {}\nhttp "
            "{\naccess_log off; "
            "default_type text/plain; client_body_temp_path %s/body; proxy_temp_path %s/proxy; "
            "fastcgi_temp_path %s/fcgi; "
            "uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;\nssl_certificate %s; "
            "ssl_certificate_key %s/key.pem;\n",
            web.folder, web.folder, web.folder, web.folder, web.folder, web.folder, web.certificate,
            web.folder);
    for (; *servers; servers++)
        fprintf(file, "server { listen %s:%u ssl; %s }\n", address, port, *servers);
    fprintf(file, "}\n");
    fclose(file);
    snprintf(config, sizeof config, "%s/nginx.conf", web.folder);
    int fd = test_bind(SOCK_STREAM, address, port);
    if (fd < 0)
        return web;
    close(fd);
    web.pid = test_spawn(web.folder,
                         (const char *const[]){"nginx", "-c", config, "-p", web.folder, NULL});
    test_wait_port(address, port);
    return web;
}

MU_UNUSED static void test_web_stop(struct test_web *web)
{
    test_stop(web->pid);
    web->pid = 0;
    test_remove(web->folder);
}

#endif
