/*
** ljson_scalar.h - strings, numbers, booleans and null as JSON text, checked
** on the way. Only for ljson_encode.c, and inline: a call for each value would
** cost 3 % of all encoding.
*/
#ifndef CEL_LJSON_SCALAR_H
#define CEL_LJSON_SCALAR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

#include "contract/lfaults.h"
#include "contract/lvalidate.h"
#include "contract/schema.h"
#include "json/ljson_writer.h"
#include "json/lmarks.h"

/* The state of a walk over a value. */
typedef struct cel_encoder {
  lua_State *L;
  bool validate;
  bool sort;   /* members by name */
  int indent;  /* spaces for each level; 0: all on one line */
  bool over;   /* the walk ends: too large, or too many faults */
  size_t most; /* bytes of text */
  size_t work; /* pieces of work since debug hooks could run */
  cel_marks marks;
  cel_faults faults;
  cel_writer out;
} cel_encoder;

/* Adds a fault with a constant text [-0, +0]. */
static inline void encode_fault(cel_encoder *e, const char *text) {
  luaL_checkstack(e->L, 1, NULL);
  lua_pushstring(e->L, text);
  cel_faults_unfit(&e->faults);
}

static inline void encode_null(cel_encoder *e, const cel_shape *shape,
                               bool member) {
  cel_writer_raw(&e->out, "null", 4);
  if (shape != NULL && e->validate && !member)
    cel_validate_type(&e->faults, shape, 0, -1);
}

static inline void encode_boolean(cel_encoder *e, const cel_shape *shape) {
  if (lua_toboolean(e->L, -1))
    cel_writer_raw(&e->out, "true", 4);
  else
    cel_writer_raw(&e->out, "false", 5);
  if (shape != NULL && e->validate)
    cel_validate_type(&e->faults, shape, CEL_TYPE_BOOLEAN, -1);
}

static inline void encode_string(cel_encoder *e, const cel_shape *shape) {
  size_t len;
  const char *s = lua_tolstring(e->L, -1, &len);
  size_t bad = cel_writer_string(&e->out, s, len);
  if (bad > 0) {
    luaL_checkstack(e->L, 1, NULL);
    lua_pushfstring(e->L, "not valid UTF-8 at byte %I", (LUAI_UACINT)bad);
    cel_faults_unfit(&e->faults);
  } else if (shape != NULL && e->validate) {
    cel_validate_string(&e->faults, shape, s, len);
  }
}

/* 30.0 is an integer to the contract and is sent as 30 where it asks for
   one. */
static inline void encode_float(cel_encoder *e, const cel_shape *shape) {
  lua_Number value = lua_tonumber(e->L, -1);
  int whole;
  const lua_Integer integer = lua_tointegerx(e->L, -1, &whole);
  unsigned types = CEL_TYPE_NUMBER;
  if (!isfinite(value)) {
    encode_fault(e, isnan(value) ? "expected a finite number, got NaN"
                                 : "expected a finite number, got infinity");
    return;
  }
  if (shape != NULL && floor(value) == value)
    types |= CEL_TYPE_INTEGER;
  if (shape != NULL && (shape->types & CEL_TYPE_NUMBER) == 0 &&
      (shape->types & types) != 0 && whole)
    cel_writer_integer(&e->out, integer);
  else
    cel_writer_float(&e->out, value);
  if (shape != NULL && e->validate)
    cel_validate_type(&e->faults, shape, types, -1);
}

static inline void encode_number(cel_encoder *e, const cel_shape *shape) {
  if (!lua_isinteger(e->L, -1)) {
    encode_float(e, shape);
    return;
  }
  cel_writer_integer(&e->out, lua_tointeger(e->L, -1));
  if (shape != NULL && e->validate)
    cel_validate_type(&e->faults, shape, CEL_TYPE_INTEGER | CEL_TYPE_NUMBER,
                      -1);
}

static inline void encode_light(cel_encoder *e, const cel_shape *shape,
                                bool member) {
  const void *p = lua_touserdata(e->L, -1);
  if (p == NULL) {
    encode_null(e, shape, member);
  } else if (cel_marks_is_empty_array(&e->marks, e->L, p)) {
    cel_writer_raw(&e->out, "[]", 2);
    if (shape != NULL && e->validate)
      cel_validate_type(&e->faults, shape, CEL_TYPE_ARRAY, -1);
  } else {
    encode_fault(e, "expected a value that JSON can hold, got a userdata");
  }
}

static inline void encode_foreign(cel_encoder *e) {
  luaL_checkstack(e->L, 1, NULL);
  lua_pushfstring(e->L, "expected a value that JSON can hold, got a %s",
                  luaL_typename(e->L, -1));
  cel_faults_unfit(&e->faults);
}

/* Writes the value on top, of a type other than table; `member` where it is
   one of an object's [-0, +0]. */
static inline void encode_scalar(cel_encoder *e, int type,
                                 const cel_shape *shape, bool member) {
  switch (type) {
  case LUA_TSTRING:
    encode_string(e, shape);
    break;
  case LUA_TNUMBER:
    encode_number(e, shape);
    break;
  case LUA_TBOOLEAN:
    encode_boolean(e, shape);
    break;
  case LUA_TLIGHTUSERDATA:
    encode_light(e, shape, member);
    break;
  default:
    encode_foreign(e);
  }
}

#endif
