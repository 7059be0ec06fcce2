/*
** connections.h - the sockets of a client. They are made here, known here
** until they are closed, and looked at before a request goes out on a kept
** connection.
**
** libcurl looks at a kept connection before it uses it, but it may miss that
** the server has ended it by TLS and TCP, and it does not know that a server
** was silent until a deadline. Nobody can tell whether a request on such a
** connection was read: the worst case for a write. For files of http/ only.
*/
#ifndef CEL_CONNECTIONS_H
#define CEL_CONNECTIONS_H

#include <stdbool.h>

#include <curl/curl.h>

#include "common/buf.h"

/* The sockets of one client. libcurl holds a pointer to it: it must outlive
   the multi handles, and must not be moved. */
typedef struct cel_connections {
  cel_buf sockets; /* of an entry for each open socket */
} cel_connections;

/* Makes room for the sockets of that many connections. Nothing is allocated
   later. False when memory ran out. */
bool cel_connections_init(cel_connections *c, const cel_allocator *alloc,
                          long max_connections);
void cel_connections_free(cel_connections *c);

/* For a child made by fork: closes its copies of the sockets, and sends
   nothing to the peers. libcurl must not be called afterwards. */
void cel_connections_leave(cel_connections *c);

/* Has libcurl make and close the sockets of an easy handle here. Each
   descriptor is 3 or higher and is closed in programs that the host starts;
   each socket notices a peer that is gone. */
CURLcode cel_connections_watch(cel_connections *c, CURL *curl);

/* Whether that is one of these sockets; those of resolvers are not. */
bool cel_connections_has(const cel_connections *c, curl_socket_t fd);

/* Whether the connection with this local port must not be used for a request:
   its peer has ended it, or it is to be avoided. `idle_is_quiet` is for
   HTTP/1.1, where nothing may arrive before a request: then a byte that can be
   read means the same. */
bool cel_connections_is_dead(const cel_connections *c, int local_port,
                             bool idle_is_quiet);

/* How long ago, in seconds, the last byte arrived on that connection, be it
   read or not; 0 where the system does not tell, or the connection is gone. */
double cel_connections_quiet(const cel_connections *c, int local_port);

/* A deadline has passed without an answer on this connection: it counts as
   dead from now on. */
void cel_connections_avoid(cel_connections *c, int local_port);

#endif
