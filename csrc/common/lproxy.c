/*
** lproxy.c - tables that stand for another one.
*/
#include "common/lproxy.h"

bool cel_table_is_proxy(lua_State *L, int t) {
  static const char *const names[] = {"__pairs", "__index"};
  bool proxy = false;
  if (!lua_getmetatable(L, t))
    return false;
  for (int i = 0; i < 2 && !proxy; i++) {
    lua_pushstring(L, names[i]);
    proxy = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return proxy;
}
