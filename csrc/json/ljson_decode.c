/*
** ljson_decode.c - from text straight to Lua values.
**
** What makes it fast: strings are scanned sixteen bytes at a time and copied
** once, by Lua; keys that were met before are not hashed again; tables are
** made in the size that they will have (an object's members are predicted
** from the object before it, an array's first elements wait on the stack
** until they are counted).
*/
#include "json/ljson_decode.h"

#include <lauxlib.h>

#include "json/ljson.h"

enum {
  ELEMENTS_WAITING = 32,   /* of an array whose length is not yet known */
  MEMBERS_FIRST_GUESS = 4, /* for an object in a place not seen before */
  MEMBERS_MOST = 256,      /* that a prediction goes up to */
  STACK_FOR_VALUE = ELEMENTS_WAITING + 8 /* one level's slots, with room for
                                            the auxiliary library's */
};

_Static_assert(sizeof(lua_Integer) == sizeof(int64_t),
               "Lua's integers must have 64 bits");
_Static_assert(sizeof(lua_Number) == sizeof(double),
               "Lua's floats must be doubles");

void cel_json_need_stack(lua_State *L, int n) {
  if (!lua_checkstack(L, n)) {
    /* Lua turns exactly this text into its memory error. A slot for it is
       left: every check asks for more than is used. */
    lua_pushliteral(L, "not enough memory");
    lua_error(L);
  }
}

/* Pushes a string that holds escapes [-0, +1]. */
static void decode_push_escaped(lua_State *L, const cel_json_string *string) {
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, string->len);
  luaL_pushresultsize(&buffer, cel_json_unescape(string, out));
}

/* Marks the table on the top [-0, +0]. */
static void decode_mark(cel_json_decoder *d, int which) {
  if (lua_getiuservalue(d->L, d->keys_index, which) != LUA_TTABLE)
    luaL_error(d->L, "a user value of the JSON decoder has been changed");
  lua_setmetatable(d->L, -2);
}

/* Goes into an array or object. Where it is empty, goes behind it and pushes
   it, marked [-0, +(*empty ? 1 : 0)]. */
static inline bool decode_enter(cel_json_decoder *d, char close, int mark,
                                bool *empty) {
  cel_json_scan *const s = &d->scan;
  if (!cel_json_enter(s))
    return false;
  cel_json_need_stack(d->L, STACK_FOR_VALUE);
  cel_json_skip_space(s);
  *empty = cel_json_at(s, close);
  if (*empty) {
    s->p++;
    s->depth--;
    lua_createtable(d->L, 0, 0);
    decode_mark(d, mark);
  }
  return true;
}

/* Reads what is between a table's elements, as cel_json_scan_more does. */
static inline bool decode_more(cel_json_scan *s, char close, bool *more) {
  if (s->end - s->p >= 2 && *s->p == ',' && s->p[1] > ' ') {
    *more = true;
    s->p++;
    return true;
  }
  return cel_json_scan_more(s, close, more);
}

/* Reads a key and its colon and pushes the key [-0, +1]. NULL on a fault. */
static inline uint32_t *decode_key(cel_json_decoder *d, bool first) {
  cel_json_scan *const s = &d->scan;
  cel_json_string key;
  if (!cel_json_at(s, '"')) {
    cel_json_expected(s, s->p, first ? "a key or '}'" : "a key");
    return NULL;
  }
  if (!cel_json_scan_string(s, &key))
    return NULL;
  uint32_t *members = &d->keys->unkept;
  if (key.escaped)
    decode_push_escaped(d->L, &key);
  else
    members = cel_json_keys_push_key(d->L, d->keys, d->keys_index, key.bytes,
                                     key.len);
  if (s->end - s->p >= 2 && *s->p == ':' && s->p[1] > ' ')
    s->p++;
  else if (!cel_json_scan_colon(s))
    return NULL;
  return members;
}

static bool decode_object(cel_json_decoder *d, uint32_t *members) {
  lua_State *const L = d->L;
  cel_json_scan *const s = &d->scan;
  bool more;
  bool empty;
  if (!decode_enter(d, '}', CEL_JSON_OBJECT_UV, &empty))
    return false;
  if (empty)
    return true;
  lua_createtable(L, 0, *members > 0 ? (int)*members : MEMBERS_FIRST_GUESS);
  uint32_t count = 0;
  do {
    uint32_t *const below = decode_key(d, count == 0);
    if (below == NULL || !cel_json_decode_value(d, below) ||
        !decode_more(s, '}', &more))
      return false;
    lua_rawset(L, -3);
    count++;
  } while (more);
  *members = count < MEMBERS_MOST ? count : MEMBERS_MOST;
  s->depth--;
  return true;
}

/* Makes the table of an array whose first n elements are all that is on the
   stack from `slot` + 1 on, and leaves it at `slot` [-n, +0]. */
static void decode_elements(cel_json_decoder *d, int slot, int n, int size) {
  lua_State *const L = d->L;
  lua_createtable(L, size, 0);
  decode_mark(d, CEL_JSON_ARRAY_UV);
  lua_replace(L, slot);
  for (; n > 0; n--)
    lua_rawseti(L, slot, n);
}

static bool decode_array(cel_json_decoder *d, uint32_t *members) {
  lua_State *const L = d->L;
  cel_json_scan *const s = &d->scan;
  bool more;
  bool empty;
  if (!decode_enter(d, ']', CEL_JSON_ARRAY_UV, &empty))
    return false;
  if (empty)
    return true;
  lua_pushnil(L); /* the table's place */
  const int slot = lua_gettop(L);
  lua_Integer n = 0;
  do {
    if (!cel_json_decode_value(d, members) || !decode_more(s, ']', &more))
      return false;
    if (++n == ELEMENTS_WAITING && more)
      decode_elements(d, slot, ELEMENTS_WAITING, 2 * ELEMENTS_WAITING);
    else if (n > ELEMENTS_WAITING)
      lua_rawseti(L, slot, n);
  } while (more);
  if (n <= ELEMENTS_WAITING)
    decode_elements(d, slot, (int)n, (int)n);
  s->depth--;
  return true;
}

static bool decode_string(cel_json_decoder *d) {
  cel_json_string string;
  if (!cel_json_scan_string(&d->scan, &string))
    return false;
  if (string.escaped)
    decode_push_escaped(d->L, &string);
  else
    lua_pushlstring(d->L, string.bytes, string.len);
  return true;
}

static bool decode_number(cel_json_decoder *d) {
  cel_json_number number;
  if (!cel_json_scan_number(&d->scan, &number))
    return false;
  if (number.is_integer)
    lua_pushinteger(d->L, (lua_Integer)number.integer);
  else
    lua_pushnumber(d->L, (lua_Number)number.real);
  return true;
}

bool cel_json_decode_value(cel_json_decoder *d, uint32_t *members) {
  cel_json_scan *const s = &d->scan;
  switch (s->p < s->end ? *s->p : '\0') {
  case '"':
    return decode_string(d);
  case '{':
    return decode_object(d, members);
  case '[':
    return decode_array(d, members);
  case 't':
    lua_pushboolean(d->L, 1);
    return cel_json_scan_literal(s, "true", 4);
  case 'f':
    lua_pushboolean(d->L, 0);
    return cel_json_scan_literal(s, "false", 5);
  case 'n':
    lua_pushlightuserdata(d->L, NULL);
    return cel_json_scan_literal(s, "null", 4);
  default:
    return decode_number(d);
  }
}

int cel_json_decode(lua_State *L, const char *text, size_t len,
                    cel_json_fault *fault) {
  cel_json_need_stack(L, STACK_FOR_VALUE);
  const int top = lua_gettop(L);
  cel_json_decoder d = {.L = L, .keys_index = top + 1};
  d.keys = cel_json_keys_push(L);
  if (!cel_json_scan_begin(&d.scan, text, len, fault) ||
      !cel_json_decode_value(&d, &d.keys->members) ||
      !cel_json_scan_end(&d.scan)) {
    lua_settop(L, top);
    return -1;
  }
  lua_replace(L, d.keys_index);
  return 0;
}
