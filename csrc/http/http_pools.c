/*
** http_pools.c - the connection pools of a client.
*/
#include "http/http_pools.h"

#include "http/descriptors.h"
#include "http/http_callbacks.h"

/* CURLMOPT_QUICK_EXIT, which headers older than 8.20 do not name. */
#define MULTI_QUICK_EXIT ((CURLMoption)21)

static bool open_pool(cel_http *h, cel_http_pool *pool, bool http1) {
  pool->http = h;
  pool->http1 = http1;
  pool->timer = -1.0;
  pool->limit = 0;
  pool->multi = cel_descriptors_make_multi();
  if (pool->multi == NULL)
    return false;
  cel_http_watch_multi(pool);
  curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING,
                    (long)(http1 ? CURLPIPE_NOTHING : CURLPIPE_MULTIPLEX));
  /* Refused before 8.20, and not needed: resolvers belong to easy handles
     there. */
  /* NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange) */
  curl_multi_setopt(pool->multi, MULTI_QUICK_EXIT, 1L);
  return true;
}

static void close_pool(cel_http_pool *pool) {
  if (pool->multi != NULL)
    curl_multi_cleanup(pool->multi);
  pool->multi = NULL;
  pool->timer = -1.0;
}

/* Divides max_connections among the pools, according to how many transfers run
   in each. */
static void share_connections(cel_http *h) {
  cel_http_pool *first = &h->pools[0];
  cel_http_pool *second = &h->pools[1];
  const long all = h->settings.max_connections;
  const long busy = (long)second->running;
  long limits[CEL_HTTP_POOLS] = {all, all};
  if (second->multi != NULL) { /* at least one each */
    limits[0] = busy < all ? all - busy : 1;
    limits[1] = first->running == 0 || all == 1 ? all : all - 1;
  }
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++) {
    cel_http_pool *p = &h->pools[i];
    if (p->multi == NULL || p->limit == limits[i])
      continue;
    p->limit = limits[i];
    curl_multi_setopt(p->multi, CURLMOPT_MAX_HOST_CONNECTIONS, p->limit);
    curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, p->limit);
  }
}

bool cel_http_pools_open(cel_http *h) {
  bool http1 = h->settings.http1_only || !h->settings.base->https;
  if (!open_pool(h, &h->pools[0], http1))
    return false;
  share_connections(h);
  return true;
}

void cel_http_pools_close(cel_http *h) {
  for (size_t i = 0; i < CEL_HTTP_POOLS; i++)
    close_pool(&h->pools[i]);
}

cel_http_pool *cel_http_pools_pick(cel_http *h, bool http1) {
  cel_http_pool *first = &h->pools[0];
  cel_http_pool *second = &h->pools[1];
  /* The server has shown that it speaks HTTP/1.1 only, so from here on all
     requests of the first pool use that. Not while others are under way there:
     they may still ask for HTTP/2. */
  if (h->saw_http1 && !h->saw_http2 && first->running == 0)
    first->http1 = true;
  if (first->http1 && second->multi != NULL && second->running == 0)
    close_pool(second);
  if (first->http1 || !http1)
    return first;
  if (second->multi == NULL && !open_pool(h, second, true))
    return NULL;
  return second;
}

void cel_http_pools_learn(cel_http_pool *pool, long version) {
  if (pool->http1)
    return;
  if (version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1)
    pool->http->saw_http1 = true;
  else
    pool->http->saw_http2 = true;
}

bool cel_http_pools_add(cel_http_pool *pool, cel_http_easy *e) {
  if (e->http1 != pool->http1) {
    e->http1 = pool->http1;
    /* refused where libcurl was built without HTTP/2: then it uses 1.1 */
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
  share_connections(pool->http);
  return true;
}

void cel_http_pools_remove(cel_http_easy *e) {
  cel_http_pool *pool = e->pool;
  curl_multi_remove_handle(pool->multi, e->curl);
  e->pool = NULL;
  pool->running--;
  pool->http->running--;
}
