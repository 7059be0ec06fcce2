/*
** lwalk.h - what iterators and schedulers of the Lua layer are made of: page
** calls, and turns of the client.
*/
#ifndef CEL_LWALK_H
#define CEL_LWALK_H

#include <lua.h>

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_walk(lua_State *L);

#endif
