/*
** state.h - lua_newstate() for Lua 5.4 and 5.5, which takes a seed as well.
*/
#ifndef CEL_STATE_H
#define CEL_STATE_H

#include <lua.h>

static inline lua_State *new_state(lua_Alloc f, void *ud) {
#if LUA_VERSION_NUM >= 505
  return lua_newstate(f, ud, 0);
#else
  return lua_newstate(f, ud);
#endif
}

#endif
