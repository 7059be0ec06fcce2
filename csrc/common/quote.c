/*
** quote.c - quotes a text from outside in a message.
*/
#include "common/quote.h"

#include <string.h>

#include "common/chars.h"
#include "common/utf8.h"

_Static_assert(CEL_QUOTE_SIZE >= (size_t)4 * CEL_QUOTE_MAX + sizeof "\"\"...",
               "every byte may need an escape of four");

size_t cel_quote_escape(char out[CEL_QUOTE_CHAR], const char *s, size_t n,
                        size_t *used) {
  size_t len = cel_utf8_length(s, n);
  *used = len == 0 ? 1 : len;
  if (len > 0 && !cel_utf8_steers(cel_utf8_code(s, len)))
    return 0;
  size_t at = 0;
  out[at++] = '\\';
  if (len < 2) {
    unsigned c = (unsigned char)s[0];
    out[at++] = 'x';
    out[at++] = cel_hex_digit(c >> 4, 'a');
    out[at++] = cel_hex_digit(c, 'a');
    return at;
  }
  unsigned long code = cel_utf8_code(s, len);
  out[at++] = 'u';
  out[at++] = '{';
  for (int shift = code > 0xFFF  ? 12
                   : code > 0xFF ? 8
                                 : 4;
       shift >= 0; shift -= 4)
    out[at++] = cel_hex_digit((unsigned)(code >> shift), 'A');
  out[at++] = '}';
  return at;
}

size_t cel_quote_char(char out[CEL_QUOTE_CHAR], const char *s, size_t n,
                      size_t *used) {
  size_t escaped = cel_quote_escape(out, s, n, used);
  if (s[0] == '\n' || s[0] == '"' || s[0] == '\\') {
    out[0] = '\\';
    out[1] = s[0];
    if (s[0] == '\n')
      out[1] = 'n';
    return 2;
  }
  if (escaped == 0)
    memcpy(out, s, *used);
  return escaped == 0 ? *used : escaped;
}

size_t cel_quote(char out[CEL_QUOTE_SIZE], const char *s, size_t len) {
  size_t at = 0;
  size_t from = 0;
  out[at++] = '"';
  while (from < len) {
    char shown[CEL_QUOTE_CHAR] = {0};
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
