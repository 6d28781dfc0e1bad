/* SPDX-License-Identifier: MIT
 *
 * See own_socket.h. */
#include "io/own_socket.h"

#include <errno.h>
#include <sys/socket.h>

curl_socket_t mu_own_socket(void *errnum, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        *(int *)errnum = errno;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}
