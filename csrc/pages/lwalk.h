/*
** lwalk.h - page calls, of which iterators are made.
*/
#ifndef CEL_LWALK_H
#define CEL_LWALK_H

#include <lua.h>

/* Adds the functions to the table on top, celigo.core [-0, +0]. */
void cel_open_walk(lua_State *L);

#endif
