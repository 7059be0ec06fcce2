/*
** encoding.c - undoes gzip, zlib and raw deflate, by zlib, right into the
** body.
*/
#include "http/encoding.h"

#include <string.h>

#include "common/chars.h"
#include "common/utf8.h"
#include "http/inflater.h"

#define MAX_LAYERS 4         /* codings on top of each other */
#define AT_ONCE    0x100000u /* bytes given to zlib in one call */
#define FIRST_ROOM 16384u    /* bytes of a body at first */

/* {====== zlib's state */

bool cel_encoding_feed(cel_encoding *e) {
  if (e->state == CEL_ENCODING_INFLATE && e->inflater == NULL)
    e->inflater = cel_inflater_new(e->alloc, e->window);
  return e->state != CEL_ENCODING_INFLATE || e->inflater != NULL;
}

void cel_encoding_close(cel_encoding *e) {
  cel_inflater_free(e->inflater);
  e->inflater = NULL;
}

/* }====== */

/* {====== The header */

static bool is(const char *text, size_t len, const char *word) {
  size_t i = 0;
  while (i < len && word[i] != '\0' && cel_lower(text[i]) == word[i])
    i++;
  return i == len && word[i] == '\0';
}

static bool is_name_char(char c) {
  return cel_is_letter(c) || cel_is_digit(c) || c == '-' || c == '_' ||
         c == '.' || c == '+';
}

/* Adds a coding's name for error messages, as far as there is room. */
static void keep_name(cel_encoding *e, const char *name, size_t len) {
  size_t at = strlen(e->names);
  size_t room = sizeof e->names - 1 - at;
  if (len + 2 > room)
    return;
  if (at > 0) {
    memcpy(e->names + at, ", ", 2);
    at += 2;
  }
  memcpy(e->names + at, name, len);
  e->names[at + len] = '\0';
}

static void note_coding(cel_encoding *e, const char *name, size_t len) {
  static const char *const known[] = {"gzip", "x-gzip", "deflate",
                                      "x-deflate"};
  if (is(name, len, "identity") || is(name, len, "chunked"))
    return;
  keep_name(e, name, len);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (is(name, len, known[i])) {
      e->raw = e->raw || i >= 2;
      e->layers += e->layers < MAX_LAYERS;
      return;
    }
  }
  e->unknown = true;
}

static void read_value(cel_encoding *e, const char *at, const char *end) {
  while (at < end) {
    const char *name = at;
    while (at < end && is_name_char(*at))
      at++;
    if (at > name)
      note_coding(e, name, (size_t)(at - name));
    else
      at++;
  }
}

/* Reads the line of a head if it is a field of that name. */
static void read_line(cel_encoding *e, const char *line, const char *end,
                      const char *field) {
  size_t n = strlen(field);
  if ((size_t)(end - line) > n && is(line, n, field) &&
      (line[n] == ':' || cel_is_blank(line[n])))
    read_value(e, line + n, end);
}

/* A compressing Transfer-Encoding is not asked for, but accepted. */
void cel_encoding_begin(cel_encoding *e, const cel_allocator *alloc,
                        const char *head, size_t len) {
  const char *end = head + len;
  e->alloc = alloc;
  for (const char *line = head; line < end;) {
    const char *next = memchr(line, '\n', (size_t)(end - line));
    next = next == NULL ? end : next + 1;
    if (cel_lower(line[0]) == 'c')
      read_line(e, line, next, "content-encoding");
    else if (cel_lower(line[0]) == 't')
      read_line(e, line, next, "transfer-encoding");
    line = next;
  }
  e->coded = e->layers > 0;
  e->state = e->coded ? CEL_ENCODING_LOOK : CEL_ENCODING_PLAIN;
}

bool cel_encoding_is_left(const cel_encoding *e) {
  return e->unknown || e->layers > 0;
}

/* }====== */

/* {====== The first bytes */

/* Whether these bytes can be the beginning of a UTF-8 text; its last character
   may be cut. Compressed bytes look like a text once in millions. */
static bool is_text(const char *s, size_t n) {
  while (n > 0) {
    size_t len = cel_utf8_length(s, n);
    if (len == 0)
      return n < 4 && (unsigned char)s[0] >= 0xC2;
    if ((unsigned char)s[0] < ' ' && *s != '\t' && *s != '\r' && *s != '\n')
      return false;
    s += len;
    n -= len;
  }
  return true;
}

static void start_stream(cel_encoding *e, int window, bool members) {
  e->state = CEL_ENCODING_INFLATE;
  e->window = window;
  e->members = members;
  e->layers--;
}

/* Decides what the body is, if the first bytes are enough for that. `last`: no
   more bytes will come. */
static void look(cel_encoding *e, bool last) {
  const unsigned char *b = e->first;
  size_t n = e->got;
  bool cut = last && n == 1;
  if ((n > 1 && b[0] == 0x1F && b[1] == 0x8B) || (cut && b[0] == 0x1F)) {
    start_stream(e, MAX_WBITS + 16, true);
  } else if ((n > 1 && b[0] == 0x78 && (b[1] & 0x20) == 0 &&
              ((unsigned)b[0] << 8 | b[1]) % 31 == 0) ||
             (cut && e->raw && b[0] == 0x78)) {
    start_stream(e, MAX_WBITS, false);
  } else if (!last && n < (e->raw ? sizeof e->first : 2)) {
    return;
  } else if (e->raw && n > 0 && !is_text((const char *)b, n)) {
    start_stream(e, -MAX_WBITS, false);
  } else {
    e->state = CEL_ENCODING_PLAIN;
  }
}

/* }====== */

/* {====== What follows */

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Makes room for at least one more byte: twice the room where there is memory,
   else a smaller step. */
static int make_room(cel_encoding *e, cel_buf *body) {
  size_t step = body->cap / 8 > FIRST_ROOM ? body->cap / 8 : FIRST_ROOM;
  size_t left = body->max - body->cap;
  if (body->len < body->cap)
    return CEL_BUF_OK;
  if (cel_buf_reserve(body, body->cap + least(left, body->cap > step
                                                        ? body->cap
                                                        : step)) == CEL_BUF_OK)
    return CEL_BUF_OK;
  e->need = body->cap + least(left, step);
  return cel_buf_reserve(body, e->need);
}

static int settle(cel_encoding *e, int code, bool moved) {
  switch (code) {
  case Z_STREAM_END:
    e->state = CEL_ENCODING_AFTER;
    return CEL_BUF_OK;
  case Z_MEM_ERROR:
    return CEL_ENCODING_FAILED;
  case Z_OK:
    return CEL_BUF_OK;
  case Z_BUF_ERROR: /* no progress */
    if (moved)
      return CEL_BUF_OK;
    break;
  default:
    break;
  }
  e->state = CEL_ENCODING_BROKEN;
  return CEL_BUF_OK;
}

/* Gives bytes to zlib, which writes into the body. Where the body is full, one
   extra byte outside shows whether zlib has more. */
static int inflate_some(cel_encoding *e, cel_buf *body, const void *data,
                        size_t len, size_t *used) {
  unsigned char beyond;
  bool full = body->len == body->max;
  if (!full && make_room(e, body) != CEL_BUF_OK)
    return CEL_BUF_NOMEM;
  if (!cel_encoding_feed(e)) {
    e->need = body->cap > 0 ? body->cap : 1;
    return CEL_BUF_NOMEM;
  }
  z_stream *z = cel_inflater_stream(e->inflater);
  size_t give = least(len, AT_ONCE);
  size_t room =
      full ? 1
           : least(least(body->cap, body->max) - body->len, (size_t)AT_ONCE);
  z->next_in = data;
  z->avail_in = (uInt)give;
  z->next_out = full ? &beyond : (Bytef *)(void *)(body->data + body->len);
  z->avail_out = (uInt)room;
  int code = inflate(z, Z_NO_FLUSH);
  size_t made = room - z->avail_out;
  *used = give - z->avail_in;
  e->pending = code == Z_OK && z->avail_out == 0;
  if (full && made > 0)
    return CEL_BUF_FULL;
  body->len += made;
  return settle(e, code, give == 0 || *used > 0 || made > 0);
}

/* After the end of a stream: another gzip member may follow, or padding. */
static void go_behind(cel_encoding *e, const char *data, size_t len,
                      size_t *used) {
  if (!e->members) {
    *used = len;
    return;
  }
  while (*used < len && data[*used] == '\0')
    ++*used;
  if (*used == len)
    return;
  bool again = data[*used] == 0x1F &&
               inflateReset(cel_inflater_stream(e->inflater)) == Z_OK;
  e->state = again ? CEL_ENCODING_INFLATE : CEL_ENCODING_BROKEN;
}

/* Passes on the first bytes, which were kept to look at, before all others. */
static int give_first(cel_encoding *e, cel_buf *body) {
  const unsigned char *from = e->first + e->given;
  size_t len = e->got - e->given;
  size_t used = 0;
  int status = CEL_BUF_OK;
  if (e->state == CEL_ENCODING_INFLATE) {
    status = inflate_some(e, body, from, len, &used);
  } else if (e->state == CEL_ENCODING_PLAIN) {
    status = cel_buf_append(body, from, len);
    e->need = body->len + len;
    used = status == CEL_BUF_OK ? len : 0;
  } else if (e->state == CEL_ENCODING_AFTER) {
    go_behind(e, (const char *)from, len, &used);
  } else {
    used = len;
  }
  e->given += used;
  return status;
}

/* Takes some of the bytes; how depends on the state. */
static int take(cel_encoding *e, cel_buf *body, const char *data, size_t len,
                size_t *used) {
  int status;
  if (e->state == CEL_ENCODING_LOOK) {
    *used = least(len, sizeof e->first - e->got);
    if (e->got + *used > 2 && !e->raw)
      *used = 2 - e->got;
    if (*used > 0)
      memcpy(e->first + e->got, data, *used);
    e->got += *used;
    look(e, false);
    return CEL_BUF_OK;
  }
  if (e->given < e->got)
    return give_first(e, body);
  switch (e->state) {
  case CEL_ENCODING_INFLATE:
    return inflate_some(e, body, data, len, used);
  case CEL_ENCODING_AFTER:
    go_behind(e, data, len, used);
    return CEL_BUF_OK;
  case CEL_ENCODING_PLAIN:
    status = cel_buf_append(body, data, len);
    e->need = body->len + len;
    *used = status == CEL_BUF_OK ? len : 0;
    return status;
  default: /* broken */
    *used = len;
    return CEL_BUF_OK;
  }
}

static bool has_more(const cel_encoding *e) {
  return e->state != CEL_ENCODING_LOOK &&
         (e->given < e->got ||
          (e->pending && e->state == CEL_ENCODING_INFLATE));
}

int cel_encoding_write(cel_encoding *e, cel_buf *body, const char *data,
                       size_t len) {
  size_t at = least(e->skip, len);
  int status = CEL_BUF_OK;
  e->skip -= at;
  while (status == CEL_BUF_OK && (at < len || has_more(e))) {
    size_t used = 0;
    status = take(e, body, data + at, len - at, &used);
    at += used;
    e->received += used;
  }
  if (status == CEL_BUF_NOMEM)
    e->skip += at;
  /* A server may send without end and the body stay empty: empty gzip members,
     for example. */
  if (status == CEL_BUF_OK && e->received / 2 > body->max &&
      e->received > 2 * (size_t)AT_ONCE)
    status = CEL_BUF_FULL;
  return status;
}

static cel_encoding_end end_of(int status) {
  switch (status) {
  case CEL_BUF_OK:
    return CEL_ENCODING_WHOLE;
  case CEL_BUF_FULL:
    return CEL_ENCODING_TOO_LARGE;
  default:
    return CEL_ENCODING_NO_MEMORY;
  }
}

/* Undoes the next coding: what came out is compressed again. */
static cel_encoding_end undo_inner(cel_encoding *e, cel_buf *body) {
  cel_encoding in = {.alloc = e->alloc,
                     .state = CEL_ENCODING_LOOK,
                     .raw = e->raw,
                     .layers = e->layers};
  cel_buf inner;
  cel_buf_init(&inner, body->alloc, body->max);
  cel_encoding_end end =
      body->len == 0
          ? CEL_ENCODING_WHOLE
          : end_of(cel_encoding_write(&in, &inner, body->data, body->len));
  if (end == CEL_ENCODING_WHOLE)
    end = cel_encoding_finish(&in, &inner);
  cel_encoding_close(&in);
  cel_buf_free(body);
  *body = inner;
  e->state = in.state;
  e->layers = in.layers;
  return end;
}

cel_encoding_end cel_encoding_finish(cel_encoding *e, cel_buf *body) {
  if (e->state == CEL_ENCODING_LOOK) {
    if (e->got == 0)
      return CEL_ENCODING_EMPTY;
    look(e, true);
  }
  cel_encoding_end end = end_of(cel_encoding_write(e, body, "", 0));
  if (end != CEL_ENCODING_WHOLE)
    return end;
  if (e->state == CEL_ENCODING_INFLATE)
    return CEL_ENCODING_CUT;
  if (e->state == CEL_ENCODING_AFTER && e->layers > 0)
    return undo_inner(e, body);
  return CEL_ENCODING_WHOLE;
}

/* }====== */
