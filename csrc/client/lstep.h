/*
** lstep.h - what makes calls move: the start, the step, and waiting.
*/
#ifndef CEL_LSTEP_H
#define CEL_LSTEP_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* Registry name of a Lua function that runs as many instructions as its
   argument says; see cel_hook_turn. */
#define CEL_SPIN "celigo.spin"

/* Registry name of the last error that a debug hook has raised; see
   cel_note_interrupt. */
#define CEL_INTERRUPT "celigo.interrupt"

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

/* Lets a debug hook have its turn [-0, +0]; raises what it raises. */
void cel_hook_turn(lua_State *L);

/* A message handler for protected calls, a lua_CFunction: returns the error,
   and notes it where a debug hook has raised it. */
int cel_note_interrupt(lua_State *L);

/* Whether the value at idx is the last error that a debug hook has raised, as
   far as cel_note_interrupt has seen it [-0, +0]. */
bool cel_is_interrupt(lua_State *L, int idx);

#endif
