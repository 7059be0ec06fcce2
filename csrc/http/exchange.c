/*
** exchange.c - begins and ends exchanges, and keeps the easy handles that do
** them for the next.
*/
#include "http/exchange.h"

#include <string.h>

#include "http/http_callbacks.h"
#include "http/http_memory.h"
#include "http/http_pools.h"
#include "http/http_setup.h"
#include "http/left.h"

#define USUAL_HEAD 1024u /* bytes; more is made when it is needed */

/* {====== Easy handles */

static CURLcode set_up(cel_http *h, cel_http_easy *e, const char **refused) {
  CURL *c = e->curl;
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, e->message);
  curl_easy_setopt(c, CURLOPT_PRIVATE, e);
  cel_http_watch_easy(e);
  return cel_http_set_up(h, c, refused);
}

static void free_record(cel_http *h, cel_http_easy *e) {
  h->alloc->fn(h->alloc->ud, e, sizeof *e, 0);
}

void cel_easy_free(cel_http *h, cel_http_easy *e) {
  curl_easy_cleanup(e->curl);
  free_record(h, e);
}

void cel_easy_leave(cel_http *h, cel_http_easy *e) {
  cel_left_put(e->curl);
  free_record(h, e);
}

cel_http_easy *cel_easy_make(cel_http *h, const char **refused) {
  cel_http_easy *e = h->alloc->fn(h->alloc->ud, NULL, 0, sizeof *e);
  CURLcode code = CURLE_OUT_OF_MEMORY;
  if (e == NULL)
    return NULL;
  memset(e, 0, sizeof *e);
  e->curl = curl_easy_init();
  if (e->curl != NULL)
    code = set_up(h, e, refused);
  if (code == CURLE_OK)
    return e;
  if (code == CURLE_OUT_OF_MEMORY)
    *refused = NULL;
  cel_easy_free(h, e);
  return NULL;
}

/* Whether the next exchange has to make a new connection. */
static void set_fresh(cel_http_easy *e, bool fresh) {
  if (e->fresh == fresh)
    return;
  e->fresh = fresh;
  curl_easy_setopt(e->curl, CURLOPT_FRESH_CONNECT, (long)fresh);
}

static cel_http_easy *take_easy(cel_http *h) {
  const char *refused;
  cel_http_easy *e = h->idle;
  if (e == NULL)
    return cel_easy_make(h, &refused);
  h->idle = e->next;
  return e;
}

static void give_back(cel_http *h, cel_http_easy *e) {
  curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, NULL);
  set_fresh(e, false);
  e->transfer = NULL;
  e->next = h->idle;
  h->idle = e;
}

/* }====== */

/* {====== Transfers */

bool cel_http_is_foreign(const cel_http *h) {
  return h->started && h->generation != cel_http_generation();
}

void cel_transfer_init(cel_transfer *t, cel_http *h) {
  memset(t, 0, sizeof *t);
  t->http = h;
  cel_buf_init(&t->head, h->alloc, CEL_HTTP_MAX_HEAD);
  cel_buf_init(&t->body, h->alloc, h->settings.max_response);
}

static void forget_answer(cel_transfer *t) {
  cel_http_untell(t);
  t->head.len = t->body.len = t->head_bytes = 0;
  t->encoding = (cel_encoding){.state = CEL_ENCODING_NEW};
  t->status = t->sends = t->local_port = t->proxy_status = 0;
  t->head_done = t->stale = t->finished = false;
  t->kept = t->dead = t->refused = false;
  t->starved = 0;
  t->arrived = 0;
  t->end = CEL_HTTP_ANSWERED;
  t->code = CURLE_OK;
  t->message[0] = '\0';
}

/* Method and body; what the handle is set for already is left alone. */
static CURLcode set_body(cel_http_easy *e, const cel_http_request *r) {
  CURL *c = e->curl;
  CURLcode code = CURLE_OK;
  bool get = strcmp(r->method, "GET") == 0;
  if (get && e->plain_get)
    return CURLE_OK;
  e->plain_get = get;
  if (r->body != NULL) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    code = curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body);
  } else if (r->method[0] == 'P') { /* PATCH, POST, PUT */
    /* no body: says that its length is 0 */
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    code = curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
  } else {
    code = curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
  }
  if (code == CURLE_OK)
    code = curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
  return code;
}

bool cel_http_start(cel_http *h, cel_transfer *t, const cel_http_request *r) {
  forget_answer(t);
  cel_http_pool *pool = cel_http_pools_pick(h, r->once || t->avoid_http2);
  cel_http_easy *e = NULL;
  if (t->head.cap == 0)
    cel_http_move(&h->head, &t->head);
  if (pool != NULL && cel_buf_reserve(&t->head, USUAL_HEAD) == CEL_BUF_OK)
    e = take_easy(h);
  if (e == NULL)
    return false;
  CURL *c = e->curl;
  e->message[0] = '\0';
  CURLcode code = set_body(e, r);
  if (code == CURLE_OK)
    code = curl_easy_setopt(c, CURLOPT_REQUEST_TARGET, r->target);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
  e->transfer = t;
  if (code != CURLE_OK || !cel_http_pools_add(pool, e)) {
    cel_easy_free(h, e);
    return false;
  }
  t->easy = e;
  if (!h->started)
    h->generation = cel_http_generation();
  h->started = true;
  return true;
}

bool cel_exchange_restart(cel_transfer *t) {
  cel_http_easy *e = t->easy;
  cel_http_pool *pool = e->pool;
  t->dead = false;
  cel_http_pools_remove(e);
  curl_easy_setopt(e->curl, CURLOPT_FORBID_REUSE, 0L);
  set_fresh(e, true);
  if (cel_http_pools_add(pool, e))
    return true;
  t->easy = NULL;
  cel_easy_free(t->http, e);
  return false;
}

void cel_http_stop(cel_transfer *t) {
  cel_http_untell(t);
  cel_encoding_close(&t->encoding);
  if (t->easy == NULL)
    return;
  cel_http *h = t->http;
  cel_http_easy *e = t->easy;
  t->easy = NULL;
  if (h->left || cel_http_is_foreign(h)) {
    cel_easy_leave(h, e);
    return;
  }
  cel_http_pools_remove(e);
  if (t->stale) /* libcurl allows a handle only five of these in its life */
    cel_easy_free(h, e);
  else
    give_back(h, e);
}

void cel_http_give_up(cel_transfer *t) {
  cel_http_easy *e = cel_http_is_foreign(t->http) ? NULL : t->easy;
  if (e != NULL && t->sends > 0) {
    cel_connections_avoid(&t->http->connections, t->local_port);
    curl_easy_setopt(e->curl, CURLOPT_FORBID_REUSE, 1L);
  }
  cel_http_stop(t);
  if (e != NULL && t->sends > 0 && !t->stale)
    curl_easy_setopt(e->curl, CURLOPT_FORBID_REUSE, 0L);
}

void cel_transfer_free(cel_transfer *t) {
  if (t->http == NULL)
    return;
  cel_http_stop(t);
  cel_http_drop(t->http, &t->head, &t->http->head, CEL_KEPT_HEAD);
  cel_http_drop(t->http, &t->body, &t->http->body, CEL_KEPT_BODY);
}

static bool find_room(cel_transfer *t) {
  return cel_buf_reserve(&t->body, t->starved) == CEL_BUF_OK &&
         cel_encoding_feed(&t->encoding);
}

bool cel_http_feed(cel_transfer *t) {
  if (!find_room(t)) {
    cel_buf_free(&t->http->body); /* memory kept for other bodies goes first */
    if (!find_room(t))
      return false;
  }
  t->starved = 0;
  if (t->easy != NULL)
    curl_easy_pause(t->easy->curl, CURLPAUSE_CONT);
  return true;
}

/* }====== */
