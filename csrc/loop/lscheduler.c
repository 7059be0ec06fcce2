/*
** lscheduler.c - what schedulers need to run calls side by side, for
** lua/celigo/tasks.lua and lua/celigo/loop.
*/
#include "loop/lscheduler.h"

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lclient.h"
#include "client/lstep.h"
#include "common/lturn.h"

/* core.set_yield(client, f): sets the yield hook. f(call) waits without
   blocking and returns true, or it returns false if the thread has to
   block. */
static int l_set_yield(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, CEL_CLIENT_UV_YIELD);
  c->has_yield_hook = true;
  return 0;
}

/* core.watch(call): once the call is ready, core.woken() gives it, for the
   coroutine that waits for it. */
static int l_watch(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  cel_call_refuse_spare(L, c);
  lua_settop(L, 1);
  cel_call_push_client(L, 1);
  cel_client_push_calls(L, 2);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, 3, c);
  cel_call_watch(c);
  return 0;
}

/* core.woken(client): a watched call that has become ready, each once; or nil,
   and whether watched calls have been collected meanwhile. */
static int l_woken(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  cel_call *k;
  lua_settop(L, 1);
  cel_client_push_calls(L, 1);
  while ((k = cel_client_take_woken(c)) != NULL) {
    lua_rawgetp(L, 2, k);
    if (cel_call_at(L, -1) == k)
      return 1;
    lua_pop(L, 1); /* garbage, like whoever waits for it */
    c->strays = true;
  }
  lua_pushnil(L);
  lua_pushboolean(L, c->strays);
  c->strays = false;
  return 2;
}

/* core.check_client(client, method): raises if a method of the Lua layer was
   called without its client. */
static int l_check_client(lua_State *L) {
  const char *name = luaL_checkstring(L, 2);
  cel_client_self(L, name);
  return 0;
}

/* core.turn(client, seconds): a step that waits up to `seconds`, and lets a
   debug hook run if it is time. */
static int l_turn(lua_State *L) {
  cel_client_check(L, 1);
  double seconds = luaL_checknumber(L, 2);
  if (cel_client_wait_slice(L, 1, seconds))
    cel_hook_turn(L);
  return 0;
}

/* core.is_interrupt(err): whether a debug hook has raised this error.
   core.note_interrupt must have been the message handler. */
static int l_is_interrupt(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, cel_is_interrupt(L, 1));
  return 1;
}

/* core.forget_interrupt(): forgets the last interrupt, so that the same text
   raised again is not taken for one. */
static int l_forget_interrupt(lua_State *L) {
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, CEL_INTERRUPT);
  return 0;
}

void cel_open_scheduler(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"set_yield", l_set_yield},
      {"watch", l_watch},
      {"woken", l_woken},
      {"check_client", l_check_client},
      {"turn", l_turn},
      {"note_interrupt", cel_note_interrupt},
      {"is_interrupt", l_is_interrupt},
      {"forget_interrupt", l_forget_interrupt},
      {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
