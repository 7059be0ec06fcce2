/*
** lmisuse.h - errors about how a function was called.
*/
#ifndef CEL_LMISUSE_H
#define CEL_LMISUSE_H

#include <lua.h>

/* Raises if the first argument is not an object of the class (celigo.client,
   for example): then its method was called with a dot [-0, +0]. */
void cel_misuse_self(lua_State *L, const char *class_name, const char *method);

/* Raises if there are arguments after the last one that are not nil. `takes`
   is what the function takes, "step([seconds])" for example [-0, +0]. */
void cel_misuse_surplus(lua_State *L, const char *what, int last,
                        const char *takes);

/* Raises if the first argument is the module of the running function: then it
   was called with a colon. `name` is the function's (celigo.new, for example),
   `use` shows how to call it [-0, +0]. */
void cel_misuse_colon(lua_State *L, const char *name, const char *use);

/* Raises if the first argument is not of this type; `takes` describes what it
   should be [-0, +0]. */
void cel_misuse_type(lua_State *L, const char *name, int type,
                     const char *takes);

#endif
