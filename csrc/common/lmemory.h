/*
** lmemory.h - Lua's memory error.
*/
#ifndef CEL_LMEMORY_H
#define CEL_LMEMORY_H

#include <lua.h>
#include <stdbool.h>

/* Raises Lua's own memory error, LUA_ERRMEM (in Lua 5.4.0 an ordinary error
   with its message). One free stack slot is enough. */
_Noreturn void cel_raise_memory(lua_State *L);

/* Whether a protected call of that status ended by a memory error; what it
   raised is on top. */
bool cel_is_memory_error(lua_State *L, int status);

#endif
