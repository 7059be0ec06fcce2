/*
** json_scan.c - reads strings and what stands between values, and describes
** faults.
*/
#include "json/json_scan.h"

#include <stdio.h>

#include "common/chars.h"
#include "common/utf8.h"

/* Describes what stands at `at`, for a message. */
static void scan_describe(const cel_json_scan *s, const char *at, char *out,
                          size_t size) {
  if (at >= s->end) {
    snprintf(out, size, "end of text");
    return;
  }
  const unsigned char c = (unsigned char)*at;
  if (s->end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) {
    snprintf(out, size, "a byte order mark");
    return;
  }
  int word = 0;
  while (
      word < 16 && word < s->end - at &&
      (cel_is_letter(at[word]) || cel_is_digit(at[word]) || at[word] == '_'))
    word++;
  if (word > 0)
    snprintf(out, size, "'%.*s'", word, at);
  else if (c == '\'')
    snprintf(out, size, "\"'\"");
  else if (c >= ' ' && c < 0x7F)
    snprintf(out, size, "'%c'", c);
  else
    snprintf(out, size, "byte 0x%02X", c);
}

/* Appends the position to the message, which has `used` bytes so far. The
   column counts characters, as editors do. */
static void scan_locate(cel_json_scan *s, const char *at, int used) {
  size_t line = 1;
  size_t column = 1;
  for (const char *p = s->text; p < at; p++) {
    if (*p == '\n') {
      line++;
      column = 1;
    } else if (((unsigned char)*p & 0xC0) != 0x80) {
      column++;
    }
  }
  cel_json_fault *fault = s->fault;
  fault->offset = (size_t)(at - s->text);
  size_t start = used < 0 ? 0 : (size_t)used;
  if (start >= sizeof fault->message)
    start = sizeof fault->message - 1;
  snprintf(fault->message + start, sizeof fault->message - start,
           " at byte %zu (line %zu, column %zu)", fault->offset + 1, line,
           column); /* all count from 1, as string.sub does */
}

bool cel_json_expected(cel_json_scan *s, const char *at,
                       const char *expected) {
  char found[24];
  scan_describe(s, at, found, sizeof found);
  const int used = snprintf(s->fault->message, sizeof s->fault->message,
                            "expected %s but found %s", expected, found);
  scan_locate(s, at, used);
  return false;
}

bool cel_json_wrong(cel_json_scan *s, const char *at, const char *problem) {
  const int used =
      snprintf(s->fault->message, sizeof s->fault->message, "%s", problem);
  scan_locate(s, at, used);
  return false;
}

bool cel_json_scan_begin(cel_json_scan *s, const char *text, size_t len,
                         cel_json_fault *fault) {
  s->text = text;
  s->p = text;
  s->end = text + len;
  s->depth = 0;
  s->fault = fault;
  if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
    return cel_json_expected(s, text, "JSON without a byte order mark");
  cel_json_skip_space(s);
  return true;
}

/* What a character stands for after a backslash; 0 if that is not a short
   escape. */
static char scan_meaning(char c) {
  switch (c) {
  case '"':
  case '\\':
  case '/':
    return c;
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return '\0';
  }
}

/* Checks the escape at p and returns what follows it, or NULL. */
static const char *scan_escape(cel_json_scan *s, const char *p) {
  if (++p == s->end) {
    cel_json_expected(s, p, "an escape after '\\'");
    return NULL;
  }
  if (scan_meaning(*p) != '\0')
    return p + 1;
  if (*p != 'u') {
    cel_json_expected(s, p, "one of \"\\/bfnrtu after '\\'");
    return NULL;
  }
  for (int i = 0; i < 4; i++) {
    p++;
    if (p == s->end || cel_hex_value(*p) < 0) {
      cel_json_expected(s, p, "four hexadecimal digits after '\\u'");
      return NULL;
    }
  }
  return p + 1;
}

bool cel_json_scan_string_rest(cel_json_scan *s, const char *from,
                               cel_json_string *out) {
  const char *p = from;
  out->escaped = false;
  for (;;) {
    if (p == s->end)
      return cel_json_expected(s, p, "'\"' at the end of a string");
    const unsigned char c = (unsigned char)*p;
    if (c == '"')
      break;
    if (c == '\\') {
      p = scan_escape(s, p);
      if (p == NULL)
        return false;
      out->escaped = true;
    } else if (c >= 0x80) {
      const size_t n = cel_utf8_length(p, (size_t)(s->end - p));
      if (n == 0)
        return cel_json_expected(s, p, "valid UTF-8 in a string");
      p += n;
      continue; /* another escape is likely to follow */
    } else if (c < ' ') {
      return cel_json_expected(s, p, "no bare control character");
    }
    p = cel_json_plain(p, s->end);
  }
  out->len = (size_t)(p - out->bytes);
  s->p = p + 1;
  return true;
}

static unsigned scan_hex4(const char *p) {
  unsigned unit = 0;
  for (int i = 0; i < 4; i++)
    unit = unit << 4 | (unsigned)cel_hex_value(p[i]);
  return unit;
}

/* Writes a code point as UTF-8 and returns what follows it. */
static char *utf8_put(char *out, unsigned code) {
  if (code < 0x80) {
    *out++ = (char)code;
    return out;
  }
  if (code < 0x800) {
    *out++ = (char)(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      *out++ = (char)(0xE0 | code >> 12);
    } else {
      *out++ = (char)(0xF0 | code >> 18);
      *out++ = (char)(0x80 | (code >> 12 & 0x3F));
    }
    *out++ = (char)(0x80 | (code >> 6 & 0x3F));
  }
  *out++ = (char)(0x80 | (code & 0x3F));
  return out;
}

/* Reads the escape at *p ("\uXXXX"), and the next one too if they are a
   surrogate pair. Moves *p behind them. */
static unsigned scan_code_point(const char **p, const char *end) {
  const unsigned unit = scan_hex4(*p + 2);
  *p += 6;
  if (unit < 0xD800 || unit > 0xDFFF)
    return unit;
  if (unit < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
    const unsigned low = scan_hex4(*p + 2);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      *p += 6;
      return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return 0xFFFD;
}

size_t cel_json_unescape(const cel_json_string *string, char *out) {
  const char *const start = out;
  const char *p = string->bytes;
  const char *const end = p + string->len;
  while (p < end) {
    if (*p == '\\' && p[1] == 'u') {
      out = utf8_put(out, scan_code_point(&p, end));
    } else if (*p == '\\') {
      *out++ = scan_meaning(p[1]);
      p += 2;
    } else {
      const char *slash = memchr(p, '\\', (size_t)(end - p));
      const size_t plain = (size_t)((slash != NULL ? slash : end) - p);
      memcpy(out, p, plain);
      out += plain;
      p += plain;
    }
  }
  return (size_t)(out - start);
}

bool cel_json_scan_colon(cel_json_scan *s) {
  cel_json_skip_space(s);
  if (!cel_json_at(s, ':'))
    return cel_json_expected(s, s->p, "':' after a key");
  s->p++;
  cel_json_skip_space(s);
  return true;
}

bool cel_json_scan_end(cel_json_scan *s) {
  cel_json_skip_space(s);
  return s->p == s->end || cel_json_expected(s, s->p, "end of text");
}

bool cel_json_scan_more(cel_json_scan *s, char close, bool *more) {
  cel_json_skip_space(s);
  *more = cel_json_at(s, ',');
  if (!*more && !cel_json_at(s, close))
    return cel_json_expected(s, s->p,
                             close == ']' ? "',' or ']'" : "',' or '}'");
  s->p++;
  cel_json_skip_space(s);
  return true;
}

bool cel_json_scan_key(cel_json_scan *s, bool first, cel_json_string *key) {
  if (!cel_json_at(s, '"'))
    return cel_json_expected(s, s->p, first ? "a key or '}'" : "a key");
  return cel_json_scan_string(s, key);
}
