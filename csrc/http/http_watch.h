/*
** http_watch.h - one descriptor for all that a client waits for, on Linux: an
** epoll instance that holds libcurl's sockets.
**
** It can be read whenever one of them is ready. So an event loop needs only
** one watcher, however often the sockets change. It also never sees a socket's
** error: some loops report errors on their own.
*/
#ifndef CEL_HTTP_WATCH_H
#define CEL_HTTP_WATCH_H

#include "http/transfer.h"

/* Makes the descriptor, h->watch, and adds the sockets that are open. Where
   the system has no epoll it stays 0: then the sockets themselves must be
   watched. */
void cel_http_watch_open(cel_http *h);
void cel_http_watch_close(cel_http *h);

/* What libcurl waits for on a socket has changed. For files of http/ only. */
void cel_http_watch_socket(cel_http *h, curl_socket_t fd, int what);

#endif
