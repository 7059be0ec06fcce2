/*
** lmarks.h - which JSON type a Lua table is meant to have.
*/
#ifndef CEL_LMARKS_H
#define CEL_LMARKS_H

#include <stdbool.h>

#include <lua.h>

/* What a table's metatable says of its JSON type. */
typedef enum cel_mark {
  CEL_MARK_NONE,
  CEL_MARK_ARRAY,
  CEL_MARK_ARRAY_IF_EMPTY, /* lua-cjson's empty_array_mt */
  CEL_MARK_OBJECT
} cel_mark;

/* Identities that mean something, good for as long as no Lua code runs. */
typedef struct cel_marks {
  const void *array_mt; /* our own two */
  const void *object_mt;
  bool cjson_known; /* those of lua-cjson have been looked up; NULL where it
                       is not loaded or does not have them */
  const void *cjson_empty_array;
  const void *cjson_array_mt;
  const void *cjson_empty_array_mt;
} cel_marks;

/* [-0, +0] */
void cel_marks_init(cel_marks *m, lua_State *L);

/* The mark of the table on top [-0, +0]. */
cel_mark cel_marks_of(cel_marks *m, lua_State *L);

/* Whether a light userdata is lua-cjson's empty array [-0, +0]. */
bool cel_marks_is_empty_array(cel_marks *m, lua_State *L, const void *p);

/* n where the keys of the table at t, which is not empty, are 1 to n and its
   mark allows that [-0, +0]; else -1, with what is wrong pushed [-0, +1].
   Not for tables whose keys are all names, unless they are marked as
   arrays. */
lua_Integer cel_table_items(lua_State *L, int t, cel_mark mark);

/* Whether the empty table at t stands for another one: its metatable says how
   to walk it, or where to look for what it does not hold itself. Encoding
   calls no metamethod, and so all of that would be lost [-0, +0]. */
bool cel_table_is_proxy(lua_State *L, int t);

#endif
