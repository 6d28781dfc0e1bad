/* SPDX-License-Identifier: MIT
 *
 * Shared by the files of the DNS client, and by its tests and fuzz target; nobody else includes it.
 *
 *   dns.c          the public face: client, window, clock
 *   dns_ask.c      the life of one question: servers, tries, answers
 *   dns_udp.c      sockets: which source port a question leaves from
 *   dns_tcp.c      one message out and one back over TCP
 *   dns_wire.c     pure: the bytes of a question; whether bytes are the answer to it
 *   dns_packet.c   pure: bytes of a stranger → ldns packet
 *   dns_raw.c      bytes made elsewhere, sent once
 *   dns_resolve.c  host name → addresses
 *   dns_authority.c  name → its zone, name servers and their addresses
 *   dns_config.c   pure: resolv.conf and hosts
 *   dns_text.c     pure: names of types and rcodes                                              */
#ifndef MU_IO_DNS_INTERNAL_H
#define MU_IO_DNS_INTERNAL_H

#include <ldns/ldns.h>
#include <netinet/in.h>
#include <uv.h>

#include "base/name.h"
#include "io/dns.h"

/* --- dns_wire.c ------------------------------------------------------------------------------ */

#define MU_DNS_HEADER   12
#define MU_DNS_NAME_MAX 255 /* octets on the wire, RFC 1035 2.3.4 */
#define MU_DNS_OPT      11  /* an OPT record without options, RFC 6891 6.1.2 */
#define MU_DNS_QUERY    (MU_DNS_HEADER + MU_DNS_NAME_MAX + 4 + MU_DNS_OPT)

/* A question as it stands on the wire; the id is put in when it is sent. */
struct mu_dns_query_wire {
    uint8_t bytes[MU_DNS_QUERY];
    uint16_t len;
    uint16_t question_len; /* of qname, qtype, qclass behind the header */
};

/* False when the name is none: too long, an empty label, a bad escape. */
bool mu_dns_wire_make(struct mu_dns_query_wire *, const char *name, uint16_t type, unsigned flags);
/* Takes the OPT record off again: for servers that know no EDNS (RFC 6891 6.2.2). */
void mu_dns_wire_drop_edns(struct mu_dns_query_wire *);
void mu_dns_wire_set_id(uint8_t *wire, uint16_t id);
uint16_t mu_dns_wire_id(const uint8_t *wire);

enum mu_dns_parsed {
    MU_DNS_PARSED,
    MU_DNS_NOT_OURS, /* another id, not a response, another question: a stray or a forgery; ignore
                        it */
    MU_DNS_NO_EDNS_THERE, /* the server refused the question because of its OPT record */
    MU_DNS_MALFORMED
};

/* Pure, and the fuzz target: is this the answer to what was sent with that id? On MU_DNS_PARSED
 * *out is a new packet (ldns_pkt_free). */
enum mu_dns_parsed mu_dns_wire_parse(const struct mu_dns_query_wire *sent, uint16_t id,
                                     const uint8_t *wire, size_t len, ldns_pkt **out);

/* --- dns_udp.c ------------------------------------------------------------------------------- */

struct mu_dns_lane;
struct mu_dns_udp;

/* One datagram out and whatever comes back to its port with its id. Embedded in its owner. */
struct mu_dns_attempt {
    struct mu_dns_lane *lane; /* NULL when not in flight */
    struct mu_dns_attempt *next;
    uint16_t id;
    uint8_t server; /* the owner's: which server was asked */
    const struct mu_dns_attempt_class *class;
    void *owner;
};

struct mu_dns_attempt_class {
    /* A datagram with this id came. The attempt stays in flight until it is released. */
    void (*packet)(struct mu_dns_attempt *, const uint8_t *wire, size_t len);
    /* The kernel says that nobody listens there, or that there is no way. May release the attempt.
     */
    void (*unreachable)(struct mu_dns_attempt *, int uv_error);
};

struct mu_dns_udp *mu_dns_udp_new(uv_loop_t *);
/* Every attempt must have been released. */
void mu_dns_udp_free(struct mu_dns_udp *);
/* Sends wire to the server and puts the attempt in flight. fresh_id: an id is drawn and written
 * into wire; else the id that is there is kept. 0 or a libuv error: then nothing is in flight. */
int mu_dns_udp_send(struct mu_dns_udp *, struct mu_dns_attempt *, const struct sockaddr *server,
                    uint8_t *wire, size_t len, bool fresh_id);
void mu_dns_udp_release(struct mu_dns_attempt *); /* also when not in flight */

/* --- dns_tcp.c ------------------------------------------------------------------------------- */

struct mu_dns_tcp;
/* Called once, from the loop, unless cancelled: a message, or wire == NULL and a libuv error. */
typedef void mu_dns_tcp_cb(void *ud, const uint8_t *wire, size_t len, int uv_error);
/* *out is NULL on error. wire is copied. Has no timeout of its own: cancel it. */
int mu_dns_tcp_start(uv_loop_t *, const struct sockaddr *server, const uint8_t *wire, size_t len,
                     mu_dns_tcp_cb *, void *ud, struct mu_dns_tcp **out);
/* From start until the callback; dead afterwards. NULL is fine. */
void mu_dns_tcp_cancel(struct mu_dns_tcp *);
/* The connection stood and the bytes were handed to the kernel. */
bool mu_dns_tcp_sent(const struct mu_dns_tcp *);

/* --- dns_config.c ---------------------------------------------------------------------------- */

#define MU_DNS_SERVERS 8 /* of each kind; libc stops at 3 */

struct mu_dns_server {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } addr;
    char name[MU_ADDR_TEXT]; /* "192.0.2.53:53" */
};

void mu_dns_server_set(struct mu_dns_server *, const struct sockaddr *);
/* The nameserver lines of resolv.conf(5). Returns how many of at most MU_DNS_SERVERS. */
size_t mu_dns_config_resolv(const char *text, struct mu_dns_server *out);

struct mu_dns_host_entry {
    char name[MU_NAME_TEXT];
    struct sockaddr_storage addr;
};
struct mu_dns_hosts {
    struct mu_dns_host_entry *list;
    size_t count;
};
/* hosts(5), at most MU_DNS_HOSTS_MAX names. */
#define MU_DNS_HOSTS_MAX 4096
void mu_dns_config_hosts(const char *text, struct mu_dns_hosts *out);
void mu_dns_hosts_fini(struct mu_dns_hosts *);
/* A whole file, at most MU_LIMIT_FILE; NULL when it can't be read. free() it. */
char *mu_dns_config_file(const char *path);

/* --- dns_resolve.c --------------------------------------------------------------------------- */

/* As mu_dns_resolve(), but only by asking (no literals, no hosts file), and waits for both
 * families: for who wants all there is. */
struct mu_op *mu_dns_resolve_asking(struct mu_dns *, const char *host, mu_dns_addresses_cb *,
                                    void *ud);
/* The address of an A or AAAA record, port 0; false when it is neither. */
bool mu_dns_address_of(const ldns_rr *, struct sockaddr_storage *out);

/* --- dns.c ----------------------------------------------------------------------------------- */

struct mu_loop *mu_dns_loop(const struct mu_dns *);
const struct mu_dns_hosts *mu_dns_hosts(const struct mu_dns *);
struct mu_dns_udp *mu_dns_udp(const struct mu_dns *);

#endif
