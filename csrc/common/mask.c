/*
** mask.c - finds a secret in a text.
**
** The text is read as units: characters, with all escapes undone. The newest
** CEL_MASK_RUN units are kept as one number, the window. The secret was read
** the same way, and all its windows are in a set. A window of the text that is
** in that set is a piece of the secret. So each byte is looked at once or
** twice, however often the secret stands there.
*/
#include "common/mask.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/chars.h"

void cel_wipe(void *p, size_t n) {
  volatile unsigned char *byte = p;
  while (n-- > 0)
    *byte++ = 0;
}

/* {====== Units */

#define FOREIGN 0x80 /* stands for a character that cannot be in a secret */

typedef struct reader {
  char *p, *end;
  bool folded; /* a line has ended: blanks that follow are left out */
} reader;

typedef struct unit {
  unsigned char byte;
  char *start, *end;
} unit;

/* Reads up to `most` digits at *p, in this base, and moves *p behind them. -1
   if there are none; FOREIGN if the number is not an ASCII character. */
static int read_digits(char **p, const char *end, int base, int most) {
  int value = -1;
  for (; most > 0 && *p < end; most--, ++*p) {
    int digit = cel_hex_value(**p);
    if (digit < 0 || digit >= base)
      break;
    value = value < 0 ? digit : value * base + digit;
    if (value > 0x7F)
      value = FOREIGN;
  }
  return value;
}

static bool is_at(const char *p, const char *end, const char *text) {
  size_t n = strlen(text);
  return (size_t)(end - p) >= n && memcmp(p, text, n) == 0;
}

/* *p is behind a backslash: reads the rest of the escape, and returns its
   character. Each time that a text is quoted in another its backslashes
   double: so any number of them counts as one. */
static int read_backslash(char **p, const char *end) {
  while (*p < end && **p == '\\')
    ++*p;
  if (*p == end)
    return '\n';
  char c = *(*p)++;
  if (c == 'n' || c == 'r' || c == 't')
    return '\n';
  char *q = *p;
  if (c != 'u' || end - q < 4)
    return (unsigned char)c;
  int value = read_digits(&q, end, 16, 4);
  if (value < 0 || q != *p + 4)
    return 'u';
  *p = q;
  return value;
}

/* The same behind a percent sign; -1 if it does not begin an escape. */
static int read_percent(char **p, const char *end) {
  char *q = *p;
  while (end - q >= 4 && q[0] == '2' && q[1] == '5' &&
         cel_hex_value(q[2]) >= 0 && cel_hex_value(q[3]) >= 0)
    q += 2;
  if (end - q < 2 || cel_hex_value(q[0]) < 0 || cel_hex_value(q[1]) < 0)
    return -1;
  *p = q + 2;
  int value = cel_hex_value(q[0]) * 16 + cel_hex_value(q[1]);
  return value > 0x7F ? FOREIGN : value;
}

/* The same behind an ampersand. */
static int read_ampersand(char **p, const char *end) {
  static const struct {
    const char *name;
    int byte;
  } names[] = {{"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
  while (is_at(*p, end, "amp;"))
    *p += 4;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (is_at(*p, end, names[i].name)) {
      *p += strlen(names[i].name);
      return names[i].byte;
    }
  }
  if (*p == end || **p != '#')
    return -1;
  char *q = *p + 1;
  bool hex = q < end && (*q == 'x' || *q == 'X');
  if (hex)
    q++;
  int value = read_digits(&q, end, hex ? 16 : 10, 8);
  if (value < 0)
    return -1;
  *p = q < end && *q == ';' ? q + 1 : q;
  return value;
}

/* c may begin an escape, and *p is behind c: undoes it, and again while the
   result begins another. */
static int undo(int c, char **p, const char *end) {
  for (;;) {
    int next = -1;
    if (c == '\\')
      next = read_backslash(p, end);
    else if (c == '%')
      next = read_percent(p, end);
    else if (c == '&')
      next = read_ampersand(p, end);
    if (next < 0)
      return c;
    c = next;
  }
}

/* Characters that may begin an escape or end a line. */
static const bool is_special[256] = {
    ['\\'] = true, ['%'] = true, ['&'] = true,  ['\n'] = true,
    ['\r'] = true, [' '] = true, ['\t'] = true,
};

/* The next unit. Ends of lines, and blanks after them, are skipped. Where
   `as_is` is true no escapes are undone. */
static inline bool next_unit(reader *r, bool as_is, unit *u) {
  while (r->p < r->end) {
    char *start = r->p++;
    int c = (unsigned char)*start;
    if (!as_is && is_special[c]) {
      c = undo(c, &r->p, r->end);
      if (c == '\n' || c == '\r') {
        r->folded = true;
        continue;
      }
      if (r->folded && (c == ' ' || c == '\t'))
        continue;
    }
    r->folded = false;
    *u = (unit){.byte = (unsigned char)c, .start = start, .end = r->p};
    return true;
  }
  return false;
}

/* }====== */

/* {====== Windows of a secret */

/* A set of windows: a hash table with open addressing; 0 is a free slot. */
typedef struct windows {
  uint64_t *slots;
  size_t most; /* slots - 1, all bits set */
  size_t run;  /* bytes of a window */
  bool as_is;
  bool member[256];  /* units of the secret */
  bool breaker[256]; /* bytes that cannot be part of a secret or of an escape
                        in one */
} windows;

struct cel_mask {
  const cel_allocator *alloc;
  size_t size; /* bytes of this block, slots included */
  bool is_short;
  windows plain, undone; /* characters before the secret, or its own, may look
                            like an escape: so the text is searched both with
                            escapes undone and as it is */
};

static inline uint64_t window_of(const windows *w, uint64_t before,
                                 unsigned char byte) {
  uint64_t window = before << 8 | byte;
  return w->run == 8 ? window : window & ((UINT64_C(1) << 8 * w->run) - 1);
}

static inline size_t slot_of(const windows *w, uint64_t window) {
  return (size_t)(window * UINT64_C(0x9E3779B97F4A7C15) >> 32) & w->most;
}

static inline bool windows_have(const windows *w, uint64_t window) {
  size_t i = slot_of(w, window);
  while (w->slots[i] != 0 && w->slots[i] != window)
    i = (i + 1) & w->most;
  return w->slots[i] == window;
}

static void windows_add(windows *w, uint64_t window) {
  size_t i = slot_of(w, window);
  while (w->slots[i] != 0 && w->slots[i] != window)
    i = (i + 1) & w->most;
  w->slots[i] = window;
}

/* Finds out which bytes cannot be in the secret. */
static void windows_judge(windows *w) {
  static const char syntax[] = "\\%&#;\r\n\t xX0123456789abcdefABCDEF"
                               "uamplgtqosnr"; /* u, amp, lt, quot, apos, n */
  for (int c = 0; c < 256; c++)
    w->breaker[c] =
        !w->member[c] && (w->as_is || c == 0 || strchr(syntax, c) == NULL);
}

/* Reads the secret, and notes its windows. */
static void windows_fill(windows *w, char *secret, size_t len) {
  reader r = {.p = secret, .end = secret + len};
  unit u;
  uint64_t window = 0;
  for (size_t n = 1; next_unit(&r, w->as_is, &u); n++) {
    window = window_of(w, window, u.byte);
    w->member[u.byte] = true;
    if (n >= w->run)
      windows_add(w, window);
  }
  windows_judge(w);
}

/* How many units the secret has. */
static size_t count_units(char *secret, size_t len) {
  reader r = {.p = secret, .end = secret + len};
  unit u;
  size_t n = 0;
  while (next_unit(&r, false, &u))
    n++;
  return n;
}

/* So many slots that nearly every search ends at once, at a free one. */
static size_t count_slots(size_t len) {
  size_t n = 64;
  while (n / 8 < len)
    n *= 2;
  return n;
}

static size_t run_of(size_t units) {
  return units < CEL_MASK_RUN ? units : CEL_MASK_RUN;
}

/* A copy of the secret stands in the same block, behind the slots. It is only
   read. */
cel_mask *cel_mask_new(const cel_allocator *alloc, const char *secret,
                       size_t len) {
  size_t slots = count_slots(len);
  if (len == 0 || len > SIZE_MAX / 64)
    return NULL;
  size_t size = sizeof(cel_mask) + 2 * slots * sizeof(uint64_t) + len;
  cel_mask *m = alloc->fn(alloc->ud, NULL, 0, size);
  if (m == NULL)
    return NULL;
  memset(m, 0, size);
  *m = (cel_mask){.alloc = alloc, .size = size};
  uint64_t *first = (uint64_t *)(void *)(m + 1);
  char *copy = (char *)(first + 2 * slots);
  memcpy(copy, secret, len);
  size_t units = count_units(copy, len);
  m->is_short = len < CEL_MASK_SHORT;
  m->undone = (windows){first, slots - 1, run_of(units), .as_is = false};
  m->plain = (windows){first + slots, slots - 1, run_of(len), .as_is = true};
  if (units > 0)
    windows_fill(&m->undone, copy, len);
  windows_fill(&m->plain, copy, len);
  return m;
}

void cel_mask_free(cel_mask *m) {
  if (m == NULL)
    return;
  const cel_allocator *alloc = m->alloc;
  size_t size = m->size;
  cel_wipe(m, size);
  alloc->fn(alloc->ud, m, size, 0);
}

/* }====== */

/* {====== Looking for it */

/* Whether p is behind "Bearer ", in any case. */
static bool is_shown(const char *text, const char *p) {
  static const char word[] = "bearer ";
  size_t n = sizeof word - 1;
  if ((size_t)(p - text) < n)
    return false;
  for (size_t i = 0; i < n; i++) {
    if (cel_lower((p - n)[i]) != word[i])
      return false;
  }
  return true;
}

/* Skips to the next place where a piece of the secret may begin: such a piece
   has at least as many bytes as units, and none that breaks it. */
static void skip(const windows *w, reader *r) {
  size_t i = w->run;
  while (i > 0 && (size_t)(r->end - r->p) >= w->run) {
    for (i = w->run; i > 0 && !w->breaker[(unsigned char)r->p[i - 1]]; i--)
      ;
    r->p += i;
  }
}

/* Masks the newest n units; `last` is a ring of them. */
static void mask_units(const unit last[CEL_MASK_RUN], size_t end, size_t n) {
  for (size_t i = end - n; i < end; i++) {
    const unit *u = &last[i % CEL_MASK_RUN];
    memset(u->start, '*', (size_t)(u->end - u->start));
  }
}

static void apply(const cel_mask *m, const windows *w, char *text,
                  size_t len) {
  reader r = {.p = text, .end = text + len};
  unit last[CEL_MASK_RUN];
  uint64_t window = 0;
  size_t row = 0;   /* units in a row that are characters of the secret */
  size_t fresh = 0; /* those of them that came after the last one masked */
  skip(w, &r);
  while (next_unit(&r, w->as_is, &last[row % CEL_MASK_RUN])) {
    if (!w->member[last[row % CEL_MASK_RUN].byte]) {
      row = fresh = 0;
      skip(w, &r);
      continue;
    }
    window = window_of(w, window, last[row % CEL_MASK_RUN].byte);
    row++;
    fresh++;
    if (row < w->run || !windows_have(w, window) ||
        (m->is_short &&
         !is_shown(text, last[(row - w->run) % CEL_MASK_RUN].start)))
      continue;
    mask_units(last, row, fresh < w->run ? fresh : w->run);
    fresh = 0;
  }
}

void cel_mask_apply(const cel_mask *m, char *text, size_t len) {
  if (m == NULL || text == NULL)
    return;
  if (m->undone.run > 0)
    apply(m, &m->undone, text,
          len); /* first: so no half of an escape is left */
  apply(m, &m->plain, text, len);
}

/* }====== */
