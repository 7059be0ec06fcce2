/*
** lturn.c - turns for debug hooks in long work in C.
*/
#include "common/lturn.h"

#include <string.h>

#include <lauxlib.h>

#define MAX_COUNT 10000000 /* instructions run for a count hook, at most */

void cel_open_turn(lua_State *L) {
  static const char spin[] = "local n = ... for i = 1, n do end";
  if (luaL_loadbufferx(L, spin, sizeof spin - 1, "=celigo", "t") != LUA_OK)
    lua_error(L);
  lua_setfield(L, LUA_REGISTRYINDEX, CEL_SPIN);
}

/* [-0, +1] Only a message handler still sees on the stack whether the error
   comes from a debug hook. */
int cel_note_interrupt(lua_State *L) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "n", &ar);
    if (strcmp(ar.namewhat, "hook") == 0) {
      lua_pushvalue(L, 1);
      lua_setfield(L, LUA_REGISTRYINDEX, CEL_INTERRUPT);
      break;
    }
  }
  lua_settop(L, 1);
  return 1;
}

bool cel_is_interrupt(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 1, "no room to look at an error");
  lua_getfield(L, LUA_REGISTRYINDEX, CEL_INTERRUPT);
  bool is = !lua_isnil(L, -1) && lua_rawequal(L, idx, -1);
  lua_pop(L, 1);
  return is;
}

/* Runs as many instructions as a count hook counts, so that it fires where
   Lua expects it to: line, call and count hooks alike. A coroutine has the
   main thread's hook only if it was set before the coroutine was made; the
   standalone interpreter sets one when Ctrl-C is pressed, so that hook gets
   its turn here too. */
void cel_hook_turn(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *main = lua_tothread(L, -1);
  lua_pop(L, 1);
  bool borrowed = lua_gethook(L) == NULL && main != NULL && main != L;
  if (borrowed && lua_gethook(main) != NULL)
    lua_sethook(L, lua_gethook(main), lua_gethookmask(main),
                lua_gethookcount(main));
  if (lua_gethook(L) == NULL)
    return;
  int count = 1;
  if (lua_gethookmask(L) & LUA_MASKCOUNT)
    count = lua_gethookcount(L);
  luaL_checkstack(L, 4, "no room for a debug hook");
  lua_pushcfunction(L, cel_note_interrupt);
  lua_getfield(L, LUA_REGISTRYINDEX, CEL_SPIN);
  lua_pushinteger(L, count < MAX_COUNT ? count : MAX_COUNT);
  int status = lua_pcall(L, 1, 0, -3);
  lua_remove(L, status == LUA_OK ? -1 : -2);
  if (borrowed && lua_gethook(L) == NULL) /* it is for one time only */
    lua_sethook(main, NULL, 0, 0);
  if (borrowed)
    lua_sethook(L, NULL, 0, 0);
  if (status != LUA_OK)
    lua_error(L);
}
