/*
** lwalk.h - what iterators and schedulers of the Lua layer are made of: page
** calls, cursors over their records, and turns of the client.
*/
#ifndef CEL_LWALK_H
#define CEL_LWALK_H

#include <lua.h>

#define CEL_CURSOR_MT "celigo.cursor"

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_walk(lua_State *L);

#endif
