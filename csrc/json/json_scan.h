/*
** json_scan.h - reads the tokens of JSON (RFC 8259): strings, numbers, white
** space; and says what is wrong with a text.
**
** Pure C; allocates nothing. The text belongs to the caller and needs no
** terminator: no byte at or after `end` is read.
*/
#ifndef CEL_JSON_SCAN_H
#define CEL_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>
#define CEL_JSON_SSE2 1
#else
#define CEL_JSON_SSE2 0
#endif

#define CEL_JSON_MAX_DEPTH                                                    \
  128 /* levels of nesting, in decoding and encoding */

/* What is wrong with a text; nothing is allocated to say it. */
typedef struct cel_json_fault {
  size_t offset;     /* bytes from the start of the text */
  char message[128]; /* terminated; tells the position, too */
} cel_json_fault;

typedef struct cel_json_scan {
  const char *text;      /* not owned */
  const char *end;       /* one past the last byte */
  const char *p;         /* the next byte to read */
  int depth;             /* arrays and objects open around p */
  cel_json_fault *fault; /* filled in when a function returns false */
} cel_json_scan;

/* A string as it stands in the text, without its quotes. */
typedef struct cel_json_string {
  const char *bytes;
  size_t len;
  bool escaped; /* holds at least one \ */
} cel_json_string;

typedef struct cel_json_number {
  bool is_integer; /* no fraction, no exponent, fits, and is not -0 */
  int64_t integer; /* if is_integer */
  double real;     /* if not; correctly rounded, finite */
} cel_json_number;

/* Begins to scan a text: skips white space. False if the text begins with a
   byte order mark. */
bool cel_json_scan_begin(cel_json_scan *s, const char *text, size_t len,
                         cel_json_fault *fault);

/* Fills in the fault "expected <expected> but found <what is at `at`>", or
   "<problem>", each with the position. Always returns false, for use with
   `return`. */
bool cel_json_expected(cel_json_scan *s, const char *at, const char *expected);
bool cel_json_wrong(cel_json_scan *s, const char *at, const char *problem);

/* Reads a number. If the text does not begin like one, the fault says that a
   value was expected. */
bool cel_json_scan_number(cel_json_scan *s, cel_json_number *out);

/* Reads the rest of a string after its plain first part, which ends at `from`;
   out->bytes is set. For cel_json_scan_string. */
bool cel_json_scan_string_rest(cel_json_scan *s, const char *from,
                               cel_json_string *out);

/* Writes a string without its escapes, as UTF-8, and returns the length, which
   is never more than string->len. The string must have been scanned. A lone
   surrogate becomes U+FFFD. */
size_t cel_json_unescape(const cel_json_string *string, char *out);

/* Skips one value, with all checks. */
bool cel_json_skip_value(cel_json_scan *s);

/* Reads a member's key. `first`: the object may also end here; for the
   message. */
bool cel_json_scan_key(cel_json_scan *s, bool first, cel_json_string *key);

/* Reads the colon behind a key and the white space around it. */
bool cel_json_scan_colon(cel_json_scan *s);

/* After an element or a member: reads a comma (then *more is true) or the
   closing bracket, and the white space after it. */
bool cel_json_scan_more(cel_json_scan *s, char close, bool *more);

/* Checks that only white space is left. */
bool cel_json_scan_end(cel_json_scan *s);

/* Enters the array or object whose bracket is at p: one level deeper, p moves
   on. */
static inline bool cel_json_enter(cel_json_scan *s) {
  if (s->depth == CEL_JSON_MAX_DEPTH)
    return cel_json_wrong(s, s->p, "more than 128 levels of nesting");
  s->depth++;
  s->p++;
  return true;
}

static inline void cel_json_skip_space(cel_json_scan *s) {
  const char *p = s->p;
  while (p < s->end && (unsigned char)*p <= ' ' &&
         (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    p++;
  s->p = p;
}

/* Whether c is the next byte. */
static inline bool cel_json_at(const cel_json_scan *s, char c) {
  return s->p < s->end && *s->p == c;
}

/* Reads a word: true, false or null. */
static inline bool cel_json_scan_literal(cel_json_scan *s, const char *word,
                                         size_t len) {
  if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
    return cel_json_expected(s, s->p, "a value");
  s->p += len;
  return true;
}

static inline uint64_t cel_json_load8(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

/* Whether one of eight bytes cannot simply be copied: a quote, a backslash, a
   control character or a byte beyond ASCII. (The bit tricks may mark a wrong
   byte, but they never err about whether there is one.) */
static inline bool cel_json_any_special(uint64_t x) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  const uint64_t highs = ones * 0x80;
  const uint64_t quote = x ^ (ones * '"');
  const uint64_t slash = x ^ (ones * '\\');
  return (((quote - ones) | (slash - ones) | (x - ones * 0x20) | x) & highs) !=
         0;
}

/* The first byte from p on that cannot simply be copied. */
static inline const char *cel_json_plain(const char *p, const char *end) {
#if CEL_JSON_SSE2
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i slash = _mm_set1_epi8('\\');
  const __m128i space = _mm_set1_epi8(' ');
  while (end - p >= 16) {
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    /* Signed: bytes beyond ASCII are less than a space as well. */
    const __m128i special = _mm_or_si128(
        _mm_cmplt_epi8(x, space),
        _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash)));
    const int mask = _mm_movemask_epi8(special);
    if (mask != 0)
      return p + __builtin_ctz((unsigned)mask);
    p += 16;
  }
#endif
  while (end - p >= 8 && !cel_json_any_special(cel_json_load8(p)))
    p += 8;
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ' &&
         (unsigned char)*p < 0x80)
    p++;
  return p;
}

/* p is at an opening quote; afterwards it is behind the closing one. */
static inline bool cel_json_scan_string(cel_json_scan *s,
                                        cel_json_string *out) {
  const char *bytes = s->p + 1;
  const char *stop = cel_json_plain(bytes, s->end);
  out->bytes = bytes;
  if (stop == s->end || *stop != '"')
    return cel_json_scan_string_rest(s, stop, out);
  out->len = (size_t)(stop - bytes);
  out->escaped = false;
  s->p = stop + 1;
  return true;
}

#endif
