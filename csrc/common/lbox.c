/*
** lbox.c - boxes and their owners.
*/
#include "common/lbox.h"

#include <lauxlib.h>

#define OWNER_MT "celigo.owner"
#define WEAK_MT  "celigo.weak_keys"

static const char owner_kind = 'o';

/* Its user value is a table with the box as a weak key. Lua takes the key out
   when the box is gone, not when it is finalised. */
struct cel_box_owner {
  cel_tag tag;
  cel_box *box;
  void *block;
  cel_box_free release;
};

void cel_box_push(lua_State *L, const void *kind, const char *class_name,
                  int uvs, cel_box_free release) {
  cel_box_owner *o = lua_newuserdatauv(L, sizeof *o, 1);
  *o = (cel_box_owner){.release = release};
  cel_tag_set(&o->tag, &owner_kind);
  cel_set_class(L, OWNER_MT); /* before the box's: called after it */
  cel_box *box = o->box = lua_newuserdatauv(L, sizeof *box, uvs);
  box->block = NULL;
  cel_tag_set(&box->tag, kind);
  cel_set_class(L, class_name);
  lua_createtable(L, 0, 1);
  cel_set_class(L, WEAK_MT);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  lua_setiuservalue(L, -3, 1);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, CEL_BOX_UV_OWNER);
}

/* Has the finaliser of the owner at idx called, again [-0, +0]. */
static void arm(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_getmetatable(L, idx))
    lua_setmetatable(L, idx);
}

cel_box_owner *cel_box_push_owner(lua_State *L, int idx,
                                  cel_box_free release) {
  lua_getiuservalue(L, idx, CEL_BOX_UV_OWNER);
  cel_box_owner *o = cel_tagged(L, -1, &owner_kind, sizeof *o);
  if (o == NULL || o->box != lua_touserdata(L, idx - (idx < 0)) ||
      o->release != release) {
    luaL_error(L, "a user value of a celigo object has been changed");
    return NULL;
  }
  arm(L, -1);
  return o;
}

void cel_box_fill(cel_box_owner *owner, void *block) {
  owner->block = owner->box->block = block;
}

bool cel_box_is(lua_State *L, int idx, const void *kind) {
  return cel_tagged(L, idx, kind, sizeof(cel_box)) != NULL;
}

void *cel_box_at(lua_State *L, int idx, const void *kind) {
  const cel_box *box = cel_tagged(L, idx, kind, sizeof *box);
  return box == NULL ? NULL : box->block;
}

/* Whether no function runs but the finaliser: the state is being closed, or
   the host has let the collector work. Then nobody holds a block. */
static bool is_idle(lua_State *L) {
  lua_Debug caller;
  bool main = lua_pushthread(L) == 1;
  lua_pop(L, 1);
  return main && lua_getstack(L, 1, &caller) == 0;
}

static int l_free(lua_State *L) {
  cel_box_owner *o = cel_tagged(L, 1, &owner_kind, sizeof *o);
  if (o == NULL || o->block == NULL)
    return 0;
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE)
    return 0; /* the debug library: better lost than dangling */
  lua_pushnil(L);
  bool there = lua_next(L, -2) != 0; /* the box */
  if ((there && !is_idle(L)) || !o->release(o->block)) {
    arm(L, 1);
    return 0;
  }
  if (there)
    o->box->block = NULL;
  o->block = NULL;
  return 0;
}

void cel_open_box(lua_State *L) {
  luaL_newmetatable(L, OWNER_MT);
  lua_pushcfunction(L, l_free);
  lua_setfield(L, -2, "__gc");
  luaL_newmetatable(L, WEAK_MT);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_pop(L, 2);
}
