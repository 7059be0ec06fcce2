/*
** lnames.h - the names of a table's members in order.
*/
#ifndef CEL_LNAMES_H
#define CEL_LNAMES_H

#include <stddef.h>

#include <lua.h>

typedef struct cel_name {
  const char *text;
  size_t len;
} cel_name;

/* Reads the names of the table at t, whose first key and value are on the
   stack, and sorts them by their bytes. Pushes an array, which keeps the
   strings, and a userdata that is a cel_name[], and returns how many there are
   [-2, +2]; -1 where a key is no name [-2, +0]. */
lua_Integer cel_push_names(lua_State *L, int t);

#endif
