/*
** lwake.h - tells the event loop of a client that it has work, or waits for
** something else than before. What the work is stands in cel_client's
** `wakeup`: the loop looks at that when it comes.
**
** Once the loop has been told it is not told again until it has looked.
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
