/*
** ljson_module.c - the module table celigo.json, and the marks that say
** whether a table is an array or an object.
*/
#include "json/ljson_module.h"

#include <lauxlib.h>

#include "common/lmisuse.h"
#include "common/loptions.h"
#include "json/ljson.h"
#include "json/ljson_writer.h"
#include "json/lmarks.h"

/***
JSON to and from Lua values.
@module celigo.json
*/

/* Reads the options at index 2; there may be none [-0, +0]. */
static void read_options(lua_State *L, cel_encode_options *o) {
  static const char what[] = "celigo.json.encode";
  static const cel_option rows[] = {
      {"sort", CEL_OPTION_BOOLEAN, 0, 0, NULL},
      {"indent", CEL_OPTION_INTEGER, 0, 16, NULL}};
  cel_misuse_surplus(L, what, 2, "encode(value[, options])");
  cel_options_check(L, 2, rows, sizeof rows / sizeof *rows, what);
  o->sort = cel_option_boolean(L, 2, "sort", false);
  o->indent = (int)cel_option_number(L, 2, "indent", 0);
}

/***
JSON null, the same value as `cjson.null`; `celigo.null` is this, too.
@field null
*/

/***
Decodes a JSON text (strict RFC 8259, UTF-8).

Arrays and empty objects are marked, so that encoding what was decoded gives
the same types. Integers of 64 bits are Lua integers; other numbers are
floats. Of a key given twice the last value counts.
@function decode
@string text
@return the value; null is `celigo.null`. Or nil
@treturn string where and why the text is not valid JSON
@usage
local record = assert(celigo.json.decode '{"name":"Sync","stack":null}')
assert(record.stack == celigo.null)
local _, message = celigo.json.decode '{"name":}'
print(message)
*/
static int l_decode(lua_State *L) {
  size_t len;
  cel_misuse_colon(L, "celigo.json.decode", "celigo.json.decode(text)");
  if (!lua_isstring(L, 1))
    cel_misuse_type(L, "celigo.json.decode", LUA_TSTRING, "a text");
  const char *const text = lua_tolstring(L, 1, &len);
  cel_json_fault fault;
  if (cel_json_decode(L, text, len, &fault) == 0)
    return 1;
  luaL_pushfail(L);
  lua_pushstring(L, fault.message);
  return 2;
}

/***
Encodes a Lua value as a JSON text.

An empty table without a mark is an object. What JSON cannot hold is
refused, never guessed at: NaN and infinities, functions, tables with gaps or
with mixed keys, tables that hold themselves, and proxies: empty tables whose
metatable has `__pairs` or `__index`. No metamethod is called: copy what a
proxy stands for into a plain table.
@function encode
@param value
@tparam[opt] table options `sort`: true for members by name, so that equal
  values are equal texts; `indent`: spaces for each level, 0 to 16 (0, all on
  one line)
@treturn string the text, or nil
@treturn string the path of the value that cannot be encoded, and why
@usage
local text = assert(celigo.json.encode { tags = celigo.array {} })
assert(text == '{"tags":[]}')
print(celigo.json.encode({ b = 1, a = { 2, 3 } }, { sort = true, indent = 2 }))
*/
static int l_encode(lua_State *L) {
  cel_encode_options options = {0};
  cel_misuse_colon(L, "celigo.json.encode", "celigo.json.encode(value)");
  if (lua_isnone(L, 1))
    return luaL_error(L, "celigo.json.encode: expected a value; it takes "
                         "encode(value[, options])");
  read_options(L, &options);
  lua_settop(L, 1);
  if (cel_json_encode(L, 1, &options) == 0)
    return 1;
  luaL_pushfail(L);
  lua_rawgeti(L, -2, 1); /* the first fault is enough; it has its path */
  lua_getfield(L, -1, "message");
  lua_remove(L, -2);
  return 2;
}

/* Sets one of our metatables on the table at index 1. Refused if the table has
   another metatable, for that may be needed [-0, +1]. */
static int marks_set(lua_State *L, const char *name, const char *use) {
  lua_settop(L, 1);
  cel_misuse_colon(L, name, use);
  cel_misuse_type(L, name, LUA_TTABLE, "a table");
  cel_marks marks;
  cel_marks_init(&marks, L);
  if (cel_marks_of(&marks, L) == CEL_MARK_NONE && lua_getmetatable(L, 1))
    return luaL_argerror(L, 1,
                         "it has a metatable of its own, which would be lost");
  luaL_setmetatable(L, name);
  return 1;
}

/* celigo.array; lua/celigo/init.lua documents both marks. */
int cel_json_l_array(lua_State *L) {
  return marks_set(L, CEL_ARRAY_MT, "celigo.array { ... }");
}

/* celigo.object */
int cel_json_l_object(lua_State *L) {
  return marks_set(L, CEL_OBJECT_MT, "celigo.object { ... }");
}

/* __call of an array: a list is easily taken for an iterator. */
static int l_array_call(lua_State *L) {
  return luaL_error(L, "this is an array, no function and no iterator: "
                       "for i, value in ipairs(array) do ... end");
}

int cel_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"decode", l_decode}, {"encode", l_encode}, {NULL, NULL}};
  cel_open_writer(L);
  luaL_newmetatable(L, CEL_ARRAY_MT);
  lua_pushcfunction(L, l_array_call);
  lua_setfield(L, -2, "__call");
  luaL_newmetatable(L, CEL_OBJECT_MT);
  lua_pop(L, 2);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
