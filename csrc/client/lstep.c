/*
** lstep.c - starts calls, steps the client, and waits.
**
** Whoever waits for a call also advances it. So what a callback raises is
** raised where the call was made. Nobody waits for a submitted call: the step
** advances it, in a protected call, and keeps what it raises for result().
*/
#include "client/lstep.h"

#include <math.h> /* HUGE_VAL */

#include <lauxlib.h>

#include "client/levent.h"
#include "client/loutcome.h"
#include "client/lresult.h"
#include "client/lwake.h"
#include "common/lturn.h"
#include "engine/pump.h"
#include "http/clock.h"

void cel_call_start(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  cel_call *c = cel_call_get(L, idx);
  if (c->state != CEL_STATE_NEW)
    return; /* it is done already: wrong arguments, or a closed client */
  cel_client_refuse_asking(L, c->client);
  cel_client_look(L, c->client);
  if (c->page == 0 &&
      (c->page_only || c->follow || c->answer == CEL_ANSWER_LIST))
    c->page = 1;
  cel_call_begin(c);
  cel_call_token(L, idx, false);
  if (c->client->closed)
    cel_call_abandon(c, CEL_END_CLOSED);
  if (c->state != CEL_STATE_NEW)
    return;
  cel_call_move(c, CEL_STATE_QUEUED);
  cel_client_send(c->client);
  cel_wake_call(L, idx);
}

/* {====== The step */

static int l_serve_call(lua_State *L) {
  const cel_call *c = cel_call_get(L, 1);
  if (c->submitted)
    cel_call_advance(L, 1);
  else
    cel_call_announce(L, 1);
  return 0;
}

/* Advances a submitted call, or emits the event of a prefetched page. What
   that raises becomes the call's result [-0, +0]. */
static void serve(lua_State *L, int calls, cel_call *k) {
  int top = lua_gettop(L);
  lua_rawgetp(L, calls, k);
  if (cel_call_at(L, -1) != k) {
    lua_settop(L, top); /* nobody can reach it any more */
    cel_call_abandon(k, CEL_END_CANCELLED);
    return;
  }
  lua_pushcfunction(L, l_serve_call);
  lua_pushvalue(L, -2);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    cel_call_abandon(k, CEL_END_CANCELLED);
    lua_setiuservalue(L, -2, CEL_CALL_UV_VALUE);
    k->end = CEL_END_RAISE;
  }
  lua_settop(L, top);
}

/* Serves all calls that nobody waits for [-0, +0]. */
static void serve_unattended(lua_State *L, int idx) {
  cel_client *c = cel_client_check(L, idx);
  cel_call *k = cel_client_unattended(c);
  if (k == NULL)
    return;
  luaL_checkstack(L, 8, "no room to serve calls");
  cel_client_push_calls(L, idx);
  cel_client_retain(c); /* nothing may be raised until it is released */
  while ((k = cel_client_unattended(c)) != NULL)
    serve(L, lua_gettop(L), k);
  cel_client_release(c);
  lua_pop(L, 1);
}

bool cel_client_step(lua_State *L, int idx, double seconds) {
  idx = lua_absindex(L, idx);
  cel_wake(L, idx);
  cel_client *c = cel_client_check(L, idx);
  if (c->closed)
    return true;
  cel_client_refuse_asking(L, c);
  bool calm = cel_client_turn(c, seconds);
  serve_unattended(L, idx);
  if (c->wakeup.to_send)
    cel_client_send(c);
  return calm;
}

bool cel_client_wait_slice(lua_State *L, int idx, double seconds) {
  double start = cel_clock();
  cel_client *c = cel_client_check(L, idx);
  double left = CEL_HOOK_INTERVAL - c->waited;
  bool calm = cel_client_step(L, idx, seconds < left ? seconds : left);
  c->waited += cel_clock() - start;
  if (calm && c->waited < CEL_HOOK_INTERVAL)
    return false;
  c->waited = 0;
  return true;
}

/* }====== */

/* {====== Waiting */

static int l_hook_turn(lua_State *L) {
  cel_hook_turn(L);
  return 0;
}

/* Whether the head of a page call has just arrived and is good. True only
   once. */
static bool shows_head(cel_call *k) {
  cel_transfer *t = &k->transfer;
  if (!t->wants_head || !t->head_done || t->status / 100 != 2)
    return false;
  t->wants_head = false;
  return true;
}

/* Waits until the call at idx is READY or done [-0, +0]. */
static void block(lua_State *L, int idx) {
  luaL_checkstack(L, 8, "no room to wait");
  cel_call_push_client(L, idx);
  int client = lua_gettop(L);
  cel_call *k = cel_call_get(L, idx);
  for (;;) {
    if (cel_call_is_ready(k))
      break;
    if (cel_client_wait_slice(L, client, HUGE_VAL)) {
      lua_pushcfunction(L, l_hook_turn);
      if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        cel_call_abandon(k, CEL_END_CANCELLED);
        lua_error(L);
      }
    }
  }
  lua_settop(L, client - 1);
}

/* Lets the scheduler, if there is one, wait for the call at index 1. Pushes
   true if it did, false if this thread has to block. A finaliser may go on
   with a coroutine that waits whose call has been collected with it
   [-0, +1]. */
static int await_k(lua_State *L, int status, lua_KContext waited) {
  cel_call *k = cel_call_check(L, 1);
  for (;;) {
    cel_call_refuse_spare(L, k);
    if (status != LUA_OK && status != LUA_YIELD) {
      cel_call_abandon(k, CEL_END_CANCELLED);
      return lua_error(L);
    }
    if (waited) {
      bool gave_way = lua_toboolean(L, -1);
      lua_settop(L, 1);
      if (!gave_way)
        block(L, 1);
    }
    waited = 0;
    if (k->submitted ? k->state == CEL_STATE_DONE : cel_call_advance(L, 1)) {
      int results = cel_push_result(L, 1);
      cel_call_recycle(L, 1);
      return results;
    }
    if (shows_head(k)) {
      lua_pushliteral(L, "head");
      return 1;
    }
    if (k->client->has_yield_hook && lua_isyieldable(L)) {
      lua_settop(L, 1);
      lua_pushcfunction(L, cel_note_interrupt);
      cel_call_push_client(L, 1);
      lua_getiuservalue(L, -1, CEL_CLIENT_UV_YIELD);
      lua_pushvalue(L, 1);
      status = lua_pcallk(L, 1, 1, 2, 1, await_k);
      waited = 1;
    } else {
      block(L, 1);
    }
  }
}

int cel_call_await(lua_State *L) {
  cel_call *k = cel_call_get(L, 1);
  if (k->pinned && k->state != CEL_STATE_DONE)
    return luaL_error(L, "a callback cannot wait for its own call");
  /* One whose start has failed would not be ended by anything else. */
  if (k->state == CEL_STATE_NEW)
    cel_call_abandon(k,
                     k->client->closed ? CEL_END_CLOSED : CEL_END_CANCELLED);
  cel_call_attend(k);
  return await_k(L, LUA_OK, 0);
}

/* }====== */
