/*
** lsuggest.h - says which method was meant where one is asked for that there
** is not.
*/
#ifndef CEL_LSUGGEST_H
#define CEL_LSUGGEST_H

#include <lua.h>

/* Makes the table of methods on top say which of them was meant when one is
   asked for that it does not have [-0, +0]. */
void cel_suggest_methods(lua_State *L, const char *class_name);

#endif
