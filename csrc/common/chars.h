/*
** chars.h - classes of characters and hexadecimal digits, which do not depend
** on the locale.
*/
#ifndef CEL_CHARS_H
#define CEL_CHARS_H

#include <stdbool.h>
#include <stddef.h>

/* Space and tab: the white space within lines of HTTP (RFC 9110, 5.6.3). */
static inline bool cel_is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Whether a text holds nothing but white space, or nothing at all. */
static inline bool cel_is_white(const char *text, size_t len) {
  while (len > 0 && (cel_is_blank(text[len - 1]) || text[len - 1] == '\r' ||
                     text[len - 1] == '\n'))
    len--;
  return len == 0;
}

static inline bool cel_is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* A letter of ASCII. */
static inline bool cel_is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A letter of ASCII in lower case, anything else as it is. */
static inline char cel_lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The digit of the four low bits of a number; `ten` is 'a' or 'A'. */
static inline char cel_hex_digit(unsigned value, char ten) {
  value &= 15;
  return (char)(value < 10 ? '0' + (int)value : ten + (int)value - 10);
}

/* The value of a hexadecimal digit in either case, or -1. */
static inline int cel_hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

#endif
