/*
** weblink.c - a parser for the Link header field, after the algorithm in
** appendix B of RFC 8288, in one pass and without memory of its own.
**
** Where that algorithm gives up in silence this one says CEL_LINK_BAD: the
** caller must not take a header that it cannot read for the last page.
*/
#include "http/weblink.h"

#include <stdbool.h>
#include <string.h>

/* What is still to be read. */
typedef struct link_reader {
  const char *at;
  const char *end;
} link_reader;

/* One parameter of a link; the value is as written, between its quotes. */
typedef struct link_param {
  cel_span name;
  cel_span value;
  bool quoted; /* the value may hold backslash escapes */
} link_param;

static bool link_is_space(char c) {
  return c == ' ' || c == '\t';
}

static char link_fold(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* RFC 9110, section 5.6.2. */
static bool link_is_token_char(char c) {
  char low = link_fold(c);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void link_skip_spaces(link_reader *r) {
  while (r->at < r->end && link_is_space(*r->at))
    r->at++;
}

static bool link_next_is(const link_reader *r, char c) {
  return r->at < r->end && *r->at == c;
}

static bool link_accept(link_reader *r, char c) {
  if (!link_next_is(r, c))
    return false;
  r->at++;
  return true;
}

static cel_span link_trim(const char *from, const char *to) {
  while (from < to && link_is_space(*from))
    from++;
  while (from < to && link_is_space(to[-1]))
    to--;
  return (cel_span){from, (size_t)(to - from)};
}

static bool link_name_is(cel_span name, const char *want) {
  size_t i = 0;
  while (i < name.len && want[i] != '\0' &&
         link_fold(name.text[i]) == link_fold(want[i]))
    i++;
  return i == name.len && want[i] == '\0';
}

/* <target>; a second < inside means that a > is missing. */
static bool link_read_target(link_reader *r, cel_span *target) {
  if (!link_accept(r, '<'))
    return false;
  const char *from = r->at;
  while (r->at < r->end && *r->at != '>' && *r->at != '<')
    r->at++;
  *target = link_trim(from, r->at);
  return link_accept(r, '>');
}

static bool link_read_quoted(link_reader *r, cel_span *value) {
  const char *from = ++r->at;
  while (r->at < r->end && *r->at != '"')
    r->at += *r->at == '\\' && r->end - r->at > 1 ? 2 : 1;
  *value = (cel_span){from, (size_t)(r->at - from)};
  return link_accept(r, '"');
}

/* Up to the next ; or , - but a quote or < inside means that one of these
   is missing. */
static bool link_read_bare(link_reader *r, cel_span *value) {
  const char *from = r->at;
  while (r->at < r->end && *r->at != ';' && *r->at != ',') {
    if (*r->at == '"' || *r->at == '<')
      return false;
    r->at++;
  }
  *value = link_trim(from, r->at);
  return true;
}

/* name [ = value ], with the spaces around it. An empty parameter has an
   empty name. */
static bool link_read_param(link_reader *r, link_param *p) {
  *p = (link_param){.value = {r->at, 0}};
  link_skip_spaces(r);
  const char *from = r->at;
  while (r->at < r->end && link_is_token_char(*r->at))
    r->at++;
  p->name = (cel_span){from, (size_t)(r->at - from)};
  link_skip_spaces(r);
  if (p->name.len == 0 || !link_accept(r, '='))
    return true; /* the caller judges what follows */
  link_skip_spaces(r);
  p->quoted = link_next_is(r, '"');
  if (!(p->quoted ? link_read_quoted(r, &p->value)
                  : link_read_bare(r, &p->value)))
    return false;
  link_skip_spaces(r);
  return true;
}

/* Steps over one character of a value, escapes undone. */
static char link_value_char(link_reader *r, bool quoted) {
  if (quoted && *r->at == '\\' && r->end - r->at > 1)
    r->at++;
  return *r->at++;
}

/* Whether a rel value, words between spaces, holds the word `rel`. */
static bool link_has_word(const link_param *p, const char *rel) {
  link_reader r = {p->value.text, p->value.text + p->value.len};
  size_t matched = 0; /* characters of rel that the word began with */
  bool same = true;   /* nothing else was in the word */
  while (r.at < r.end) {
    char c = link_value_char(&r, p->quoted);
    if (link_is_space(c)) {
      if (same && matched > 0 && rel[matched] == '\0')
        return true;
      matched = 0;
      same = true;
    } else if (same && rel[matched] != '\0' &&
               link_fold(c) == link_fold(rel[matched])) {
      matched++;
    } else {
      same = false;
    }
  }
  return same && matched > 0 && rel[matched] == '\0';
}

/* The parameters up to the comma after the link, or the end. *matches: the
   link is about this resource and has the relation. */
static bool link_read_params(link_reader *r, const char *rel, bool *matches) {
  bool related = false;
  bool rel_seen = false;
  bool anchored = false;
  link_skip_spaces(r);
  while (link_accept(r, ';')) {
    link_param p;
    if (!link_read_param(r, &p))
      return false;
    if (link_name_is(p.name, "anchor"))
      anchored = true;
    if (link_name_is(p.name, "rel") && !rel_seen) {
      rel_seen = true;
      related = link_has_word(&p, rel);
    }
  }
  *matches = related && !anchored;
  return r->at == r->end || link_next_is(r, ',');
}

int cel_link_find(const char *value, size_t len, const char *rel,
                  cel_span *target) {
  if (len == 0)
    return CEL_LINK_NONE; /* value may be NULL */
  link_reader r = {value, value + len};
  for (;;) {
    do
      link_skip_spaces(&r);
    while (link_accept(&r, ','));
    if (r.at == r.end)
      return CEL_LINK_NONE;
    cel_span found;
    bool matches;
    if (!link_read_target(&r, &found) || !link_read_params(&r, rel, &matches))
      return CEL_LINK_BAD;
    if (matches && found.len == 0)
      return CEL_LINK_BAD;
    if (matches) {
      *target = found;
      return CEL_LINK_FOUND;
    }
  }
}
