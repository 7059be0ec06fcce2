/*
** lembed.c - the module for C hosts: the C core and the Lua layer from one
** library, without a file or a package library.
**
** The Lua files call require() for each other. Here they are loaded with an
** environment of their own. Its require knows the files in the library, and
** calls the state's require, if there is one, for all others.
*/
#include "celigo.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lclient.h"
#include "client/lconfig.h"
#include "module/lmodule.h"
#include "module/lua_files.h"

#define LOADED                                                                \
  "celigo.loaded" /* registry: modules that have been opened, by name */

static const cel_lua_file *find_file(const char *module) {
  for (size_t i = 0; i < cel_lua_files_count; i++)
    if (strcmp(cel_lua_files[i].module, module) == 0)
      return &cel_lua_files[i];
  return NULL;
}

static int l_require(lua_State *L);

/* Pushes an environment that also shows the globals [-0, +1]. */
static void push_environment(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_require);
  lua_setfield(L, -2, "require");
  lua_createtable(L, 0, 1);
  lua_pushglobaltable(L);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* Runs a file of the library and pushes what it returns [-0, +1]. */
static void run_file(lua_State *L, const cel_lua_file *f) {
  const char *name = lua_pushfstring(L, "=%s", f->module);
  if (luaL_loadbufferx(L, (const char *)f->text, f->len, name, "t") != LUA_OK)
    lua_error(L);
  push_environment(L);
  lua_setupvalue(L, -2, 1);
  lua_pushstring(L, f->module);
  lua_call(L, 1, 1);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
}

/* The require of the files in the library. */
static int l_require(lua_State *L) {
  const char *module = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LOADED);
  if (lua_getfield(L, 2, module) != LUA_TNIL)
    return 1;
  lua_pop(L, 1);
  const cel_lua_file *f = find_file(module);
  if (strcmp(module, "celigo.base") == 0) {
    lua_pushcfunction(L, luaopen_celigo_base);
    lua_call(L, 0, 1);
  } else if (strcmp(module, "celigo.core") == 0) {
    lua_pushcfunction(L, luaopen_celigo_core);
    lua_call(L, 0, 1);
  } else if (f != NULL) {
    run_file(L, f);
  } else if (lua_getglobal(L, "require") == LUA_TFUNCTION) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
  } else {
    return luaL_error(L, "celigo: this host has no module '%s'", module);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, 2, module);
  return 1;
}

/* Makes l_require the loader of a module; the preload table is on top
   [-0, +0]. */
static void preload(lua_State *L, const char *module) {
  lua_pushcfunction(L, l_require);
  lua_setfield(L, -2, module);
}

/* If the host has opened the package library, lets scripts require the other
   files, such as celigo.loop.luv. The C modules are among them: a second copy
   of these, if one is installed, would open the same classes again
   [-0, +0]. */
static void fill_preload(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  preload(L, "celigo.base");
  preload(L, "celigo.core");
  for (size_t i = 0; i < cel_lua_files_count; i++)
    preload(L, cel_lua_files[i].module);
  lua_pop(L, 1);
}

int luaopen_celigo(lua_State *L) {
  luaL_checkstack(L, 16, "no room to open celigo");
  fill_preload(L);
  lua_pushcfunction(L, l_require);
  lua_pushliteral(L, "celigo");
  lua_call(L, 1, 1);
  return 1;
}

const char *celigo_version(void) {
  return CELIGO_VERSION;
}

/* {====== A client whose token is in C only */

#define WHAT "celigo_push_client"

/* The options that both the host and this library know. A newer host may have
   more; if it sets one of those, that is an error, for it must not be ignored
   silently [-0, +0]. */
static celigo_options known_options(lua_State *L,
                                    const celigo_options *given) {
  celigo_options o;
  const unsigned char *bytes = (const unsigned char *)given;
  memset(&o, 0, sizeof o);
  if (given == NULL || given->size < offsetof(celigo_options, region)) {
    luaL_error(L, WHAT ": options.size: expected sizeof(celigo_options)");
    return o;
  }
  for (size_t i = sizeof o; i < given->size; i++)
    if (bytes[i] != 0)
      luaL_error(L,
                 WHAT ": options: a member is set that celigo " CELIGO_VERSION
                      " does not know");
  memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
  return o;
}

/* Raises: an option is wrong [-0, +0]. */
static void refuse(lua_State *L, const char *option, const char *expected) {
  luaL_error(L, WHAT ": option '%s': expected %s", option, expected);
}

/* The base URL of the options; raises if the region is not known [-0, +0]. */
static const char *pick_base_url(lua_State *L, const celigo_options *o) {
  const char *url = cel_region_url(o->region == NULL ? "us" : o->region);
  if (url == NULL)
    refuse(L, "region", "\"us\" or \"eu\"");
  return o->base_url == NULL ? url : o->base_url;
}

/* 0 is the default. `none`, if it is not 0, means none. NaN is out of range
   [-0, +0]. */
static void check_number(lua_State *L, const char *option, double value,
                         int none) {
  const cel_option *row = cel_client_option(option);
  if (value == 0 || (none != 0 && value == none) ||
      (value >= row->min && value <= row->max))
    return;
  refuse(L, option,
         lua_pushfstring(L, "%s, 0 for the default%s",
                         cel_option_expected(L, row),
                         none == 0 ? "" : ", -1 for none"));
}

/* Checks the options that are numbers [-0, +0]. */
static void check_numbers(lua_State *L, const celigo_options *o) {
  check_number(L, "timeout", o->timeout, 0);
  check_number(L, "connect_timeout", o->connect_timeout, 0);
  check_number(L, "max_retries", o->max_retries, -1);
  check_number(L, "max_connections", o->max_connections, 0);
}

/* No message here may show any part of the token [-0, +0]. */
static void check_strings(lua_State *L, const celigo_options *o) {
  const char *agent = o->user_agent;
  if (o->token == NULL || o->token[0] == '\0')
    refuse(L, "token", "a string that is not empty");
  if (!cel_token_check(o->token, strlen(o->token)))
    refuse(L, "token", "characters that can stand in a header");
  const char *wrong = o->proxy == NULL ? NULL : cel_proxy_check(o->proxy);
  if (wrong != NULL)
    luaL_error(L, WHAT ": option 'proxy': %s", wrong);
  if (agent != NULL &&
      cel_header_check("User-Agent", 10, agent, strlen(agent)) != NULL)
    refuse(L, "user_agent", "no control characters");
}

/* Opens the client's class and the Lua layer, for a host that makes a client
   before the script does. Once they are open this is only a look-up
   [-0, +0]. */
static void open_client(lua_State *L) {
  lua_pushcfunction(L, l_require);
  lua_pushliteral(L, "celigo.client");
  lua_call(L, 1, 0);
  lua_settop(L, 0);
}

static int l_push_client(lua_State *L) {
  const celigo_options o = known_options(L, lua_touserdata(L, 1));
  cel_client_config c = cel_client_defaults;
  luaL_checkversion(L);
  luaL_checkstack(L, 16, "no room to open celigo");
  check_strings(L, &o);
  check_numbers(L, &o);
  open_client(L);
  c.secret = true;
  c.token = o.token;
  c.token_len = strlen(o.token);
  c.base_url = pick_base_url(L, &o);
  c.ca_file = o.ca_file;
  c.proxy = o.proxy;
  if (o.user_agent != NULL && o.user_agent[0] != '\0')
    c.user_agent = o.user_agent;
  c.timeout = o.timeout;
  if (o.connect_timeout > 0)
    c.connect_timeout = o.connect_timeout;
  if (o.max_retries != 0)
    c.policy.max_retries = o.max_retries < 0 ? 0 : o.max_retries;
  if (o.max_connections > 0)
    c.max_connections = o.max_connections;
  if (o.max_response_bytes > 0)
    c.max_response = o.max_response_bytes;
  c.read_only = o.read_only != 0;
  c.http1_only = o.http1_only != 0;
  cel_client_new(L, &c, WHAT);
  return 1;
}

int celigo_push_client(lua_State *L, const celigo_options *options) {
  if (!lua_checkstack(L, 2)) { /* for the function and its result */
    lua_pushliteral(
        L, CEL_NO_MEMORY); /* Lua has this string already: cannot raise */
    return LUA_ERRMEM;
  }
  lua_pushcfunction(L, l_push_client);
  lua_pushlightuserdata(L, (void *)options);
  return lua_pcall(L, 1, 1, 0);
}

/* }====== */
