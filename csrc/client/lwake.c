/*
** lwake.c - wakes the event loop of a client.
*/
#include "client/lwake.h"

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lclient.h"

static void ring(lua_State *L, int idx) {
  luaL_checkstack(L, 4, "no room to tell an event loop");
  lua_getiuservalue(L, idx, CEL_CLIENT_UV_BELL);
  lua_call(L, 0, 0);
}

void cel_wake(lua_State *L, int idx) {
  const cel_client *c = cel_client_check(L, idx);
  if (!c->has_bell || c->rung || c->closed)
    return;
  ring(L, idx);
  cel_client_check(L, idx)->rung = true;
}

void cel_wake_call(lua_State *L, int idx) {
  const cel_call *k = cel_call_get(L, idx);
  if (!k->client->has_bell || k->client->rung)
    return;
  luaL_checkstack(L, 4, "no room to tell an event loop");
  cel_call_push_client(L, idx);
  cel_wake(L, lua_gettop(L));
  lua_pop(L, 1);
}

void cel_wake_closed(lua_State *L, int idx) {
  if (cel_client_check(L, idx)->has_bell)
    ring(L, idx);
}
