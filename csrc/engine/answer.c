/*
** answer.c - the head of an answer.
*/
#include "engine/answer.h"

#include <string.h>

#include <curl/curl.h>

#include "common/chars.h"

/* Characters that may stand around a value: blanks, and a part of the line's
   end. */
static bool is_around(char c) {
  return cel_is_blank(c) || c == '\r';
}

bool cel_next_field(cel_span head, size_t *pos, cel_span *name,
                    cel_span *value) {
  while (*pos < head.len) {
    bool first = *pos == 0;
    const char *line = head.text + *pos;
    const char *end = memchr(line, '\n', head.len - *pos);
    size_t len = end == NULL ? head.len - *pos : (size_t)(end - line);
    *pos += len + (end != NULL);
    const char *colon = memchr(line, ':', len);
    if (first || colon == NULL || colon == line || is_around(*line))
      continue;
    while (len > 0 && is_around(line[len - 1]))
      len--;
    *name = (cel_span){line, (size_t)(colon - line)};
    while (name->len > 0 && is_around(line[name->len - 1]))
      name->len--;
    const char *start = colon + 1;
    while (start < line + len && is_around(*start))
      start++;
    *value = (cel_span){start,
                        start < line + len ? (size_t)(line + len - start) : 0};
    return true;
  }
  return false;
}

cel_span cel_head_of(const cel_call *c) {
  return (cel_span){c->transfer.head.data, c->transfer.head.len};
}

bool cel_header_is(cel_span name, const char *wanted) {
  return name.len == strlen(wanted) &&
         curl_strnequal(name.text, wanted, name.len);
}

bool cel_find_header(const cel_call *c, const char *name, cel_span *value) {
  cel_span field;
  size_t pos = 0;
  while (cel_next_field(cel_head_of(c), &pos, &field, value))
    if (cel_header_is(field, name))
      return true;
  return false;
}
