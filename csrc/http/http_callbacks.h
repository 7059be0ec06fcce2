/*
** http_callbacks.h - the functions that libcurl calls while it works. They use
** no Lua and raise nothing: they append to buffers with a maximum and note
** what is new. For files of http/ only.
*/
#ifndef CEL_HTTP_CALLBACKS_H
#define CEL_HTTP_CALLBACKS_H

#include "http/transfer.h"

struct cel_http_easy {
  CURL *curl;
  cel_http_easy *next;
  cel_transfer *transfer; /* the one under way, or NULL */
  unsigned long number;   /* of the exchange, counted in its pool */
  bool alone; /* no other one was under way in its pool when it began */
  cel_http_pool *pool; /* the one that it runs in, or NULL */
  bool plain_get;      /* the handle is set for a GET */
  bool http1;          /* set for HTTP/1.1 only */
  bool fresh;          /* set to make a new connection */
  char message[CURL_ERROR_SIZE];
};

/* Puts a transfer into the list of those that have news, if it is not
   there. */
void cel_http_tell(cel_transfer *t);

/* Takes it out of that list. */
void cel_http_untell(cel_transfer *t);

/* Reads how the body is compressed, once for an answer. */
void cel_http_begin_body(cel_transfer *t);

/* Sets the callbacks: of a multi handle for sockets and timer, of an easy
   handle for what is sent and received. */
void cel_http_watch_multi(cel_http_pool *pool);
void cel_http_watch_easy(cel_http_easy *e);

#endif
