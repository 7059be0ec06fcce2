/*
** lconfig.c - reads the options of celigo.new, and two environment variables
** that can replace options. They are read by the state's own os.getenv: where
** a host has removed that, the library does not read them either.
*/
#include "client/lconfig.h"

#include <string.h>

#include <lauxlib.h>

#include "client/larguments.h"
#include "client/lclient.h"
#include "common/lmisuse.h"
#include "common/loptions.h"
#include "json/ljson.h"

#define WHAT "celigo.new"

const cel_option cel_client_options[] = {
    {"token", CEL_OPTION_OTHER, 0, 0, NULL},
    {"region", CEL_OPTION_STRING, 0, 0, NULL},
    {"base_url", CEL_OPTION_STRING, 0, 0, NULL},
    CEL_OPTION_TIMEOUT,
    {"connect_timeout", CEL_OPTION_NUMBER, 1e-3, 1e6, "seconds, a number"},
    CEL_OPTION_RETRIES,
    {"retry_base", CEL_OPTION_NUMBER, 0, 1e6, "seconds, a number"},
    {"retry_cap", CEL_OPTION_NUMBER, 0, 1e6, "seconds, a number"},
    {"rate_limit", CEL_OPTION_OTHER, 0, 0, NULL},
    {"max_connections", CEL_OPTION_INTEGER, 1, 256, NULL},
    {"max_response_bytes", CEL_OPTION_INTEGER, 1, 0x1p53, "bytes, an integer"},
    {"max_request_bytes", CEL_OPTION_INTEGER, 1, 0x1p53, "bytes, an integer"},
    {"ca_file", CEL_OPTION_STRING, 0, 0, NULL},
    {"proxy", CEL_OPTION_STRING, 0, 0, NULL},
    {"user_agent", CEL_OPTION_STRING, 0, 0, NULL},
    {"validate", CEL_OPTION_BOOLEAN, 0, 0, NULL},
    {"read_only", CEL_OPTION_BOOLEAN, 0, 0, NULL},
    {"http2", CEL_OPTION_BOOLEAN, 0, 0, NULL},
    {"json", CEL_OPTION_OTHER, 0, 0, NULL},
    {"on_event", CEL_OPTION_FUNCTION, 0, 0, NULL},
};
const size_t cel_client_options_count =
    sizeof cel_client_options / sizeof *cel_client_options;

const cel_option *cel_client_option(const char *name) {
  size_t i = 0;
  while (strcmp(cel_client_options[i].name, name) != 0)
    i++;
  return &cel_client_options[i];
}

/* Pushes the variable's value. False if there is none (then anything is
   pushed), or if it is empty [-0, +1]. */
static bool push_env(lua_State *L, const char *name) {
  int top = lua_gettop(L);
  if (lua_getglobal(L, "os") == LUA_TTABLE &&
      lua_getfield(L, -1, "getenv") == LUA_TFUNCTION) {
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    lua_replace(L, top + 1);
  }
  lua_settop(L, top + 1);
  return lua_type(L, -1) == LUA_TSTRING && lua_rawlen(L, -1) > 0;
}

/* Reads the token, or leaves the token function on the stack [-0, +n]. */
static void read_token(lua_State *L, cel_client_config *c) {
  bool given = cel_option_push(L, 1, "token");
  if (lua_isfunction(L, -1)) {
    c->token_function = lua_gettop(L);
    return;
  }
  if (given && lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L,
               WHAT ": option 'token': expected a string or a function, "
                    "got a %s",
               luaL_typename(L, -1));
  bool from_env = !given;
  if (from_env)
    given = push_env(L, "CELIGO_API_TOKEN");
  if (!given || lua_rawlen(L, -1) == 0)
    luaL_error(L, WHAT ": there is no token: set option 'token' or the "
                       "environment variable CELIGO_API_TOKEN");
  c->token = lua_tolstring(L, -1, &c->token_len);
  if (!cel_token_check(c->token, c->token_len))
    luaL_error(L,
               WHAT ": %s: it holds a character that cannot stand in a "
                    "header, such as CR, LF, NUL or a space",
               from_env ? "environment variable CELIGO_API_TOKEN"
                        : "option 'token'");
}

/* Reads the region and the base URL, whose text stays on the stack
   [-0, +n]. */
static void read_base_url(lua_State *L, cel_client_config *c) {
  const char *region = "us";
  if (cel_option_push(L, 1, "region"))
    region = lua_tostring(L, -1);
  c->base_url = cel_region_url(region);
  if (c->base_url == NULL)
    luaL_error(L,
               WHAT ": option 'region': expected \"us\" or \"eu\", "
                    "got \"%s\"",
               region);
  if (cel_option_push(L, 1, "base_url")) {
    c->base_url = lua_tostring(L, -1);
  } else if (push_env(L, "CELIGO_BASE_URL")) {
    c->base_url = lua_tostring(L, -1);
    c->base_url_name = "environment variable CELIGO_BASE_URL: ";
  }
}

/* Reads rate and burst [-0, +n]. */
static void read_rate_limit(lua_State *L, cel_client_config *c) {
  static const cel_option limits[] = {
      {"rate", CEL_OPTION_NUMBER, 1e-3, 1e9, "requests per second, a number"},
      {"burst", CEL_OPTION_NUMBER, 1, 1e9, "requests, a number"}};
  if (!cel_option_push(L, 1, "rate_limit"))
    return;
  if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
    c->rate = 0;
    return;
  }
  if (!lua_istable(L, -1))
    cel_option_error(L, WHAT, "rate_limit",
                     "false or a table such as { rate = 300, burst = 1000 }");
  cel_options_check(L, -1, limits, 2, WHAT ": option 'rate_limit'");
  if (cel_option_push(L, -1, "rate")) {
    c->rate = lua_tonumber(L, -1);
    c->burst =
        c->rate < 1
            ? 1
            : c->rate; /* so that a short script keeps to the rate as well */
  }
  lua_pop(L, 1);
  c->burst = cel_option_number(L, -1, "burst", c->burst);
}

/* Whether the table on top is celigo.json itself [-0, +0]. */
static bool is_own_codec(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, CEL_JSON_MODULE);
  bool own = lua_rawequal(L, -1, -2);
  lua_pop(L, 1);
  return own;
}

/* Leaves a codec of the user on the stack, and notes its index [-0, +n]. */
static void read_codec(lua_State *L, cel_client_config *c) {
  static const char *const functions[] = {"encode", "decode"};
  if (!cel_option_push(L, 1, "json"))
    return;
  for (int i = 0; i < 2; i++) {
    if (!lua_istable(L, -1) ||
        lua_getfield(L, -1, functions[i]) != LUA_TFUNCTION)
      luaL_error(L, WHAT ": option 'json': expected a table with the "
                         "functions encode and decode, such as require "
                         "\"cjson\"");
    lua_pop(L, 1);
  }
  if (!is_own_codec(L))
    c->codec = lua_gettop(L);
}

/* The string of an option, which stays on the stack; NULL if there is none
   [-0, +1]. */
static const char *read_string(lua_State *L, const char *name) {
  return cel_option_push(L, 1, name) ? lua_tostring(L, -1) : NULL;
}

/* An empty one is the same as none: only the library's own is sent
   [-0, +1]. */
static const char *read_agent(lua_State *L) {
  const char *agent = read_string(L, "user_agent");
  if (agent == NULL || *agent == '\0')
    return NULL;
  if (cel_header_check("User-Agent", 10, agent, strlen(agent)) != NULL)
    luaL_error(L, WHAT ": option 'user_agent': it holds a control character");
  return agent;
}

/* Reads the options that are strings [-0, +n]. */
static void read_strings(lua_State *L, cel_client_config *c) {
  c->ca_file = read_string(L, "ca_file");
  c->proxy = read_string(L, "proxy");
  const char *wrong = c->proxy == NULL ? NULL : cel_proxy_check(c->proxy);
  if (wrong != NULL) /* the URL is not shown: it may hold a password */
    luaL_error(L, WHAT ": option 'proxy': %s", wrong);
  c->user_agent = read_agent(L);
}

/***
@module celigo
*/

/***
Options of `new`; every one is optional.
@table options
@tfield string|function token Bearer token, or what returns it, or nil and a
  message: for the first request, and again where a call meets a 401 with the
  newest token ($CELIGO_API_TOKEN)
@tfield string region "us" or "eu" ("us")
@tfield string base_url instead of a region; plain http for loopback hosts
  only ($CELIGO_BASE_URL)
@tfield number timeout seconds for one call, with its pages, retries and
  pauses; in an iterator for each page (60; 360 for installing, previews and
  updates)
@tfield number connect_timeout seconds to connect, TLS included (10)
@tfield integer max_retries further attempts after the first, of each page
  (4)
@tfield number retry_base seconds: the backoff before the first retry is
  random, up to this (0.5)
@tfield number retry_cap seconds: no backoff is longer (8)
@tfield table|boolean rate_limit `rate` (requests per second) and `burst`
  (at once; where only `rate` is given, the same number); false for none (300
  and 1000)
@tfield boolean read_only true: everything but a GET returns nil and an error,
  code "read_only", and sends nothing (false)
@tfield boolean http2 false: HTTP/1.1 only (true)
@tfield integer max_connections connections to the host (8)
@tfield integer max_response_bytes of a body, decompressed (67108864)
@tfield integer max_request_bytes of a body that is sent (67108864)
@tfield string ca_file further trust anchors, PEM
@tfield string proxy URL of a proxy (the environment's)
@tfield string user_agent put before the library's own
@tfield boolean validate check bodies before they are sent (true)
@tfield table json `encode` and `decode` for bodies, such as lua-cjson's
  (`celigo.json`)
@tfield function on_event called with an `event` for each request, response,
  retry, pause and page; false for a retry vetoes it (where the environment has
  CELIGO_LOG: `log` to that file, or to `stderr`)
*/

/***
What `on_event` is called with.
@table event
@tfield string type "request", "response", "retry", "rate_limited" (a 429
  pauses the client) or "page"
@tfield string method of HTTP
@tfield string path without its query
@tfield string operation the method's name, or "request"
@tfield[opt] integer page of a list or an iterator, from 1
@tfield integer attempt which one, of that page or call, from 1
@tfield[opt] integer status of the answer
@tfield[opt] number elapsed seconds: of the exchange in `response`, since the
  call began in `retry` and `page`; what a loop does meanwhile does not count
@tfield[opt] number wait seconds until the next attempt
@tfield[opt] integer bytes of the body, as decoded
@tfield[opt] string error what went wrong
*/

/* celigo.new is a function, and takes one table [-0, +0]. */
static void check_arguments(lua_State *L) {
  cel_misuse_colon(L, WHAT, "celigo.new { ... }");
  for (int i = lua_gettop(L); i > 1; i--)
    if (!lua_isnil(L, i))
      luaL_error(L, WHAT ": too many arguments; it takes one table of "
                         "options: celigo.new { ... }");
}

/* There is no on_event. If the environment asks for a log, the Lua layer makes
   the callback, or an error that is raised here [-0, +n]. */
static bool push_log(lua_State *L) {
  if (!push_env(L, "CELIGO_LOG"))
    return false;
  if (lua_getfield(L, LUA_REGISTRYINDEX, CEL_LOG_OPENER) != LUA_TFUNCTION)
    return false; /* celigo.core is used without the Lua layer */
  lua_insert(L, -2);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2))
    luaL_error(L, WHAT ": environment variable CELIGO_LOG: %s",
               lua_tostring(L, -1));
  lua_pop(L, 1);
  return true;
}

/***
Makes a client.
@function new
@tparam[opt] options options
@treturn celigo.client client
@raise where an option is unknown, has a wrong type or is out of range, and
  where there is no token
@usage
local client <close> = celigo.new { -- the token: $CELIGO_API_TOKEN
  timeout = 30,
  on_event = function(event)
    if event.type == "retry" then print(event.error, event.wait) end
  end,
}
print(#assert(client:list_connectors()))
*/
int cel_l_new(lua_State *L) {
  cel_client_config c = cel_client_defaults;
  luaL_checkstack(L, 32, "no room for options");
  check_arguments(L);
  lua_settop(L, 1);
  cel_options_check(L, 1, cel_client_options, cel_client_options_count, WHAT);
  read_token(L, &c);
  read_base_url(L, &c);
  read_rate_limit(L, &c);
  read_codec(L, &c);
  read_strings(L, &c);
  if (cel_option_push(L, 1, "on_event") || push_log(L))
    c.on_event = lua_gettop(L);
  c.timeout = cel_option_number(L, 1, "timeout", 0);
  c.connect_timeout =
      cel_option_number(L, 1, "connect_timeout", c.connect_timeout);
  c.policy.max_retries =
      (int)cel_option_number(L, 1, "max_retries", c.policy.max_retries);
  c.policy.retry_base =
      cel_option_number(L, 1, "retry_base", c.policy.retry_base);
  c.policy.retry_cap =
      cel_option_number(L, 1, "retry_cap", c.policy.retry_cap);
  c.max_connections = (long)cel_option_number(L, 1, "max_connections",
                                              (double)c.max_connections);
  c.max_response = (size_t)cel_option_number(L, 1, "max_response_bytes",
                                             (double)c.max_response);
  c.max_request = (size_t)cel_option_number(L, 1, "max_request_bytes",
                                            (double)c.max_request);
  c.validate = cel_option_boolean(L, 1, "validate", c.validate);
  c.read_only = cel_option_boolean(L, 1, "read_only", c.read_only);
  c.http1_only = !cel_option_boolean(L, 1, "http2", true);
  cel_client_new(L, &c, WHAT);
  return 1;
}
