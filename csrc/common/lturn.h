/*
** lturn.h - lets debug hooks run during long work in C. A host may end a
** script by a count hook, and the library must not delay that.
*/
#ifndef CEL_LTURN_H
#define CEL_LTURN_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/* Registry name of a Lua function that runs as many instructions as its
   argument says; see cel_hook_turn. */
#define CEL_SPIN "celigo.spin"

/* Registry name of the last error that a debug hook has raised; see
   cel_note_interrupt. */
#define CEL_INTERRUPT "celigo.interrupt"

/* Makes what turns need [-0, +0]. */
void cel_open_turn(lua_State *L);

/* Lets a debug hook run now [-0, +0]; raises what the hook raises. */
void cel_hook_turn(lua_State *L);

/* A message handler for lua_pcall: returns the error as it is, and notes it if
   a debug hook has raised it. */
int cel_note_interrupt(lua_State *L);

/* Whether the value at idx is the last error that cel_note_interrupt has noted
   [-0, +0]. */
bool cel_is_interrupt(lua_State *L, int idx);

#define CEL_PACE                                                              \
  65536 /* pieces of work between two turns of hooks: a few ms */

/* Counts n pieces of work, and lets hooks run when it is time [-0, +0]. */
static inline void cel_work(lua_State *L, size_t *done, size_t n) {
  *done += n;
  if (*done >= CEL_PACE) {
    *done = 0;
    cel_hook_turn(L);
  }
}

#endif
