/*
** fuzz_json.c - libFuzzer target: the decoder and the cursor on any bytes, in
** a state with little memory. What is decoded must survive encoding, and the
** cursor must see what the decoder sees. Seeds are in spec/fixtures/json.
*/
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "json/ljson.h"
#include "json/ljson_module.h"
#include "state.h"

enum { MEMORY_LIMIT = 8 << 20 }; /* bytes for one input */

typedef struct fuzz_text {
  const char *bytes;
  size_t len;
} fuzz_text;

static void require(int holds) {
  if (!holds)
    abort();
}

/* A lua_Alloc that refuses to go over MEMORY_LIMIT. */
static void *fuzz_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  size_t *const used = ud;
  const size_t old = ptr == NULL ? 0 : osize;
  if (nsize == 0) {
    free(ptr);
    *used -= old;
    return NULL;
  }
  if (nsize > old && *used + (nsize - old) > MEMORY_LIMIT)
    return NULL;
  void *const block = realloc(ptr, nsize);
  if (block != NULL)
    *used = *used - old + nsize;
  return block;
}

static int fuzz_same(lua_State *L, int a, int b);

/* Whether all that the table at a holds is in the one at b, too. */
static int fuzz_holds(lua_State *L, int a, int b) {
  luaL_checkstack(L, 8, NULL);
  lua_pushnil(L);
  while (lua_next(L, a)) {
    lua_pushvalue(L, -2);
    lua_rawget(L, b);
    const int same = fuzz_same(L, lua_gettop(L) - 1, lua_gettop(L));
    lua_pop(L, 2);
    if (!same)
      return 0;
  }
  return 1;
}

/* Whether two values are the same: numbers in type and sign, tables in what
   they hold and in their mark. Indices are absolute. */
static int fuzz_same(lua_State *L, int a, int b) {
  if (lua_type(L, a) != lua_type(L, b))
    return 0;
  if (lua_type(L, a) == LUA_TNUMBER) {
    if (lua_isinteger(L, a) || lua_isinteger(L, b))
      return lua_isinteger(L, a) && lua_isinteger(L, b) &&
             lua_tointeger(L, a) == lua_tointeger(L, b);
    const lua_Number x = lua_tonumber(L, a);
    const lua_Number y = lua_tonumber(L, b);
    return x == y && signbit(x) == signbit(y);
  }
  if (lua_type(L, a) != LUA_TTABLE)
    return lua_rawequal(L, a, b);
  const int top = lua_gettop(L);
  const int marked = lua_getmetatable(L, a);
  int same =
      marked == lua_getmetatable(L, b) && (!marked || lua_rawequal(L, -1, -2));
  lua_settop(L, top);
  same = same && fuzz_holds(L, a, b) && fuzz_holds(L, b, a);
  lua_settop(L, top);
  return same;
}

/* The value on the top, or a fault, came of the whole text; the cursor must
   agree. */
static void fuzz_cursor(lua_State *L, const fuzz_text *text, int decoded) {
  cel_json_cursor c;
  cel_json_fault fault;
  if (cel_json_cursor_open(&c, text->bytes, text->len, &fault) != 0)
    return;
  require(!c.in_object || decoded);
  require(c.next_len == 0 || c.text[c.next_start + c.next_len] == '"');
  lua_Integer n = 0;
  const int value = lua_gettop(L);
  lua_newtable(L);
  luaL_setmetatable(L, CEL_ARRAY_MT);
  const int status = cel_json_cursor_append(L, &c, -1, &n, &fault);
  require((status == 0) == decoded);
  require(!c.open && (size_t)n == c.index);
  require(lua_rawlen(L, -1) == (size_t)n);
  if (decoded && !c.in_object)
    require(fuzz_same(L, value, value + 1));
  lua_settop(L, value);
}

/* Reading over the text finds the same. */
static void fuzz_skip(const fuzz_text *text, const cel_json_fault *decoded) {
  cel_json_scan s;
  cel_json_fault fault;
  const int good = cel_json_scan_begin(&s, text->bytes, text->len, &fault) &&
                   cel_json_skip_value(&s) && cel_json_scan_end(&s);
  require(good == (decoded == NULL));
  require(good || strcmp(fault.message, decoded->message) == 0);
}

static int l_check(lua_State *L) {
  const fuzz_text *const text = lua_touserdata(L, 1);
  cel_json_fault fault;
  if (cel_json_decode(L, text->bytes, text->len, &fault) != 0) {
    require(lua_gettop(L) == 1);
    require(fault.offset <= text->len);
    require(memchr(fault.message, '\0', sizeof fault.message) != NULL);
    fuzz_skip(text, &fault);
    fuzz_cursor(L, text, 0);
    return 0;
  }
  require(lua_gettop(L) == 2);
  fuzz_skip(text, NULL);
  fuzz_cursor(L, text, 1);
  const cel_encode_options options = {0};
  require(cel_json_encode(L, 2, &options) == 0);
  fuzz_text again;
  again.bytes = lua_tolstring(L, 3, &again.len);
  require(cel_json_decode(L, again.bytes, again.len, &fault) == 0);
  require(fuzz_same(L, 2, 4));
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  size_t used = 0;
  lua_State *const L = new_state(fuzz_alloc, &used);
  if (L == NULL)
    return 0;
  cel_open_json(L);
  fuzz_text text = {(const char *)data, size};
  lua_pushcfunction(L, l_check);
  lua_pushlightuserdata(L, &text);
  const int status = lua_pcall(L, 1, 0, 0);
  require(status == LUA_OK || is_memory_error(L, status));
  lua_close(L);
  require(used == 0);
  return 0;
}
