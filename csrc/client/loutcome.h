/*
** loutcome.h - goes on with a call whose exchange is over.
*/
#ifndef CEL_LOUTCOME_H
#define CEL_LOUTCOME_H

#include <stdbool.h>

#include <lua.h>

#include "client/lcall.h"

/* Does what is due for the READY call at idx [-0, +0]. True when the call is
   done. Raises what callbacks raise; then the call is cancelled. */
bool cel_call_advance(lua_State *L, int idx);

/* Emits the request event that is due for the call at idx [-0, +0]. */
void cel_call_announce(lua_State *L, int idx);

#endif
