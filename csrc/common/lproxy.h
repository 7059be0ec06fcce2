/*
** lproxy.h - tables that stand for another one.
**
** Options and bodies are read without metamethods. What a proxy shows by its
** metamethods would be lost in silence, so proxies are refused.
*/
#ifndef CEL_LPROXY_H
#define CEL_LPROXY_H

#include <stdbool.h>

#include <lua.h>

/* Whether the table at t is a proxy: its metatable has __pairs or __index
   [-0, +0]. */
bool cel_table_is_proxy(lua_State *L, int t);

#endif
