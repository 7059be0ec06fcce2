/*
** lwhere.h - finds the line of the caller's code.
*/
#ifndef CEL_LWHERE_H
#define CEL_LWHERE_H

#include <lua.h>

/* core.hide_file(), a lua_CFunction: the file that calls it belongs to the
   library, so its lines are not taken for the caller's. */
int cel_l_hide_file(lua_State *L);

/* Pushes "file:line" of the innermost Lua function that does not belong to the
   library, or nil if there is none [-0, +1]. */
void cel_push_where(lua_State *L);

/* luaL_error, with that line: for what the Lua layer can stand before
   [-0, +0]. */
int cel_error_where(lua_State *L, const char *format, ...);

/* core.where(), the same as a lua_CFunction. */
int cel_l_where(lua_State *L);

#endif
