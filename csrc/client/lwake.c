/*
** lwake.c - wakes the event loop of a client.
*/
#include "client/lwake.h"

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lclient.h"

void cel_wake(lua_State *L, int idx) {
  cel_client *c = cel_client_at(L, idx);
  if (c == NULL || !c->has_wakeup || c->wakeup.sent)
    return;
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 4, "no room to tell an event loop");
  lua_getiuservalue(L, idx, CEL_CLIENT_UV_WAKEUP);
  lua_call(L, 0, 0);
  c->wakeup.sent = true;
}

void cel_wake_call(lua_State *L, int idx) {
  const cel_client *c = cel_call_get(L, idx)->client;
  if (!c->has_wakeup || c->wakeup.sent)
    return;
  luaL_checkstack(L, 4, "no room to tell an event loop");
  cel_call_push_client(L, idx);
  cel_wake(L, -1);
  lua_pop(L, 1);
}
