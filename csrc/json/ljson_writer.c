/*
** ljson_writer.c - collects JSON text.
*/
#include "json/ljson_writer.h"

#include <string.h>

#include "common/chars.h"
#include "common/lbox.h"
#include "common/lmemory.h"
#include "common/utf8.h"
#include "json/json_print.h"
#include "json/json_scan.h" /* cel_json_plain, cel_json_load8 */

#define BOX_MT "celigo.writer"

/* The text; its userdata is a box (lbox.h). */
typedef struct writer_block {
  cel_owned owned; /* by its state */
  lua_Alloc fn;    /* the state's */
  void *ud;
  size_t size; /* of the block, in bytes */
  char data[];
} writer_block;

static void free_block(cel_owned *owned) {
  writer_block *block = (writer_block *)owned;
  block->fn(block->ud, block, block->size, 0);
}

/* Gives the memory back [-0, +0]. */
static int l_box_gc(lua_State *L) {
  cel_owned *block = cel_box_take(L, 1);
  if (block != NULL)
    free_block(block);
  return 0;
}

/* Puts an empty box into the slot [-0, +0]. */
static cel_box *box_new(lua_State *L, int slot) {
  cel_box *box = cel_box_push(L, BOX_MT, 0);
  lua_replace(L, slot);
  return box;
}

/* Gives the box room for n > 0 bytes, keeping what it holds; false when there
   is no memory [-0, +0]. */
static bool box_resize(lua_State *L, cel_box *box, size_t n) {
  void *ud;
  lua_Alloc fn = lua_getallocf(L, &ud);
  writer_block *old = (writer_block *)box->block;
  size_t size = offsetof(writer_block, data) + n;
  if (old != NULL) /* it may move */
    cel_owner_take(box->owner, &old->owned);
  writer_block *block = fn(ud, old, old == NULL ? 0 : old->size, size);
  bool good = block != NULL;
  if (good) {
    block->fn = fn;
    block->ud = ud;
    block->size = size;
  } else {
    block = old;
  }
  if (block != NULL)
    cel_box_fill(box, &block->owned, free_block);
  return good;
}

/* Resizes the box to n bytes, or raises Lua's memory error [-0, +0]. */
static void box_need(lua_State *L, cel_box *box, size_t n) {
  if (box_resize(L, box, n))
    return;
  /* Only Lua itself can raise its memory error: so it is asked for the same
     memory. If it finds some, by collecting garbage, there is memory for the
     box as well. */
  lua_newuserdatauv(L, n, 0);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT, 0);
  if (!box_resize(L, box, n))
    cel_raise_memory(L);
}

void cel_open_writer(lua_State *L) {
  cel_box_open(L);
  cel_class_new(L, BOX_MT);
  lua_pushcfunction(L, l_box_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

void cel_writer_init(cel_writer *w, lua_State *L) {
  lua_pushnil(L);
  w->L = L;
  w->slot = lua_gettop(L);
  w->start = w->at = w->first;
  w->end = w->first + sizeof w->first;
}

void cel_writer_push(cel_writer *w) {
  lua_pushlstring(w->L, w->start, (size_t)(w->at - w->start));
}

void cel_writer_close(cel_writer *w) {
  if (w->start != w->first)
    free_block(cel_box_take(w->L, w->slot));
  w->start = w->at = w->end = NULL;
}

void cel_writer_grow(cel_writer *w, size_t n) {
  size_t used = (size_t)(w->at - w->start);
  size_t cap = (size_t)(w->end - w->start);
  if (n > (size_t)PTRDIFF_MAX / 2 - cap)
    cel_raise_memory(w->L);
  size_t need = cap + (n > cap ? n : cap);
  bool first = w->start == w->first;
  cel_box *box =
      first ? box_new(w->L, w->slot) : lua_touserdata(w->L, w->slot);
  box_need(w->L, box, need);
  writer_block *block = (writer_block *)box->block;
  if (first)
    memcpy(block->data, w->first, used);
  w->start = block->data;
  w->at = block->data + used;
  w->end = block->data + need;
}

void cel_writer_integer(cel_writer *w, int64_t value) {
  cel_writer_room(w, CEL_JSON_NUMBER_SIZE);
  w->at += cel_json_print_integer(value, w->at);
}

void cel_writer_float(cel_writer *w, double value) {
  cel_writer_room(w, CEL_JSON_NUMBER_SIZE);
  w->at += cel_json_print_float(value, w->at);
}

/* Writes the escape of a quote, a backslash or a control character. There must
   be room for six bytes. */
static char *writer_escape(char *at, char c) {
  /* The letter after the backslash; 0 if there is no short escape. */
  static const char letters[0x20] = {
      ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
  };
  unsigned byte = (unsigned char)c;
  *at++ = '\\';
  if (byte >= 0x20) {
    *at++ = c;
  } else if (letters[byte] != 0) {
    *at++ = letters[byte];
  } else {
    *at++ = 'u';
    *at++ = '0';
    *at++ = '0';
    *at++ = cel_hex_digit(byte >> 4, 'a');
    *at++ = cel_hex_digit(byte, 'a');
  }
  return at;
}

/* The end of the valid UTF-8 beyond ASCII that starts at s; s itself if it is
   malformed. */
static const char *writer_wide(const char *s, const char *end) {
  while (s < end && (unsigned char)*s >= 0x80) {
    size_t n = cel_utf8_length(s, (size_t)(end - s));
    if (n == 0)
      break;
    s += n;
  }
  return s;
}

/* Writes the rest of a string, from its first special byte on. */
static size_t writer_string_rest(cel_writer *w, const char *s,
                                 const char *from, const char *end) {
  while (from < end) {
    const char *stop;
    if ((unsigned char)*from >= 0x80) {
      stop = writer_wide(from, end);
      if (stop == from)
        return (size_t)(from - s) + 1;
    } else {
      cel_writer_room(w, 6);
      w->at = writer_escape(w->at, *from++);
      stop = from;
    }
    stop = cel_json_plain(stop, end);
    cel_writer_raw(w, from, (size_t)(stop - from));
    from = stop;
  }
  cel_writer_char(w, '"');
  return 0;
}

size_t cel_writer_string(cel_writer *w, const char *s, size_t len) {
  const char *end = s + len;
  cel_writer_room(w, len + 2);
  *w->at++ = '"';
  const char *stop = cel_json_plain(s, end);
  size_t plain = (size_t)(stop - s);
  memcpy(w->at, s, plain);
  w->at += plain;
  if (stop < end)
    return writer_string_rest(w, s, stop, end);
  *w->at++ = '"';
  return 0;
}
