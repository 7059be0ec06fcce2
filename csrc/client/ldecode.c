/*
** ldecode.c - from the body of a good answer to a value, by our own JSON or
** by the codec of the user, or to what is wrong with it.
*/
#include "client/ldecode.h"

#include <lauxlib.h>

#include "client/lresult.h"
#include "common/chars.h"
#include "common/lturn.h"
#include "json/ljson.h"

/* Whether a list was expected, and the body is valid JSON, but not a list. */
static bool is_no_list(const cel_call *c) {
  const cel_buf *body = &c->transfer.body;
  cel_json_fault fault;
  cel_json_scan s;
  return (c->page_only || c->follow || c->answer == CEL_ANSWER_LIST) &&
         cel_json_scan_begin(&s, body->data, body->len, &fault) &&
         cel_json_skip_value(&s) && cel_json_scan_end(&s);
}

void cel_push_undecoded(lua_State *L, int idx, const char *message) {
  const cel_call *c = cel_call_get(L, idx);
  const cel_encoding *e = &c->transfer.encoding;
  cel_failure f = {.row = &cel_failure_decode,
                   .message = message,
                   .maybe_applied = c->writes,
                   .answered = true};
  bool broken = e->state == CEL_ENCODING_BROKEN;
  if (broken || cel_encoding_is_left(e)) {
    f.row = &cel_failure_encoding;
    f.message = lua_pushfstring(
        L,
        broken ? "the answer's body is damaged: it cannot be decompressed "
                 "(Content-Encoding: %s)"
               : "the answer's body is not JSON, and its Content-Encoding "
                 "(%s) is not supported: only gzip and deflate are",
        e->names);
  } else if (is_no_list(c)) {
    f.row = &cel_failure_no_list;
    f.message = lua_pushfstring(L,
                                "the answer is not a list of records (%s); "
                                "client:request { path = ... } "
                                "returns a body as it is",
                                message);
  } else {
    lua_pushnil(L);
  }
  cel_push_failure(L, idx, &f);
  lua_remove(L, -2);
}

static int l_codec_decode(lua_State *L) {
  lua_getfield(L, 1, "decode");
  lua_pushvalue(L, 2);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2))
    return luaL_error(L, "%s",
                      lua_isstring(L, -1) ? lua_tostring(L, -1)
                                          : "the codec's decode returned nil");
  lua_pop(L, 1);
  return 1;
}

/* Decodes the body with the user's codec: pushes the value, or returns false
   and pushes what is wrong, a string [-0, +1]. */
static bool codec_decode(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  lua_pushcfunction(L, cel_note_interrupt);
  lua_pushcfunction(L, l_codec_decode);
  cel_call_push_client(L, idx);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_CODEC);
  lua_remove(L, -2);
  lua_pushlstring(L, c->transfer.body.data, c->transfer.body.len);
  int status = lua_pcall(L, 2, 1, -4);
  lua_remove(L, -2);
  if (status == LUA_OK)
    return true;
  if (cel_is_memory_error(L, status) || cel_is_interrupt(L, -1))
    lua_error(L);
  luaL_tolstring(L, -1, NULL);
  lua_remove(L, -2);
  return false;
}

const char *cel_body_fault(cel_call *c, bool page, cel_json_fault *fault) {
  const cel_buf *body = &c->transfer.body;
  cel_json_cursor cursor;
  cel_json_scan s;
  cel_call_redact(c, body->data, body->len);
  if ((page &&
       cel_json_cursor_open(&cursor, body->data, body->len, fault) != 0) ||
      !cel_json_scan_begin(&s, body->data, body->len, fault) ||
      !cel_json_skip_value(&s) || !cel_json_scan_end(&s))
    return fault->message;
  return "it is not valid JSON"; /* it was valid before the masking */
}

bool cel_body_is_blank(const cel_call *c) {
  return cel_is_white(c->transfer.body.data, c->transfer.body.len);
}

bool cel_push_decoded(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  const cel_buf *body = &c->transfer.body;
  cel_json_fault fault;
  if (cel_body_is_blank(c)) {
    lua_pushboolean(L, true);
    return true;
  }
  if (c->client->has_codec)
    return codec_decode(L, idx);
  if (cel_json_decode(L, body->data, body->len, &fault) == 0)
    return true;
  lua_pushstring(L, cel_body_fault(c, false, &fault));
  return false;
}

/* What a table from a user's codec is. Most codecs do not mark arrays, so an
   empty table may be an array or an object. */
typedef enum table_kind { TABLE_EMPTY, TABLE_ARRAY, TABLE_OBJECT } table_kind;

/* [-0, +0] */
static table_kind kind_of(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_rawlen(L, idx) > 0)
    return TABLE_ARRAY;
  lua_pushnil(L);
  if (lua_next(L, idx) == 0)
    return TABLE_EMPTY;
  lua_pop(L, 2);
  return TABLE_OBJECT;
}

/* If the table on top is not an array, replaces it by its one member that is
   an array. False if there is no such member, or more than one [-1, +1]. */
static bool codec_array(lua_State *L) {
  if (!lua_istable(L, -1))
    return false;
  if (kind_of(L, -1) != TABLE_OBJECT)
    return true;
  int full = 0;
  int empty = 0;
  lua_pushnil(L); /* the place for the array that is found */
  lua_pushnil(L);
  while (lua_next(L, -3) != 0) {
    table_kind kind = lua_istable(L, -1) ? kind_of(L, -1) : TABLE_OBJECT;
    full += kind == TABLE_ARRAY;
    empty += kind == TABLE_EMPTY;
    if (kind == TABLE_ARRAY || (kind == TABLE_EMPTY && full == 0)) {
      lua_pushvalue(L, -1);
      lua_replace(L, -4);
    }
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return full == 1 || (full == 0 && empty > 0);
}

/* Whether the value on top means that there is no next page: nil, null, false
   or an empty string [-0, +0]. */
static bool is_no_reference(lua_State *L) {
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    return lua_rawlen(L, -1) == 0;
  case LUA_TBOOLEAN:
    return !lua_toboolean(L, -1);
  default:
    return lua_isnil(L, -1) || lua_islightuserdata(L, -1);
  }
}

bool cel_push_decoded_page(lua_State *L, int idx, double *total) {
  if (!cel_push_decoded(L, idx))
    return false;
  if (!lua_istable(L, -1)) {
    lua_pushnil(L);
  } else {
    if (lua_getfield(L, -1, "totalCount") == LUA_TNUMBER)
      *total = lua_tonumber(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, -1, "nextPageURL");
    if (is_no_reference(L)) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
  }
  lua_insert(L, -2); /* the next page's reference, the value */
  if (codec_array(L)) {
    lua_insert(L, -2);
    return true;
  }
  lua_pop(L, 2);
  lua_pushliteral(L, "expected an array of records");
  return false;
}
