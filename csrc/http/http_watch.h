/*
** http_watch.h - one descriptor for all that a client waits for, on Linux: an
** epoll instance that holds libcurl's sockets.
**
** It is readable whenever one of them is ready. An event loop that watches it
** instead of the sockets has one watcher, however often these change, and
** never sees an error of one: some loops say such things by themselves.
*/
#ifndef CEL_HTTP_WATCH_H
#define CEL_HTTP_WATCH_H

#include <stdbool.h>

#include "http/transfer.h"

/* Makes the descriptor, h->watch, with the sockets that are there. It stays 0
   where the system has none: then the sockets are to be watched. */
void cel_http_watch_open(cel_http *h);
void cel_http_watch_close(cel_http *h);

/* libcurl waits for something else of a socket, or no longer for it. For
   http*.c only. */
void cel_http_watch_socket(cel_http *h, curl_socket_t fd, int what);

#endif
