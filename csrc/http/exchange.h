/*
** exchange.h - one exchange: one request, one answer. See http.h for what
** carries them all.
*/
#ifndef CEL_EXCHANGE_H
#define CEL_EXCHANGE_H

#include <stdbool.h>

#include "http/transfer.h"

/* Whether the first exchange was another process's: this one is its child,
   made by fork, and must leave what it was given. */
bool cel_http_is_foreign(const cel_http *h);

/* A transfer's buffers; allocates nothing. */
void cel_transfer_init(cel_transfer *t, cel_http *h);

/* Starts an exchange; deadlines are the caller's, who stops it. Forgets an
   earlier answer in t. False when memory ran out; nothing is started then. */
bool cel_http_start(cel_http *h, cel_transfer *t, const cel_http_request *r);

/* Ends an exchange, finished or not; keeps the answer's buffers. Harmless
   on one that is not running. */
void cel_http_stop(cel_transfer *t);

/* Stops an exchange that has had its time: where it was sent, its connection
   is not used again. */
void cel_http_give_up(cel_transfer *t);

/* Stops, and frees the buffers too. */
void cel_transfer_free(cel_transfer *t);

/* Lets a starved transfer go on. False when the allocator refuses again. */
bool cel_http_feed(cel_transfer *t);

/* {====== For files of http/ only */

/* A new easy handle; NULL when memory ran out, or when libcurl does not know
   an option, whose name is in *refused then. */
cel_http_easy *cel_easy_make(cel_http *h, const char **refused);
void cel_easy_free(cel_http *h, cel_http_easy *e);

/* The kept connection that libcurl had chosen was found dead before anything
   went out on it: the same exchange begins again on a new one. False when
   memory ran out; the transfer has no handle then. */
bool cel_exchange_restart(cel_transfer *t);

/* }====== */

#endif
