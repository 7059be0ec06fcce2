/*
** ljson_writer.c - collects JSON text.
*/
#include "json/ljson_writer.h"

#include <string.h>

#include <lauxlib.h>

#include "common/chars.h"
#include "common/utf8.h"
#include "json/json_print.h"
#include "json/json_scan.h" /* cel_json_plain, cel_json_load8 */

#define BOX_MT "celigo.writer"

typedef struct writer_box {
  char *data; /* owned; NULL when cap is 0 */
  size_t cap;
} writer_box;

/* Raises Lua's own memory error: lua_error does that for this string. (The
   loop is there because its declaration does not say that it never returns.)
   */
static _Noreturn void box_no_memory(lua_State *L) {
  for (;;) {
    lua_pushliteral(L, "not enough memory");
    lua_error(L);
  }
}

/* Frees the memory. */
static void box_free(lua_State *L, writer_box *box) {
  void *ud;
  lua_Alloc alloc = lua_getallocf(L, &ud);
  alloc(ud, box->data, box->cap, 0);
  box->data = NULL;
  box->cap = 0;
}

/* Resizes the box to n > 0 bytes, keeping what it holds; false when memory ran
   out. */
static bool box_resize(lua_State *L, writer_box *box, size_t n) {
  void *ud;
  lua_Alloc alloc = lua_getallocf(L, &ud);
  char *data = alloc(ud, box->data, box->cap, n);
  if (data == NULL)
    return false;
  box->data = data;
  box->cap = n;
  return true;
}

/* __gc [-0, +0] */
static int l_box_gc(lua_State *L) {
  box_free(L, lua_touserdata(L, 1));
  return 0;
}

/* Puts an empty box into the slot [-0, +0]. */
static writer_box *box_new(lua_State *L, int slot) {
  writer_box *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->data = NULL;
  box->cap = 0;
  if (luaL_newmetatable(L, BOX_MT)) {
    lua_pushcfunction(L, l_box_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  lua_replace(L, slot);
  return box;
}

/* Resizes the box to n bytes, or raises Lua's memory error [-0, +0]. */
static void box_need(lua_State *L, writer_box *box, size_t n) {
  if (box_resize(L, box, n))
    return;
  /* Only Lua itself can raise its memory error: so it is asked for the same
     memory. If it finds some, by collecting garbage, there is memory for the
     box as well. */
  lua_newuserdatauv(L, n, 0);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT, 0);
  if (!box_resize(L, box, n))
    box_no_memory(L);
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
    box_free(w->L, lua_touserdata(w->L, w->slot));
  w->start = w->at = w->end = NULL;
}

void cel_writer_grow(cel_writer *w, size_t n) {
  size_t used = (size_t)(w->at - w->start);
  size_t cap = (size_t)(w->end - w->start);
  if (n > (size_t)PTRDIFF_MAX / 2 - cap)
    box_no_memory(w->L);
  size_t need = cap + (n > cap ? n : cap);
  bool first = w->start == w->first;
  writer_box *box =
      first ? box_new(w->L, w->slot) : lua_touserdata(w->L, w->slot);
  box_need(w->L, box, need);
  if (first)
    memcpy(box->data, w->first, used);
  w->start = box->data;
  w->at = box->data + used;
  w->end = box->data + need;
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
