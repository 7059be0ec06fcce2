/*
** ljson_writer.h - collects JSON text.
**
** A short text stays in the writer itself; a long one is in memory of the
** state's allocator that a box on the stack leads to (lbox.h), so that nothing
** leaks whatever raises.
*/
#ifndef CEL_LJSON_WRITER_H
#define CEL_LJSON_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lua.h>

#define CEL_WRITER_FIRST 4096 /* bytes that need no box */

typedef struct cel_writer {
  lua_State *L;
  int slot;    /* the box's stack index; nil is there until there is one */
  char *start; /* `first`, or the box's memory */
  char *at;    /* where the next byte goes */
  char *end;   /* where the room ends */
  char first[CEL_WRITER_FIRST];
} cel_writer;

/* Makes the class of boxes [-0, +0]. */
void cel_open_writer(lua_State *L);

/* Makes an empty writer and its slot [-0, +1]. */
void cel_writer_init(cel_writer *w, lua_State *L);

/* Pushes the text [-0, +1]. */
void cel_writer_push(cel_writer *w);

/* Frees the memory; the writer must not be used any more [-0, +0]. */
void cel_writer_close(cel_writer *w);

/* Makes room for at least n more bytes [-0, +0]. */
void cel_writer_grow(cel_writer *w, size_t n);

/* Writes a string with its quotes. Returns 0, or the position, from 1, of
   the first byte that is not UTF-8 [-0, +0]. */
size_t cel_writer_string(cel_writer *w, const char *s, size_t len);

void cel_writer_integer(cel_writer *w, int64_t value); /* [-0, +0] */
void cel_writer_float(cel_writer *w, double value);    /* [-0, +0] */

/* Makes sure that there is room for n more bytes [-0, +0]. */
static inline void cel_writer_room(cel_writer *w, size_t n) {
  if ((size_t)(w->end - w->at) < n)
    cel_writer_grow(w, n);
}

/* Writes one character [-0, +0]. */
static inline void cel_writer_char(cel_writer *w, char c) {
  cel_writer_room(w, 1);
  *w->at++ = c;
}

/* Writes bytes as they are [-0, +0]. */
static inline void cel_writer_raw(cel_writer *w, const char *s, size_t len) {
  cel_writer_room(w, len);
  memcpy(w->at, s, len);
  w->at += len;
}

#endif
