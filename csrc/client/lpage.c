/*
** lpage.c - goes on with a call after a good answer: it is done, or a list
** goes on to its next page.
*/
#include "client/lpage.h"

#include <stdlib.h> /* strtod */
#include <string.h>

#include <curl/mprintf.h> /* formats without the locale */
#include <lauxlib.h>

#include "client/ldecode.h"
#include "client/levent.h"
#include "client/lnext.h"
#include "client/lresult.h"
#include "client/lvisited.h"
#include "http/clock.h"
#include "json/ljson.h"

/* {====== The end of a call */

/* Ends the call with an error about its good answer [-0, +0]. */
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

/* Ends the call with an error about its body; the message is on top
   [-1, +0]. */
static void finish_undecoded(lua_State *L, int idx) {
  cel_push_undecoded(L, idx, lua_tostring(L, -1));
  cel_call_finish(L, idx, CEL_END_ERROR);
  lua_pop(L, 1);
}

/* Finishes the call with the value and the next page's target, or nil, on
   top [-2, +0]. */
static void finish_value(lua_State *L, int idx) {
  cel_push_response(L, idx);
  lua_setiuservalue(L, idx, CEL_CALL_UV_RESPONSE);
  cel_call_finish(L, idx, CEL_END_VALUE);
}

/* }====== */

/* {====== The records of a page */

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

/* Appends the body's records to those on top, and pushes the next page's
   target if the body has one, or nil [-0, +1]. Or ends the call and returns
   false [-0, +0]. */
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
    cel_push_undecoded(L, idx, cel_body_fault(c, true, &fault));
    cel_call_finish(L, idx, CEL_END_ERROR);
    return false;
  }
  if (cursor.total > 0)
    c->total = cursor.total;
  if (cursor.next_bad) {
    lua_pushboolean(L, true); /* not a string: an error, not the last page */
    *wrong = cel_push_resolved(L, idx);
  } else if (cursor.next_len > 0)
    *wrong = cel_push_next_member(L, idx, text + cursor.next_start,
                                  cursor.next_len);
  else
    lua_pushnil(L);
  return true;
}

/* The same as append_page, with the user's codec [-0, +0 or 1]. */
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

/* {====== From page to page */

/* Whether the target on top was visited before; if not, it is noted
   [-0, +0]. */
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

/* Emits the page event; false if a callback has ended the call [-0, +0]. */
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

/* Sets the call up for its next page. The count of exchanges goes on. */
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

/* Queues the call for its next page, whose target is on top [-1, +0]. */
static void go_on(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->prefix_len > 0) {
    lua_pushlstring(L, c->target, c->prefix_len);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  cel_call_set_target(L, c);
  if (c->state == CEL_STATE_DONE)
    return; /* a finaliser has closed the client: strings need memory */
  next_page(c);
  cel_call_move(c, CEL_STATE_QUEUED);
}

/* How many records the first target leaves out: skip=N in its query. */
static double skipped(const char *target) {
  const char *query = strchr(target, '?');
  for (const char *p = query; p != NULL; p = strchr(p + 1, '&'))
    if (strncmp(p + 1, "skip=", 5) == 0)
      return strtod(p + 6, NULL);
  return 0;
}

void cel_push_incomplete(lua_State *L, int idx, double records, double total) {
  char message[128];
  curl_msnprintf(
      message, sizeof message,
      "the list has ended after %.0f records, but says that it has %.0f "
      "(totalCount)",
      records, total);
  const cel_failure f = {
      .row = &cel_failure_incomplete, .message = message, .answered = true};
  cel_push_failure(L, idx, &f);
}

/* A server that sends no records, but always a next link, is not followed
   without end [-0, +0]. */
static void finish_endless(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  char message[64];
  curl_msnprintf(message, sizeof message, "%d pages in a row hold no record",
                 c->empty);
  finish_failure(L, idx, &cel_failure_endless, message);
}

/* A page has been appended to the records: goes on to the next, or ends. The
   records and the next target (or nil) are on top [-2, +0]. */
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

/* Reads a page of a list [-0, +0]. */
static void list_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  const char *wrong = NULL;
  const long long before = c->records;
  bool good = true;
  push_records(L, idx);
  if (c->page <= 1 && c->target != NULL)
    c->skipped = skipped(c->target + c->prefix_len);
  if (cel_body_is_blank(c))
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
  /* Link counts before nextPageURL, as in iterators: they see the head
     first */
  const char *wrong_link = cel_push_next_link(L, idx);
  if (wrong_link != NULL || !lua_isnil(L, -1)) {
    wrong = wrong_link;
    lua_replace(L, -2);
  } else {
    lua_pop(L, 1);
  }
  list_on(L, idx, wrong);
}

/* Reads an answer that is one value [-0, +0]. */
static void value_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->answer == CEL_ANSWER_TRUE)
    lua_pushboolean(L, true);
  else if (!cel_push_decoded(L, idx)) {
    finish_undecoded(L, idx);
    return;
  }
  if (c->op == NULL) /* next_url only: a bad link is no error here */
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
