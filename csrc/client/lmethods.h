/*
** lmethods.h - the methods of clients and calls that are C.
*/
#ifndef CEL_LMETHODS_H
#define CEL_LMETHODS_H

#include <lua.h>

/* Registers the class of calls [-0, +0]. */
void cel_open_call(lua_State *L);

/* Registers the client's class; pushes the table of its methods, to which
   the Lua layer adds its own [-0, +1]. */
void cel_open_client(lua_State *L);

#endif
