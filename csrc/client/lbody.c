/*
** lbody.c - from a Lua value to the body of a request.
*/
#include "client/lbody.h"

#include <string.h>

#include <curl/mprintf.h>
#include <lauxlib.h>

#include "client/lresult.h"
#include "json/ljson.h"

/* Stands for an empty array while a user's codec encodes: most codecs cannot
   tell an empty array from an empty object. */
#define EMPTY_MARK "celigo:empty-array:"
#define MARK_SIZE  64 /* bytes */

/* Whether the table at idx is empty, not marked as array or object, and an
   array by the contract [-0, +0]. */
static bool is_empty_array(lua_State *L, int idx, const cel_shape *shape) {
  bool marked = lua_getmetatable(L, idx) != 0;
  if (marked)
    lua_pop(L, 1);
  if (marked ||
      (shape->types & (CEL_TYPE_ARRAY | CEL_TYPE_OBJECT)) != CEL_TYPE_ARRAY)
    return false;
  lua_pushnil(L);
  bool empty = lua_next(L, idx) == 0;
  if (!empty)
    lua_pop(L, 2);
  return empty;
}

/* Pushes a table of the same members and metatable as the one at idx
   [-0, +1]. */
static void push_copy(lua_State *L, int idx) {
  lua_newtable(L);
  if (lua_getmetatable(L, idx))
    lua_setmetatable(L, -2);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

/* Replaces the value on top by what the codec is given: the value itself, or
   EMPTY_MARK for an empty array, or for a table a copy in which that was done
   to its members [-1, +1]. */
static void replace_empty(lua_State *L, const cel_shape *shape,
                          const char *mark) {
  luaL_checkstack(L, 8, "no room for a body");
  int value = lua_gettop(L);
  if (shape == NULL || !lua_istable(L, value))
    return;
  if (is_empty_array(L, value, shape)) {
    lua_pushstring(L, mark);
  } else if (shape->fields != NULL) {
    push_copy(L, value);
    for (size_t i = 0; i < shape->nfields; i++) {
      lua_pushstring(L, shape->fields[i].name);
      lua_pushvalue(L, -1);
      lua_rawget(L, -3);
      replace_empty(L, shape->fields[i].shape, mark);
      lua_rawset(L, -3);
    }
  } else if (shape->items != NULL) {
    push_copy(L, value);
    lua_Integer n = (lua_Integer)lua_rawlen(L, value);
    for (lua_Integer i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      replace_empty(L, shape->items, mark);
      lua_rawseti(L, -2, i);
    }
  } else {
    return;
  }
  lua_replace(L, value);
}

/* Pushes what the codec is given for the value at idx, without its read-only
   members [-0, +1]. */
static void push_writable(lua_State *L, int idx, const cel_shape *shape,
                          const char *mark) {
  lua_pushvalue(L, idx);
  if (shape == NULL || !lua_istable(L, idx))
    return;
  replace_empty(L, shape, mark);
  for (size_t i = 0; lua_istable(L, -1) && i < shape->nfields; i++) {
    if (!shape->fields[i].read_only)
      continue;
    lua_pushstring(L, shape->fields[i].name);
    lua_pushnil(L);
    lua_rawset(L, -3);
  }
}

/* Replaces the marks in the text on top by empty arrays [-1, +1]. */
static void restore_empty(lua_State *L, const char *mark) {
  char quoted[MARK_SIZE + 2];
  const char *text = lua_tostring(L, -1);
  if (strstr(text, mark) == NULL || strlen(text) != lua_rawlen(L, -1))
    return;
  curl_msnprintf(quoted, sizeof quoted, "\"%s\"", mark);
  luaL_gsub(L, text, quoted, "[]");
  lua_remove(L, -2);
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

/* Pushes a list of one fault, about the body as a whole [-0, +1]. */
static void push_fault(lua_State *L, const char *code, const char *message) {
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 3);
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "field");
  lua_pushstring(L, message);
  lua_setfield(L, -2, "message");
  lua_rawseti(L, -2, 1);
}

/* Has the codec of the call's client encode the value at `body`: pushes the
   text, or on failure a table with that one fault [-0, +1]. */
static bool codec_encode(lua_State *L, int call, int body,
                         const cel_shape *shape) {
  char mark[MARK_SIZE];
  cel_client *client = cel_call_get(L, call)->client;
  curl_msnprintf(mark, sizeof mark, EMPTY_MARK "%.0f",
                 cel_client_random(client) * 1e15);
  lua_pushcfunction(L, l_codec_encode);
  cel_call_push_client(L, call);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_CODEC);
  lua_remove(L, -2);
  push_writable(L, body, shape, mark);
  int status = lua_pcall(L, 2, 1, 0);
  if (status == LUA_OK) {
    restore_empty(L, mark);
    return true;
  }
  if (cel_is_memory_error(L, status))
    lua_error(L);
  push_fault(L, "invalid_field", luaL_tolstring(L, -1, NULL));
  return false;
}

void cel_body_set(lua_State *L, int call, int body, const cel_shape *shape,
                  bool validate) {
  cel_call *c = cel_call_get(L, call);
  size_t most = c->client->max_request;
  bool has_codec = c->client->has_codec;
  const cel_encode_options o = {
      .shape = shape, .validate = validate, .most = most};
  int status = CEL_ENCODE_OK;
  if (!has_codec || (validate && shape != NULL))
    status = cel_json_encode(L, body, &o);
  if (status == CEL_ENCODE_OK && has_codec &&
      !codec_encode(L, call, body, shape))
    status = CEL_ENCODE_FAULTS;
  if (status == CEL_ENCODE_OK && lua_rawlen(L, -1) > most)
    status = CEL_ENCODE_LARGE;
  if (status == CEL_ENCODE_OK) {
    cel_call_set_body(L, c);
    return;
  }
  if (status == CEL_ENCODE_LARGE) {
    lua_pushfstring(L, "the body is larger than max_request_bytes (%I bytes)",
                    (LUAI_UACINT)most);
    push_fault(L, "too_large", lua_tostring(L, -1));
  }
  cel_push_invalid(L, call, status == CEL_ENCODE_REFUSED);
  cel_call_finish(L, call, CEL_END_ERROR);
}
