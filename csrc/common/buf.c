/*
** buf.c - a buffer of bytes that grows up to a maximum. It doubles, so that n
** appended bytes cost O(n) copies. No computation of a length can overflow.
*/
#include "common/buf.h"

#include <string.h>

/* The first allocation: most header lines and error bodies fit. */
#define BUF_FIRST 256u

static int buf_resize(cel_buf *b, size_t cap) {
  void *data = b->alloc->fn(b->alloc->ud, b->data, b->cap, cap);
  if (data == NULL)
    return CEL_BUF_NOMEM;
  b->data = data;
  b->cap = cap;
  return CEL_BUF_OK;
}

/* The capacity to grow to for `need` bytes (need <= b->max): twice what it
   was, at most the maximum. */
static size_t buf_next_cap(const cel_buf *b, size_t need) {
  size_t cap = b->cap <= b->max / 2 ? b->cap * 2 : b->max;
  if (cap < BUF_FIRST)
    cap = b->max < BUF_FIRST ? b->max : BUF_FIRST;
  return cap < need ? need : cap;
}

void cel_buf_init(cel_buf *b, const cel_allocator *alloc, size_t max) {
  *b = (cel_buf){.alloc = alloc, .max = max};
}

int cel_buf_append(cel_buf *b, const void *bytes, size_t n) {
  if (n == 0)
    return CEL_BUF_OK; /* bytes may be NULL: not for memcpy */
  if (n > b->max - b->len)
    return CEL_BUF_FULL;
  if (n > b->cap - b->len) {
    int status = buf_resize(b, buf_next_cap(b, b->len + n));
    if (status != CEL_BUF_OK)
      return status;
  }
  memcpy(b->data + b->len, bytes, n);
  b->len += n;
  return CEL_BUF_OK;
}

int cel_buf_reserve(cel_buf *b, size_t n) {
  if (n > b->max)
    return CEL_BUF_FULL;
  return n > b->cap ? buf_resize(b, n) : CEL_BUF_OK;
}

void cel_buf_free(cel_buf *b) {
  if (b->data != NULL)
    b->alloc->fn(b->alloc->ud, b->data, b->cap, 0);
  b->data = NULL;
  b->len = 0;
  b->cap = 0;
}
