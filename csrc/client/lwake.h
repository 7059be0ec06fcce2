/*
** lwake.h - wakes the event loop of a client: it has work that the loop does
** not know of.
*/
#ifndef CEL_LWAKE_H
#define CEL_LWAKE_H

#include <lua.h>

/* Rings for the client at idx [-0, +0]; raises what the bell raises. */
void cel_wake(lua_State *L, int idx);

/* The same for the client of the call at idx. */
void cel_wake_call(lua_State *L, int idx);

/* The client at idx has been closed: rings, even when it has rung already
   [-0, +0]. */
void cel_wake_closed(lua_State *L, int idx);

#endif
