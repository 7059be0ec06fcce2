/*
** lmarks.h - decides which JSON type a Lua table has.
*/
#ifndef CEL_LMARKS_H
#define CEL_LMARKS_H

#include <stdbool.h>

#include <lua.h>

/* The JSON type that a table's metatable asks for. */
typedef enum cel_mark {
  CEL_MARK_NONE,
  CEL_MARK_ARRAY,
  CEL_MARK_ARRAY_IF_EMPTY, /* lua-cjson's empty_array_mt */
  CEL_MARK_OBJECT
} cel_mark;

/* Addresses of metatables and values that are marks. Valid as long as no Lua
   code runs. */
typedef struct cel_marks {
  const void *array_mt; /* our own two marks */
  const void *object_mt;
  bool cjson_known; /* lua-cjson's marks below were looked up; they are NULL if
                       it is not loaded, or does not have them */
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

/* For a table at t that is not empty: returns n if its keys are 1 to n and its
   mark allows an array [-0, +0]; else -1, and pushes what is wrong [-0, +1].
   Not for tables whose keys are all names, unless they are marked as
   arrays. */
lua_Integer cel_table_items(lua_State *L, int t, cel_mark mark);

#endif
