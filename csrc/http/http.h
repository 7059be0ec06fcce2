/*
** http.h - HTTP exchanges on one libcurl multi handle.
**
** Knows bytes, headers and connections, but no Lua, no operations and no
** retries. A transfer is one exchange: one request and its answer. No transfer
** ever sends its request twice: where libcurl wants to, because a kept
** connection was dead, the transfer ends and says so (`stale`).
**
** All work is done inside cel_http_step(), on the caller's thread. The
** callbacks that libcurl calls only append to buffers with a maximum.
*/
#ifndef CEL_HTTP_H
#define CEL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "http/exchange.h"
#include "http/transfer.h"

/* Sets libcurl up, once for the process; any thread may call it. libcurl is
   never shut down, because the host may use it too. NULL on success, else what
   is wrong (libcurl is too old, for example), a text that stays valid. */
const char *cel_http_global(void);

/* Reads the anchors, makes the multi handle and the first easy handle. NULL on
   success, else what is wrong: CEL_NO_MEMORY, something about ca_file (then
   h->blames_ca_file is set), or what libcurl lacks. The text is valid as long
   as h. A zeroed cel_http can be closed. */
const char *cel_http_open(cel_http *h, const cel_allocator *alloc,
                          const cel_http_settings *settings);
void cel_http_close(cel_http *h);

/* Instead of cel_http_close() in a child made by fork: the parent's
   connections stay as they are. libcurl's memory is not freed either: libcurl
   cannot do that without talking to the peers. */
void cel_http_leave(cel_http *h);

/* Whether the request line must hold the whole URL: plain http through an
   HTTP proxy (RFC 9112, section 3.2.2). */
bool cel_http_absolute(const cel_http *h);

/* Waits up to `seconds` for the network, then does what can be done. Comes
   back early when a transfer has news, or when a signal arrives (false then).
   News are: the head is complete, the exchange is over, the transfer is
   starved. */
bool cel_http_step(cel_http *h, double seconds);

/* The next transfer that has news, or NULL. Each news is reported once. */
cel_transfer *cel_http_news(cel_http *h);

/* For event loops: seconds until libcurl's timer is due, negative for never.
   Descriptors are in h->sockets, or all behind h->watch (http_watch.h). */
double cel_http_timeout(const cel_http *h);

#endif
