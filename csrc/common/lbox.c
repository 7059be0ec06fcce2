/*
** lbox.c - boxes and their owners.
*/
#include "common/lbox.h"

#include <lauxlib.h>

#define OWNER_MT "celigo.owner"

static const char owner_kind = 'o';

/* Its user value is its box, which therefore lives as long. */
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
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, 1);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, CEL_BOX_UV_OWNER);
}

cel_box_owner *cel_box_push_owner(lua_State *L, int idx) {
  lua_getiuservalue(L, idx, CEL_BOX_UV_OWNER);
  cel_box_owner *o = cel_tagged(L, -1, &owner_kind, sizeof *o);
  if (o == NULL) {
    luaL_error(L, "a user value of a celigo object has been changed");
    return NULL;
  }
  if (lua_getmetatable(L, -1)) /* its finaliser may have been called */
    lua_setmetatable(L, -2);
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

static int l_free(lua_State *L) {
  cel_box_owner *o = cel_tagged(L, 1, &owner_kind, sizeof *o);
  if (o == NULL || o->block == NULL)
    return 0;
  lua_getiuservalue(L, 1, 1);
  if (lua_touserdata(L, -1) != o->box)
    return 0; /* the debug library: better lost than dangling */
  if (o->release(o->block))
    o->block = o->box->block = NULL;
  else if (lua_getmetatable(L, 1)) /* the same: it is to be called again */
    lua_setmetatable(L, 1);
  return 0;
}

void cel_open_box(lua_State *L) {
  luaL_newmetatable(L, OWNER_MT);
  lua_pushcfunction(L, l_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
