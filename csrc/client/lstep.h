/*
** lstep.h - what makes calls move: the start, the step, and waiting.
*/
#ifndef CEL_LSTEP_H
#define CEL_LSTEP_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* Seconds for which waits keep a debug hook from its turn, at most. */
#define CEL_HOOK_INTERVAL 0.2

/* Queues the call at idx [-0, +0]. Raises what the token function raises;
   the call is not started then. */
void cel_call_start(lua_State *L, int idx);

/* One turn of everything for the client at idx: waits up to `seconds` for
   the network, moves calls on, advances submitted ones [-0, +0]. False when
   a signal cut the wait short. */
bool cel_client_step(lua_State *L, int idx, double seconds);

/* The same for whoever waits, cut into slices: no wait, and no row of waits,
   keeps a debug hook from its turn for longer than CEL_HOOK_INTERVAL. True
   when the hook is due. */
bool cel_client_wait_slice(lua_State *L, int idx, double seconds);

/* Runs the call at stack index 1 to its end, giving way where the thread
   may, and returns its results; to be returned by a lua_CFunction whose
   stack holds nothing but the call. */
int cel_call_await(lua_State *L);

#endif
