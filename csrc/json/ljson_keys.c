/*
** ljson_keys.c - a two-way associative cache of key strings.
*/
#include "json/ljson_keys.h"

#include <lauxlib.h>

#include "json/ljson.h"

/* The address of this is the registry key. */
static const char keys_anchor = 0;

/* Packs up to eight bytes into a word. Their order does not matter, but is
   always the same. */
static uint64_t keys_short_word(const char *p, size_t len) {
  if (len >= 4) {
    uint32_t first;
    uint32_t last;
    memcpy(&first, p, sizeof first);
    memcpy(&last, p + len - sizeof last, sizeof last);
    return (uint64_t)first << 32 | last;
  }
  return (uint64_t)(unsigned char)p[0] << 16 |
         (uint64_t)(unsigned char)p[len / 2] << 8 |
         (uint64_t)(unsigned char)p[len - 1];
}

static inline cel_json_key_id keys_identify(const char *p, size_t len) {
  cel_json_key_id id = {.len = (uint32_t)len};
  if (len < 8) {
    id.head = keys_short_word(p, len);
  } else {
    id.head = cel_json_load8(p);
    id.tail = cel_json_load8(p + len - 8);
    if (len > 16) {
      id.inner = cel_json_load8(p + 8);
      id.inner_end = cel_json_load8(p + len - 16);
    }
  }
  return id;
}

static inline bool keys_same(const cel_json_key_id *a,
                             const cel_json_key_id *b) {
  return a->head == b->head && a->tail == b->tail && a->len == b->len &&
         a->inner == b->inner && a->inner_end == b->inner_end;
}

/* Whether the id->len bytes at p are this key. */
static inline bool keys_is(const cel_json_key_id *id, const char *p) {
  const size_t len = id->len;
  if (len < 8)
    return id->head == keys_short_word(p, len);
  if (id->head != cel_json_load8(p) || id->tail != cel_json_load8(p + len - 8))
    return false;
  return len <= 16 || (id->inner == cel_json_load8(p + 8) &&
                       id->inner_end == cel_json_load8(p + len - 16));
}

/* The first of the two slots that a key may be in; the other is the next one.
   A multiplication mixes the bits upwards, so the top bits are used. */
static inline size_t keys_slot(const cel_json_key_id *id) {
  uint64_t x = id->head ^ (id->tail << 23 | id->tail >> 41) ^ id->len;
  x *= UINT64_C(0x9E3779B97F4A7C15);
  return (size_t)(x >> (64 - CEL_JSON_KEYS_BITS));
}

/*
** Pushes a new string and keeps it in place of an older one [-0, +1]. The
** string is made before a slot is changed: making it may run finalisers, which
** may decode something themselves.
*/
static size_t keys_replace(lua_State *L, cel_json_keys *keys, int index,
                           const cel_json_key_id *id, const char *bytes) {
  lua_pushlstring(L, bytes, id->len);
  size_t i = keys_slot(id);
  if (keys->slots[i].id.len != 0 && keys->slots[i ^ 1].id.len == 0)
    i ^= 1;
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, index, CEL_JSON_KEYS_UV + (int)i);
  keys->slots[i] = (cel_json_key){.id = *id};
  return i;
}

cel_json_key *cel_json_keys_push_key(lua_State *L, cel_json_keys *keys,
                                     int index, const char *bytes, size_t len,
                                     uint8_t *next) {
  if (len == 0 || len > CEL_JSON_KEY_MAX) {
    lua_pushlstring(L, bytes, len);
    return &keys->unkept;
  }
  const cel_json_key_id id = keys_identify(bytes, len);
  size_t i = keys_slot(&id);
  if (!keys_same(&keys->slots[i].id, &id))
    i ^= 1;
  if (keys_same(&keys->slots[i].id, &id))
    lua_getiuservalue(L, index, CEL_JSON_KEYS_UV + (int)i);
  else
    i = keys_replace(L, keys, index, &id, bytes);
  *next = (uint8_t)i;
  return &keys->slots[i];
}

cel_json_key *cel_json_keys_push_expected(lua_State *L, cel_json_keys *keys,
                                          int index, uint8_t i, const char *p,
                                          const char *end) {
  const size_t len = keys->slots[i].id.len;
  if (len == 0 || (size_t)(end - p) < len + 2 || p[len] != '"' ||
      p[len + 1] != ':')
    return NULL;
  if (!keys_is(&keys->slots[i].id, p))
    return NULL;
  lua_getiuservalue(L, index, CEL_JSON_KEYS_UV + i);
  return &keys->slots[i];
}

cel_json_keys *cel_json_keys_push(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &keys_anchor);
  cel_json_keys *keys = lua_touserdata(L, -1);
  if (keys != NULL)
    return keys;
  lua_pop(L, 1);
  keys = lua_newuserdatauv(L, sizeof *keys,
                           CEL_JSON_KEYS_UV + CEL_JSON_KEYS_COUNT - 1);
  memset(keys, 0, sizeof *keys);
  luaL_newmetatable(L, CEL_ARRAY_MT);
  lua_setiuservalue(L, -2, CEL_JSON_ARRAY_UV);
  luaL_newmetatable(L, CEL_OBJECT_MT);
  lua_setiuservalue(L, -2, CEL_JSON_OBJECT_UV);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &keys_anchor);
  return keys;
}
