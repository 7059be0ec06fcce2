/*
** ltag.h - tells the library's own userdata from any other.
**
** A metatable proves nothing: the debug library gives any metatable to any
** value, and another one to the registry's name. So each userdata of ours
** begins with a tag that Lua code cannot write.
*/
#ifndef CEL_LTAG_H
#define CEL_LTAG_H

#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

typedef struct cel_tag {
  const void *kind; /* the address of something of the class's own */
  const void *self; /* the userdata: a copy of its bytes is none */
} cel_tag;

static inline void cel_tag_set(cel_tag *tag, const void *kind) {
  tag->kind = kind;
  tag->self = tag;
}

/* The userdata at idx where it is one of this kind and size, or NULL
   [-0, +0]. */
static inline void *cel_tagged(lua_State *L, int idx, const void *kind,
                               size_t size) {
  cel_tag *tag = lua_touserdata(L, idx);
  if (lua_type(L, idx) != LUA_TUSERDATA || lua_rawlen(L, idx) != size ||
      tag->kind != kind || tag->self != tag)
    return NULL;
  return tag;
}

/* Gives the value on top a class's metatable [-0, +0]; raises where the
   registry has lost it. */
static inline void cel_set_class(lua_State *L, const char *name) {
  if (luaL_getmetatable(L, name) != LUA_TTABLE)
    luaL_error(L, "the registry has lost the class %s", name);
  lua_setmetatable(L, -2);
}

#endif
