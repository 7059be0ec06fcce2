/*
** http_pools.h - the connection pools of a client: a multi handle each.
**
** A request that must never go out twice does not use HTTP/2: when a server
** ends an HTTP/2 connection, libcurl does not tell which requests it has not
** worked on (GOAWAY, REFUSED_STREAM). Such requests go over HTTP/1.1, and have
** a pool of their own: with both protocols in one pool, libcurl 7.88.1 was
** seen to give answers to the wrong requests.
**
** The second pool is made when it is needed. There is but one where HTTP/2 is
** out of the question: plain http, http2 = false, or a server that has shown
** that it does not speak it. For http*.c only.
*/
#ifndef CEL_HTTP_POOLS_H
#define CEL_HTTP_POOLS_H

#include "http/transfer.h"

/* Makes the first pool. False when memory ran out. */
bool cel_http_pools_open(cel_http *h);

/* Ends all connections. */
void cel_http_pools_close(cel_http *h);

/* The pool for a request; NULL when memory ran out. */
cel_http_pool *cel_http_pools_pick(cel_http *h, bool http1);

/* Hands an easy handle to a pool: its exchange begins. False when memory ran
   out. */
bool cel_http_pools_add(cel_http_pool *pool, cel_http_easy *e);

/* Takes it out of its pool; its exchange ends. */
void cel_http_pools_remove(cel_http_easy *e);

/* Notes by which HTTP version an answer came over this pool. */
void cel_http_pools_learn(cel_http_pool *pool, long version);

#endif
