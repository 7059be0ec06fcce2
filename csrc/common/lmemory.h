/*
** lmemory.h - Lua's memory error.
*/
#ifndef CEL_LMEMORY_H
#define CEL_LMEMORY_H

#include <lua.h>

/* Raises Lua's own memory error (LUA_ERRMEM). One free stack slot is
   enough. */
_Noreturn void cel_raise_memory(lua_State *L);

#endif
