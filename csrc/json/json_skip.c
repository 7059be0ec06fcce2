/*
** json_skip.c - reads over whole values, checking all that a decoder would.
**
** A walk checks each page before it hands out its first record, so this is
** one loop, without a call for what is most frequent: strings of plain ASCII,
** short integers, no white space.
*/
#include "json/json_scan.h"

/* Which of the levels around p are objects, the innermost in bit 0. */
typedef struct skip_levels {
  uint64_t low, high;
  int count; /* levels that this value has opened */
} skip_levels;

static bool skip_in_object(const skip_levels *l) {
  return l->low & 1;
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

/* Reads an integer of few digits, where one stands at p and something else
   behind it. */
static bool skip_integer(cel_json_scan *s) {
  enum { SURE_DIGITS = 18 }; /* so many always fit 64 bits */
  const char *first = s->p + (*s->p == '-');
  const char *p = first;
  while (p < s->end && *p >= '0' && *p <= '9')
    p++;
  if (p == first || p - first > SURE_DIGITS || p == s->end ||
      (*first == '0' && p - first > 1) || *p == '.' || *p == 'e' || *p == 'E')
    return false;
  s->p = p;
  return true;
}

/* A value that is no array and no object. */
static bool skip_plain(cel_json_scan *s) {
  cel_json_string string;
  cel_json_number number;
  switch (s->p < s->end ? *s->p : '\0') {
  case '"':
    return cel_json_scan_string(s, &string);
  case 't':
    return cel_json_scan_literal(s, "true", 4);
  case 'f':
    return cel_json_scan_literal(s, "false", 5);
  case 'n':
    return cel_json_scan_literal(s, "null", 4);
  case '\0':
    break;
  default:
    if (skip_integer(s))
      return true;
  }
  return cel_json_scan_number(s, &number);
}

/* Opens the array or object at p. */
static bool skip_open(cel_json_scan *s, skip_levels *l) {
  bool object = *s->p == '{';
  if (!cel_json_enter(s))
    return false;
  skip_push(l, object);
  cel_json_skip_space(s);
  return true;
}

/* A key and its colon; `first` is for the message. */
static bool skip_key(cel_json_scan *s, bool first) {
  cel_json_string key;
  if (cel_json_at(s, '"') ? !cel_json_scan_string(s, &key)
                          : !cel_json_scan_key(s, first, &key))
    return false;
  if (!cel_json_at(s, ':'))
    return cel_json_scan_colon(s);
  s->p++;
  cel_json_skip_space(s);
  return true;
}

/* Closes what ends at p. True where a comma follows, and so another element
   or member. False where all is closed, or where *good is made false. */
static bool skip_on(cel_json_scan *s, skip_levels *l, bool *good) {
  while (l->count > 0) {
    const char close = skip_in_object(l) ? '}' : ']';
    cel_json_skip_space(s);
    if (cel_json_at(s, ',')) {
      s->p++;
      cel_json_skip_space(s);
      return true;
    }
    if (!cel_json_at(s, close)) {
      bool more;
      *good = cel_json_scan_more(s, close, &more); /* says what is wrong */
      return false;
    }
    s->p++;
    s->depth--;
    skip_pop(l);
  }
  return false;
}

bool cel_json_skip_value(cel_json_scan *s) {
  skip_levels levels = {.count = 0};
  bool opened = false; /* an array or object, just now: it may end at once */
  bool good = true;
  do {
    bool object = levels.count > 0 && skip_in_object(&levels);
    if (opened && cel_json_at(s, object ? '}' : ']')) {
      opened = false;
      continue;
    }
    if (object && !skip_key(s, opened))
      return false;
    opened = cel_json_at(s, '{') || cel_json_at(s, '[');
    if (!(opened ? skip_open(s, &levels) : skip_plain(s)))
      return false;
  } while (opened || skip_on(s, &levels, &good));
  return good;
}
