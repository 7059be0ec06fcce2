/*
** weblink.c - a parser for the Link header field, after the algorithm in
** appendix B of RFC 8288. It reads the text once and allocates nothing.
**
** Where that algorithm ignores what it cannot read, this one returns
** CEL_LINK_BAD: otherwise the caller would take the page for the last one.
*/
#include "http/weblink.h"

#include <stdbool.h>
#include <string.h>

#include "common/chars.h"

/* What is still to be read. */
typedef struct link_reader {
  const char *at;
  const char *end;
} link_reader;

/* One parameter of a link; the value is as written, without its quotes. Single
   quotes are accepted too, though the RFC does not have them. */
typedef struct link_param {
  cel_span name;
  cel_span value;
  bool quoted; /* the value may hold backslash escapes */
} link_param;

/* RFC 9110, section 5.6.2. */
static bool link_is_token_char(char c) {
  return cel_is_letter(c) || cel_is_digit(c) ||
         (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void link_skip_spaces(link_reader *r) {
  while (r->at < r->end && cel_is_blank(*r->at))
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
  while (from < to && cel_is_blank(*from))
    from++;
  while (from < to && cel_is_blank(to[-1]))
    to--;
  return (cel_span){from, (size_t)(to - from)};
}

static bool link_name_is(cel_span name, const char *want) {
  size_t i = 0;
  while (i < name.len && want[i] != '\0' &&
         cel_lower(name.text[i]) == cel_lower(want[i]))
    i++;
  return i == name.len && want[i] == '\0';
}

/* Reads <target>. Another < inside means that a > is missing. */
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

/* Reads up to the next ; or , . A quote or < inside means that one of these is
   missing. */
static bool link_read_bare(link_reader *r, cel_span *value) {
  const char *from = r->at;
  while (r->at < r->end && *r->at != ';' && *r->at != ',') {
    if (*r->at == '"' || *r->at == '<')
      return false;
    r->at++;
  }
  *value = link_trim(from, r->at);
  if (value->len > 1 && *value->text == '\'' &&
      value->text[value->len - 1] == '\'')
    *value = (cel_span){value->text + 1, value->len - 2};
  return true;
}

/* Reads name [ = value ], with the spaces around it. An empty parameter has an
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

/* The next character of a value, with escapes undone. */
static char link_value_char(link_reader *r, bool quoted) {
  if (quoted && *r->at == '\\' && r->end - r->at > 1)
    r->at++;
  return *r->at++;
}

/* What a rel value says of a relation. */
typedef enum link_relation {
  LINK_OTHER,
  LINK_DOUBTFUL, /* the relation is there, but among characters that do not
                    belong there */
  LINK_RELATED
} link_relation;

/* RFC 8288, section 3.3: characters of relation names that are not URIs. */
static bool link_is_rel_char(char c) {
  return cel_is_letter(c) || cel_is_digit(c) || c == '.' || c == '-';
}

/* Reads one word of a rel value and compares it with `rel`. */
static link_relation link_read_word(link_reader *r, bool quoted,
                                    const char *rel) {
  size_t matched = 0; /* characters of rel that this part has matched so far */
  bool same = true;   /* the part holds nothing else */
  bool found = false, strange = false, uri = false;
  for (;;) {
    bool end = r->at == r->end;
    char c = ' ';
    if (!end)
      c = link_value_char(r, quoted);
    if (link_is_rel_char(c)) {
      same = same && rel[matched] != '\0' &&
             cel_lower(c) == cel_lower(rel[matched]);
      matched += same;
      continue;
    }
    found = found || (same && matched > 0 && rel[matched] == '\0');
    if (end || cel_is_blank(c))
      break;
    strange = true;
    uri = uri || c == ':';
    matched = 0;
    same = true;
  }
  if (!found || uri)
    return LINK_OTHER;
  return strange ? LINK_DOUBTFUL : LINK_RELATED;
}

/* The same for the whole value, words between spaces. */
static link_relation link_relation_of(const link_param *p, const char *rel) {
  link_reader r = {p->value.text, p->value.text + p->value.len};
  link_relation most = LINK_OTHER;
  while (r.at < r.end) {
    link_relation word = link_read_word(&r, p->quoted, rel);
    most = word > most ? word : most;
  }
  return most;
}

/* What the parameters of a link say. */
typedef struct link_facts {
  bool rel_seen;
  bool related;
  bool doubtful; /* it seems to have the relation, but not in a form that is
                    known */
  bool named;    /* a parameter's name is the relation's */
} link_facts;

static void link_take_param(const link_param *p, const char *rel,
                            link_facts *f, cel_link *link) {
  if (link_name_is(p->name, "anchor") && !link->anchored) {
    link->anchored = true;
    link->anchor = p->value;
  } else if (link_name_is(p->name, "rel") && !f->rel_seen) {
    link_relation r = link_relation_of(p, rel);
    f->rel_seen = true;
    f->related = r == LINK_RELATED;
    f->doubtful = f->doubtful || r == LINK_DOUBTFUL;
  } else if (link_name_is(p->name, "rel") || link_name_is(p->name, "rel*")) {
    f->doubtful = f->doubtful || link_relation_of(p, rel) != LINK_OTHER;
  } else if (link_name_is(p->name, rel)) {
    f->named = true;
  }
}

/* The parameters up to the comma after the link, or the end. */
static bool link_read_params(link_reader *r, const char *rel, link_facts *f,
                             cel_link *link) {
  link_skip_spaces(r);
  while (link_accept(r, ';')) {
    link_param p;
    if (!link_read_param(r, &p))
      return false;
    link_take_param(&p, rel, f, link);
  }
  f->doubtful = f->doubtful || (f->named && !f->rel_seen);
  return r->at == r->end || link_next_is(r, ',');
}

int cel_link_find(cel_span *value, const char *rel, cel_link *link) {
  if (value->len == 0)
    return CEL_LINK_NONE; /* its text may be NULL */
  link_reader r = {value->text, value->text + value->len};
  for (;;) {
    do
      link_skip_spaces(&r);
    while (link_accept(&r, ','));
    if (r.at == r.end)
      return CEL_LINK_NONE;
    cel_link found = {.anchored = false};
    link_facts f = {.related = false};
    if (!link_read_target(&r, &found.target) ||
        !link_read_params(&r, rel, &f, &found))
      return CEL_LINK_BAD;
    if (f.related ? found.target.len == 0 : f.doubtful)
      return CEL_LINK_BAD;
    if (f.related) {
      *link = found;
      *value = (cel_span){r.at, (size_t)(r.end - r.at)};
      return CEL_LINK_FOUND;
    }
  }
}
