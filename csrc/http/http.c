/*
** http.c - libcurl's multi interface, driven by socket actions: libcurl
** tells which descriptors and which timer it waits for, and a step polls
** those. Event loops read the same descriptors and timer.
*/
#include "http/http.h"

#include <limits.h> /* INT_MAX */
#include <string.h>

#include <poll.h>

#include "http/clock.h"
#include "http/descriptors.h"
#include "http/http_callbacks.h"
#include "http/http_memory.h"
#include "http/http_pools.h"
#include "http/http_setup.h"
#include "http/http_watch.h"
#include "http/left.h"

/* CURLE_TOO_LARGE, which headers older than 8.6 do not name. */
#define TOO_LARGE ((CURLcode)100)

#define MAX_SOCKETS 512   /* far beyond max_connections and its resolvers */
#define USUAL_HEAD  1024u /* bytes; more is made when it is needed */

static void forget_news(cel_transfer *t) {
  if (!t->news)
    return;
  cel_transfer **p = &t->http->news;
  while (*p != t)
    p = &(*p)->next;
  *p = t->next;
  t->news = false;
}

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

static void free_easy(cel_http *h, cel_http_easy *e) {
  curl_easy_cleanup(e->curl);
  free_record(h, e);
}

/* A new handle; NULL when memory ran out, or when libcurl does not know an
   option, whose name is in *refused then. */
static cel_http_easy *make_easy(cel_http *h, const char **refused) {
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
  free_easy(h, e);
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
    return make_easy(h, &refused);
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

/* {====== Open and close */

const char *cel_http_open(cel_http *h, const cel_allocator *alloc,
                          const cel_http_settings *settings) {
  memset(h, 0, sizeof *h);
  h->alloc = alloc;
  h->settings = *settings;
  cel_buf_init(&h->sockets, alloc, MAX_SOCKETS * sizeof(cel_http_socket));
  cel_buf_init(&h->head, alloc, CEL_KEPT_HEAD);
  cel_buf_init(&h->body, alloc, CEL_KEPT_PAGE);
  cel_descriptors_guard();
  const char *wrong = cel_http_prepare(h);
  if (wrong != NULL)
    return wrong;
  if (cel_buf_reserve(&h->sockets, h->sockets.max) != CEL_BUF_OK ||
      !cel_connections_init(&h->connections, alloc, settings->max_connections))
    return CEL_NO_MEMORY;
  if (!cel_http_pools_open(h))
    return CEL_NO_MEMORY;
  const char *refused = NULL;
  h->idle = make_easy(h, &refused); /* shows what libcurl does not know */
  if (h->idle == NULL && refused != NULL)
    return cel_http_lacks(h, refused);
  return h->idle == NULL ? CEL_NO_MEMORY : NULL;
}

void cel_http_close(cel_http *h) {
  while (h->idle != NULL) {
    cel_http_easy *e = h->idle;
    h->idle = e->next;
    free_easy(h, e);
  }
  if (h->alloc == NULL)
    return; /* it was never opened */
  cel_http_pools_close(h);
  cel_http_watch_close(h);
  cel_connections_free(&h->connections);
  cel_http_forget(h);
  cel_buf_free(&h->sockets);
  cel_buf_free(&h->head);
  cel_buf_free(&h->body);
}

bool cel_http_is_foreign(const cel_http *h) {
  return h->started && h->generation != cel_http_generation();
}

static void leave_easy(cel_http *h, cel_http_easy *e) {
  cel_left_put(e->curl);
  free_record(h, e);
}

void cel_http_leave(cel_http *h) {
  if (h->left || h->alloc == NULL)
    return;
  h->left = true;
  while (h->idle != NULL) {
    cel_http_easy *e = h->idle;
    h->idle = e->next;
    leave_easy(h, e);
  }
  cel_connections_leave(&h->connections);
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++) {
    cel_left_put(h->pools[i].multi);
    h->pools[i].multi = NULL;
  }
  h->sockets.len = 0;
  cel_http_close(h);
}

/* }====== */

/* {====== Transfers */

void cel_transfer_init(cel_transfer *t, cel_http *h) {
  memset(t, 0, sizeof *t);
  t->http = h;
  cel_buf_init(&t->head, h->alloc, CEL_HTTP_MAX_HEAD);
  cel_buf_init(&t->body, h->alloc, h->settings.max_response);
}

static void forget_answer(cel_transfer *t) {
  forget_news(t);
  t->head.len = t->body.len = t->head_bytes = 0;
  t->encoding = (cel_encoding){.state = CEL_ENCODING_NEW};
  t->status = t->sends = t->local_port = t->proxy_status = 0;
  t->head_done = t->stale = t->finished = false;
  t->kept = t->dead = t->refused = false;
  t->starved = 0;
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
    /* no body: an explicit length of zero */
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    code = curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
  } else {
    code = curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
  }
  if (code == CURLE_OK)
    code = curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
  return code;
}

/* Hands an easy handle to a pool. */
static bool add_to(cel_http_pool *pool, cel_http_easy *e) {
  if (e->http1 != pool->http1) {
    e->http1 = pool->http1;
    /* refused where libcurl was built without HTTP/2: 1.1 it is */
    curl_easy_setopt(
        e->curl, CURLOPT_HTTP_VERSION,
        (long)(e->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
  }
  if (curl_multi_add_handle(pool->multi, e->curl) != CURLM_OK)
    return false;
  e->pool = pool;
  e->number = ++pool->begun;
  e->alone = pool->running++ == 0;
  pool->http->running++;
  cel_http_pools_share(pool->http);
  return true;
}

/* Takes it out; what it was doing ends. */
static void take_out(cel_http_easy *e) {
  cel_http_pool *pool = e->pool;
  curl_multi_remove_handle(pool->multi, e->curl);
  e->pool = NULL;
  pool->running--;
  pool->http->running--;
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
  if (code != CURLE_OK || !add_to(pool, e)) {
    free_easy(h, e);
    return false;
  }
  t->easy = e;
  if (!h->started)
    h->generation = cel_http_generation();
  h->started = true;
  return true;
}

/* The kept connection that libcurl had chosen was found dead before anything
   went out on it: the same exchange begins again on a new one. */
static bool start_afresh(cel_transfer *t) {
  cel_http_easy *e = t->easy;
  cel_http_pool *pool = e->pool;
  t->dead = false;
  take_out(e);
  curl_easy_setopt(e->curl, CURLOPT_FORBID_REUSE, 0L);
  set_fresh(e, true);
  if (add_to(pool, e))
    return true;
  t->easy = NULL;
  free_easy(t->http, e);
  return false;
}

void cel_http_stop(cel_transfer *t) {
  forget_news(t);
  cel_encoding_close(&t->encoding);
  if (t->easy == NULL)
    return;
  cel_http *h = t->http;
  cel_http_easy *e = t->easy;
  t->easy = NULL;
  if (h->left || cel_http_is_foreign(h)) {
    leave_easy(h, e); /* nothing is asked of libcurl in a child */
    return;
  }
  take_out(e);
  if (t->stale) /* libcurl counts these over a handle's life, and gives up */
    free_easy(h, e);
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
    cel_buf_free(&t->http->body); /* what is kept for others goes first */
    if (!find_room(t))
      return false;
  }
  t->starved = 0;
  if (t->easy != NULL)
    curl_easy_pause(t->easy->curl, CURLPAUSE_CONT);
  return true;
}

/* }====== */

/* {====== Stepping */

/* libcurl's own limits for a single line have no code of their own, neither in
   the head nor among the trailers. */
static bool is_big_head(const cel_transfer *t, CURLcode code) {
  if (strncmp(t->easy->message, "Out of memory in chunked", 24) == 0)
    return true;
  if (code == TOO_LARGE)
    return true;
  return code == CURLE_OUT_OF_MEMORY && t->head.len > 0 && !t->head_done;
}

/* The status of a proxy that has refused to make a tunnel, else 0. */
static int proxy_refusal(const cel_transfer *t) {
  long status = 0;
  curl_easy_getinfo(t->easy->curl, CURLINFO_HTTP_CONNECTCODE, &status);
  return t->sends == 0 && status >= 300 ? (int)status : 0;
}

/* Why a server has refused a TLS handshake, where libcurl's code does not say
   it and only its message does. The words are those of OpenSSL and GnuTLS. */
typedef struct refusal {
  const char *words; /* in lower case */
  CURLcode code;
} refusal;

static const refusal refusals[] = {
    /* By TLS 1.3 this comes after the request has gone out, and libcurl calls
       it a broken connection. */
    {"certificate required", CURLE_SSL_CERTPROBLEM},
    {"certificate is required", CURLE_SSL_CERTPROBLEM},
    /* Whatever this side offers will be the same next time. */
    {"alert handshake failure", CURLE_SSL_CIPHER},
    {"alert protocol version", CURLE_SSL_CIPHER},
    {"alert insufficient security", CURLE_SSL_CIPHER},
    {"alert unrecognized name", CURLE_SSL_CIPHER},
};

static CURLcode tls_refusal(const cel_transfer *t, CURLcode code) {
  char text[CURL_ERROR_SIZE];
  size_t n = 0;
  for (const char *p = t->easy->message; *p != '\0'; p++)
    text[n++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
  text[n] = '\0';
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (t->head.len == 0 && strstr(text, refusals[i].words) != NULL)
      return refusals[i].code;
  return code;
}

/* What a failed exchange is called. */
static CURLcode name_failure(cel_transfer *t, CURLcode code) {
  t->proxy_status = proxy_refusal(t);
  return t->proxy_status != 0 ? CURLE_PROXY : tls_refusal(t, code);
}

static void learn(const cel_transfer *t) {
  long version = CURL_HTTP_VERSION_NONE;
  if (t->easy->pool->http1)
    return;
  curl_easy_getinfo(t->easy->curl, CURLINFO_HTTP_VERSION, &version);
  cel_http_pools_learn(t->easy->pool, version);
}

static void finish(cel_transfer *t, CURLcode code) {
  if (t->dead && start_afresh(t))
    return;
  if (t->easy == NULL) { /* memory ran out */
    t->end = CEL_HTTP_NO_MEMORY;
    t->finished = true;
    cel_http_tell(t);
    return;
  }
  if (code == CURLE_OK)
    learn(t);
  if (code == CURLE_OK)
    code = cel_http_judge(t);
  if (code != CURLE_OK)
    code = name_failure(t, code);
  t->finished = true;
  t->code = code;
  if (code != CURLE_OK)
    memcpy(t->message, t->easy->message, sizeof t->message);
  if (code != CURLE_OK && t->end == CEL_HTTP_ANSWERED) {
    if (is_big_head(t, code))
      t->end = CEL_HTTP_BIG_HEAD;
    else
      t->end =
          code == CURLE_OUT_OF_MEMORY ? CEL_HTTP_NO_MEMORY : CEL_HTTP_FAILED;
  }
  cel_http_stop(t);
  cel_http_tell(t);
}

static void collect(cel_http *h) {
  CURLMsg *m;
  int left;
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++) {
    CURLM *multi = h->pools[i].multi;
    while (multi != NULL && (m = curl_multi_info_read(multi, &left)) != NULL) {
      char *private = NULL;
      if (m->msg != CURLMSG_DONE)
        continue;
      CURLcode code = m->data.result;
      curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
      finish(((cel_http_easy *)(void *)private)->transfer, code);
    }
  }
}

static void act(cel_http_pool *pool, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(pool->multi, fd, events, &running);
}

/* Gives libcurl the turns whose time has come; true where there was one. */
static bool act_by_timer(cel_http *h) {
  bool acted = false;
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++) {
    cel_http_pool *pool = &h->pools[i];
    if (pool->multi == NULL || pool->timer < 0 || pool->timer > cel_clock())
      continue;
    pool->timer = -1.0;
    act(pool, CURL_SOCKET_TIMEOUT, 0);
    acted = true;
  }
  return acted;
}

double cel_http_timeout(const cel_http *h) {
  double timer = -1.0;
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++) {
    double own = h->pools[i].multi == NULL ? -1.0 : h->pools[i].timer;
    if (own >= 0 && (timer < 0 || own < timer))
      timer = own;
  }
  if (timer < 0)
    return -1.0;
  double left = timer - cel_clock();
  return left < 0 ? 0 : left;
}

/* Rounded up: with 0 for the last fraction of a millisecond the caller would
   poll again and again until it is over. */
static int to_ms(double seconds) {
  double ms = seconds * 1e3;
  if (ms <= 0)
    return 0;
  return ms >= INT_MAX - 1 ? INT_MAX : (int)ms + 1;
}

static short poll_events(int what) {
  return (short)((what & CURL_POLL_IN ? POLLIN : 0) |
                 (what & CURL_POLL_OUT ? POLLOUT : 0));
}

/* What poll saw, in libcurl's words. POLLERR is passed on as "can be read":
   then libcurl reads, gets the error, and sees where a kept connection has
   died. Of CURL_CSELECT_ERR alone it makes a failure without looking. */
static int curl_events(short revents) {
  return (revents & (POLLIN | POLLHUP | POLLERR) ? CURL_CSELECT_IN : 0) |
         (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
         (revents & POLLNVAL ? CURL_CSELECT_ERR : 0);
}

static bool wait_for_sockets(cel_http *h, double seconds) {
  struct pollfd fds[MAX_SOCKETS];
  cel_http_pool *pools[MAX_SOCKETS];
  const cel_http_socket *s = (cel_http_socket *)(void *)h->sockets.data;
  size_t n = h->sockets.len / sizeof *s;
  for (size_t i = 0; i < n; i++) {
    fds[i] = (struct pollfd){.fd = s[i].fd, .events = poll_events(s[i].what)};
    pools[i] = s[i].pool;
  }
  int ready = poll(fds, (nfds_t)n, to_ms(seconds));
  for (size_t i = 0; ready > 0 && i < n; i++) {
    if (fds[i].revents != 0) {
      act(pools[i], fds[i].fd, curl_events(fds[i].revents));
      ready--;
    }
  }
  return ready >= 0;
}

bool cel_http_step(cel_http *h, double seconds) {
  bool calm = true;
  if (act_by_timer(h)) /* often all there is to do: start a request */
    collect(h);
  double timeout = cel_http_timeout(h);
  if (h->news != NULL)
    seconds = 0;
  if (timeout >= 0 && timeout < seconds)
    seconds = timeout;
  if (seconds > 0 || h->sockets.len > 0)
    calm = wait_for_sockets(h, seconds);
  act_by_timer(h);
  collect(h);
  return calm;
}

cel_transfer *cel_http_news(cel_http *h) {
  cel_transfer *t = h->news;
  if (t != NULL)
    forget_news(t);
  return t;
}

/* }====== */
