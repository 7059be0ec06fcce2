/*
** lvisited.c - a set of 64-bit hashes by open addressing. The slots are a
** userdata, so the collector knows of their memory.
*/
#include "client/lvisited.h"

#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "common/lbox.h"

#define UV_SLOTS    1
#define FIRST_SLOTS 8

typedef struct visited {
  uint64_t *slots; /* 0: a free slot; memory of the user value */
  size_t size;     /* how many there are */
  size_t count;    /* how many are taken */
} visited;

/* FNV-1a, and the last mixing step of SplitMix64: slots are chosen by the
   upper bits. Never 0. */
static uint64_t hash(const char *text, size_t len) {
  uint64_t h = 0xCBF29CE484222325u;
  for (size_t i = 0; i < len; i++)
    h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
  h ^= h >> 31;
  return h == 0 ? 1 : h;
}

/* The slot of a hash, or the free one where it would go. */
static uint64_t *find(uint64_t *slots, size_t size, uint64_t h) {
  size_t i = (size_t)(h % size);
  while (slots[i] != 0 && slots[i] != h)
    i = i + 1 == size ? 0 : i + 1;
  return &slots[i];
}

/* Makes half as many slots more, when nine of ten are taken [-0, +0]. */
static void grow(lua_State *L, int idx, visited *v) {
  if (v->count + 1 <= v->size - v->size / 10 - 1)
    return;
  size_t size = v->size + v->size / 2;
  uint64_t *slots = lua_newuserdatauv(L, size * sizeof *slots, 0);
  memset(slots, 0, size * sizeof *slots);
  for (size_t i = 0; i < v->size; i++)
    if (v->slots[i] != 0)
      *find(slots, size, v->slots[i]) = v->slots[i];
  v->slots = slots;
  v->size = size;
  lua_setiuservalue(L, idx, UV_SLOTS);
}

void cel_visited_push(lua_State *L) {
  visited *v = lua_newuserdatauv(L, sizeof *v, 1);
  memset(v, 0, sizeof *v);
  luaL_setmetatable(L, CEL_VISITED_MT);
  v->slots = lua_newuserdatauv(L, FIRST_SLOTS * sizeof *v->slots, 0);
  memset(v->slots, 0, FIRST_SLOTS * sizeof *v->slots);
  v->size = FIRST_SLOTS;
  lua_setiuservalue(L, -2, UV_SLOTS);
}

bool cel_visited_add(lua_State *L, int idx, const char *text, size_t len) {
  idx = lua_absindex(L, idx);
  visited *v = luaL_checkudata(L, idx, CEL_VISITED_MT);
  uint64_t h = hash(text, len);
  if (*find(v->slots, v->size, h) == h)
    return false;
  grow(L, idx, v);
  *find(v->slots, v->size, h) = h;
  v->count++;
  return true;
}

bool cel_visited_has(lua_State *L, int idx, const char *text, size_t len) {
  const visited *v = luaL_checkudata(L, idx, CEL_VISITED_MT);
  uint64_t h = hash(text, len);
  return *find(v->slots, v->size, h) == h;
}

void cel_open_visited(lua_State *L) {
  cel_class_new(L, CEL_VISITED_MT);
  lua_pop(L, 1);
}
