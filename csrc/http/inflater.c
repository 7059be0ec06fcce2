/*
** inflater.c - a stream of zlib in one block of memory.
*/
#include "http/inflater.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* zlib's memory is a part of the same block: 7 KiB for its state and 32 KiB
   for its window, with some room for other versions of zlib. */
#define ARENA 49152u
#define ALIGN                                                                 \
  16u /* bytes; also what a block of its own begins with: its size */

struct cel_inflater {
  z_stream z;
  const cel_allocator *alloc;
  size_t used; /* bytes of the arena in use */
  _Alignas(ALIGN) char arena[ARENA];
};

static bool is_in_arena(const cel_inflater *f, const void *p) {
  uintptr_t at = (uintptr_t)p;
  return at >= (uintptr_t)f->arena && at < (uintptr_t)f->arena + ARENA;
}

static void *on_alloc(void *ud, unsigned items, unsigned size) {
  cel_inflater *f = ud;
  size_t n = (size_t)items * size;
  if (n > SIZE_MAX - 2 * (size_t)ALIGN)
    return NULL;
  n = (n + ALIGN - 1) / ALIGN * ALIGN;
  if (n <= ARENA - f->used) {
    void *p = f->arena + f->used;
    f->used += n;
    return p;
  }
  char *block = f->alloc->fn(f->alloc->ud, NULL, 0, n + ALIGN);
  if (block == NULL)
    return NULL;
  n += ALIGN;
  memcpy(block, &n, sizeof n);
  return block + ALIGN;
}

static void on_free(void *ud, void *p) {
  cel_inflater *f = ud;
  size_t n;
  if (p == NULL || is_in_arena(f, p))
    return;
  char *block = (char *)p - ALIGN;
  memcpy(&n, block, sizeof n);
  f->alloc->fn(f->alloc->ud, block, n, 0);
}

cel_inflater *cel_inflater_new(const cel_allocator *alloc, int window) {
  cel_inflater *f = alloc->fn(alloc->ud, NULL, 0, sizeof *f);
  if (f == NULL)
    return NULL;
  memset(&f->z, 0, sizeof f->z);
  f->alloc = alloc;
  f->used = 0;
  f->z.zalloc = on_alloc;
  f->z.zfree = on_free;
  f->z.opaque = f;
  if (inflateInit2(&f->z, window) == Z_OK)
    return f;
  alloc->fn(alloc->ud, f, sizeof *f, 0);
  return NULL;
}

void cel_inflater_free(cel_inflater *f) {
  if (f == NULL)
    return;
  inflateEnd(&f->z);
  f->alloc->fn(f->alloc->ud, f, sizeof *f, 0);
}

z_stream *cel_inflater_stream(cel_inflater *f) {
  return &f->z;
}
