/*
** ldry_run.h - the option dry_run: shows a request instead of sending it.
*/
#ifndef CEL_LDRY_RUN_H
#define CEL_LDRY_RUN_H

#include <lua.h>

/* Pushes a table of what the call at that index would send, the token masked
   [-0, +1]. */
void cel_push_dry_run(lua_State *L, int call);

#endif
