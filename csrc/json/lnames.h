/*
** lnames.h - the names of a table's members, sorted.
*/
#ifndef CEL_LNAMES_H
#define CEL_LNAMES_H

#include <stddef.h>

#include <lua.h>

typedef struct cel_name {
  const char *text;
  size_t len;
} cel_name;

/* Sorts the names of the table at t by their bytes. Its first key and value
   are on the stack. Pushes an array, which keeps the strings, and a userdata,
   which is a cel_name[]; returns how many there are [-2, +2]. If a key is not
   a string, returns -1 [-2, +0]. */
lua_Integer cel_push_names(lua_State *L, int t);

#endif
