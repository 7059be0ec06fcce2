/*
** buf.h - a buffer of bytes that grows up to a maximum, in memory of a given
** allocator.
**
** Pure C: neither Lua nor libcurl. A buffer holds a pointer to its
** allocator, which must outlive it. Whoever initialises a buffer frees it.
*/
#ifndef CEL_BUF_H
#define CEL_BUF_H

#include <stddef.h>

/* The message where an allocation was refused: Lua's own words. */
#define CEL_NO_MEMORY "not enough memory"

/* Same contract, and same type, as lua_Alloc: grows, shrinks or frees. */
typedef void *(*cel_alloc_fn)(void *ud, void *ptr, size_t osize, size_t nsize);

typedef struct cel_allocator {
  cel_alloc_fn fn;
  void *ud;
} cel_allocator;

typedef struct cel_buf {
  const cel_allocator *alloc; /* not owned */
  char *data;                 /* owned; NULL while cap is 0 */
  size_t len;                 /* bytes in use */
  size_t cap;                 /* bytes allocated */
  size_t max;                 /* bytes that len may reach */
} cel_buf;

enum { CEL_BUF_OK = 0, CEL_BUF_NOMEM = -1, CEL_BUF_FULL = -2 };

/* Makes an empty buffer; allocates nothing. */
void cel_buf_init(cel_buf *b, const cel_allocator *alloc, size_t max);

/* Appends n bytes, which must not lie in the buffer itself. Where n is 0,
   bytes may be NULL. CEL_BUF_FULL: the buffer would be longer than max. On
   failure nothing has changed. */
int cel_buf_append(cel_buf *b, const void *bytes, size_t n);

/* Makes room for n bytes in all: appending up to there cannot fail, and does
   not move the bytes. On failure nothing has changed. */
int cel_buf_reserve(cel_buf *b, size_t n);

/* Gives the memory back; the buffer is empty and usable afterwards, with the
   same allocator and max. Freeing an empty buffer does nothing. */
void cel_buf_free(cel_buf *b);

#endif
