/*
** quote.c - somebody else's text inside a message of ours.
*/
#include "common/quote.h"

#include <string.h>

#include "common/chars.h"
#include "common/utf8.h"

_Static_assert(CEL_QUOTE_SIZE >= (size_t)4 * CEL_QUOTE_MAX + sizeof "\"\"...",
               "every byte may need an escape of four");

size_t cel_quote_char(char out[4], const char *s, size_t n, size_t *used) {
  unsigned c = (unsigned char)s[0];
  size_t len = cel_utf8_length(s, n);
  *used = len == 0 ? 1 : len;
  if (len == 0 || c < 0x20 || c == 0x7F) {
    out[0] = '\\';
    if (c == '\n') {
      out[1] = 'n';
      return 2;
    }
    out[1] = 'x';
    out[2] = cel_hex_digit(c >> 4, 'a');
    out[3] = cel_hex_digit(c, 'a');
    return 4;
  }
  if (c == '"' || c == '\\') {
    out[0] = '\\';
    out[1] = s[0];
    return 2;
  }
  memcpy(out, s, len);
  return len;
}

size_t cel_quote(char out[CEL_QUOTE_SIZE], const char *s, size_t len) {
  size_t at = 0;
  size_t from = 0;
  out[at++] = '"';
  while (from < len) {
    char shown[4] = {0};
    size_t used;
    size_t n = cel_quote_char(shown, s + from, len - from, &used);
    if (from + used > CEL_QUOTE_MAX)
      break;
    memcpy(out + at, shown, n);
    at += n;
    from += used;
  }
  out[at++] = '"';
  if (from < len) {
    memcpy(out + at, "...", 3);
    at += 3;
  }
  out[at] = '\0';
  return at;
}
