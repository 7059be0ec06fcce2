/*
** loutcome.h - what happens when an exchange is over.
*/
#ifndef CEL_LOUTCOME_H
#define CEL_LOUTCOME_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* Does what is due for the call at idx [-0, +0]; true when it is done.
   Raises what callbacks raise; the call is cancelled then. */
bool cel_call_advance(lua_State *L, int idx);

/* Emits the request event that is due for the call at idx [-0, +0]. */
void cel_call_announce(lua_State *L, int idx);

#endif
