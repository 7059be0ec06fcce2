/*
** lwhere.c - finds the line of the caller's code, for error messages.
*/
#include "client/lwhere.h"

#include <stdarg.h>
#include <stdbool.h>

#include <lauxlib.h>

#define HIDDEN "celigo.files" /* registry: the library's files, by source */

/* Pushes the table of the library's files [-0, +1]. */
static void push_hidden(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, HIDDEN);
}

int cel_l_hide_file(lua_State *L) {
  lua_Debug ar;
  if (lua_getstack(L, 1, &ar) == 0 || lua_getinfo(L, "S", &ar) == 0)
    return 0;
  push_hidden(L);
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, ar.source);
  return 0;
}

void cel_push_where(lua_State *L) {
  lua_Debug ar;
  luaL_checkstack(L, 4, "no room to look at the stack");
  push_hidden(L);
  for (int level = 0; lua_getstack(L, level, &ar) != 0; level++) {
    lua_getinfo(L, "Sl", &ar);
    if (*ar.what == 'C')
      continue;
    if (*ar.source == '@' ||
        *ar.source == '=') { /* else the chunk comes from a string */
      bool hidden = lua_getfield(L, -1, ar.source) != LUA_TNIL;
      lua_pop(L, 1);
      if (hidden)
        continue;
    }
    if (ar.currentline < 0)
      break; /* there is no debug information */
    lua_pop(L, 1);
    lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
    return;
  }
  lua_pop(L, 1);
  lua_pushnil(L);
}

int cel_error_where(lua_State *L, const char *format, ...) {
  va_list arguments;
  cel_push_where(L);
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  if (!lua_isnil(L, -2))
    lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
  return lua_error(L);
}

int cel_l_where(lua_State *L) {
  cel_push_where(L);
  return 1;
}
