/*
** lhook.h - turns for debug hooks (Ctrl-C, a host's time limit) in what takes
** long in C.
*/
#ifndef CEL_LHOOK_H
#define CEL_LHOOK_H

#include <stdbool.h>

#include <lua.h>

/* Registry name of the last error that a debug hook has raised; see
   cel_note_interrupt. */
#define CEL_INTERRUPT "celigo.interrupt"

/* Bytes of JSON between two turns: a small part of a second's work. */
#define CEL_HOOK_BYTES 4194304

/* Lets a debug hook have its turn [-0, +0]; raises what it raises. */
void cel_hook_turn(lua_State *L);

/* A message handler for protected calls, a lua_CFunction: returns the error,
   and notes it where a debug hook has raised it. */
int cel_note_interrupt(lua_State *L);

/* Whether the value at idx is the last error that a debug hook has raised, as
   far as cel_note_interrupt has seen it [-0, +0]. */
bool cel_is_interrupt(lua_State *L, int idx);

#endif
