/*
** json_skip.c - skips whole values, with all checks of the decoder.
**
** Every page is checked by this before its first record is handed out, so it
** must be fast: it is one loop, which keeps its position in a register and
** makes no calls for what is most frequent: strings of plain ASCII, short
** integers, no white space. The functions here take a position and return the
** one behind what they have read, or NULL: then s->fault says what is wrong.
*/
#include "json/json_scan.h"

/* A bit for each level around p: set for objects. Bit 0 is the innermost
   level. */
typedef struct skip_levels {
  uint64_t low, high;
  int count; /* levels that this value has opened */
} skip_levels;

static bool skip_in_object(const skip_levels *l) {
  return l->low & 1;
}

static char skip_close(const skip_levels *l) {
  return skip_in_object(l) ? '}' : ']';
}

static void skip_push(skip_levels *l, bool object) {
  l->high = l->high << 1 | l->low >> 63;
  l->low = l->low << 1 | object;
  l->count++;
}

static void skip_pop(skip_levels *l) {
  l->low = l->low >> 1 | l->high << 63;
  l->high >>= 1;
  l->count--;
}

static inline bool skip_at(const cel_json_scan *s, const char *p, char c) {
  return p < s->end && *p == c;
}

static inline const char *skip_space(cel_json_scan *s, const char *p) {
  if (p < s->end && (unsigned char)*p > ' ')
    return p;
  s->p = p;
  cel_json_skip_space(s);
  return s->p;
}

/* Reads the string whose opening quote is at p. */
static inline const char *skip_string(cel_json_scan *s, const char *p) {
  const char *stop = cel_json_plain(p + 1, s->end);
  if (skip_at(s, stop, '"'))
    return stop + 1;
  cel_json_string string = {.bytes = p + 1};
  s->p = p;
  return cel_json_scan_string_rest(s, stop, &string) ? s->p : NULL;
}

/* Reads an integer of few digits at p. Returns p itself if there is none, or
   if the number goes on. */
static inline const char *skip_integer(const cel_json_scan *s, const char *p) {
  enum { SURE_DIGITS = 18 }; /* 18 digits always fit into 64 bits */
  const char *first = p + (*p == '-');
  const char *stop = first;
  while (stop < s->end && *stop >= '0' && *stop <= '9')
    stop++;
  if (stop == first || stop - first > SURE_DIGITS || stop == s->end ||
      (*first == '0' && stop - first > 1) || *stop == '.' || *stop == 'e' ||
      *stop == 'E')
    return p;
  return stop;
}

static inline const char *skip_literal(cel_json_scan *s, const char *p,
                                       const char *word, size_t len) {
  s->p = p;
  return cel_json_scan_literal(s, word, len) ? s->p : NULL;
}

/* Reads a value that is neither array nor object. */
static inline const char *skip_plain(cel_json_scan *s, const char *p) {
  cel_json_number number;
  switch (p < s->end ? *p : '\0') {
  case '"':
    return skip_string(s, p);
  case 't':
    return skip_literal(s, p, "true", 4);
  case 'f':
    return skip_literal(s, p, "false", 5);
  case 'n':
    return skip_literal(s, p, "null", 4);
  case '\0':
    break;
  default:
    s->p = skip_integer(s, p);
    if (s->p != p)
      return s->p;
  }
  s->p = p;
  return cel_json_scan_number(s, &number) ? s->p : NULL;
}

/* Reads the opening bracket of an array or object, and the white space after
   it. */
static inline const char *skip_open(cel_json_scan *s, const char *p,
                                    skip_levels *l) {
  bool object = *p == '{';
  s->p = p;
  if (!cel_json_enter(s))
    return NULL;
  skip_push(l, object);
  return skip_space(s, p + 1);
}

/* Reads a key and its colon; `first` is for the message. */
static inline const char *skip_key(cel_json_scan *s, const char *p,
                                   bool first) {
  if (!skip_at(s, p, '"')) {
    cel_json_string key;
    s->p = p;
    cel_json_scan_key(s, first, &key); /* says what is wrong */
    return NULL;
  }
  p = skip_string(s, p);
  if (p == NULL)
    return NULL;
  if (skip_at(s, p, ':'))
    return skip_space(s, p + 1);
  s->p = p;
  return cel_json_scan_colon(s) ? s->p : NULL;
}

/* Reads closing brackets from p on: up to a comma, after which another element
   or member begins, or until all levels are closed. */
static inline const char *skip_on(cel_json_scan *s, const char *p,
                                  skip_levels *l) {
  while (l->count > 0) {
    p = skip_space(s, p);
    if (skip_at(s, p, ','))
      return skip_space(s, p + 1);
    const char close = skip_close(l);
    if (!skip_at(s, p, close)) {
      bool more;
      s->p = p;
      cel_json_scan_more(s, close, &more); /* says what is wrong */
      return NULL;
    }
    p++;
    s->depth--;
    skip_pop(l);
  }
  return p;
}

bool cel_json_skip_value(cel_json_scan *s) {
  skip_levels levels = {.count = 0};
  bool first = false; /* an array or object has been opened just now */
  const char *p = s->p;
  do {
    if (skip_in_object(&levels))
      p = skip_key(s, p, first);
    if (p == NULL)
      return false;
    first = skip_at(s, p, '{') || skip_at(s, p, '[');
    p = first ? skip_open(s, p, &levels) : skip_plain(s, p);
    if (p == NULL)
      return false;
    if (first && !skip_at(s, p, skip_close(&levels)))
      continue;
    first = false;
    p = skip_on(s, p, &levels);
    if (p == NULL)
      return false;
  } while (levels.count > 0);
  s->p = p;
  return true;
}
