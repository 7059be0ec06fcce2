/*
** bench.plain - libcurl bound to Lua the plain way: what a script gets from
** an ordinary binding, before any client library.
**
**   easy = plain.easy(ca_file)      one handle, its connection kept
**   easy:perform(url)               -> body, headers (strings)
**
**   multi = plain.multi(ca_file)    transfers side by side
**   multi:add(url, id)              a fresh handle for each
**   multi:next()                    -> id, body of one that has ended, or nil
**
** Every option is libcurl's default, but for the URL, the token, the file of
** trust anchors (nil: the default ones) and the callbacks. A failed transfer
** raises.
*/
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>

#define EASY_MT  "bench.plain.easy"
#define MULTI_MT "bench.plain.multi"

typedef struct bytes {
  char *data; /* owned */
  size_t len;
  size_t cap;
} bytes;

typedef struct transfer {
  CURL *handle;               /* owned */
  struct curl_slist *headers; /* owned */
  bytes body;
  bytes answer; /* the response's header lines */
  lua_Integer id;
  struct transfer *next; /* in a multi's list of all */
} transfer;

typedef struct multi {
  CURLM *handle; /* owned */
  char *ca_file; /* owned; NULL for the default */
  transfer *all; /* owned */
} multi;

static size_t on_bytes(char *data, size_t size, size_t n, void *ud) {
  bytes *b = ud;
  n *= size;
  if (n > b->cap - b->len) {
    size_t cap = b->cap * 2 > b->len + n ? b->cap * 2 : b->len + n;
    char *grown = realloc(b->data, cap);
    if (grown == NULL)
      return 0;
    b->data = grown;
    b->cap = cap;
  }
  memcpy(b->data + b->len, data, n);
  b->len += n;
  return n;
}

/* False when memory ran out; transfer_free copes with what there is. */
static bool transfer_open(transfer *t, const char *ca_file) {
  t->handle = curl_easy_init();
  t->headers = curl_slist_append(NULL, "Authorization: Bearer bench");
  if (t->handle == NULL || t->headers == NULL)
    return false;
  curl_easy_setopt(t->handle, CURLOPT_HTTPHEADER, t->headers);
  curl_easy_setopt(t->handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(t->handle, CURLOPT_WRITEDATA, &t->body);
  curl_easy_setopt(t->handle, CURLOPT_HEADERFUNCTION, on_bytes);
  curl_easy_setopt(t->handle, CURLOPT_HEADERDATA, &t->answer);
  if (ca_file != NULL)
    curl_easy_setopt(t->handle, CURLOPT_CAINFO, ca_file);
  return true;
}

static void transfer_free(transfer *t) {
  curl_easy_cleanup(t->handle);
  curl_slist_free_all(t->headers);
  free(t->body.data);
  free(t->answer.data);
  memset(t, 0, sizeof *t);
}

static int l_easy_free(lua_State *L) {
  transfer_free(luaL_checkudata(L, 1, EASY_MT));
  return 0;
}

/* [-0, +1] */
static int l_easy(lua_State *L) {
  const char *ca_file = luaL_optstring(L, 1, NULL);
  transfer *t = lua_newuserdatauv(L, sizeof *t, 0);
  memset(t, 0, sizeof *t);
  luaL_setmetatable(L, EASY_MT);
  if (!transfer_open(t, ca_file))
    return luaL_error(L, "not enough memory");
  return 1;
}

/* [-0, +2] */
static int l_easy_perform(lua_State *L) {
  transfer *t = luaL_checkudata(L, 1, EASY_MT);
  const char *url = luaL_checkstring(L, 2);
  t->body.len = t->answer.len = 0;
  curl_easy_setopt(t->handle, CURLOPT_URL, url);
  CURLcode code = curl_easy_perform(t->handle);
  if (code != CURLE_OK)
    return luaL_error(L, "%s: %s", url, curl_easy_strerror(code));
  lua_pushlstring(L, t->body.data, t->body.len);
  lua_pushlstring(L, t->answer.data, t->answer.len);
  return 2;
}

static void multi_drop(multi *m, transfer *t) {
  transfer **link = &m->all;
  while (*link != t)
    link = &(*link)->next;
  *link = t->next;
  curl_multi_remove_handle(m->handle, t->handle);
  transfer_free(t);
  free(t);
}

static int l_multi_free(lua_State *L) {
  multi *m = luaL_checkudata(L, 1, MULTI_MT);
  while (m->all != NULL)
    multi_drop(m, m->all);
  curl_multi_cleanup(m->handle);
  free(m->ca_file);
  memset(m, 0, sizeof *m);
  return 0;
}

/* [-0, +1] */
static int l_multi(lua_State *L) {
  const char *ca_file = luaL_optstring(L, 1, NULL);
  multi *m = lua_newuserdatauv(L, sizeof *m, 0);
  memset(m, 0, sizeof *m);
  luaL_setmetatable(L, MULTI_MT);
  m->handle = curl_multi_init();
  if (ca_file != NULL)
    m->ca_file = strdup(ca_file);
  if (m->handle == NULL || (ca_file != NULL && m->ca_file == NULL))
    return luaL_error(L, "not enough memory");
  return 1;
}

/* [-0, +0] */
static int l_multi_add(lua_State *L) {
  multi *m = luaL_checkudata(L, 1, MULTI_MT);
  const char *url = luaL_checkstring(L, 2);
  lua_Integer id = luaL_checkinteger(L, 3);
  transfer *t = calloc(1, sizeof *t);
  if (t == NULL)
    return luaL_error(L, "not enough memory");
  t->id = id;
  t->next = m->all;
  m->all = t;
  if (!transfer_open(t, m->ca_file))
    return luaL_error(L, "not enough memory");
  curl_easy_setopt(t->handle, CURLOPT_URL, url);
  curl_easy_setopt(t->handle, CURLOPT_PRIVATE, t);
  curl_multi_add_handle(m->handle, t->handle);
  return 0;
}

/* [-0, +2] or, when none is under way, [-0, +1] */
static int l_multi_next(lua_State *L) {
  multi *m = luaL_checkudata(L, 1, MULTI_MT);
  bool performed = false;
  while (m->all != NULL) {
    int n;
    CURLMsg *message = curl_multi_info_read(m->handle, &n);
    if (message != NULL && message->msg == CURLMSG_DONE) {
      transfer *t;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
      if (message->data.result != CURLE_OK)
        return luaL_error(L, "%s", curl_easy_strerror(message->data.result));
      lua_pushinteger(L, t->id);
      lua_pushlstring(L, t->body.data, t->body.len);
      multi_drop(m, t);
      return 2;
    }
    if (performed)
      curl_multi_poll(m->handle, NULL, 0, 1000, NULL);
    if (curl_multi_perform(m->handle, &n) != CURLM_OK)
      return luaL_error(L, "curl_multi_perform failed");
    performed = true;
  }
  lua_pushnil(L);
  return 1;
}

static void new_class(lua_State *L, const char *name,
                      const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int luaopen_bench_plain(lua_State *L);

int luaopen_bench_plain(lua_State *L) {
  static const luaL_Reg easy_methods[] = {
      {"perform", l_easy_perform}, {"__gc", l_easy_free}, {NULL, NULL}};
  static const luaL_Reg multi_methods[] = {{"add", l_multi_add},
                                           {"next", l_multi_next},
                                           {"__gc", l_multi_free},
                                           {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"easy", l_easy}, {"multi", l_multi}, {NULL, NULL}};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  new_class(L, EASY_MT, easy_methods);
  new_class(L, MULTI_MT, multi_methods);
  luaL_newlib(L, functions);
  return 1;
}
