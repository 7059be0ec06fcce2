/*
** lmisuse.h - what is said of a mistake in how a function is called.
*/
#ifndef CEL_LMISUSE_H
#define CEL_LMISUSE_H

#include <lua.h>

/* Raises where the first argument is not of the class, such as
   celigo.client: its method was called with a dot [-0, +0]. */
void cel_misuse_self(lua_State *L, const char *class_name, const char *method);

/* Raises where arguments beyond the last one are not nil, and says what the
   function takes, such as "step([seconds])" [-0, +0]. */
void cel_misuse_surplus(lua_State *L, const char *what, int last,
                        const char *takes);

/* Raises where the first argument is the module of the running function: it
   was called with a colon. `name` is the function's, such as celigo.new,
   `use` how it is called [-0, +0]. */
void cel_misuse_colon(lua_State *L, const char *name, const char *use);

/* Raises where the first argument is not of the type; `takes` says what is
   meant by it [-0, +0]. */
void cel_misuse_type(lua_State *L, const char *name, int type,
                     const char *takes);

#endif
