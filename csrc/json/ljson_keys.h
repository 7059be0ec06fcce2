/*
** ljson_keys.h - the keys that objects have had lately, as Lua strings.
**
** Records of one list have the same keys again and again. Finding one here
** by its bytes in the text costs less than having Lua hash it and look it up
** among all its strings. The keys of a state are one userdata in its
** registry: the bytes in its block, the strings as its user values. It stays
** for the life of the state and takes 16 KiB at the most, strings included.
*/
#ifndef CEL_LJSON_KEYS_H
#define CEL_LJSON_KEYS_H

#include <stdint.h>

#include <lua.h>

#include "common/ltag.h"

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
  uint32_t members; /* how many the last object had that was this key's
                       value, or an element of it */
} cel_json_key;

typedef struct cel_json_keys {
  cel_tag tag;
  uint32_t members; /* of the last object at the top level of a text */
  uint32_t unkept;  /* the same under any key that is not kept */
  cel_json_key slots[CEL_JSON_KEYS_COUNT];
} cel_json_keys;

/* Pushes the state's keys, which are made when they are first asked for
   [-0, +1]. */
cel_json_keys *cel_json_keys_push(lua_State *L);

/* Pushes the string of a key; `index` is where the keys are on the stack.
   Returns where the member count of its objects is kept [-0, +1]. */
uint32_t *cel_json_keys_push_key(lua_State *L, cel_json_keys *keys, int index,
                                 const char *bytes, size_t len);

#endif
