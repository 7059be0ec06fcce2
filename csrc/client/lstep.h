/*
** lstep.h - starts calls, steps the client, and waits.
*/
#ifndef CEL_LSTEP_H
#define CEL_LSTEP_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* The longest time, in seconds, that a wait may delay a debug hook. */
#define CEL_HOOK_INTERVAL 0.2

/* Starts the call at idx: queues it [-0, +0]. Raises what the token function
   raises; then the call is not started. */
void cel_call_start(lua_State *L, int idx);

/* One step of the client at idx: a turn (pump.h) that waits up to `seconds`
   for the network, then advances submitted calls [-0, +0]. False when a signal
   has ended the wait early. */
bool cel_client_step(lua_State *L, int idx, double seconds);

/* A step for long waits: it ends after CEL_HOOK_INTERVAL at the latest, so
   that a debug hook can run. The time of earlier steps since the last hook
   counts as well. True when the caller must let a hook run (cel_hook_turn)
   [-0, +0]. */
bool cel_client_wait_slice(lua_State *L, int idx, double seconds);

/* Waits until the call at stack index 1 is done, and returns its results. If
   there is a scheduler and the thread can yield, it yields. To be used as the
   last statement of a lua_CFunction, with only the call on its stack. */
int cel_call_await(lua_State *L);

#endif
