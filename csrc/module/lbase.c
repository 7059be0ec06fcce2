/*
** lbase.c - opens celigo.base: JSON and times, without libcurl, so that
** require "celigo" costs next to nothing until a client is made.
*/
#include <lauxlib.h>

#include "common/loptions.h"
#include "common/lplain.h"
#include "common/lturn.h"
#include "json/ljson.h"
#include "json/ljson_module.h"
#include "module/lmodule.h"
#include "time/ltime.h"

#ifndef CELIGO_VERSION
#error "CELIGO_VERSION comes from the build"
#endif

int luaopen_celigo_base(lua_State *L) {
  static const luaL_Reg functions[] = {{"array", cel_json_l_array},
                                       {"object", cel_json_l_object},
                                       {"plain", cel_l_plain},
                                       {"check_options", cel_l_check_options},
                                       {"option_error", cel_l_option_error},
                                       {NULL, NULL}};
  luaL_checkversion(L);
  cel_open_turn(L);
  luaL_newlib(L, functions);
  lua_pushliteral(L, "celigo " CELIGO_VERSION);
  lua_setfield(L, -2, "_VERSION");
  cel_open_json(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, CEL_JSON_MODULE);
  lua_setfield(L, -2, "json");
  cel_open_time(L);
  lua_setfield(L, -2, "time");
  return 1;
}
