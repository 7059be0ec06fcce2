/*
** lmarks.c - decides which JSON type a Lua table has.
*/
#include "json/lmarks.h"

#include <lauxlib.h>

#include "json/ljson.h" /* CEL_ARRAY_MT, CEL_OBJECT_MT */

/* Reads a member of the table on top as an address, to compare it [-0, +0]. */
static const void *marks_member(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  const void *identity = lua_topointer(L, -1);
  lua_pop(L, 1);
  return identity;
}

/* Looks up the marks of lua-cjson (or of a module in its place), if that is
   loaded. Only called when a value may have such a mark [-0, +0]. */
static void marks_find_cjson(cel_marks *m, lua_State *L) {
  static const char *const names[] = {"cjson", "cjson.safe"};
  if (m->cjson_known)
    return;
  m->cjson_known = true;
  luaL_checkstack(L, 4, NULL);
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (int i = 0; i < 2 && lua_istable(L, top + 1); i++) {
    lua_settop(L, top + 1);
    lua_pushstring(L, names[i]);
    if (lua_rawget(L, -2) != LUA_TTABLE || m->cjson_array_mt != NULL)
      continue;
    m->cjson_empty_array = marks_member(L, "empty_array");
    m->cjson_array_mt = marks_member(L, "array_mt");
    m->cjson_empty_array_mt = marks_member(L, "empty_array_mt");
  }
  lua_settop(L, top);
}

/* The address of a metatable in the registry, or NULL [-0, +0]. */
static const void *marks_metatable(lua_State *L, const char *name) {
  luaL_getmetatable(L, name);
  const void *identity = lua_topointer(L, -1);
  lua_pop(L, 1);
  return identity;
}

void cel_marks_init(cel_marks *m, lua_State *L) {
  *m = (cel_marks){
      .array_mt = marks_metatable(L, CEL_ARRAY_MT),
      .object_mt = marks_metatable(L, CEL_OBJECT_MT),
  };
}

cel_mark cel_marks_of(cel_marks *m, lua_State *L) {
  if (!lua_getmetatable(L, -1))
    return CEL_MARK_NONE;
  const void *mt = lua_topointer(L, -1);
  lua_pop(L, 1);
  if (mt == m->array_mt)
    return CEL_MARK_ARRAY;
  if (mt == m->object_mt)
    return CEL_MARK_OBJECT;
  marks_find_cjson(m, L);
  if (mt == m->cjson_array_mt)
    return CEL_MARK_ARRAY;
  if (mt == m->cjson_empty_array_mt)
    return CEL_MARK_ARRAY_IF_EMPTY;
  return CEL_MARK_NONE;
}

bool cel_marks_is_empty_array(cel_marks *m, lua_State *L, const void *p) {
  marks_find_cjson(m, L);
  return p != NULL && p == m->cjson_empty_array;
}

/* Which keys a table has. */
typedef struct marks_keys {
  lua_Integer items; /* keys that are integers */
  bool below;        /* one of them is less than 1 */
  bool named;        /* there are names */
  const char *odd;   /* type of a key that is neither, or NULL */
} marks_keys;

/* Counts keys of each kind [-0, +0]. */
static marks_keys marks_count_keys(lua_State *L, int t) {
  marks_keys keys = {0};
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    if (lua_isinteger(L, -1)) {
      keys.items++;
      keys.below = keys.below || lua_tointeger(L, -1) < 1;
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      keys.named = true;
    } else {
      keys.odd = lua_isnumber(L, -1) ? "float" : luaL_typename(L, -1);
    }
  }
  return keys;
}

/* Returns n if no item from 1 to n is nil [-0, +0]; else -1, and pushes what
   is wrong [-0, +1]. */
static lua_Integer marks_check_holes(lua_State *L, int t, lua_Integer n) {
  for (lua_Integer i = 1; i <= n; i++) {
    bool hole = lua_rawgeti(L, t, i) == LUA_TNIL;
    lua_pop(L, 1);
    if (hole) {
      lua_pushfstring(L, "array has a hole at %I", (LUAI_UACINT)i);
      return -1;
    }
  }
  return n;
}

lua_Integer cel_table_items(lua_State *L, int t, cel_mark mark) {
  luaL_checkstack(L, 4, NULL);
  marks_keys keys = marks_count_keys(L, t);
  if (keys.odd != NULL)
    lua_pushfstring(L, "table has a %s among its keys", keys.odd);
  else if (mark == CEL_MARK_OBJECT)
    lua_pushliteral(L, "table is marked as an object but has array items");
  else if (keys.named && mark == CEL_MARK_ARRAY)
    lua_pushliteral(L, "table is marked as an array but has named members");
  else if (keys.named)
    lua_pushliteral(L, "table mixes array items and named members");
  else if (keys.below)
    lua_pushliteral(L, "array has an item before position 1");
  else
    return marks_check_holes(L, t, keys.items);
  return -1;
}
