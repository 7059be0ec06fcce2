/*
** http.c - steps libcurl's multi handles. libcurl says which descriptors and
** which timer it waits for (`socket actions`), and a step polls those. Event
** loops use the same descriptors and timer.
*/
#include "http/http.h"

#include <limits.h> /* INT_MAX */
#include <string.h>

#include <poll.h>

#include "http/clock.h"
#include "http/descriptors.h"
#include "http/http_callbacks.h"
#include "http/http_memory.h"
#include "http/http_outcome.h"
#include "http/http_pools.h"
#include "http/http_setup.h"
#include "http/http_watch.h"
#include "http/left.h"

#define MAX_SOCKETS 512 /* much more than connections and resolvers need */

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
  h->idle =
      cel_easy_make(h, &refused); /* fails now if libcurl lacks an option */
  if (h->idle == NULL && refused != NULL)
    return cel_http_lacks(h, refused);
  return h->idle == NULL ? CEL_NO_MEMORY : NULL;
}

void cel_http_close(cel_http *h) {
  while (h->idle != NULL) {
    cel_http_easy *e = h->idle;
    h->idle = e->next;
    cel_easy_free(h, e);
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

void cel_http_leave(cel_http *h) {
  if (h->left || h->alloc == NULL)
    return;
  h->left = true;
  while (h->idle != NULL) {
    cel_http_easy *e = h->idle;
    h->idle = e->next;
    cel_easy_leave(h, e);
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

/* {====== Stepping */

static void learn(const cel_transfer *t) {
  long version = CURL_HTTP_VERSION_NONE;
  if (t->easy->pool->http1)
    return;
  curl_easy_getinfo(t->easy->curl, CURLINFO_HTTP_VERSION, &version);
  cel_http_pools_learn(t->easy->pool, version);
}

static void finish(cel_transfer *t, CURLcode code) {
  if (t->dead && cel_exchange_restart(t))
    return;
  if (t->easy == NULL) { /* memory ran out */
    t->end = CEL_HTTP_NO_MEMORY;
    t->finished = true;
    cel_http_tell(t);
    return;
  }
  if (code == CURLE_OK)
    learn(t);
  cel_http_conclude(t, code);
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

/* Lets libcurl work where its timer is due; true if one was. */
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

/* Rounded up: if the last fraction of a millisecond became 0, the caller would
   poll without waiting until it is over. */
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

/* Translates what poll() saw for libcurl. POLLERR becomes "can be read":
   libcurl then reads, gets the error, and notices if a kept connection has
   died. With CURL_CSELECT_ERR it would fail the transfer without reading. */
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
  if (act_by_timer(h)) /* often this is all: a request is started */
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
    cel_http_untell(t);
  return t;
}

/* }====== */
