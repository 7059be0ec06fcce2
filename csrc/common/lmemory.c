/*
** lmemory.c - raises Lua's memory error.
*/
#include "common/lmemory.h"

#include <string.h>

#include "common/buf.h" /* CEL_NO_MEMORY */

void cel_raise_memory(lua_State *L) {
  for (;;) { /* lua_error's declaration does not say that it never returns */
    lua_pushliteral(L, CEL_NO_MEMORY); /* Lua knows this string */
    lua_error(L); /* ... and raises its memory error for it (from 5.4.1 on) */
  }
}

bool cel_is_memory_error(lua_State *L, int status) {
  return status == LUA_ERRMEM ||
         (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING &&
          strcmp(lua_tostring(L, -1), CEL_NO_MEMORY) == 0);
}
