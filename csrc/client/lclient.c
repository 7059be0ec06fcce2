/*
** lclient.c - the userdata of clients: makes them of a configuration, calls
** the token function.
*/
#include "client/lclient.h"

#include <math.h> /* HUGE_VAL */
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "client/lcollector.h"
#include "client/lwhere.h"
#include "common/lmisuse.h"
#include "http/clock.h"

#ifndef CELIGO_VERSION
#error "CELIGO_VERSION comes from the build"
#endif

const cel_client_config cel_client_defaults = {
    .base_url_name = "option 'base_url': ",
    .timeout = 60,
    .connect_timeout = 10,
    .policy = {.max_retries = 4, .retry_base = 0.5, .retry_cap = 8},
    .rate = CEL_RATE_DEFAULT,
    .burst = CEL_BURST_DEFAULT,
    .max_connections = 8,
    .max_response = 67108864,
    .max_request = 67108864,
    .validate = true,
};

const char *cel_region_url(const char *region) {
  if (strcmp(region, "us") == 0)
    return "https://api.integrator.io";
  if (strcmp(region, "eu") == 0)
    return "https://api.eu.integrator.io";
  return NULL;
}

static int l_make_room(lua_State *L) {
  lua_newuserdatauv(L, (size_t)lua_tointeger(L, 1), 0);
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

/* Allocates n bytes in Lua, which collects garbage if that fails. Without
   this, a finaliser could get no memory for its own call; Lua then never calls
   it again, and what it should free is lost [-0, +0]. */
static void make_room(lua_State *L, size_t n) {
  lua_pushcfunction(L, l_make_room);
  lua_pushinteger(L, (lua_Integer)n);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK)
    lua_pop(L, 1);
}

void *cel_allocate(lua_State *L, const cel_allocator *alloc, size_t n) {
  void *p = alloc->fn(alloc->ud, NULL, 0, n);
  if (p == NULL) {
    make_room(L, n);
    p = alloc->fn(alloc->ud, NULL, 0, n);
  }
  if (p == NULL)
    cel_raise_memory(L);
  return p;
}

/* {====== The userdata, and the client that it leads to */

cel_client *cel_client_at(lua_State *L, int idx) {
  return cel_box_at(L, idx, CEL_CLIENT_MT);
}

cel_client *cel_client_check(lua_State *L, int idx) {
  cel_client *c = cel_box_check(L, idx, CEL_CLIENT_MT);
  if (cel_http_is_foreign(&c->http))
    cel_client_close(c);
  return c;
}

cel_client *cel_client_self(lua_State *L, const char *method) {
  cel_misuse_self(L, CEL_CLIENT_MT, method);
  return cel_client_check(L, 1);
}

static void end_client(cel_owned *block) {
  cel_client *c = (cel_client *)block;
  cel_client_close(c);
  cel_client_release(c);
}

/* Pushes an empty client [-0, +1]. */
static cel_client *push_client(lua_State *L) {
  cel_ledger *ledger = cel_collector_ledger(L);
  cel_allocator alloc = cel_collector_allocator(ledger);
  cel_box *box = cel_box_push(L, CEL_CLIENT_MT, CEL_CLIENT_UVS);
  cel_client *c = cel_allocate(L, &alloc, sizeof *c);
  memset(c, 0, sizeof *c);
  c->alloc = alloc;
  c->holdings = &ledger->held;
  c->references = 1; /* the box's */
  c->token_at = HUGE_VAL;
  cel_box_fill(box, &c->owned, end_client);
  return c;
}

/* }====== */

/* {====== Strings of a client */

/* Copies a string into memory of the state's allocator [-0, +0]. */
static void keep_string(lua_State *L, cel_client *c, char **slot,
                        const char *text) {
  if (text == NULL)
    return;
  size_t size = strlen(text) + 1;
  *slot = cel_allocate(L, &c->alloc, size);
  memcpy(*slot, text, size);
}

/* }====== */

/* {====== Tokens */

/* Makes the client's headers of a token [-0, +0]. */
static void keep_token(lua_State *L, cel_client *c, const char *token,
                       size_t len) {
  cel_headers *headers = cel_headers_new(&c->alloc, token, len, c->agent);
  if (headers == NULL)
    cel_raise_memory(L);
  cel_headers_release(c->headers);
  c->headers = headers;
}

void cel_client_refuse_asking(lua_State *L, const cel_client *c) {
  if (c->asking)
    cel_error_where(
        L, "the token function must not use the client that it serves; "
           "make another client for it, with a token of its own");
}

/* Calls the token function, and pushes its two results [-0, +2]. */
static void ask(lua_State *L, int idx, cel_client *c) {
  lua_getiuservalue(L, idx, CEL_CLIENT_UV_TOKEN);
  c->asking = true;
  int status = lua_pcall(L, 0, 2, 0);
  c->asking = false;
  if (status != LUA_OK)
    lua_error(L);
}

void cel_client_token(lua_State *L, int idx, bool renew) {
  cel_client *c = cel_client_check(L, idx);
  size_t len;
  if ((c->headers != NULL && !renew) || c->closed || !c->has_function)
    return;
  ask(L, idx, c);
  if (lua_isnil(L, -2) && !lua_isnil(L, -1))
    cel_error_where(L, "token function: %s", luaL_tolstring(L, -1, NULL));
  if (lua_type(L, -2) != LUA_TSTRING)
    cel_error_where(L,
                    "token function: expected it to return a string, got %s",
                    luaL_typename(L, -2));
  const char *token = lua_tolstring(L, -2, &len);
  if (!cel_token_check(token, len))
    cel_error_where(L,
                    "token function: the token that it returned is empty or "
                    "holds a character that cannot stand in a header");
  if (cel_client_at(L, idx) == c && !c->closed)
    keep_token(L, c, token, len);
  lua_pop(L, 2);
}

/* }====== */

/* {====== Life */

/* Bytes that libcurl takes for a client (estimated): before its first
   exchange; after it, with plain HTTP; after it, with TLS, for the trust
   anchors take much. */
#define TAKES_IDLE  ((size_t)32768)
#define TAKES_PLAIN ((size_t)98304)
#define TAKES_TLS   ((size_t)524288)

void cel_client_look(lua_State *L, cel_client *c) {
  if (!c->closed)
    cel_client_charge(c, c->base.https ? TAKES_TLS : TAKES_PLAIN);
  cel_collector_look(L, cel_collector_ledger(L));
}

/* Makes the value at an index, if it is not 0, a user value of the client on
   top [-0, +0]. */
static void keep_value(lua_State *L, int value, int uv) {
  if (value == 0)
    return;
  lua_pushvalue(L, value);
  lua_setiuservalue(L, -2, uv);
}

/* Pushes a table with weak values [-0, +1]. */
static void push_weak(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

void cel_client_push_calls(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_getiuservalue(L, idx, CEL_CLIENT_UV_CALLS) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  push_weak(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, idx, CEL_CLIENT_UV_CALLS);
}

/* The mixing step of SplitMix64. Clients that are made at nearly the same time
   have nearly the same seed; without this their first random numbers, and so
   their pauses, would be nearly the same too. */
static uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static void set_limits(cel_client *c, const cel_client_config *config) {
  size_t connections = (size_t)config->max_connections;
  c->policy = config->policy;
  c->timeout_set = config->timeout > 0;
  c->timeout = c->timeout_set ? config->timeout : cel_client_defaults.timeout;
  c->max_request = config->max_request;
  c->validate = config->validate;
  c->read_only = config->read_only;
  c->secret = config->secret;
  c->has_function = config->token_function != 0;
  c->has_events = config->on_event != 0;
  c->has_codec = config->codec != 0;
  c->token_at = HUGE_VAL;
  c->seed = scramble((uintptr_t)c ^ (uint64_t)(cel_clock() * 1e9)) | 1;
  /* streams of HTTP/2 share a connection; libcurl queues what is more */
  c->max_running = c->base.https && connections < 100 ? 100 : connections;
  cel_rate_limit_init(&c->limit, config->rate, config->burst, cel_clock());
}

/* Raises an error about the configuration, unless `wrong` is NULL [-0, +0]. */
static void refuse(lua_State *L, const char *what, const char *option,
                   const char *wrong) {
  if (wrong == NULL)
    return;
  if (strcmp(wrong, CEL_NO_MEMORY) == 0)
    cel_raise_memory(L);
  luaL_error(L, "%s: %s%s", what, option, wrong);
}

/* Opens the transport; raises what is wrong with the configuration
   [-0, +0]. */
static void open_http(lua_State *L, cel_client *c,
                      const cel_client_config *config, const char *what) {
  const cel_http_settings settings = {
      .base = &c->base,
      .ca_file = c->ca_file,
      .proxy = c->proxy,
      .connect_timeout = config->connect_timeout,
      .max_connections = config->max_connections,
      .max_response = config->max_response,
      .http1_only = config->http1_only};
  const char *wrong = cel_http_open(&c->http, &c->alloc, &settings);
  if (c->http.blames_ca_file)
    what = lua_pushfstring(L, "%s: option 'ca_file': %s", what, c->ca_file);
  refuse(L, what, "", wrong);
  if (!cel_redact_proxy(c->proxy_masks, &c->alloc,
                        c->proxy != NULL ? c->proxy : c->http.env_proxy))
    cel_raise_memory(L);
}

void cel_client_new(lua_State *L, const cel_client_config *config,
                    const char *what) {
  cel_collector_find_descriptors(L);
  cel_client *c = push_client(L);
  keep_value(L, config->token_function, CEL_CLIENT_UV_TOKEN);
  keep_value(L, config->on_event, CEL_CLIENT_UV_EVENT);
  keep_value(L, config->codec, CEL_CLIENT_UV_CODEC);
  refuse(L, what, config->base_url_name,
         cel_base_url_parse(&c->base, config->base_url));
  keep_string(L, c, &c->ca_file, config->ca_file);
  keep_string(L, c, &c->proxy, config->proxy);
  c->proxy_size = c->proxy == NULL ? 0 : strlen(c->proxy) + 1;
  keep_string(L, c, &c->agent,
              config->user_agent == NULL
                  ? "celigo-lua/" CELIGO_VERSION
                  : lua_pushfstring(L, "%s celigo-lua/" CELIGO_VERSION,
                                    config->user_agent));
  if (config->user_agent != NULL)
    lua_pop(L, 1);
  set_limits(c, config);
  if (config->token != NULL)
    keep_token(L, c, config->token, config->token_len);
  open_http(L, c, config, what);
  cel_client_charge(c, TAKES_IDLE);
  cel_collector_look(L, cel_collector_ledger(L));
}

/* }====== */
