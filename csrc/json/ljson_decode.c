/*
** ljson_decode.c - decodes a text into Lua values.
**
** Why it is fast: strings are scanned sixteen bytes at a time and copied once,
** by Lua; keys that were seen before are not hashed again; tables are made in
** their final size. (The number of an object's members is predicted from the
** object before it; an array's first elements wait on the stack until they are
** counted.)
*/
#include "json/ljson_decode.h"

#include <lauxlib.h>

#include "common/lmemory.h"
#include "common/lturn.h"
#include "json/ljson.h"

enum {
  ELEMENTS_WAITING =
      32,             /* elements of an array whose length is not known yet */
  FIRST_GUESS = 4,    /* members of an object in a place not seen before */
  MEMBERS_MOST = 256, /* no prediction is higher */
  STACK_FOR_VALUE =
      ELEMENTS_WAITING +
      8 /* stack slots for one level, and some for luaL functions */
};

_Static_assert(sizeof(lua_Integer) == sizeof(int64_t),
               "Lua's integers must have 64 bits");
_Static_assert(sizeof(lua_Number) == sizeof(double),
               "Lua's floats must be doubles");

void cel_json_need_stack(lua_State *L, int n) {
  if (!lua_checkstack(L, n))
    cel_raise_memory(L); /* it has a free slot, because every check asks for
                            more than is used */
}

/* Pushes a string that holds escapes [-0, +1]. */
static void decode_push_escaped(lua_State *L, const cel_json_string *string) {
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, string->len);
  luaL_pushresultsize(&buffer, cel_json_unescape(string, out));
}

/* Marks the table on the top [-0, +0]. */
static void decode_mark(cel_json_decoder *d, int which) {
  lua_getiuservalue(d->L, d->keys_index, which);
  lua_setmetatable(d->L, -2);
}

/* Enters an array or object. If it is empty, pushes it, marked, and goes on
   behind it [-0, +(*empty ? 1 : 0)]. */
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

/* Reads a key and its colon, and pushes the key [-0, +1]. It is expected to be
   the one in slot *next. NULL on a fault. */
static inline cel_json_key *decode_key(cel_json_decoder *d, bool first,
                                       uint8_t *next) {
  cel_json_scan *const s = &d->scan;
  if (!cel_json_at(s, '"')) {
    cel_json_expected(s, s->p, first ? "a key or '}'" : "a key");
    return NULL;
  }
  cel_json_key *key = cel_json_keys_push_expected(d->L, d->keys, d->keys_index,
                                                  *next, s->p + 1, s->end);
  if (key != NULL) {
    s->p += 1 + key->id.len + 2; /* quotes and colon */
    cel_json_skip_space(s);
    return key;
  }
  cel_json_string string;
  if (!cel_json_scan_string(s, &string))
    return NULL;
  key = &d->keys->unkept;
  if (string.escaped)
    decode_push_escaped(d->L, &string);
  else
    key = cel_json_keys_push_key(d->L, d->keys, d->keys_index, string.bytes,
                                 string.len, next);
  return cel_json_scan_colon(s) ? key : NULL;
}

static bool decode_object(cel_json_decoder *d, cel_json_place *place) {
  lua_State *const L = d->L;
  cel_json_scan *const s = &d->scan;
  bool more;
  bool empty;
  if (!decode_enter(d, '}', CEL_JSON_OBJECT_UV, &empty))
    return false;
  if (empty)
    return true;
  lua_createtable(L, 0, place->members > 0 ? place->members : FIRST_GUESS);
  unsigned count = 0;
  uint8_t *next = &place->first;
  do {
    cel_json_key *const key = decode_key(d, count == 0, next);
    if (key == NULL || !cel_json_decode_value(d, &key->place) ||
        !decode_more(s, '}', &more))
      return false;
    lua_rawset(L, -3);
    next = &key->next;
    count++;
  } while (more);
  place->members = (uint16_t)(count < MEMBERS_MOST ? count : MEMBERS_MOST);
  s->depth--;
  return true;
}

/* Makes the table of an array and leaves it at `slot`. Its first n elements
   are on the stack from `slot` + 1 on [-n, +0]. */
static void decode_elements(cel_json_decoder *d, int slot, int n, int size) {
  lua_State *const L = d->L;
  lua_createtable(L, size, 0);
  decode_mark(d, CEL_JSON_ARRAY_UV);
  lua_replace(L, slot);
  for (; n > 0; n--)
    lua_rawseti(L, slot, n);
}

static bool decode_array(cel_json_decoder *d, cel_json_place *place) {
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
    if (!cel_json_decode_value(d, place) || !decode_more(s, ']', &more))
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

bool cel_json_decode_value(cel_json_decoder *d, cel_json_place *place) {
  cel_json_scan *const s = &d->scan;
  cel_work(d->L, &d->work, 1);
  switch (s->p < s->end ? *s->p : '\0') {
  case '"':
    return decode_string(d);
  case '{':
    return decode_object(d, place);
  case '[':
    return decode_array(d, place);
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
      !cel_json_decode_value(&d, &d.keys->top) ||
      !cel_json_scan_end(&d.scan)) {
    lua_settop(L, top);
    return -1;
  }
  lua_replace(L, d.keys_index);
  return 0;
}
