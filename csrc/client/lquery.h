/*
** lquery.h - the query of a request's target.
*/
#ifndef CEL_LQUERY_H
#define CEL_LQUERY_H

#include <lua.h>

/* Appends the options `query` and `limit`, from the options at that index, to
   the target on top [-0, +0]. Raises if they are wrong or the target becomes
   too long; `what` is the method's name, for that message. */
void cel_query_add(lua_State *L, const char *what, int options);

#endif
