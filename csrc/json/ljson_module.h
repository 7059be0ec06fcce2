/*
** ljson_module.h - the module table celigo.json, and the functions that mark
** tables.
*/
#ifndef CEL_LJSON_MODULE_H
#define CEL_LJSON_MODULE_H

#include <lua.h>

/* Pushes the module table `celigo.json`: decode, encode, null; and makes
   the metatables of array and object marks [-0, +1]. */
int cel_open_json(lua_State *L);

/* lua_CFunctions celigo.array(t) and celigo.object(t). */
int cel_json_l_array(lua_State *L);
int cel_json_l_object(lua_State *L);

#endif
