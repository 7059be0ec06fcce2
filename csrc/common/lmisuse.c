/*
** lmisuse.c - errors about how a function was called.
*/
#include "common/lmisuse.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

/* The part of a name after its last dot. */
static const char *last_word(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot == NULL ? name : dot + 1;
}

/* The class of a value (its __name), or else its type. Pushes it [-0, +1]. */
static const char *push_kind(lua_State *L, int idx) {
  int type = luaL_getmetafield(L, idx, "__name");
  if (type == LUA_TSTRING)
    return lua_tostring(L, -1);
  if (type != LUA_TNIL)
    lua_pop(L, 1);
  return lua_pushstring(L, luaL_typename(L, idx));
}

void cel_misuse_self(lua_State *L, const char *class_name,
                     const char *method) {
  if (luaL_testudata(L, 1, class_name) != NULL)
    return;
  const char *object = last_word(class_name);
  luaL_error(L,
             "%s: expected the %s as the first argument (%s expected, got "
             "%s); a method is called with a colon: %s:%s(...)",
             method, object, class_name, push_kind(L, 1), object, method);
}

void cel_misuse_surplus(lua_State *L, const char *what, int last,
                        const char *takes) {
  for (int i = lua_gettop(L); i > last; i--)
    if (!lua_isnil(L, i))
      luaL_error(L, "%s: too many arguments, the last one a %s; it takes %s",
                 what, luaL_typename(L, i), takes);
}

void cel_misuse_colon(lua_State *L, const char *name, const char *use) {
  lua_Debug running;
  bool colon = false;
  if (!lua_istable(L, 1))
    return;
  lua_pushstring(L, last_word(name));
  if (lua_rawget(L, 1) == LUA_TFUNCTION && lua_getstack(L, 0, &running) &&
      lua_getinfo(L, "f", &running)) {
    colon = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (colon)
    luaL_error(L, "%s: it is called with a dot, not a colon: %s", name, use);
}

void cel_misuse_type(lua_State *L, const char *name, int type,
                     const char *takes) {
  if (lua_type(L, 1) != type)
    luaL_error(L, "%s: %s expected, got %s; it takes %s", name,
               lua_typename(L, type), push_kind(L, 1), takes);
}
