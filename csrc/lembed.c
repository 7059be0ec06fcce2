/*
** lembed.c - the module for C hosts: the C core and the Lua layer from one
** library, without a file or a package library.
**
** The Lua files call require() for each other. Here they are loaded with an
** environment of their own, whose require knows the files in the library
** and falls back on the state's, where there is one.
*/
#include "celigo.h"

#include <string.h>

#include <lauxlib.h>

#include "lclient.h"
#include "lmodule.h"
#include "lua_files.h"

#define LOADED "celigo.loaded" /* registry: what has been opened, by name */

static const cel_lua_file *find_file(const char *module) {
  for (size_t i = 0; i < cel_lua_files_count; i++)
    if (strcmp(cel_lua_files[i].module, module) == 0)
      return &cel_lua_files[i];
  return NULL;
}

static int l_require(lua_State *L);

/* Pushes an environment that falls back on the globals [-0, +1]. */
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

/* Lets scripts require the other files, such as celigo.loop.luv, where the
   host has opened the package library. */
static void fill_preload(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  for (size_t i = 0; i < cel_lua_files_count; i++) {
    lua_pushcfunction(L, l_require);
    lua_setfield(L, -2, cel_lua_files[i].module);
  }
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

/* The part of the options that the host knows of. */
static celigo_options known_options(const celigo_options *given) {
  celigo_options o;
  memset(&o, 0, sizeof o);
  memcpy(&o, given, given->size < sizeof o ? given->size : sizeof o);
  return o;
}

static const char *pick_base_url(lua_State *L, const celigo_options *o) {
  if (o->base_url != NULL)
    return o->base_url;
  const char *url = cel_region_url(o->region == NULL ? "us" : o->region);
  if (url == NULL)
    luaL_error(L,
               "celigo_push_client: region: expected \"us\" or \"eu\", "
               "got \"%s\"",
               o->region);
  return url;
}

#define MAX_SECONDS 1e6

/* A newer host may set members that this library is too old for. */
static void check_later(lua_State *L, const celigo_options *given) {
  const char *bytes = (const char *)given;
  for (size_t i = sizeof *given; i < given->size; i++)
    if (bytes[i] != 0)
      luaL_error(L, "celigo_push_client: options sets a member that this "
                    "version of the library does not know");
}

static void check_seconds(lua_State *L, const char *name, double seconds) {
  if (!(seconds >= 0 && seconds <= MAX_SECONDS)) /* NaN is neither */
    luaL_error(L, "celigo_push_client: %s: expected seconds from 0 to %f",
               name, MAX_SECONDS);
}

static void check_numbers(lua_State *L, const celigo_options *o) {
  check_seconds(L, "timeout", o->timeout);
  check_seconds(L, "connect_timeout", o->connect_timeout);
  if (o->max_retries < -1)
    luaL_error(L, "celigo_push_client: max_retries: expected -1 or more");
  if (o->max_connections < 0 || o->max_connections > 256)
    luaL_error(L, "celigo_push_client: max_connections: expected 0 to 256");
}

static void check_strings(lua_State *L, const celigo_options *o) {
  if (o->token == NULL || !cel_token_check(o->token, strlen(o->token)))
    luaL_error(L, "celigo_push_client: token: it is missing, or holds a "
                  "character that cannot stand in a header");
  if (o->user_agent != NULL &&
      cel_header_check("User-Agent", 10, o->user_agent,
                       strlen(o->user_agent)) != NULL)
    luaL_error(L, "celigo_push_client: user_agent: it holds a control "
                  "character");
}

static int l_push_client(lua_State *L) {
  const celigo_options *const *argument = lua_touserdata(L, 1);
  const celigo_options *given = *argument;
  if (given == NULL || given->size < offsetof(celigo_options, region))
    return luaL_error(L, "celigo_push_client: options.size is not set");
  check_later(L, given);
  const celigo_options o = known_options(given);
  cel_client_config c = cel_client_defaults;
  check_strings(L, &o);
  check_numbers(L, &o);
  if (luaL_getmetatable(L, CEL_CLIENT_MT) == LUA_TNIL) {
    lua_pushcfunction(L, l_require);
    lua_pushliteral(L, "celigo.client");
    lua_call(L, 1, 0);
  }
  c.hides_token = true;
  c.token = o.token;
  c.token_len = strlen(o.token);
  c.base_url = pick_base_url(L, &o);
  c.ca_file = o.ca_file;
  c.proxy = o.proxy;
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
  cel_client_new(L, &c, "celigo_push_client");
  return 1;
}

int celigo_push_client(lua_State *L, const celigo_options *options) {
  /* neither push allocates, so nothing can be raised out here */
  lua_pushcfunction(L, l_push_client);
  lua_pushlightuserdata(L, &options);
  return lua_pcall(L, 1, 1, 0);
}

/* }====== */
