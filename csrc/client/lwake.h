/*
** lwake.h - tells the event loop of a client that the client has work, or that
** it now waits for something else. What there is to do stands in the client's
** `wakeup`, which the loop then looks at.
**
** After one wake-up there is no other until the loop has looked.
*/
#ifndef CEL_LWAKE_H
#define CEL_LWAKE_H

#include <lua.h>

/* Calls the wake-up function of the client at idx, if it has one [-0, +0];
   raises what that raises. */
void cel_wake(lua_State *L, int idx);

/* The same for the client of the call at idx [-0, +0]. */
void cel_wake_call(lua_State *L, int idx);

#endif
