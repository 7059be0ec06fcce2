/*
** lconfig.h - from the options of celigo.new to a client.
*/
#ifndef CEL_LCONFIG_H
#define CEL_LCONFIG_H

#include <stddef.h>

#include <lua.h>

#include "common/loptions.h"

/* celigo.new(options), a lua_CFunction. */
int cel_l_new(lua_State *L);

/* Registry name of the Lua function that makes an on_event callback of what
   CELIGO_LOG holds, or returns nil and a message. */
#define CEL_LOG_OPENER "celigo.open_log"

/* All options, and the one of that name, which must exist. */
extern const cel_option cel_client_options[];
extern const size_t cel_client_options_count;
const cel_option *cel_client_option(const char *name);

#endif
