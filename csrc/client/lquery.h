/*
** lquery.h - the query of a request.
*/
#ifndef CEL_LQUERY_H
#define CEL_LQUERY_H

#include <lua.h>

/* Appends the query and the limit of the options at that index to the target
   on top [-0, +0]. Raises what is wrong with them, and a target
   that is too long, with the method's name. */
void cel_query_add(lua_State *L, const char *what, int options);

#endif
