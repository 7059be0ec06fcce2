/*
** ljson_keys.h - the keys that objects have had lately, as Lua strings.
**
** Records of one list have the same keys again and again, mostly in the same
** order. Finding one here by its bytes in the text costs less than having Lua
** hash it and look it up among all its strings; least of all where the key
** that came next the last time comes next again. The keys of a state are one
** userdata in its registry: the bytes in its block, the strings as its user
** values. It stays for the life of the state and takes 16 KiB at the most,
** strings included.
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

  /* The user values: two metatables, at hand for the decoder, then keys. */
  CEL_JSON_ARRAY_UV = 1,
  CEL_JSON_OBJECT_UV = 2,
  CEL_JSON_KEYS_UV = 3
};

/* Identifies a key: two that are the same in all of this are the same. */
typedef struct cel_json_key_id {
  uint64_t head, tail;       /* first and last eight bytes; they overlap in
                                a key of less than sixteen */
  uint64_t inner, inner_end; /* from 8 on, and up to 8 before the end; 0
                                where head and tail are the whole key */
  uint32_t len;              /* 0 while the slot is free */
} cel_json_key_id;

typedef struct cel_json_key {
  cel_json_key_id id;
  cel_json_place place; /* of the key's value, or of its elements */
  uint8_t next;         /* the slot of the key that came behind this one */
} cel_json_key;

typedef struct cel_json_keys {
  cel_json_place top;  /* the top level of a text */
  cel_json_key unkept; /* stands for every key that is not kept */
  cel_json_key slots[CEL_JSON_KEYS_COUNT];
} cel_json_keys;

/* Pushes the state's keys, which are made when they are first asked for
   [-0, +1]. */
cel_json_keys *cel_json_keys_push(lua_State *L);

/* Pushes the string of a key, which is kept from now on and expected at
   *next the next time; `index` is where the keys are on the stack
   [-0, +1]. */
cel_json_key *cel_json_keys_push_key(lua_State *L, cel_json_keys *keys,
                                     int index, const char *bytes, size_t len,
                                     uint8_t *next);

/* Whether the key in slot i, its closing quote and a colon are what is from
   p on, behind the opening quote; then the key is pushed [-0, +1]. NULL:
   they are not, and nothing is pushed. */
cel_json_key *cel_json_keys_push_expected(lua_State *L, cel_json_keys *keys,
                                          int index, uint8_t i, const char *p,
                                          const char *end);

#endif
