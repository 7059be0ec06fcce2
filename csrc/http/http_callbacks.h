/*
** http_callbacks.h - the functions that libcurl calls while it works. They
** know no Lua and raise nothing: they append to capped buffers and note what
** is new. For files of http/ only.
*/
#ifndef CEL_HTTP_CALLBACKS_H
#define CEL_HTTP_CALLBACKS_H

#include "http/transfer.h"

struct cel_http_easy {
  CURL *curl;
  cel_http_easy *next;
  cel_transfer *transfer; /* the one under way, or NULL; what callbacks get */
  unsigned long number;   /* of the exchange, among those of its pool */
  bool alone;             /* no other was under way when it began */
  cel_http_pool *pool;    /* in which it is under way, or NULL */
  bool plain_get;         /* the handle is set for a GET */
  bool http1;             /* for HTTP/1.1 only */
  bool fresh;             /* for a new connection */
  char message[CURL_ERROR_SIZE];
};

/* Puts a transfer among those that have news, once. */
void cel_http_tell(cel_transfer *t);

/* Takes it out again. */
void cel_http_untell(cel_transfer *t);

/* Reads how the body is compressed, once for an answer. */
void cel_http_begin_body(cel_transfer *t);

/* Has libcurl call back: of a multi handle's sockets and timer, and of what
   goes out and comes in on an easy handle. */
void cel_http_watch_multi(cel_http_pool *pool);
void cel_http_watch_easy(cel_http_easy *e);

#endif
