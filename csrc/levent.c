/*
** levent.c - the user's callbacks. They run protected, so that the call can
** be cancelled before their error goes on.
*/
#include "levent.h"

#include <lauxlib.h>

#include "lresult.h"

/* Raises the error on top, from the call that caused it [-1, +0]. */
static void rethrow(lua_State *L, cel_call *c) {
  cel_call_abandon(c, CEL_END_CANCELLED);
  lua_error(L);
}

static void set_number(lua_State *L, const char *name, double value) {
  if (value < 0)
    return;
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void push_event(lua_State *L, int idx, const cel_event *e) {
  const cel_call *c = lua_touserdata(L, idx);
  lua_createtable(L, 0, 8);
  lua_pushstring(L, e->type);
  lua_setfield(L, -2, "type");
  cel_push_identity(L, idx, lua_gettop(L));
  lua_pushinteger(L, c->attempt.attempts);
  lua_setfield(L, -2, "attempt");
  if (e->status != 0) {
    lua_pushinteger(L, e->status);
    lua_setfield(L, -2, "status");
  }
  set_number(L, "elapsed", e->elapsed);
  set_number(L, "wait", e->wait);
  if (e->bytes >= 0) {
    lua_pushinteger(L, (lua_Integer)e->bytes);
    lua_setfield(L, -2, "bytes");
  }
  if (e->error != NULL) {
    lua_pushstring(L, e->error);
    lua_setfield(L, -2, "error");
  }
}

bool cel_emit(lua_State *L, int idx, const cel_event *e) {
  cel_call *c = lua_touserdata(L, idx);
  if (!c->client->has_events)
    return true;
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 8, "no room for an event");
  lua_getiuservalue(L, idx, CEL_CALL_UV_CLIENT);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_EVENT);
  push_event(L, idx, e);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK)
    rethrow(L, c);
  bool agreed = !(lua_isboolean(L, -1) && !lua_toboolean(L, -1));
  lua_pop(L, 2);
  return agreed;
}

static int l_token(lua_State *L) {
  cel_client_token(L, 1, lua_toboolean(L, 2));
  return 0;
}

void cel_call_token(lua_State *L, int idx, bool renew) {
  cel_call *c = lua_touserdata(L, idx);
  if (c->client->token != NULL && !renew)
    return;
  luaL_checkstack(L, 4, "no room for the token function");
  lua_pushcfunction(L, l_token);
  lua_getiuservalue(L, idx, CEL_CALL_UV_CLIENT);
  lua_pushboolean(L, renew);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK)
    rethrow(L, c);
}
