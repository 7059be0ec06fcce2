/*
** lbody.c - from a Lua value to the body of a request.
*/
#include "client/lbody.h"

#include <lauxlib.h>

#include "client/lresult.h"
#include "json/ljson.h"

/* Pushes a copy of the table at idx without its read-only members, or the
   value itself where there are none [-0, +1]. */
static void push_writable(lua_State *L, int idx, const cel_shape *shape) {
  if (shape == NULL || !lua_istable(L, idx)) {
    lua_pushvalue(L, idx);
    return;
  }
  lua_newtable(L);
  if (lua_getmetatable(L, idx))
    lua_setmetatable(L, -2);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  for (size_t i = 0; i < shape->nfields; i++) {
    if (!shape->fields[i].read_only)
      continue;
    lua_pushstring(L, shape->fields[i].name);
    lua_pushnil(L);
    lua_rawset(L, -3);
  }
}

static int l_codec_encode(lua_State *L) {
  lua_getfield(L, 1, "encode");
  lua_pushvalue(L, 2);
  lua_call(L, 1, 2);
  if (lua_type(L, -2) != LUA_TSTRING)
    return luaL_error(L, "%s",
                      lua_isstring(L, -1)
                          ? lua_tostring(L, -1)
                          : "the codec's encode returned no string");
  lua_pop(L, 1);
  return 1;
}

/* Pushes the text that the codec of the call's client makes of the value at
   body, or a table with the one fault that it found [-0, +1]. */
static bool codec_encode(lua_State *L, int call, int body,
                         const cel_shape *shape) {
  lua_pushcfunction(L, l_codec_encode);
  cel_call_push_client(L, call);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_CODEC);
  lua_remove(L, -2);
  push_writable(L, body, shape);
  int status = lua_pcall(L, 2, 1, 0);
  if (status == LUA_OK)
    return true;
  if (status == LUA_ERRMEM)
    lua_error(L);
  const char *message = luaL_tolstring(L, -1, NULL);
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "invalid_field");
  lua_setfield(L, -2, "code");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "field");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_rawseti(L, -2, 1);
  return false;
}

void cel_body_set(lua_State *L, int call, int body, const cel_shape *shape,
                  bool validate) {
  cel_call *c = cel_call_get(L, call);
  bool has_codec = c->client->has_codec;
  const cel_encode_options o = {.shape = shape, .validate = validate};
  bool good = true;
  if (!has_codec || (validate && shape != NULL))
    good = cel_json_encode(L, body, &o) == 0;
  if (good && has_codec)
    good = codec_encode(L, call, body, shape);
  if (good) {
    cel_call_set_body(L, c);
  } else {
    cel_push_invalid(L, call);
    cel_call_finish(L, call, CEL_END_ERROR);
  }
}
