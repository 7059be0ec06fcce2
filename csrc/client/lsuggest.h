/*
** lsuggest.h - suggests the right name for a method that does not exist.
*/
#ifndef CEL_LSUGGEST_H
#define CEL_LSUGGEST_H

#include <lua.h>

/* Makes the table of methods on top raise for a name that it does not have,
   with the method that was most likely meant [-0, +0]. */
void cel_suggest_methods(lua_State *L, const char *class_name);

#endif
