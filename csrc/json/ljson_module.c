/*
** ljson_module.c - the module table celigo.json, and the marks that say
** whether a table is an array or an object.
*/
#include "json/ljson_module.h"

#include <string.h>

#include <lauxlib.h>

#include "common/loptions.h"
#include "json/ljson.h"
#include "json/lmarks.h"

/***
JSON to and from Lua values.
@module celigo.json
*/

/* encode and decode are functions, not methods: with a colon, the module
   itself is the first argument [-0, +0]. */
static void refuse_colon(lua_State *L, const char *name) {
  if (!lua_istable(L, 1))
    return;
  lua_getfield(L, LUA_REGISTRYINDEX, CEL_JSON_MODULE);
  bool colon = lua_rawequal(L, -1, 1);
  lua_pop(L, 1);
  if (colon)
    luaL_error(L,
               "celigo.json.%s: it is called with a dot, not a colon: "
               "celigo.json.%s(...)",
               name, name);
}

/* Reads the options at index 2; there may be none [-0, +0]. */
static void read_options(lua_State *L, cel_encode_options *o) {
  static const char what[] = "celigo.json.encode";
  static const cel_option rows[] = {
      {"sort", CEL_OPTION_BOOLEAN, 0, 0, NULL},
      {"indent", CEL_OPTION_INTEGER, 0, 16, NULL}};
  for (int i = lua_gettop(L); i > 2; i--)
    if (!lua_isnil(L, i))
      luaL_error(L,
                 "%s: too many arguments; it takes encode(value[, options])",
                 what);
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
  refuse_colon(L, "decode");
  const char *const text = luaL_checklstring(L, 1, &len);
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
  refuse_colon(L, "encode");
  luaL_checkany(L, 1);
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
static int marks_set(lua_State *L, const char *name) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_pushliteral(L, "parse_timestamp"); /* this identifies the module */
  if (lua_rawget(L, 1) == LUA_TFUNCTION)
    return luaL_error(
        L, "%s: it is called with a dot, not a colon: %s { ... }", name, name);
  lua_pop(L, 1);
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
  return marks_set(L, CEL_ARRAY_MT);
}

/* celigo.object */
int cel_json_l_object(lua_State *L) {
  return marks_set(L, CEL_OBJECT_MT);
}

int cel_open_json(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"decode", l_decode}, {"encode", l_encode}, {NULL, NULL}};
  luaL_newmetatable(L, CEL_ARRAY_MT);
  luaL_newmetatable(L, CEL_OBJECT_MT);
  lua_pop(L, 2);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
