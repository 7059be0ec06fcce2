/*
** lmodule.c - opens celigo.core: the client, and all that needs libcurl.
** It is loaded when the first client is made, after celigo.base.
*/
#include "module/lmodule.h"

#include <lauxlib.h>

#include "client/lconfig.h"
#include "client/lmethods.h"
#include "client/lresult.h"
#include "client/lvisited.h"
#include "client/lwhere.h"
#include "loop/lloop.h"
#include "loop/lscheduler.h"
#include "pages/lcursor.h"
#include "pages/lwalk.h"

/* core.set_error_constructor(f): what makes error objects. */
static int l_set_error_constructor(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, CEL_ERROR_CONSTRUCTOR);
  return 0;
}

/* core.set_log_opener(f): what makes a callback of CELIGO_LOG. */
static int l_set_log_opener(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, CEL_LOG_OPENER);
  return 0;
}

int luaopen_celigo_core(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"new", cel_l_new},
      {"set_error_constructor", l_set_error_constructor},
      {"set_log_opener", l_set_log_opener},
      {"hide_file", cel_l_hide_file},
      {"where", cel_l_where},
      {NULL, NULL}};
  const char *wrong = cel_http_global();
  if (wrong != NULL)
    return luaL_error(L, "celigo: %s", wrong);
  luaL_checkversion(L);
  luaL_newlib(L, functions);
  cel_open_walk(L);
  cel_open_loop(L);
  cel_open_scheduler(L);
  cel_open_cursor(L);
  cel_open_visited(L);
  cel_open_call(L);
  cel_open_client(L);
  lua_setfield(L, -2, "methods");
  return 1;
}
