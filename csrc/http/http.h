/*
** http.h - HTTP exchanges on one libcurl multi handle.
**
** Knows bytes, headers and connections; nothing of Lua, of operations or of
** retries. A transfer is one exchange: one request, one answer. Nothing is
** ever sent twice for one transfer: where libcurl would resend on a dead
** kept connection, the transfer ends instead and says so (`stale`).
**
** Everything here runs on the caller's thread inside cel_http_step(); the
** callbacks that libcurl calls only append to capped buffers.
*/
#ifndef CEL_HTTP_H
#define CEL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "http/exchange.h"
#include "http/transfer.h"

/* Sets libcurl up, once for the process and whatever thread asks; it is
   never torn down, for the host may use libcurl itself. NULL on success, else
   what is wrong, such as a libcurl that is too old; it stays valid. */
const char *cel_http_global(void);

/* Reads the anchors, makes the multi handle and the first easy handle. NULL
   on success, else what is wrong, valid as long as h: CEL_NO_MEMORY, something
   about ca_file (h->blames_ca_file), or what libcurl lacks. A zeroed cel_http
   can be closed. */
const char *cel_http_open(cel_http *h, const cel_allocator *alloc,
                          const cel_http_settings *settings);
void cel_http_close(cel_http *h);

/* Instead of cel_http_close() in a child made by fork: the parent's
   connections stay as they are. What libcurl keeps in memory stays, too, for
   libcurl cannot give it back without talking to the peers. */
void cel_http_leave(cel_http *h);

/* Whether the request line must hold the whole URL: plain http through an
   HTTP proxy (RFC 9112, section 3.2.2). */
bool cel_http_absolute(const cel_http *h);

/* Waits up to `seconds` for the network, then does what can be done. Comes
   back early when a transfer has news or a signal arrives (false then).
   News: the head is whole, the exchange has finished, it starves. */
bool cel_http_step(cel_http *h, double seconds);

/* The next transfer that has news, or NULL; each is given out once. */
cel_transfer *cel_http_news(cel_http *h);

/* For event loops: seconds until libcurl wants a turn, negative for never.
   Descriptors are in h->sockets, or all behind h->watch (http_watch.h). */
double cel_http_timeout(const cel_http *h);

#endif
