/*
** connections.h - the sockets of a client: made here, known here until they
** are closed, and looked at before a request goes out on a kept one.
**
** libcurl looks at a kept connection before it uses it, but not closely
** enough: a server that has ended it by TLS and TCP goes unnoticed, and so
** does one that is silent. A request that is written to such a connection may
** or may not have been read, which is the worst that can be said of a write.
** For http*.c only.
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

/* Makes room for the sockets of so many connections, so that nothing is
   allocated later. False when memory ran out. */
bool cel_connections_init(cel_connections *c, const cel_allocator *alloc,
                          long max_connections);
void cel_connections_free(cel_connections *c);

/* Closes this process's copies of the sockets, of which a child that was made
   by fork has some, and says nothing to the peers. libcurl must not be asked
   for anything afterwards. */
void cel_connections_leave(cel_connections *c);

/* Has libcurl make and close an easy handle's sockets here: each descriptor
   is 3 or higher, is closed in programs that the host starts, and notices a
   peer that is gone for good. */
CURLcode cel_connections_watch(cel_connections *c, CURL *curl);

/* Whether the connection with this local port can carry no request: its peer
   has ended it, or it is to be avoided. `idle_is_quiet`: a byte that waits to
   be read means the same (HTTP/1.1, where nothing comes without a request). */
bool cel_connections_is_dead(const cel_connections *c, int local_port,
                             bool idle_is_quiet);

/* The connection has answered nothing until a deadline: it is dead from now
   on. */
void cel_connections_avoid(cel_connections *c, int local_port);

#endif
