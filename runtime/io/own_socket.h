/* SPDX-License-Identifier: MIT
 *
 * Sockets for curl, made by us: curl says "couldn't connect" of a socket that could not be made, and nobody can
 * tell that from a server that is down. */
#ifndef MU_IO_OWN_SOCKET_H
#define MU_IO_OWN_SOCKET_H

#include <curl/curl.h>

/* For CURLOPT_OPENSOCKETFUNCTION; its data is an int: the errno of the last one that could not be made. */
curl_socket_t mu_own_socket(void *errnum, curlsocktype, struct curl_sockaddr *);

#endif
