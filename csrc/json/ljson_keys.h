/*
** ljson_keys.h - a cache of the keys of objects, as Lua strings.
**
** Records of one list have the same keys again and again, mostly in the same
** order. Finding a key here by its bytes costs less than having Lua hash it
** and look it up among all its strings. It is cheapest if the key that
** followed last time follows again. Each state has one cache, a userdata in
** its registry: the bytes in its block, the strings as its user values. It
** stays as long as the state and takes 16 KiB at most, strings included.
*/
#ifndef CEL_LJSON_KEYS_H
#define CEL_LJSON_KEYS_H

#include <stdint.h>

#include <lua.h>

#include "json/ljson.h"

enum {
  CEL_JSON_KEYS_BITS = 7,
  CEL_JSON_KEYS_COUNT = 1 << CEL_JSON_KEYS_BITS,
  CEL_JSON_KEY_MAX = 32, /* bytes; a longer key is not kept */

  /* The user values: two metatables that the decoder needs, then the keys. */
  CEL_JSON_ARRAY_UV = 1,
  CEL_JSON_OBJECT_UV = 2,
  CEL_JSON_KEYS_UV = 3
};

/* Identifies a key: two keys are the same if all of this is. */
typedef struct cel_json_key_id {
  uint64_t head, tail; /* first and last eight bytes; in a key of less than
                          sixteen they overlap */
  uint64_t inner,
      inner_end; /* eight bytes from 8 on, and eight that end 8 before the end;
                    0 if head and tail are the whole key */
  uint32_t len;  /* 0 if the slot is free */
} cel_json_key_id;

typedef struct cel_json_key {
  cel_json_key_id id;
  cel_json_place place; /* for objects in its value or its elements */
  uint8_t next;         /* the slot of the key that followed this one */
} cel_json_key;

typedef struct cel_json_keys {
  cel_json_place top;  /* the top level of a text */
  cel_json_key unkept; /* used for every key that is not kept */
  cel_json_key slots[CEL_JSON_KEYS_COUNT];
} cel_json_keys;

/* Pushes the state's cache; the first call makes it [-0, +1]. */
cel_json_keys *cel_json_keys_push(lua_State *L);

/* Pushes the string of a key, keeps it, and stores its slot in *next, where it
   will be expected next time. `index` is the cache's place on the stack
   [-0, +1]. */
cel_json_key *cel_json_keys_push_key(lua_State *L, cel_json_keys *keys,
                                     int index, const char *bytes, size_t len,
                                     uint8_t *next);

/* p is behind an opening quote. If the key in slot i, a closing quote and a
   colon follow there, pushes the key [-0, +1]; else returns NULL and pushes
   nothing. */
cel_json_key *cel_json_keys_push_expected(lua_State *L, cel_json_keys *keys,
                                          int index, uint8_t i, const char *p,
                                          const char *end);

#endif
