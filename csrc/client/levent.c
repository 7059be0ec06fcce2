/*
** levent.c - calls the user's callbacks.
*/
#include "client/levent.h"

#include <lauxlib.h>

#include "client/lresult.h"

/* Sets a field of the event on top, unless the value is negative [-0, +0]. */
static void set_number(lua_State *L, const char *name, double value) {
  if (value < 0)
    return;
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

/* Pushes the table of an event [-0, +1]. */
static void push_event(lua_State *L, int idx, const cel_event *e) {
  const cel_call *c = cel_call_get(L, idx);
  lua_createtable(L, 0, 10);
  lua_pushstring(L, e->type);
  lua_setfield(L, -2, "type");
  cel_push_identity(L, idx, lua_gettop(L));
  lua_pushinteger(L, c->attempt.attempts - c->before);
  lua_setfield(L, -2, "attempt");
  if (c->page > 0) {
    lua_pushinteger(L, c->page);
    lua_setfield(L, -2, "page");
  }
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
  const cel_call *c = cel_call_get(L, idx);
  if (!c->client->has_events)
    return true;
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 8, "no room for an event");
  cel_call_push_client(L, idx);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_EVENT);
  push_event(L, idx, e);
  lua_call(L, 1, 1);
  bool agreed = !(lua_isboolean(L, -1) && !lua_toboolean(L, -1));
  lua_pop(L, 2);
  return agreed;
}

void cel_call_token(lua_State *L, int idx, bool renew) {
  const cel_client *c = cel_call_get(L, idx)->client;
  if (c->headers != NULL && !renew)
    return;
  luaL_checkstack(L, 4, "no room for the token function");
  cel_call_push_client(L, idx);
  cel_client_token(L, lua_gettop(L), renew);
  lua_pop(L, 1);
}
