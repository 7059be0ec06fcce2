/*
** lbox.c - boxes, and the owner of all blocks of a state.
*/
#include "common/lbox.h"

#include <stddef.h>

#include <lauxlib.h>

#define OWNER "celigo.owner" /* in the registry */

/* The state is closing, and the finalisers of boxes have run: all except those
   that Lua had no memory to call, and those of boxes that finalisers have
   made. */
static int l_end_blocks(lua_State *L) {
  cel_owner_end(lua_touserdata(L, 1));
  return 0;
}

void cel_box_open(lua_State *L) {
  static const cel_owner none = {.first = NULL};
  lua_getfield(L, LUA_REGISTRYINDEX, OWNER);
  if (lua_isnil(L, -1)) {
    cel_owner *owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = none;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, l_end_blocks);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, OWNER);
  }
  lua_pop(L, 1);
}

cel_box *cel_box_push(lua_State *L, const char *class_name, int uvs) {
  lua_getfield(L, LUA_REGISTRYINDEX, OWNER);
  cel_owner *owner = lua_touserdata(L, -1);
  if (owner->over)
    luaL_error(L, "no %s can be made any more: the Lua state is closing",
               class_name);
  lua_pop(L, 1);
  cel_box *box = lua_newuserdatauv(L, sizeof *box, uvs);
  box->block = NULL;
  box->owner = owner;
  luaL_setmetatable(L, class_name);
  return box;
}

void cel_box_fill(cel_box *box, cel_owned *block,
                  void (*end)(cel_owned *block)) {
  block->end = end;
  cel_owner_put(box->owner, block);
  box->block = block;
}

/* Its block; NULL where the box is empty, or its block has been ended. */
static void *block_of(const cel_box *box) {
  return box == NULL || box->owner->over ? NULL : box->block;
}

void *cel_box_at(lua_State *L, int idx, const char *class_name) {
  return block_of(luaL_testudata(L, idx, class_name));
}

void *cel_box_check(lua_State *L, int idx, const char *class_name) {
  void *block = block_of(luaL_checkudata(L, idx, class_name));
  if (block == NULL)
    luaL_error(L, "this %s has been collected", class_name);
  return block;
}

void *cel_box_take(lua_State *L, int idx) {
  cel_box *box = lua_touserdata(L, idx);
  void *block = block_of(box);
  if (block != NULL)
    cel_owner_take(box->owner, block);
  box->block = NULL;
  return block;
}

void cel_class_new(lua_State *L, const char *class_name) {
  luaL_newmetatable(L, class_name);
  lua_pushstring(L, class_name);
  lua_setfield(L, -2, "__metatable");
}
