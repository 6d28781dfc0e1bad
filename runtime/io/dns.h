/* SPDX-License-Identifier: MIT
 *
 * DNS client on ldns and libuv: one question to one server (or the resolvers), UDP with EDNS and TCP
 * fallback, retries, a window of queries in flight. Never getaddrinfo. RFC 1035, 6891, 7766, 5452
 * (random id and port, question section checked). It asks; the judging is in modules/dns.
 *
 *   mu_dns_query ─▶ window ─▶ UDP (fresh port) ─▶ TC? ─▶ TCP ─▶ struct mu_dns_answer
 *                               └─ timeout ─▶ retry, next resolver                       */
#ifndef MU_IO_DNS_H
#define MU_IO_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/op.h"

struct mu_dns;

struct mu_dns_config {
    /* Resolvers in order, "192.0.2.53" or "[2001:db8::53]:5353". NULL-terminated; NULL or empty:
     * /etc/resolv.conf. */
    const char *const *resolvers;
    /* Pinned addresses asked when every resolver above is silent, NULL-terminated or NULL. */
    const char *const *fallback;
    uint16_t authoritative_port; /* 0 = 53; the lab and tests serve on another one */
    int timeout_ms;              /* of one try; 0 = 2000 */
    int tries;                   /* per server; 0 = 3 (first retry after timeout_ms / 4) */
    int window; /* queries in flight; 0 = 100 (peers.md: more overflows socket buffers) */
};

/* Reads /etc/resolv.conf and /etc/hosts now, not later. */
enum mu_err mu_dns_new(struct mu_loop *, const struct mu_dns_config *, struct mu_dns **out,
                       struct mu_fail *);
void mu_dns_free(struct mu_dns *);
/* The resolvers in use, as text, for doctor: fills names with up to max pointers (borrowed), returns how many. */
MU_API size_t mu_dns_resolvers(const struct mu_dns *, const char **names, size_t max);
MU_API uint16_t mu_dns_authoritative_port(const struct mu_dns *);

enum mu_dns_flag {
    MU_DNS_RD = 1,  /* ask for recursion; set for resolvers by itself */
    MU_DNS_TCP = 2, /* TCP from the start */
    MU_DNS_DO = 4,  /* DNSSEC OK */
    MU_DNS_NO_EDNS = 8,
    MU_DNS_CD = 16, /* checking disabled: hand on what would not validate (RFC 4035 3.2.2) */
};

struct mu_dns_question {
    const char *name; /* presentation form, with or without final dot */
    uint16_t type;    /* RR type number; mu_dns_type_number() reads text */
    unsigned flags;
    const struct sockaddr *server; /* NULL = the configured resolvers, then the fallback */
    int timeout_ms;                /* 0 = the configured one */
};

struct mu_dns_answer {
    enum mu_err err;    /* MU_OK: a well-formed answer came (rcode says which), else NET or PROTO */
    const char *why;    /* when err: "timeout after 3 tries at 192.0.2.53:53", ... */
    bool no_route;      /* when err: nothing left this host, which has no way there (no IPv6) */
    int rcode;          /* 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED ...; extended by EDNS */
    bool aa, ad, tc;    /* flags of the header; tc only when TCP failed too */
    const char *server; /* "192.0.2.53:53", who answered or was asked last */
    bool tcp;           /* the answer came over TCP */
    int tries;
    int64_t ms;          /* from first send to the answer */
    const void *packet;  /* const ldns_pkt *, NULL when err; dies after the callback */
    const uint8_t *wire; /* the answer's bytes */
    size_t wire_len;
};

typedef void mu_dns_cb(const struct mu_dns_answer *, void *ud);

/* NULL only when the question itself is impossible (name too long): then *fail says why. */
MU_API struct mu_op *mu_dns_query(struct mu_dns *, const struct mu_dns_question *, mu_dns_cb *,
                                  void *ud, struct mu_fail *);

/* Sends bytes made elsewhere (an RFC 2136 UPDATE with TSIG) to one server, over TCP or UDP, and hands
 * back the answer whose id matches. No retry: the caller knows whether repeating is safe. A failure
 * before the bytes left has err MU_NET with sent == false; after that the fate is unknown. */
struct mu_dns_raw_answer {
    enum mu_err err;
    const char *why;
    bool sent;
    const uint8_t *wire;
    size_t wire_len;
    int64_t ms;
};
typedef void mu_dns_raw_cb(const struct mu_dns_raw_answer *, void *ud);
MU_API struct mu_op *mu_dns_send_raw(struct mu_dns *, const struct sockaddr *server,
                                     const uint8_t *wire, size_t len, bool tcp, int timeout_ms,
                                     mu_dns_raw_cb *, void *ud);

/* Addresses of a host, v4 and v6, for connecting: literals, "localhost", /etc/hosts, then A and AAAA
 * through the resolvers (CNAMEs followed). What getaddrinfo would do, on our loop. */
struct mu_dns_addresses {
    enum mu_err err; /* MU_OK with count 0 does not happen: NXDOMAIN and no data are MU_REMOTE */
    const char *why;
    const struct sockaddr_storage *list;
    size_t count;
};
typedef void mu_dns_addresses_cb(const struct mu_dns_addresses *, void *ud);
MU_API struct mu_op *mu_dns_resolve(struct mu_dns *, const char *host, mu_dns_addresses_cb *,
                                    void *ud);

/* "MX" → 15, also "TYPE15"; 0 when unknown. And back ("MX"); never NULL. */
MU_API uint16_t mu_dns_type_number(const char *text);
MU_API const char *mu_dns_type_text(uint16_t type, char buf[16]);
/* "NOERROR", "NXDOMAIN", "RCODE11" ... static or buf. */
MU_API const char *mu_dns_rcode_text(int rcode, char buf[16]);

#endif
