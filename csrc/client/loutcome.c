/*
** loutcome.c - goes on with a call whose exchange is over: next attempt, next
** page, or end.
*/
#include "client/loutcome.h"

#include <lauxlib.h>

#include "client/lcollector.h"
#include "client/levent.h"
#include "client/lpage.h"
#include "client/lresult.h"
#include "engine/failure.h"
#include "engine/pump.h"
#include "http/clock.h"

/* {====== Memory */

static int l_nothing(lua_State *L) {
  (void)L;
  return 0;
}

/* Collects garbage. First makes sure that there is memory to call a finaliser,
   or raises: if Lua has no memory for that, it never calls the finaliser, and
   what it should free is lost [-0, +0]. */
static void collect(lua_State *L) {
  lua_pushcfunction(L, l_nothing);
  lua_call(L, 0, 0);
  lua_gc(L, LUA_GCCOLLECT);
}

/* The allocator has refused memory for the body: collects garbage, tries
   again, and lets the transfer go on [-0, +0]. */
static void feed(lua_State *L, cel_call *c) {
  if (cel_http_feed(&c->transfer))
    return;
  collect(L);
  if (c->state != CEL_STATE_DONE && !cel_http_feed(&c->transfer))
    cel_raise_memory(L);
}

/* The same for a request that could not be started for lack of memory
   [-0, +0]. */
static void start_again(lua_State *L, cel_call *c) {
  if (c->refused > 1)
    cel_raise_memory(L);
  collect(L);
  if (c->state != CEL_STATE_DONE)
    cel_call_move(c, CEL_STATE_QUEUED);
}

/* }====== */

/* {====== When an exchange is over */

/* Emits the response event [-0, +0]. */
static void emit_response(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  bool answered = c->attempt.result == CEL_RESULT_ANSWERED;
  const cel_event e = {.type = "response",
                       .wait = -1,
                       .elapsed = c->took,
                       .bytes = (double)c->transfer.body.len,
                       .status = c->attempt.status,
                       .error = answered ? NULL : cel_failure_of(c)->code};
  cel_emit(L, idx, &e);
}

/* After a 429: pauses the whole client [-0, +0]. */
static void pause_client(lua_State *L, int idx, const cel_decision *d) {
  cel_call *c = cel_call_get(L, idx);
  const cel_event e = {.type = "rate_limited",
                       .wait = d->pause,
                       .elapsed = -1,
                       .bytes = -1,
                       .status = c->attempt.status};
  cel_rate_limit_pause(&c->client->limit, cel_clock(), d->pause, d->spread);
  cel_emit(L, idx, &e);
}

/* Emits the retry event; false if the user has vetoed the retry [-0, +0]. */
static bool agree(lua_State *L, int idx, double wait) {
  const cel_call *c = cel_call_get(L, idx);
  bool answered = c->attempt.result == CEL_RESULT_ANSWERED;
  const cel_event e = {.type = "retry",
                       .wait = wait,
                       .elapsed = cel_clock() - c->started,
                       .bytes = -1,
                       .status = c->attempt.status,
                       .error = answered ? NULL : cel_failure_of(c)->code};
  return cel_emit(L, idx, &e);
}

/* Keeps the headers with the refused token: it must be masked in later answers
   too. */
static void keep_earlier(cel_call *c) {
  if (c->headers == NULL)
    return;
  cel_headers_release(c->earlier[CEL_TOKEN_REPEATS - 1]);
  for (int i = CEL_TOKEN_REPEATS - 1; i > 0; i--)
    c->earlier[i] = c->earlier[i - 1];
  c->earlier[0] = cel_headers_retain(c->headers);
}

/* After a 401: the token may have expired. Sends the call again with the
   client's newest token. If that is the one that was refused, asks for a new
   one first [-0, +0]. So of many calls that meet a 401 only the first asks,
   and the others find the newer token. */
static bool renew_token(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  bool newest = c->headers == c->client->headers;
  if (c->attempt.status != 401 || !c->client->has_function ||
      c->token_repeats >= CEL_TOKEN_REPEATS || (newest && c->renewed))
    return false;
  c->token_repeats++;
  keep_earlier(c);
  if (newest) {
    c->renewed = true;
    cel_call_token(L, idx, true);
  }
  if (c->state != CEL_STATE_DONE) {
    const cel_decision again = {.action = CEL_ACTION_RETRY, .counts = false};
    cel_call_send_later(c, &again);
  }
  return true;
}

/* Ends the call with true: a DELETE was done by an earlier attempt
   [-0, +0]. */
static void finish_true(lua_State *L, int idx) {
  lua_pushnil(L);
  cel_push_response(L, idx);
  lua_setiuservalue(L, idx, CEL_CALL_UV_RESPONSE);
  lua_pushboolean(L, true);
  cel_call_finish(L, idx, CEL_END_VALUE);
}

/* Does what the retry policy has decided [-0, +0]. */
static void settle(lua_State *L, int idx, const cel_decision *d) {
  cel_call *c = cel_call_get(L, idx);
  if (d->action == CEL_ACTION_RETRY && agree(L, idx, d->wait)) {
    if (c->state != CEL_STATE_DONE)
      cel_call_send_later(c, d);
  } else if (c->state == CEL_STATE_DONE) {
    return;
  } else if (d->action == CEL_ACTION_GONE) {
    finish_true(L, idx);
  } else if (c->attempt.status >= 200 && c->attempt.status < 300) {
    cel_page_over(L, idx);
  } else {
    cel_fail(L, idx);
  }
}

/* Nothing was sent, perhaps because clients that were dropped hold all
   descriptors: collects garbage, and repeats the call for free. Once for each
   call [-0, +0]. */
static bool find_descriptors(lua_State *L, int idx) {
  static const cel_decision again = {.action = CEL_ACTION_RETRY};
  cel_call *c = cel_call_get(L, idx);
  if (c->collected || c->attempt.result != CEL_RESULT_UNSENT ||
      !cel_collector_find_descriptors(L))
    return false;
  c->collected = true;
  if (c->state != CEL_STATE_DONE)
    cel_call_send_later(c, &again);
  return true;
}

/* Goes on after an exchange: reads its outcome and has it decided [-0, +0]. */
static void exchange_over(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  cel_call_read_outcome(c);
  emit_response(L, idx);
  if (c->state == CEL_STATE_DONE || find_descriptors(L, idx) ||
      renew_token(L, idx))
    return;
  cel_decision d = cel_call_decide(c);
  if (d.pause > 0)
    pause_client(L, idx, &d);
  if (c->state != CEL_STATE_DONE)
    settle(L, idx, &d);
}

/* Whether a call is waiting because of its own 429: then it fails with that
   answer. (A call that waits for the client's own rate limit fails with a
   timeout.) */
static bool has_answer(const cel_call *c) {
  const cel_transfer *t = &c->transfer;
  return !cel_call_is_begun(c) && t->finished && t->end == CEL_HTTP_ANSWERED &&
         t->status == 429;
}

/* Fails a call that its deadline has ended, or that was not sent because the
   rate limit or a pause would have lasted longer than that [-0, +0]. */
static void fail_late(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (has_answer(c)) {
    cel_call_read_outcome(c);
    cel_fail(L, idx);
    return;
  }
  c->attempt.result = CEL_RESULT_EXPIRED;
  c->attempt.status = 0;
  if (cel_call_is_begun(c))
    emit_response(L, idx);
  if (c->state != CEL_STATE_DONE)
    cel_fail(L, idx);
}

void cel_call_announce(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  const cel_event e = {
      .type = "request", .wait = -1, .elapsed = -1, .bytes = -1};
  c->announce = false;
  cel_emit(L, idx, &e);
}

/* Does what is due for a READY call [-0, +0]. */
static void advance(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->announce)
    cel_call_announce(L, idx);
  if (c->state == CEL_STATE_READY && c->transfer.starved > 0)
    feed(L, c);
  if (c->state != CEL_STATE_READY)
    return;
  if (c->late)
    fail_late(L, idx);
  else if (c->refused > 0)
    start_again(L, c);
  else if (!c->transfer.finished)
    cel_call_move(c, CEL_STATE_SENT);
  else if (c->transfer.end == CEL_HTTP_NO_MEMORY)
    cel_raise_memory(L);
  else
    exchange_over(L, idx);
}

static int l_advance(lua_State *L) {
  advance(L, 1);
  return 0;
}

bool cel_call_advance(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  idx = lua_absindex(L, idx);
  if (c->state != CEL_STATE_READY || c->pinned)
    return c->state == CEL_STATE_DONE;
  luaL_checkstack(L, 2, "no room to go on with a call");
  lua_pushcfunction(L, l_advance);
  lua_pushvalue(L, idx);
  c->pinned = true;
  int status = lua_pcall(L, 1, 0, 0);
  c->pinned = false;
  if (status != LUA_OK) /* frees its buffers now, for memory may be short */
    cel_call_abandon(c, CEL_END_CANCELLED);
  if (c->state == CEL_STATE_DONE && c->end != CEL_END_PAGE)
    cel_call_release(c);
  if (status != LUA_OK)
    lua_error(L);
  return c->state == CEL_STATE_DONE;
}

/* }====== */
