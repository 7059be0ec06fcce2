/*
** lsuggest.h - suggests the right name for a method that does not exist.
*/
#ifndef CEL_LSUGGEST_H
#define CEL_LSUGGEST_H

#include <lua.h>

/* Makes the table of methods on top raise for a name that it does not have.
   The message has the method that was most likely meant, or else `otherwise`.
   The metatable below it refuses to set fields; its message says `where` such
   a value belongs [-0, +0]. */
void cel_suggest_methods(lua_State *L, const char *class_name,
                         const char *otherwise, const char *where);

#endif
