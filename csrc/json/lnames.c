/*
** lnames.c - the names of a table's members, sorted.
*/
#include "json/lnames.h"

#include <stdlib.h>
#include <string.h>

/* The order of names, for qsort: by bytes. */
static int compare(const void *a, const void *b) {
  const cel_name *one = a;
  const cel_name *other = b;
  size_t len = one->len < other->len ? one->len : other->len;
  int order = memcmp(one->text, other->text, len);
  return order != 0 ? order
                    : (one->len > other->len) - (one->len < other->len);
}

/* Replaces the first key and value of the table at t, on the stack, by an
   array of all its names [-2, +1]. If a key is not a string, returns -1
   [-2, +0]. */
static lua_Integer collect(lua_State *L, int t) {
  lua_Integer n = 0;
  lua_newtable(L);
  lua_insert(L, -3);
  do {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      lua_pop(L, 2);
      return -1;
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, ++n);
  } while (lua_next(L, t) != 0);
  return n;
}

lua_Integer cel_push_names(lua_State *L, int t) {
  lua_Integer n = collect(L, t);
  if (n < 0)
    return n;
  cel_name *names = lua_newuserdatauv(L, (size_t)n * sizeof *names, 0);
  for (lua_Integer i = 0; i < n; i++) {
    lua_rawgeti(L, -2, i + 1);
    names[i].text = lua_tolstring(L, -1, &names[i].len);
    lua_pop(L, 1);
  }
  qsort(names, (size_t)n, sizeof *names, compare);
  return n;
}
