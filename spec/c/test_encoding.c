/*
** test_encoding.c - bodies that are compressed: whole and cut at each byte,
** given in pieces of each size, with an allocator that refuses time and again.
*/
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "check.h"
#include "http/encoding.h"

#define MAX_BODY 100000u /* bytes */

/* {====== An allocator that counts, and refuses every n-th time */

typedef struct memory {
  size_t in_use;
  unsigned calls, refuse; /* refuse: 0 for never */
} memory;

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  memory *m = ud;
  if (nsize > 0 && m->refuse > 0 && ++m->calls % m->refuse == 0)
    return NULL;
  m->in_use += nsize - (ptr == NULL ? 0 : osize);
  if (nsize == 0) {
    free(ptr);
    return NULL;
  }
  void *block = realloc(ptr, nsize);
  if (block == NULL)
    abort();
  return block;
}

/* }====== */

/* {====== What is given, and what comes of it */

typedef struct bytes {
  char data[4 * MAX_BODY];
  size_t len;
} bytes;

static bytes text, packed, twice;
static char big[MAX_BODY];

static void pack(bytes *to, const void *from, size_t len, int window) {
  z_stream z;
  memset(&z, 0, sizeof z);
  if (deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    abort();
  z.next_in = from;
  z.avail_in = (uInt)len;
  z.next_out = (Bytef *)(void *)(to->data + to->len);
  z.avail_out = (uInt)(sizeof to->data - to->len);
  if (deflate(&z, Z_FINISH) != Z_STREAM_END)
    abort();
  to->len += z.total_out;
  deflateEnd(&z);
}

typedef struct outcome {
  int status; /* of the write that went wrong, or CEL_BUF_OK */
  cel_encoding_end end;
  bool broken, left;
  size_t len;
  bool same; /* the body is `text` as far as it goes */
} outcome;

/* Gives the bytes in pieces, again where memory was refused, as libcurl
   does: in other pieces. */
static int give(cel_encoding *e, cel_buf *body, const bytes *b, size_t len,
                size_t piece) {
  for (size_t at = 0; at < len;) {
    size_t n = piece < len - at ? piece : len - at;
    int status = cel_encoding_write(e, body, b->data + at, n);
    if (status == CEL_BUF_NOMEM) {
      while (cel_buf_reserve(body, e->need) != CEL_BUF_OK ||
             !cel_encoding_feed(e))
        continue;
      piece = piece > 1 ? piece - 1 : piece + 2;
      continue;
    }
    if (status != CEL_BUF_OK)
      return status;
    at += n;
  }
  return CEL_BUF_OK;
}

static outcome decode(const char *coding, const bytes *b, size_t len,
                      size_t piece, unsigned refuse, size_t max) {
  memory m = {.refuse = refuse};
  const cel_allocator alloc = {allocate, &m};
  cel_encoding e = {.state = CEL_ENCODING_NEW};
  cel_buf body;
  char head[200];
  outcome o = {.end = CEL_ENCODING_WHOLE};
  snprintf(head, sizeof head,
           "HTTP/1.1 200 OK\r\nA: gzip\r\nContent-Encoding: %s\r\n\r\n",
           coding);
  cel_buf_init(&body, &alloc, max);
  cel_encoding_begin(&e, &alloc, head, strlen(head));
  o.status = give(&e, &body, b, len, piece);
  m.refuse = 0;
  if (o.status == CEL_BUF_OK)
    o.end = cel_encoding_finish(&e, &body);
  o.broken = e.state == CEL_ENCODING_BROKEN;
  o.left = cel_encoding_is_left(&e);
  o.len = body.len;
  o.same = body.len <= text.len &&
           (body.len == 0 || memcmp(body.data, text.data, body.len) == 0);
  cel_encoding_close(&e);
  cel_buf_free(&body);
  CHECK("nothing is leaked", m.in_use == 0);
  return o;
}

static bool is_whole(outcome o) {
  return o.status == CEL_BUF_OK && o.end == CEL_ENCODING_WHOLE && !o.broken &&
         o.same && o.len == text.len;
}

/* }====== */

/* A JSON text of some length that packs well, but not to nothing. */
static void write_text(size_t len) {
  unsigned seed = 7;
  text.len = 0;
  text.data[text.len++] = '[';
  while (text.len < len) {
    seed = seed * 1103515245u + 12345u;
    text.len += (size_t)snprintf(text.data + text.len, 40, "%s{\"n\":%u}",
                                 text.len > 1 ? "," : "", seed >> 20);
  }
  text.data[text.len++] = ']';
}

typedef struct format {
  const char *coding;
  int window;
} format;

static const format formats[] = {
    {"gzip", MAX_WBITS + 16},
    {"X-GZIP", MAX_WBITS + 16},
    {"deflate", MAX_WBITS},
    {"Deflate", -MAX_WBITS},
    {"gzip", MAX_WBITS},
    {"deflate", MAX_WBITS + 16},
    {"utf-8, gzip", MAX_WBITS + 16},
    {"identity, gzip", MAX_WBITS + 16},
};
#define FORMATS (sizeof formats / sizeof *formats)

static void test_whole(void) {
  for (size_t i = 0; i < FORMATS; i++) {
    write_text(20000);
    packed.len = 0;
    pack(&packed, text.data, text.len, formats[i].window);
    for (size_t piece = 1; piece < 300; piece += piece < 20 ? 1 : 97)
      for (unsigned refuse = 0; refuse < 5; refuse += refuse < 2 ? 2 : 1)
        CHECK(formats[i].coding,
              is_whole(decode(formats[i].coding, &packed, packed.len, piece,
                              refuse, MAX_BODY)));
    CHECK(formats[i].coding,
          is_whole(decode(formats[i].coding, &packed, packed.len, packed.len,
                          0, text.len)));
    outcome o = decode(formats[i].coding, &packed, packed.len, packed.len, 0,
                       text.len - 1);
    CHECK("one byte too many", o.status == CEL_BUF_FULL);
  }
}

static void test_cut(void) {
  for (size_t i = 0; i < FORMATS; i++) {
    write_text(300);
    packed.len = 0;
    pack(&packed, text.data, text.len, formats[i].window);
    for (size_t len = 1; len < packed.len; len++) {
      outcome o = decode(formats[i].coding, &packed, len, 7, 0, MAX_BODY);
      bool is_cut = o.status == CEL_BUF_OK && o.end == CEL_ENCODING_CUT;
      if (len == 1 && !is_cut) /* the letter with which zlib begins, or raw */
        CHECK(formats[i].coding, o.left && o.len == 1);
      else
        CHECK(formats[i].coding, is_cut && o.same);
    }
    CHECK(formats[i].coding,
          decode(formats[i].coding, &packed, 0, 7, 0, MAX_BODY).end ==
              CEL_ENCODING_EMPTY);
  }
}

static void test_members(void) {
  write_text(3000);
  for (size_t piece = 1; piece < 50; piece++) {
    packed.len = 0;
    pack(&packed, text.data, 1000, MAX_WBITS + 16);
    pack(&packed, text.data, 0, MAX_WBITS + 16);
    pack(&packed, text.data + 1000, text.len - 1000, MAX_WBITS + 16);
    size_t len = packed.len;
    memset(packed.data + len, 0, 20);
    CHECK("members",
          is_whole(decode("gzip", &packed, len, piece, 3, MAX_BODY)));
    CHECK("padding",
          is_whole(decode("gzip", &packed, len + 20, piece, 3, MAX_BODY)));
    packed.data[len] = 'x';
    outcome o = decode("gzip", &packed, len + 20, piece, 3, MAX_BODY);
    CHECK("what follows is no member", o.broken && o.len == text.len);
    CHECK("the last member is cut",
          decode("gzip", &packed, len - 1, piece, 0, MAX_BODY).end ==
              CEL_ENCODING_CUT);
  }
}

static void test_layers(void) {
  write_text(5000);
  packed.len = twice.len = 0;
  pack(&packed, text.data, text.len, MAX_WBITS);
  pack(&twice, packed.data, packed.len, MAX_WBITS + 16);
  for (size_t piece = 1; piece < 50; piece += 7)
    CHECK("two", is_whole(decode("deflate, gzip", &twice, twice.len, piece, 2,
                                 MAX_BODY)));
  outcome o = decode("gzip", &twice, twice.len, 50, 0, MAX_BODY);
  CHECK("one of two", !o.same && !o.left);
  o = decode("gzip, gzip, gzip", &twice, twice.len, 50, 0, MAX_BODY);
  CHECK("two of three", is_whole(o) && o.left);
  twice.len = 0;
  pack(&twice, packed.data, packed.len / 2, MAX_WBITS + 16);
  o = decode("deflate, gzip", &twice, twice.len, 50, 0, MAX_BODY);
  CHECK("the inner one is cut", o.end == CEL_ENCODING_CUT && o.same);
  twice.len = 0;
  pack(&twice, packed.data, packed.len, MAX_WBITS + 16);
  o = decode("deflate, gzip", &twice, twice.len, 50, 0, packed.len);
  CHECK("the inner one is too large", o.end == CEL_ENCODING_TOO_LARGE);
}

/* What is named and not there. */
static void test_false(void) {
  static const char *const codings[] = {"gzip", "deflate", "gzip, deflate",
                                        "br, gzip"};
  static const char *const texts[] = {
      "[]",
      "{\"errors\":[]}",
      "x",
      "<html>",
      "80 calls",
      "\"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\"",
      " \r\n\t[1]"};
  for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      text.len = strlen(texts[k]);
      if (text.len == 1 && i > 0)
        continue; /* zlib that is cut */
      memcpy(text.data, texts[k], text.len);
      for (size_t piece = 1; piece < 20; piece += 3) {
        outcome o = decode(codings[i], &text, text.len, piece, 0, MAX_BODY);
        CHECK(texts[k], is_whole(o) && o.left);
      }
    }
  }
  write_text(100);
  outcome o = decode("identity", &text, text.len, 9, 0, MAX_BODY);
  CHECK("identity is none", o.end == CEL_ENCODING_WHOLE && !o.left);
}

static void test_broken(void) {
  write_text(5000);
  packed.len = 0;
  pack(&packed, text.data, text.len, MAX_WBITS + 16);
  for (size_t at = 2; at < packed.len; at++) {
    if (at >= 4 && at < 10)
      continue; /* time and system say nothing */
    packed.data[at] = (char)(packed.data[at] ^ 0x55);
    outcome o = decode("gzip", &packed, packed.len, 100, 0, MAX_BODY);
    CHECK("a byte is wrong",
          o.broken || o.end == CEL_ENCODING_CUT || o.status == CEL_BUF_FULL);
    packed.data[at] = (char)(packed.data[at] ^ 0x55);
  }
}

/* A bomb: a little that becomes a lot, or a lot that becomes nothing. */
static void test_bombs(void) {
  packed.len = twice.len = 0;
  pack(&packed, big, sizeof big, MAX_WBITS + 16);
  CHECK("small", packed.len < 500);
  outcome o = decode("gzip", &packed, packed.len, 10, 0, 50000);
  CHECK("a bomb", o.status == CEL_BUF_FULL && o.len <= 50000);
  memory m = {0};
  const cel_allocator alloc = {allocate, &m};
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n";
  cel_encoding e = {.state = CEL_ENCODING_NEW};
  cel_buf body;
  cel_buf_init(&body, &alloc, 1000);
  cel_encoding_begin(&e, &alloc, head, sizeof head - 1);
  while (twice.len < 100000)
    pack(&twice, "", 0, MAX_WBITS + 16);
  int status = CEL_BUF_OK;
  for (int i = 0; i < 100 && status == CEL_BUF_OK; i++)
    status = cel_encoding_write(&e, &body, twice.data, twice.len);
  CHECK("nothing without end", status == CEL_BUF_FULL);
  cel_encoding_close(&e);
  cel_buf_free(&body);
}

int main(void) {
  test_whole();
  test_cut();
  test_members();
  test_layers();
  test_false();
  test_broken();
  test_bombs();
  return check_report();
}
