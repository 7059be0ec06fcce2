/*
** script.h - the Lua scripts of the test programs that are C hosts: files of
** spec/c/scripts, whose folder the build names (CEL_SCRIPTS).
*/
#ifndef CEL_SCRIPT_H
#define CEL_SCRIPT_H

#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>

/* Pushes a script as a function: [-0, +1]. Ends the program where the file is
   missing or wrong, for then nothing can be tested. */
static inline void script_load(lua_State *L, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", CEL_SCRIPTS, name);
  if (luaL_loadfilex(L, path, "t") != LUA_OK) {
    printf("%s\n", luaL_tolstring(L, -1, NULL));
    exit(EXIT_FAILURE);
  }
}

/* Runs a script that returns a table of functions, and keeps that for
   script_push: [-0, +0]. */
static inline void script_open(lua_State *L, const char *name) {
  script_load(L, name);
  lua_call(L, 0, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "spec.scripts");
}

/* Pushes a function of the script that was opened: [-0, +1] */
static inline void script_push(lua_State *L, const char *name) {
  lua_getfield(L, LUA_REGISTRYINDEX, "spec.scripts");
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

#endif
