/*
** lcall.c - the userdata of calls: makes them, uses them again, ends them.
*/
#include "client/lcall.h"

#include <string.h>

#include <lauxlib.h>

cel_call *cel_call_at(lua_State *L, int idx) {
  return cel_box_at(L, idx, CEL_CALL_MT);
}

cel_call *cel_call_check(lua_State *L, int idx) {
  cel_call *c = cel_box_check(L, idx, CEL_CALL_MT);
  if (cel_http_is_foreign(&c->client->http))
    cel_client_close(c->client); /* also ends the call */
  return c;
}

void cel_call_refuse_spare(lua_State *L, const cel_call *c) {
  if (c->state == CEL_STATE_SPARE)
    luaL_error(L, "the call is over");
}

void cel_call_push_client(lua_State *L, int idx) {
  lua_getiuservalue(L, idx, CEL_CALL_UV_CLIENT);
}

static void end_call(cel_owned *block) {
  cel_call_free((cel_call *)block);
}

/* Pushes an empty call, without a client in its user values [-0, +1]. */
static cel_call *push_call(lua_State *L, cel_client *client) {
  cel_box *box = cel_box_push(L, CEL_CALL_MT, CEL_CALL_UVS);
  cel_call *c = cel_allocate(L, &client->alloc, sizeof *c);
  memset(c, 0, sizeof *c);
  c->client = cel_client_retain(client);
  c->state = CEL_STATE_NEW;
  cel_box_fill(box, &c->owned, end_call);
  return c;
}

/* A copy of the string on top, with a NUL behind it [-0, +0]. */
static char *copy_text(lua_State *L, const cel_call *c, size_t *len) {
  const char *text = lua_tolstring(L, -1, len);
  char *copy = cel_allocate(L, &c->client->alloc, *len + 1);
  memcpy(copy, text, *len + 1);
  return copy;
}

void cel_call_set_target(lua_State *L, cel_call *c) {
  size_t len;
  char *copy = copy_text(L, c, &len);
  size_t prefix_len = c->prefix_len;
  cel_call_drop_target(c);
  c->prefix_len = prefix_len;
  c->target = copy;
  lua_pop(L, 1);
}

void cel_call_set_body(lua_State *L, cel_call *c) {
  size_t len;
  char *copy = copy_text(L, c, &len);
  cel_call_drop_text(c, &c->body, c->body_len);
  c->body = copy;
  c->body_len = len;
  lua_pop(L, 1);
}

/* Pushes the userdata that the client has kept from an earlier call, or a new
   one [-0, +1]. */
static cel_call *push_blank(lua_State *L, int idx, cel_client *client) {
  lua_getiuservalue(L, idx, CEL_CLIENT_UV_SPARE);
  cel_call *c = cel_call_at(L, -1);
  if (c != NULL) {
    lua_pushnil(L);
    lua_setiuservalue(L, idx, CEL_CLIENT_UV_SPARE);
    cel_owned owned = c->owned;
    memset(c, 0, sizeof *c);
    c->owned = owned;
    c->client = client;
    return c;
  }
  lua_pop(L, 1);
  return push_call(L, client);
}

void cel_call_recycle(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->submitted || c->page_only || c->client->closed)
    return;
  for (int uv = CEL_CALL_UV_VALUE; uv <= CEL_CALL_UVS; uv++) {
    lua_pushnil(L);
    lua_setiuservalue(L, idx, uv);
  }
  cel_call_push_client(L, idx);
  cel_call_drop_target(c);
  cel_call_unwatch(c);
  c->state = CEL_STATE_SPARE;
  lua_pushvalue(L, idx);
  lua_setiuservalue(L, -2, CEL_CLIENT_UV_SPARE);
  lua_pop(L, 1);
}

cel_call *cel_call_new(lua_State *L, int client) {
  client = lua_absindex(L, client);
  cel_client *owner = cel_client_check(L, client);
  luaL_checkstack(L, 4, "no room for a call");
  cel_call *c = push_blank(L, client, owner);
  lua_pushvalue(L, client);
  lua_setiuservalue(L, -2, CEL_CALL_UV_CLIENT);
  cel_call_init(c);
  return c;
}

void cel_call_finish(lua_State *L, int idx, cel_end end) {
  idx = lua_absindex(L, idx);
  cel_call *c = cel_call_get(L, idx);
  lua_setiuservalue(L, idx, CEL_CALL_UV_VALUE);
  if (c->state == CEL_STATE_DONE)
    return; /* a callback has closed the client meanwhile */
  c->end = end;
  cel_call_move(c, CEL_STATE_DONE);
  if (end != CEL_END_PAGE)
    cel_call_release(c);
}
