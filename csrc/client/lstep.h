/*
** lstep.h - what makes calls move: the start, the step, and waiting.
*/
#ifndef CEL_LSTEP_H
#define CEL_LSTEP_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* The longest time, in seconds, for which a wait may delay a debug hook. */
#define CEL_HOOK_INTERVAL 0.2

/* Queues the call at idx [-0, +0]. Raises what the token function raises;
   the call is not started then. */
void cel_call_start(lua_State *L, int idx);

/* One turn of everything for the client at idx: waits up to `seconds` for
   the network, moves calls on, advances submitted ones [-0, +0]. False when
   a signal cut the wait short. */
bool cel_client_step(lua_State *L, int idx, double seconds);

/* The same for those who wait for long: it returns after CEL_HOOK_INTERVAL at
   the latest, so that a debug hook can run in between. Time that earlier waits
   took since the last hook counts. True when the hook is due. */
bool cel_client_wait_slice(lua_State *L, int idx, double seconds);

/* Waits until the call at stack index 1 is over, and returns its results.
   Where a scheduler is set and the thread may yield, it yields. A
   lua_CFunction whose stack holds nothing but the call returns this. */
int cel_call_await(lua_State *L);

#endif
