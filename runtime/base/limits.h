/* SPDX-License-Identifier: MIT
 *
 * Every ceiling in one place, each with its reason. Nothing in muster grows without one of these. */
#ifndef MU_BASE_LIMITS_H
#define MU_BASE_LIMITS_H

#define MU_LIMIT_BUF    (16u << 20) /* a report of a long incident is about 2 MiB */
#define MU_LIMIT_DEPTH  32          /* nesting of a value: a playbook's tables, foreign JSON */
#define MU_LIMIT_INLINE (64u << 10) /* a value in a journal row; larger ones go to blobs */
#define MU_LIMIT_VALUE  (4u << 20)  /* a value at all; past it the call fails with "too large" */
#define MU_LIMIT_HTTP_BODY \
    (2u << 20) /* an answer's body: the largest provider page met is 600 KiB */
#define MU_LIMIT_HTTP_HEADERS \
    (64u << 10) /* an answer's header lines together; servers stop at 8 to 32 KiB */
#define MU_LIMIT_SMTP_LINE \
    2048 /* of a reply; RFC 5321 4.5.3.1.5 allows 512 octets, some servers 1,000 */
#define MU_LIMIT_SMTP_REPLY \
    (16u << 10)                 /* all lines of one reply; the longest EHLO met has 40 lines */
#define MU_LIMIT_SMTP_RCPT  100 /* recipients of one session, RFC 5321 4.5.3.1.8 */
#define MU_LIMIT_TRANSCRIPT (64u << 10) /* an SMTP dialogue as evidence */
#define MU_LIMIT_DNS_ANSWERS \
    4096                      /* records kept of one answer; 64 KiB hold about 4,000 A records */
#define MU_LIMIT_DNS_CHASE 8  /* CNAME hops followed */
#define MU_LIMIT_SERVERS   64 /* authoritative addresses of one zone that are asked */
#define MU_LIMIT_LUA_SOFT \
    (64u << 20) /* Lua memory: past it a full collection, then the run is parked */
#define MU_LIMIT_LUA_HARD   (128u << 20)
#define MU_LIMIT_TASKS      20000 /* tasks of one run; 2 KB each when parked */
#define MU_LIMIT_TASK_DEPTH 32    /* blocks inside blocks */
#define MU_LIMIT_TASK_PATH \
    (MU_LIMIT_TASK_DEPTH * 12) /* "r", and a dot and a number of up to ten digits for each block */
#define MU_LIMIT_CALL (MU_LIMIT_TASK_PATH + 24) /* path, slash, number: the name of a call */
#define MU_LIMIT_CHILD_DEPTH \
    4 /* runs that start runs: an incident, its playbook, a part of it, one more */
#define MU_LIMIT_BATCH_ROWS 256 /* journal rows in one group commit */
#define MU_LIMIT_BATCH_MS   20  /* and the longest one waits for it */
#define MU_LIMIT_SECRET_MIN 8   /* shorter secrets would scrub innocent text */
#define MU_LIMIT_NAME       253 /* octets of a domain name without the root dot, RFC 1035 2.3.4 */
#define MU_LIMIT_SLICE_CPU_S \
    5 /* CPU seconds between two yields of a task before the watchdog ends it */
#define MU_LIMIT_ACTS      10000 /* acts of one run before a person is asked; an incident has tens */
#define MU_LIMIT_ROWS      1000000 /* journal rows likewise: 12 h of looking every 30 s are 10,000 */
#define MU_LIMIT_OUTPUT_KB (1u << 20) /* and what they hold: 1 GiB, a disk is not endless */
#define MU_LIMIT_CPU_S     3600 /* CPU time of one executor: an hour of computing is no incident */
#define MU_LIMIT_REASON    4096 /* octets of why a run ended or parked: a person reads it on a phone */
#define MU_LIMIT_STARTS    3    /* starts that died before the frontier, then the run is poisoned */
#define MU_LIMIT_TEST_RESULT \
    (256u << 20) /* of one test, with its runs' journals: looking every minute makes 3 MiB a day */
#define MU_LIMIT_FILE (1u << 20) /* a playbook, template or configuration file */

#define MU_LIMIT_LAB_SESSIONS 64   /* SMTP and DNS/TCP connections at once to one host of the lab */
#define MU_LIMIT_LAB_LINE     2048 /* an SMTP command line; RFC 5321 4.5.3.1.4 asks for 512 */
#define MU_LIMIT_LAB_MESSAGE \
    (256u << 10)                  /* a message, an HTTP body, an answer still to be written */
#define MU_LIMIT_LAB_RCPT    100  /* recipients of one message, RFC 5321 4.5.3.1.8 */
#define MU_LIMIT_LAB_INBOX   500  /* messages kept in memory; the oldest go first */
#define MU_LIMIT_LAB_FILES   5000 /* messages kept as files */
#define MU_LIMIT_LAB_RRSETS  1000 /* rrsets of a zone, and */
#define MU_LIMIT_LAB_RECORDS 100  /* records of one of them: an answer stays below 64 KiB */
#define MU_LIMIT_LAB_IDLE_MS \
    120000 /* a silent connection is closed; far longer than a probe waits */

#endif
