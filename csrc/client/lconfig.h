/*
** lconfig.h - from the options of celigo.new to a client.
*/
#ifndef CEL_LCONFIG_H
#define CEL_LCONFIG_H

#include <lua.h>

/* celigo.new(options), a lua_CFunction. */
int cel_l_new(lua_State *L);

/* core.client_options(), a lua_CFunction: the names and types of the options
   of celigo.new. */
int cel_l_client_options(lua_State *L);

#endif
