/*
** loptions.c - reads option tables strictly: a misspelt option must never
** pass in silence.
*/
#include "common/loptions.h"

#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "common/lproxy.h"
#include "common/names.h"

static const char *row_name(const void *rows, size_t i) {
  return ((const cel_option *)rows)[i].name;
}

/* Pushes what the value at idx is, for people [-0, +1]. */
static void push_given(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_type(L, idx) == LUA_TNUMBER || lua_isboolean(L, idx)) {
    luaL_tolstring(L, idx, NULL);
  } else {
    lua_pushstring(L, luaL_typename(L, idx));
  }
}

int cel_option_error(lua_State *L, const char *what, const char *name,
                     const char *expected) {
  push_given(L, -1);
  return luaL_error(L, "%s: option '%s': expected %s, got %s", what, name,
                    expected, lua_tostring(L, -1));
}

/* Pushes the names of the rows, with commas [-0, +1]. */
static void push_names(lua_State *L, const cel_option *rows, size_t n) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < n; i++) {
    luaL_addstring(&b, i == 0 ? "" : ", ");
    luaL_addstring(&b, rows[i].name);
  }
  luaL_pushresult(&b);
}

/* Raises: there is no option of the name on top [-0, +0]. */
static int unknown(lua_State *L, const cel_option *rows, size_t n,
                   const char *what) {
  if (lua_type(L, -1) != LUA_TSTRING)
    return luaL_error(L, "%s: option names are strings, got a %s", what,
                      luaL_typename(L, -1));
  const char *word = lua_tostring(L, -1);
  const char *nearest = cel_nearest(word, row_name, rows, n);
  if (nearest != NULL && strlen(word) == lua_rawlen(L, -1)) /* no NUL in it */
    return luaL_error(L, "%s: unknown option '%s'; did you mean '%s'?", what,
                      word, nearest);
  push_names(L, rows, n);
  return luaL_error(L, "%s: unknown option '%s'; there are: %s", what, word,
                    lua_tostring(L, -1));
}

/* The row of the option whose name is below its value on top; NULL if there is
   none [-0, +0]. */
static const cel_option *find(lua_State *L, const cel_option *rows, size_t n) {
  if (lua_type(L, -2) != LUA_TSTRING)
    return NULL;
  size_t len;
  const char *name = lua_tolstring(L, -2, &len);
  for (size_t i = 0; i < n; i++)
    if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
      return &rows[i];
  return NULL;
}

/* Whether the number on top is in the range of its row [-0, +0]. */
static bool in_range(lua_State *L, const cel_option *row) {
  double value = lua_tonumber(L, -1);
  return value >= row->min && value <= row->max; /* NaN is not */
}

/* Whether the value on top has the type and the range of its row [-0, +0]. */
static bool fits(lua_State *L, const cel_option *row) {
  switch (row->type) {
  case CEL_OPTION_STRING:
    return lua_type(L, -1) == LUA_TSTRING &&
           strlen(lua_tostring(L, -1)) == lua_rawlen(L, -1);
  case CEL_OPTION_BOOLEAN:
    return lua_isboolean(L, -1);
  case CEL_OPTION_NUMBER:
    return lua_type(L, -1) == LUA_TNUMBER && in_range(L, row);
  case CEL_OPTION_INTEGER:
    return lua_type(L, -1) == LUA_TNUMBER && in_range(L, row) &&
           floor(lua_tonumber(L, -1)) == lua_tonumber(L, -1);
  case CEL_OPTION_FUNCTION:
    return lua_isfunction(L, -1);
  case CEL_OPTION_TABLE:
    return lua_istable(L, -1);
  default:
    return true;
  }
}

/* Pushes one end of a range, a whole number without a fraction [-0, +1]. */
static void push_bound(lua_State *L, double bound) {
  int is_whole;
  lua_pushnumber(L, bound);
  const lua_Integer whole = lua_tointegerx(L, -1, &is_whole);
  if (!is_whole)
    return;
  lua_pop(L, 1);
  lua_pushinteger(L, whole);
}

const char *cel_option_expected(lua_State *L, const cel_option *row) {
  static const char *const names[] = {[CEL_OPTION_STRING] = "a string",
                                      [CEL_OPTION_BOOLEAN] = "a boolean",
                                      [CEL_OPTION_NUMBER] = "a number",
                                      [CEL_OPTION_INTEGER] = "an integer",
                                      [CEL_OPTION_FUNCTION] = "a function",
                                      [CEL_OPTION_TABLE] = "a table",
                                      [CEL_OPTION_OTHER] = "another value"};
  const char *kind = row->expected != NULL ? row->expected : names[row->type];
  if (row->type == CEL_OPTION_NUMBER || row->type == CEL_OPTION_INTEGER) {
    push_bound(L, row->min);
    push_bound(L, row->max);
    return lua_pushfstring(L, "%s from %s to %s", kind, lua_tostring(L, -2),
                           lua_tostring(L, -1));
  }
  if (row->type == CEL_OPTION_STRING && lua_type(L, -1) == LUA_TSTRING)
    kind = "a string without NUL";
  return lua_pushstring(L, kind);
}

/* Raises if the table at idx has a metatable with __index or __pairs. It is
   read without metamethods, so an option that they provide (dry_run, say)
   would be ignored silently. `name` is the option whose value the table is, or
   NULL [-0, +0]. */
static void refuse_proxy(lua_State *L, int idx, const char *what,
                         const char *name) {
  if (cel_table_is_proxy(L, idx))
    luaL_error(L,
               "%s: %s%s: expected a plain table, got one whose metatable has "
               "__index or __pairs; copy its members into a plain table",
               what, name == NULL ? "options" : "option ",
               name == NULL ? "" : name);
}

void cel_options_check(lua_State *L, int idx, const cel_option *rows, size_t n,
                       const char *what) {
  if (lua_isnoneornil(L, idx))
    return;
  idx = lua_absindex(L, idx);
  if (!lua_istable(L, idx)) {
    luaL_error(L, "%s: expected a table of options, got a %s", what,
               luaL_typename(L, idx));
    return;
  }
  refuse_proxy(L, idx, what, NULL);
  lua_pushnil(L);
  while (lua_next(L, idx) != 0) {
    const cel_option *row = find(L, rows, n);
    if (row == NULL) {
      lua_pop(L, 1);
      unknown(L, rows, n, what);
    } else if (!fits(L, row)) {
      int given = lua_gettop(L);
      const char *expected = cel_option_expected(L, row);
      lua_pushvalue(L, given);
      cel_option_error(L, what, row->name, expected);
    } else if (row->type == CEL_OPTION_TABLE) {
      refuse_proxy(L, -1, what, row->name);
    }
    lua_pop(L, 1);
  }
}

bool cel_option_is(const cel_option *rows, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(rows[i].name, name) == 0)
      return true;
  return false;
}

bool cel_option_push(lua_State *L, int idx, const char *name) {
  if (lua_isnoneornil(L, idx)) {
    lua_pushnil(L);
    return false;
  }
  idx = lua_absindex(L, idx);
  lua_pushstring(L, name);
  return lua_rawget(L, idx) != LUA_TNIL;
}

double cel_option_number(lua_State *L, int idx, const char *name,
                         double otherwise) {
  if (cel_option_push(L, idx, name))
    otherwise = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return otherwise;
}

bool cel_option_boolean(lua_State *L, int idx, const char *name,
                        bool otherwise) {
  if (cel_option_push(L, idx, name))
    otherwise = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return otherwise;
}

/* {====== For files of Lua */

/* The string at idx. The table at `keeper` keeps it: rows point to it, and a
   finaliser may change what the caller has given [-0, +0]. */
static const char *keep_string(lua_State *L, int idx, int keeper) {
  luaL_checktype(L, idx, LUA_TSTRING);
  lua_pushvalue(L, idx);
  lua_pushboolean(L, 1);
  lua_rawset(L, keeper);
  return lua_tostring(L, idx);
}

/* Reads the row on top [-0, +0]. */
static cel_option read_row(lua_State *L, int keeper) {
  static const char *const types[] = {
      [CEL_OPTION_STRING] = "string",     [CEL_OPTION_BOOLEAN] = "boolean",
      [CEL_OPTION_NUMBER] = "number",     [CEL_OPTION_INTEGER] = "integer",
      [CEL_OPTION_FUNCTION] = "function", [CEL_OPTION_TABLE] = "table",
      [CEL_OPTION_OTHER] = "other",       NULL};
  int row = lua_gettop(L);
  luaL_checktype(L, row, LUA_TTABLE);
  for (int i = 1; i <= 5; i++)
    lua_rawgeti(L, row, i);
  cel_option o = {.name = keep_string(L, row + 1, keeper),
                  .min = luaL_optnumber(L, row + 4, 0),
                  .max = luaL_optnumber(L, row + 5, 0)};
  o.type = (cel_option_type)luaL_checkoption(L, row + 2, NULL, types);
  if (lua_toboolean(L, row + 3))
    o.expected = keep_string(L, row + 3, keeper);
  lua_settop(L, row);
  return o;
}

int cel_l_check_options(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const char *what = luaL_checkstring(L, 3);
  lua_settop(L, 3);
  size_t n = lua_rawlen(L, 1);
  cel_option *rows = lua_newuserdatauv(L, n * sizeof *rows, 0);
  lua_newtable(L);
  const int keeper = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    rows[i] = read_row(L, keeper);
    lua_pop(L, 1);
  }
  cel_options_check(L, 2, rows, n, what);
  return 0;
}

int cel_l_option_error(lua_State *L) {
  lua_settop(L, 4);
  return cel_option_error(L, luaL_checkstring(L, 1), luaL_checkstring(L, 2),
                          luaL_checkstring(L, 3));
}

/* }====== */
