/*
** redact.c - masks tokens.
*/
#include "engine/redact.h"

#include <stdbool.h>
#include <string.h>

#include <curl/curl.h>

/* A shorter token may be a part of any word ("test"): it is only taken for
   itself where it is shown as one. */
#define SHORT_TOKEN 6 /* bytes */

static bool is_shown(const char *text, const char *p) {
  static const char word[] = "bearer ";
  size_t n = sizeof word - 1;
  return (size_t)(p - text) >= n && curl_strnequal(p - n, word, n);
}

/* Whether c is the hexadecimal digit of a value, in either case. */
static bool is_digit(char c, unsigned value) {
  return c == "0123456789abcdef"[value] || c == "0123456789ABCDEF"[value];
}

/* Whether c, which is ASCII, is what is at p, as "\u002f". */
static bool is_escaped(const char *p, const char *end, char c) {
  const unsigned code = (unsigned char)c;
  return end - p >= 6 && memcmp(p, "\\u00", 4) == 0 &&
         is_digit(p[4], code >> 4) && is_digit(p[5], code & 15);
}

/* How many bytes from p on are the token, as it is or as JSON may escape its
   characters (RFC 8259, section 7): "\/", "\u002f"; 0 where they are not. */
static size_t match_token(const char *p, const char *end, const char *token) {
  const char *start = p;
  size_t len = strlen(token);
  if ((size_t)(end - p) >= len && memcmp(p, token, len) == 0)
    return len;
  for (; *token != '\0'; token++) {
    if (p < end && *p == *token && *p != '\\')
      p++;
    else if (is_escaped(p, end, *token))
      p += 6;
    else if (end - p >= 2 && p[0] == '\\' && p[1] == *token)
      p += 2;
    else
      return 0;
  }
  return (size_t)(p - start);
}

/* The next c from p on, or the end. */
static char *find(char *p, char *end, char c) {
  char *found = memchr(p, c, (size_t)(end - p));
  return found == NULL ? end : found;
}

void cel_redact(const cel_headers *headers, char *text, size_t len) {
  if (headers == NULL || text == NULL)
    return;
  const char *token = cel_headers_token(headers);
  bool is_long = strlen(token) >= SHORT_TOKEN;
  char *const end = text + len;
  char *plain = find(text, end, token[0]);
  char *escaped = find(text, end, '\\');
  while (plain < end || escaped < end) {
    char *p = plain < escaped ? plain : escaped;
    size_t n = match_token(p, end, token);
    if (n > 0 && (is_long || is_shown(text, p))) {
      memset(p, '*', n);
      p += n;
    } else {
      p++;
    }
    if (plain < p)
      plain = find(p, end, token[0]);
    if (escaped < p)
      escaped = find(p, end, '\\');
  }
}
