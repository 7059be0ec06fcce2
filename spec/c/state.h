/*
** state.h - what differs between Lua's versions: the seed of lua_newstate(),
** and the status of a memory error.
*/
#ifndef CEL_STATE_H
#define CEL_STATE_H

#include <lua.h>
#include <stdbool.h>
#include <string.h>

/* lua_newstate(), with a seed where Lua takes one (5.5). */
static inline lua_State *new_state(lua_Alloc f, void *ud) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(f, ud, 0);
#else
  return lua_newstate(f, ud);
#endif
}

/* Whether a protected call of that status ended by Lua's memory error; what it
   raised is on top. Where a C function raises it, Lua 5.4.0 makes an ordinary
   error of it. */
static inline bool is_memory_error(lua_State *L, int status) {
  bool is_5_4_0 =
      LUA_VERSION_NUM == 504 && strcmp(LUA_VERSION_RELEASE, "0") == 0;
  bool is = status == LUA_ERRMEM || (is_5_4_0 && status == LUA_ERRRUN);
  return is && lua_type(L, -1) == LUA_TSTRING &&
         strcmp(lua_tostring(L, -1), "not enough memory") == 0;
}

#endif
