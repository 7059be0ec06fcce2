/*
** lwalk.h - what the Lua layer needs for iterators and schedulers: page calls,
** and steps of the client.
*/
#ifndef CEL_LWALK_H
#define CEL_LWALK_H

#include <lua.h>

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_walk(lua_State *L);

#endif
