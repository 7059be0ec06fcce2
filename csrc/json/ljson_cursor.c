/*
** ljson_cursor.c - decodes the records of a page, one at a time.
*/
#include "json/ljson.h"
#include "json/ljson_decode.h"

/* Whether a key, as it stands in the text, is this name, which has 11 bytes at
   most. */
static bool cursor_key_is(const cel_json_string *key, const char *name) {
  char plain[6 * 12]; /* an escape has at most six bytes */
  size_t len = strlen(name);
  return key->len <= sizeof plain && cel_json_unescape(key, plain) == len &&
         memcmp(plain, name, len) == 0;
}

static bool cursor_is_next_url(const cel_json_string *key) {
  return cursor_key_is(key, "nextPageURL");
}

/* Reads totalCount, if it is a number: how many records the whole list has. */
static bool cursor_total(cel_json_cursor *c, cel_json_scan *s) {
  cel_json_number n;
  if (!cel_json_at(s, '-') && !(s->p < s->end && *s->p >= '0' && *s->p <= '9'))
    return cel_json_skip_value(s);
  if (!cel_json_scan_number(s, &n))
    return false;
  c->total = n.is_integer ? (double)n.integer : n.real;
  return true;
}

/* Skips a member's value. Notes where the array begins, where nextPageURL is,
   and totalCount. */
static bool cursor_member(cel_json_cursor *c, cel_json_scan *s,
                          const cel_json_string *key) {
  if (cel_json_at(s, '[') && !cursor_is_next_url(key)) {
    if (c->pos != 0)
      return cel_json_wrong(s, s->p,
                            "expected one array of records but found two");
    c->pos = (size_t)(s->p - s->text) + 1;
  } else if (cursor_is_next_url(key)) {
    cel_json_string url = {0};
    if (cel_json_at(s, '"')) {
      if (!cel_json_scan_string(s, &url))
        return false;
      c->next_start = (size_t)(url.bytes - s->text);
      c->next_len = url.len;
      c->next_bad = false;
      return true;
    }
    c->next_start = 0;
    c->next_len = 0;
    c->next_bad = !cel_json_at(s, 'n') && !cel_json_at(s, 'f');
  } else if (cursor_key_is(key, "totalCount")) {
    return cursor_total(c, s);
  }
  return cel_json_skip_value(s);
}

/* Checks an object body from its bracket to the end of the text. */
static bool cursor_open_object(cel_json_cursor *c, cel_json_scan *s) {
  const char *const start = s->p;
  if (!cel_json_enter(s))
    return false;
  cel_json_skip_space(s);
  bool more = !cel_json_at(s, '}');
  if (!more)
    s->p++;
  for (bool first = true; more; first = false) {
    cel_json_string key;
    if (!cel_json_scan_key(s, first, &key) || !cel_json_scan_colon(s) ||
        !cursor_member(c, s, &key) || !cel_json_scan_more(s, '}', &more))
      return false;
  }
  s->depth--;
  if (!cel_json_scan_end(s))
    return false;
  if (c->pos == 0)
    return cel_json_wrong(s, start,
                          "expected an array of records in the object but "
                          "found none");
  c->in_object = true;
  return true;
}

int cel_json_cursor_open(cel_json_cursor *c, const char *text, size_t len,
                         cel_json_fault *fault) {
  *c = (cel_json_cursor){.text = text, .len = len};
  cel_json_scan s;
  if (!cel_json_scan_begin(&s, text, len, fault))
    return -1;
  if (cel_json_at(&s, '[')) {
    c->pos = (size_t)(s.p - text) + 1;
  } else if (cel_json_at(&s, '{')) {
    if (!cursor_open_object(c, &s))
      return -1;
  } else {
    cel_json_expected(&s, s.p, "an array of records or an object with one");
    return -1;
  }
  c->open = true;
  return 0;
}

/* Goes to the next record. Returns 1 if there is one, 0 at the end of the
   page, -1 for a fault. */
static int cursor_advance(cel_json_cursor *c, cel_json_scan *s) {
  cel_json_skip_space(s);
  bool more = true;
  if (c->index > 0) {
    if (!cel_json_scan_more(s, ']', &more))
      return -1;
  } else if (cel_json_at(s, ']')) {
    s->p++;
    more = false;
  }
  if (more)
    return 1;
  /* Of an object, the rest was checked when it was opened. */
  return c->in_object || cel_json_scan_end(s) ? 0 : -1;
}

/* The same as cel_json_cursor_next, with a decoder that is set up. After a
   fault values may be left on the stack. */
static int cursor_step(cel_json_decoder *d, cel_json_cursor *c) {
  cel_json_scan *const s = &d->scan;
  int status = cursor_advance(c, s);
  if (status == 1 && !cel_json_decode_value(d, &c->place))
    status = -1;
  c->open = status == 1;
  c->failed = status < 0;
  if (status >= 0) /* only now: after an error the same record comes next */
    c->pos = (size_t)(s->p - c->text);
  if (status == 1)
    c->index++;
  return status;
}

/* Pushes what decoding needs [-0, +1]. */
static void cursor_begin(lua_State *L, cel_json_decoder *d, cel_json_cursor *c,
                         cel_json_fault *fault) {
  cel_json_need_stack(L, LUA_MINSTACK);
  d->L = L;
  d->work = 0;
  d->keys = cel_json_keys_push(L);
  d->keys_index = lua_gettop(L);
  d->scan = (cel_json_scan){.text = c->text,
                            .end = c->text + c->len,
                            .p = c->text + c->pos,
                            .depth = c->in_object ? 2 : 1,
                            .fault = fault};
}

int cel_json_cursor_next(lua_State *L, cel_json_cursor *c,
                         cel_json_fault *fault) {
  if (!c->open && !c->failed)
    return 0;
  const int top = lua_gettop(L);
  cel_json_decoder d;
  cursor_begin(L, &d, c, fault);
  const int status = cursor_step(&d, c);
  if (status == 1)
    lua_replace(L, d.keys_index);
  else
    lua_settop(L, top);
  return status;
}

int cel_json_cursor_append(lua_State *L, cel_json_cursor *c, int into,
                           lua_Integer *n, cel_json_fault *fault) {
  if (!c->open && !c->failed)
    return 0;
  const int top = lua_gettop(L);
  into = lua_absindex(L, into);
  cel_json_decoder d;
  cursor_begin(L, &d, c, fault);
  int status;
  while ((status = cursor_step(&d, c)) == 1) {
    lua_rawseti(L, into, *n + 1);
    ++*n;
  }
  lua_settop(L, top);
  return status;
}
