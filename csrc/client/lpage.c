/*
** lpage.c - from a good answer to a value, page after page.
*/
#include "client/lpage.h"

#include <stdlib.h> /* strtod */
#include <string.h>

#include <curl/mprintf.h> /* formats without the locale */
#include <lauxlib.h>

#include "client/levent.h"
#include "client/lresult.h"
#include "client/lvisited.h"
#include "common/lturn.h"
#include "http/clock.h"
#include "http/weblink.h"
#include "json/ljson.h"

/* {====== The next page */

const char *cel_push_resolved(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return "its nextPageURL is no string";
  }
  const char *reference = lua_tolstring(L, -1, &len);
  const char *wrong = NULL;
  const char *target = c->target == NULL ? "" : c->target + c->prefix_len;
  curl_free(c->scratch); /* of one that was cut short */
  c->scratch = NULL;
  if (c->target == NULL || len == 0 || memchr(reference, '\0', len) != NULL ||
      cel_url_resolve(&c->client->base, target, reference, &c->scratch) !=
          CURLUE_OK)
    wrong = "the target of its next link is no URL";
  else
    wrong = cel_target_check(c->scratch, strlen(c->scratch));
  lua_pop(L, 1);
  if (wrong == NULL)
    lua_pushstring(L, c->scratch);
  else
    lua_pushnil(L);
  curl_free(c->scratch);
  c->scratch = NULL;
  return wrong;
}

/* Pushes path and query of a reference, or nil where it is none [-0, +1]. */
static void push_place(lua_State *L, int idx, const char *text, size_t len) {
  lua_pushlstring(L, text, len);
  cel_push_resolved(L, idx);
}

/* What an anchor is to the page that it was found on. */
typedef enum anchor_kind {
  ANCHOR_PAGE,    /* the page itself */
  ANCHOR_UNCLEAR, /* the same path with another query, or no URL */
  ANCHOR_OTHER    /* another resource */
} anchor_kind;

static anchor_kind judge_anchor(lua_State *L, int idx, cel_span anchor) {
  const cel_call *c = cel_call_get(L, idx);
  int top = lua_gettop(L);
  if (anchor.len == 0 || *anchor.text == '#')
    return ANCHOR_PAGE;
  if (memchr(anchor.text, '\\', anchor.len) != NULL)
    return ANCHOR_UNCLEAR; /* quoted, or no URL */
  push_place(L, idx, anchor.text, anchor.len);
  push_place(L, idx, c->target + c->prefix_len,
             strlen(c->target + c->prefix_len));
  const char *there = lua_tostring(L, -2);
  const char *here = lua_tostring(L, -1);
  anchor_kind kind = ANCHOR_UNCLEAR;
  if (there != NULL && here != NULL) {
    size_t path = strcspn(here, "?");
    if (strcmp(there, here) == 0)
      kind = ANCHOR_PAGE;
    else if (strcspn(there, "?") != path || memcmp(there, here, path) != 0)
      kind = ANCHOR_OTHER;
  }
  lua_settop(L, top);
  return kind;
}

/* Compares the target of one more next link with that on top, which may be
   nil, and puts it there [-0, +0]. Returns NULL or what is wrong. */
static const char *take_link(lua_State *L, int idx, const cel_link *link) {
  lua_pushlstring(L, link->target.text, link->target.len);
  const char *wrong = cel_push_resolved(L, idx);
  if (wrong == NULL && !lua_isnil(L, -2) && !lua_rawequal(L, -1, -2))
    wrong = "its Link header names two next pages";
  lua_replace(L, -2);
  return wrong;
}

/* Finds the next page's link in the Link header on top: pushes its target, or
   nil [-0, +1]. Returns NULL or what is wrong. */
static const char *push_link(lua_State *L, int idx) {
  const char *wrong = NULL;
  cel_span rest = {NULL, 0};
  cel_link link;
  int status = CEL_LINK_FOUND;
  rest.text = lua_tolstring(L, -1, &rest.len);
  lua_pushnil(L);
  while (wrong == NULL &&
         (status = cel_link_find(&rest, "next", &link)) == CEL_LINK_FOUND) {
    anchor_kind kind =
        link.anchored ? judge_anchor(L, idx, link.anchor) : ANCHOR_PAGE;
    if (kind == ANCHOR_PAGE)
      wrong = take_link(L, idx, &link);
    else if (kind == ANCHOR_UNCLEAR)
      wrong = "its next link does not say clearly that it is about this page";
  }
  if (status == CEL_LINK_BAD && lua_isnil(L, -1))
    wrong = "its Link header cannot be parsed";
  if (wrong != NULL) {
    lua_pushnil(L);
    lua_replace(L, -2);
  }
  return wrong;
}

const char *cel_push_next_link(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  idx = lua_absindex(L, idx);
  if (c->target == NULL || !cel_push_header(L, c, "link")) {
    lua_pushnil(L);
    return NULL;
  }
  const char *wrong = push_link(L, idx);
  lua_remove(L, -2);
  return wrong;
}

const char *cel_push_next_member(lua_State *L, int idx, const char *raw,
                                 size_t len) {
  cel_json_fault fault;
  if (cel_json_decode(L, raw - 1, len + 2, &fault) != 0) {
    lua_pushnil(L);
    return "its nextPageURL cannot be read";
  }
  return cel_push_resolved(L, idx);
}

/* Whether the target on top has been visited; notes it if not [-0, +0]. */
static bool visited(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  size_t len;
  const char *target = lua_tolstring(L, -1, &len);
  if (lua_getiuservalue(L, idx, CEL_CALL_UV_SEEN) == LUA_TNIL) {
    const char *first = c->target + c->prefix_len;
    lua_pop(L, 1);
    cel_visited_push(L);
    cel_visited_add(L, -1, first, strlen(first));
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, idx, CEL_CALL_UV_SEEN);
  }
  bool seen = !cel_visited_add(L, -1, target, len);
  lua_pop(L, 1);
  return seen;
}

/* }====== */

/* {====== Values */

static void finish_failure(lua_State *L, int idx, const cel_failure_row *row,
                           const char *message) {
  const cel_call *c = cel_call_get(L, idx);
  const cel_failure f = {.row = row,
                         .message = message,
                         .answered = true,
                         .maybe_applied =
                             cel_retry_maybe_applied(&c->attempt, c->writes)};
  cel_push_failure(L, idx, &f);
  cel_call_finish(L, idx, CEL_END_ERROR);
}

/* Whether records were expected in a body that is valid JSON, but no list. */
static bool is_no_list(const cel_call *c) {
  const cel_buf *body = &c->transfer.body;
  cel_json_fault fault;
  cel_json_scan s;
  return (c->page_only || c->follow || c->answer == CEL_ANSWER_LIST) &&
         cel_json_scan_begin(&s, body->data, body->len, &fault) &&
         cel_json_skip_value(&s) && cel_json_scan_end(&s);
}

void cel_push_undecoded(lua_State *L, int idx, const char *message) {
  const cel_call *c = cel_call_get(L, idx);
  const cel_encoding *e = &c->transfer.encoding;
  cel_failure f = {.row = &cel_failure_decode,
                   .message = message,
                   .maybe_applied = c->writes,
                   .answered = true};
  bool broken = e->state == CEL_ENCODING_BROKEN;
  if (broken || cel_encoding_is_left(e)) {
    f.row = &cel_failure_encoding;
    f.message = lua_pushfstring(
        L,
        broken ? "the answer's body is damaged: it cannot be decompressed "
                 "(Content-Encoding: %s)"
               : "the answer's body is no JSON, and its Content-Encoding "
                 "(%s) cannot be undone: only gzip and deflate can",
        e->names);
  } else if (is_no_list(c)) {
    f.row = &cel_failure_no_list;
    f.message = lua_pushfstring(
        L,
        "the answer is no list of records (%s); client:request { path = ... } "
        "returns a body as it is",
        message);
  } else {
    lua_pushnil(L);
  }
  cel_push_failure(L, idx, &f);
  lua_remove(L, -2);
}

static bool is_blank(const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (strchr(" \t\r\n", text[i]) == NULL || text[i] == '\0')
      return false;
  return true;
}

static int l_codec_decode(lua_State *L) {
  lua_getfield(L, 1, "decode");
  lua_pushvalue(L, 2);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2))
    return luaL_error(L, "%s",
                      lua_isstring(L, -1) ? lua_tostring(L, -1)
                                          : "the codec's decode returned nil");
  lua_pop(L, 1);
  return 1;
}

/* Decodes the body with the user's codec [-0, +1]: the value, or what is
   wrong as a string. */
static bool codec_decode(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  lua_pushcfunction(L, cel_note_interrupt);
  lua_pushcfunction(L, l_codec_decode);
  cel_call_push_client(L, idx);
  lua_getiuservalue(L, -1, CEL_CLIENT_UV_CODEC);
  lua_remove(L, -2);
  lua_pushlstring(L, c->transfer.body.data, c->transfer.body.len);
  int status = lua_pcall(L, 2, 1, -4);
  lua_remove(L, -2);
  if (status == LUA_OK)
    return true;
  if (status == LUA_ERRMEM || cel_is_interrupt(L, -1))
    lua_error(L);
  luaL_tolstring(L, -1, NULL);
  lua_remove(L, -2);
  return false;
}

const char *cel_page_fault(cel_call *c, bool page, cel_json_fault *fault) {
  const cel_buf *body = &c->transfer.body;
  cel_json_cursor cursor;
  cel_json_scan s;
  cel_call_redact(c, body->data, body->len);
  if ((page &&
       cel_json_cursor_open(&cursor, body->data, body->len, fault) != 0) ||
      !cel_json_scan_begin(&s, body->data, body->len, fault) ||
      !cel_json_skip_value(&s) || !cel_json_scan_end(&s))
    return fault->message;
  return "it is no valid JSON"; /* but for what is masked now */
}

bool cel_page_is_blank(const cel_call *c) {
  return is_blank(c->transfer.body.data, c->transfer.body.len);
}

/* Pushes the body's value, true where there is none, or what is wrong with
   it as a string [-0, +1]. */
static bool push_value(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  const cel_buf *body = &c->transfer.body;
  cel_json_fault fault;
  if (cel_page_is_blank(c)) {
    lua_pushboolean(L, true);
    return true;
  }
  if (c->client->has_codec)
    return codec_decode(L, idx);
  if (cel_json_decode(L, body->data, body->len, &fault) == 0)
    return true;
  lua_pushstring(L, cel_page_fault(c, false, &fault));
  return false;
}

/* Ends the call with what is wrong with its body, a string on top
   [-1, +0]. */
static void finish_undecoded(lua_State *L, int idx) {
  cel_push_undecoded(L, idx, lua_tostring(L, -1));
  cel_call_finish(L, idx, CEL_END_ERROR);
  lua_pop(L, 1);
}

/* Pushes the records so far [-0, +1]. */
static void push_records(lua_State *L, int idx) {
  if (lua_getiuservalue(L, idx, CEL_CALL_UV_VALUE) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  luaL_setmetatable(L, CEL_ARRAY_MT);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, idx, CEL_CALL_UV_VALUE);
}

/* Appends the body's records to those on top; pushes the next page's
   target as a body tells it, or nil [-0, +1]. Or ends the call [-0, +0]. */
static bool append_page(lua_State *L, int idx, const char **wrong) {
  cel_call *c = cel_call_get(L, idx);
  cel_json_fault fault;
  cel_json_cursor cursor;
  const char *text = c->transfer.body.data;
  int status =
      cel_json_cursor_open(&cursor, text, c->transfer.body.len, &fault);
  if (status == 0)
    status =
        cel_json_cursor_append(L, &cursor, lua_gettop(L), &c->records, &fault);
  if (status != 0) {
    cel_push_undecoded(L, idx, cel_page_fault(c, true, &fault));
    cel_call_finish(L, idx, CEL_END_ERROR);
    return false;
  }
  if (cursor.total > 0)
    c->total = cursor.total;
  if (cursor.next_bad) {
    lua_pushboolean(L, true); /* no reference, but not none */
    *wrong = cel_push_resolved(L, idx);
  } else if (cursor.next_len > 0)
    *wrong = cel_push_next_member(L, idx, text + cursor.next_start,
                                  cursor.next_len);
  else
    lua_pushnil(L);
  return true;
}

/* What a table of the user's codec is: most codecs do not mark arrays, so an
   empty table may be either. */
typedef enum table_kind { TABLE_EMPTY, TABLE_ARRAY, TABLE_OBJECT } table_kind;

static table_kind kind_of(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  if (lua_rawlen(L, idx) > 0)
    return TABLE_ARRAY;
  lua_pushnil(L);
  if (lua_next(L, idx) == 0)
    return TABLE_EMPTY;
  lua_pop(L, 2);
  return TABLE_OBJECT;
}

/* The table on top where it is an array, else its one member that is;
   false where there is none, or more than one [-1, +1]. */
static bool codec_array(lua_State *L) {
  if (!lua_istable(L, -1))
    return false;
  if (kind_of(L, -1) != TABLE_OBJECT)
    return true;
  int full = 0;
  int empty = 0;
  lua_pushnil(L); /* the array, when found, stands below the key */
  lua_pushnil(L);
  while (lua_next(L, -3) != 0) {
    table_kind kind = lua_istable(L, -1) ? kind_of(L, -1) : TABLE_OBJECT;
    full += kind == TABLE_ARRAY;
    empty += kind == TABLE_EMPTY;
    if (kind == TABLE_ARRAY || (kind == TABLE_EMPTY && full == 0)) {
      lua_pushvalue(L, -1);
      lua_replace(L, -4);
    }
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return full == 1 || (full == 0 && empty > 0);
}

/* Whether the value on top says that there is no next page: nothing, null,
   false or an empty text. */
static bool is_no_reference(lua_State *L) {
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    return lua_rawlen(L, -1) == 0;
  case LUA_TBOOLEAN:
    return !lua_toboolean(L, -1);
  default:
    return lua_isnil(L, -1) || lua_islightuserdata(L, -1);
  }
}

bool cel_push_decoded_page(lua_State *L, int idx, double *total) {
  if (!push_value(L, idx))
    return false;
  if (!lua_istable(L, -1)) {
    lua_pushnil(L);
  } else {
    if (lua_getfield(L, -1, "totalCount") == LUA_TNUMBER)
      *total = lua_tonumber(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, -1, "nextPageURL");
    if (is_no_reference(L)) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
  }
  lua_insert(L, -2); /* the next page's reference, the value */
  if (codec_array(L)) {
    lua_insert(L, -2);
    return true;
  }
  lua_pop(L, 2);
  lua_pushliteral(L, "expected an array of records");
  return false;
}

/* The same as append_page, with the user's codec. */
static bool append_decoded(lua_State *L, int idx, const char **wrong) {
  cel_call *c = cel_call_get(L, idx);
  int records = lua_gettop(L);
  if (!cel_push_decoded_page(L, idx, &c->total)) {
    finish_undecoded(L, idx);
    return false;
  }
  lua_Integer n = (lua_Integer)lua_rawlen(L, -2);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, i);
    lua_rawseti(L, records, ++c->records);
  }
  lua_remove(L, -2);
  if (!lua_isnil(L, -1))
    *wrong = cel_push_resolved(L, idx);
  return true;
}

/* }====== */

/* Finishes the call with the value and the next page's target, or nil, on
   top [-2, +0]. */
static void finish_value(lua_State *L, int idx) {
  cel_push_response(L, idx);
  lua_setiuservalue(L, idx, CEL_CALL_UV_RESPONSE);
  cel_call_finish(L, idx, CEL_END_VALUE);
}

static bool emit_page(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  const cel_event e = {.type = "page",
                       .wait = -1,
                       .elapsed = cel_clock() - c->started,
                       .bytes = (double)c->transfer.body.len,
                       .status = c->transfer.status};
  cel_emit(L, idx, &e);
  return c->state != CEL_STATE_DONE;
}

/* Forgets the outcome of the page; the count of exchanges goes on. */
static void next_page(cel_call *c) {
  cel_attempt *a = &c->attempt;
  c->page++;
  c->before = a->attempts;
  c->token_repeats = 0;
  c->renewed = false;
  a->uncounted = a->attempts;
  a->attempts++;
  a->freed = a->maybe_done = false;
}

/* The next page's target is on top [-1, +0]. */
static void go_on(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->prefix_len > 0) {
    lua_pushlstring(L, c->target, c->prefix_len);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  cel_call_set_target(L, c);
  next_page(c);
  cel_call_move(c, CEL_STATE_QUEUED);
}

/* The number of records that a walk leaves out because its first target
   says so: skip=N in its query. */
static double skipped(const char *target) {
  const char *query = strchr(target, '?');
  for (const char *p = query; p != NULL; p = strchr(p + 1, '&'))
    if (strncmp(p + 1, "skip=", 5) == 0)
      return strtod(p + 6, NULL);
  return 0;
}

void cel_push_incomplete(lua_State *L, int idx, double records, double total) {
  char message[128];
  curl_msnprintf(message, sizeof message,
                 "the list has ended after %.0f records, but tells of %.0f "
                 "(totalCount)",
                 records, total);
  const cel_failure f = {
      .row = &cel_failure_incomplete, .message = message, .answered = true};
  cel_push_failure(L, idx, &f);
}

/* A server that sends no records and goes on linking is not followed for
   ever. */
static void finish_endless(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  char message[64];
  curl_msnprintf(message, sizeof message, "%d pages in a row hold no record",
                 c->empty);
  finish_failure(L, idx, &cel_failure_endless, message);
}

/* A list's page has been appended to the records; they and the next target
   are on top [-2, +0]. */
static void list_on(lua_State *L, int idx, const char *wrong) {
  const cel_call *c = cel_call_get(L, idx);
  bool more = !lua_isnil(L, -1);
  if (wrong == NULL && more && c->follow && visited(L, idx))
    wrong = "its next link leads to a page that was visited already";
  if (!emit_page(L, idx)) {
    lua_pop(L, 2);
  } else if (wrong == NULL && more && c->follow && c->empty >= CEL_MAX_EMPTY) {
    lua_pop(L, 2);
    finish_endless(L, idx);
  } else if (wrong != NULL) {
    lua_pop(L, 2);
    finish_failure(L, idx, &cel_failure_link, wrong);
  } else if (c->follow && more) {
    go_on(L, idx);
    lua_pop(L, 1);
  } else if (c->follow && (double)c->records + c->skipped < c->total) {
    lua_pop(L, 2);
    cel_push_incomplete(L, idx, (double)c->records + c->skipped, c->total);
    cel_call_finish(L, idx, CEL_END_ERROR);
  } else {
    finish_value(L, idx);
  }
}

/* One page of a list [-0, +0]. */
static void list_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  const char *wrong = NULL;
  const cel_buf *body = &c->transfer.body;
  const long long before = c->records;
  bool good = true;
  push_records(L, idx);
  if (c->page <= 1 && c->target != NULL)
    c->skipped = skipped(c->target + c->prefix_len);
  if (is_blank(body->data, body->len))
    lua_pushnil(L);
  else if (c->client->has_codec)
    good = append_decoded(L, idx, &wrong);
  else
    good = append_page(L, idx, &wrong);
  if (!good) {
    lua_pop(L, 1);
    return;
  }
  c->empty = c->records > before ? 0 : c->empty + 1;
  /* a Link goes first, as in iterators, which see it before the body */
  const char *wrong_link = cel_push_next_link(L, idx);
  if (wrong_link != NULL || !lua_isnil(L, -1)) {
    wrong = wrong_link;
    lua_replace(L, -2);
  } else {
    lua_pop(L, 1);
  }
  list_on(L, idx, wrong);
}

/* An answer that is one value [-0, +0]. */
static void value_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->answer == CEL_ANSWER_TRUE)
    lua_pushboolean(L, true);
  else if (!push_value(L, idx)) {
    finish_undecoded(L, idx);
    return;
  }
  if (c->op == NULL) /* what a bad link would say here is of no use */
    cel_push_next_link(L, idx);
  else
    lua_pushnil(L);
  finish_value(L, idx);
}

void cel_page_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 16, "no room for an answer");
  if (c->transfer.encoding.state == CEL_ENCODING_BROKEN &&
      c->answer != CEL_ANSWER_TRUE) {
    lua_pushnil(L);
    finish_undecoded(L, idx);
  } else if (c->page_only) {
    if (!emit_page(L, idx))
      return;
    lua_pushnil(L);
    cel_call_finish(L, idx, CEL_END_PAGE);
  } else if (c->answer == CEL_ANSWER_LIST || c->follow) {
    list_over(L, idx);
  } else {
    value_over(L, idx);
  }
}
