/*
** utf8.h - well-formed UTF-8 (RFC 3629), one sequence at a time.
*/
#ifndef CEL_UTF8_H
#define CEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

static inline bool cel_utf8_trail(char c) {
  return ((unsigned char)c & 0xC0) == 0x80;
}

/* Bytes of the well-formed sequence that starts at s, of which n >= 1 bytes
   may be read; 0 where it is malformed or cut short. Overlong forms,
   surrogates and what lies beyond U+10FFFF are malformed. */
static inline size_t cel_utf8_length(const char *s, size_t n) {
  unsigned c = (unsigned char)s[0];
  if (c < 0x80)
    return 1;
  if (c < 0xC2 || c > 0xF4 || n < 2 || !cel_utf8_trail(s[1]))
    return 0;
  if (c < 0xE0)
    return 2;
  unsigned d = (unsigned char)s[1];
  if (n < 3 || !cel_utf8_trail(s[2]))
    return 0;
  if (c < 0xF0)
    return (c == 0xE0 && d < 0xA0) || (c == 0xED && d > 0x9F) ? 0 : 3;
  if (n < 4 || !cel_utf8_trail(s[3]))
    return 0;
  return (c == 0xF0 && d < 0x90) || (c == 0xF4 && d > 0x8F) ? 0 : 4;
}

/* The code point of a well-formed sequence of n bytes. */
static inline unsigned long cel_utf8_code(const char *s, size_t n) {
  static const unsigned char first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  unsigned long code = (unsigned char)s[0] & first[n];
  for (size_t i = 1; i < n; i++)
    code = code << 6 | ((unsigned char)s[i] & 0x3F);
  return code;
}

/* Whether a character is not shown, but changes how others are: C0, DEL and
   C1, marks of writing direction, separators of lines and paragraphs, the byte
   order mark. */
static inline bool cel_utf8_steers(unsigned long code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x61C ||
         code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

#endif
