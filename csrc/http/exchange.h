/*
** exchange.h - one exchange: one request and its answer. http.h steps all of
** them.
*/
#ifndef CEL_EXCHANGE_H
#define CEL_EXCHANGE_H

#include <stdbool.h>

#include "http/transfer.h"

/* Whether the first exchange was made by another process. Then this process is
   a child of that one, made by fork, and must not use its connections. */
bool cel_http_is_foreign(const cel_http *h);

/* Sets up a transfer; allocates nothing. */
void cel_transfer_init(cel_transfer *t, cel_http *h);

/* Starts an exchange, and forgets an earlier answer in t. Deadlines are kept
   by the caller, who stops the exchange. False when memory ran out; then
   nothing is started. */
bool cel_http_start(cel_http *h, cel_transfer *t, const cel_http_request *r);

/* Ends an exchange, finished or not; the answer's buffers stay. Does nothing
   where none is running. */
void cel_http_stop(cel_transfer *t);

/* Stops an exchange at its deadline. If the request was sent, its connection
   is not used again. */
void cel_http_give_up(cel_transfer *t);

/* Stops, and frees the buffers too. */
void cel_transfer_free(cel_transfer *t);

/* Lets a starved transfer go on (see `starved`). False when the allocator
   refuses again. */
bool cel_http_feed(cel_transfer *t);

/* {====== For files of http/ only */

/* A new easy handle; NULL when memory ran out, or when libcurl does not know
   an option, whose name is in *refused then. */
cel_http_easy *cel_easy_make(cel_http *h, const char **refused);
void cel_easy_free(cel_http *h, cel_http_easy *e);

/* The same in a child made by fork, which must not call libcurl: its handle
   stays. */
void cel_easy_leave(cel_http *h, cel_http_easy *e);

/* The kept connection that libcurl had chosen was found dead before anything
   went out on it: the same exchange begins again on a new one. False when
   memory ran out; the transfer has no handle then. */
bool cel_exchange_restart(cel_transfer *t);

/* }====== */

#endif
