/*
** lsuggest.c - suggests the right name for a method that does not exist.
*/
#include "client/lsuggest.h"

#include <lauxlib.h>

#include "common/names.h"

#define MAX_NAMES 128 /* of methods of one class */

static const char *string_at(const void *names, size_t i) {
  return ((const char *const *)names)[i];
}

/* __index of a table of methods; the upvalues are the class's name, and what
   is said where no method is near. */
static int l_unknown(lua_State *L) {
  const char *class_name = lua_tostring(L, lua_upvalueindex(1));
  const char *names[MAX_NAMES] = {NULL};
  size_t n = 0;
  if (lua_type(L, 2) != LUA_TSTRING || !lua_istable(L, 1))
    return 0;
  const char *word = lua_tostring(L, 2);
  lua_pushnil(L);
  while (n < MAX_NAMES && lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING)
      names[n++] = lua_tostring(L, -1); /* the table keeps the string */
  }
  const char *nearest =
      cel_nearest_method(word, string_at, (const void *)names, n);
  if (nearest == NULL)
    return luaL_error(L, "%s has no method '%s'; %s", class_name, word,
                      lua_tostring(L, lua_upvalueindex(2)));
  return luaL_error(L, "%s has no method '%s'; did you mean '%s'?", class_name,
                    word, nearest);
}

/* __newindex of a class; the upvalues are its name, and where the value
   belongs. */
static int l_refuse_field(lua_State *L) {
  return luaL_error(L, "a %s has no field '%s' that can be set; %s",
                    lua_tostring(L, lua_upvalueindex(1)),
                    luaL_tolstring(L, 2, NULL),
                    lua_tostring(L, lua_upvalueindex(2)));
}

void cel_suggest_methods(lua_State *L, const char *class_name,
                         const char *otherwise, const char *where) {
  lua_pushstring(L, class_name);
  lua_pushstring(L, where);
  lua_pushcclosure(L, l_refuse_field, 2);
  lua_setfield(L, -3, "__newindex");
  lua_createtable(L, 0, 1);
  lua_pushstring(L, class_name);
  lua_pushstring(L, otherwise);
  lua_pushcclosure(L, l_unknown, 2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}
