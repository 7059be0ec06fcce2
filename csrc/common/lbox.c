/*
** lbox.c - boxes.
*/
#include "common/lbox.h"

#include <stddef.h>

#include <lauxlib.h>

cel_box *cel_box_push(lua_State *L, const char *class_name, int uvs) {
  cel_box *box = lua_newuserdatauv(L, sizeof *box, uvs);
  box->block = NULL;
  luaL_setmetatable(L, class_name);
  return box;
}

void *cel_box_at(lua_State *L, int idx, const char *class_name) {
  const cel_box *box = luaL_testudata(L, idx, class_name);
  return box == NULL ? NULL : box->block;
}

void *cel_box_check(lua_State *L, int idx, const char *class_name) {
  const cel_box *box = luaL_checkudata(L, idx, class_name);
  if (box->block == NULL)
    luaL_error(L, "this %s has been collected", class_name);
  return box->block;
}

void *cel_box_take(lua_State *L, int idx) {
  cel_box *box = lua_touserdata(L, idx);
  void *block = box->block;
  box->block = NULL;
  return block;
}

void cel_class_new(lua_State *L, const char *class_name) {
  luaL_newmetatable(L, class_name);
  lua_pushstring(L, class_name);
  lua_setfield(L, -2, "__metatable");
}
