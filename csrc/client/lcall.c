/*
** lcall.c - the call object: its life, and its methods.
*/
#include "client/lcall.h"

#include <math.h> /* HUGE_VAL */
#include <string.h>
#include <time.h>

#include <lauxlib.h>

#include "client/levent.h"
#include "client/loptions.h"
#include "client/lresult.h"
#include "client/lstep.h"
#include "loop/lloop.h"

/* {====== Lists and ends: no Lua */

static void unlink_call(cel_call *c) {
  if (c->state >= CEL_STATE_LISTS)
    return;
  cel_call_list *list = &c->client->lists[c->state];
  *(c->prev == NULL ? &list->head : &c->prev->next) = c->next;
  *(c->next == NULL ? &list->tail : &c->next->prev) = c->prev;
  c->prev = c->next = NULL;
  if (!c->ahead)
    c->client->unfinished--;
}

/* Behind which call of a list one goes: the last, but in the queue pages
   that were asked for ahead let the others pass. */
static cel_call *place_in(const cel_call_list *list, const cel_call *c,
                          cel_state state) {
  cel_call *before = list->tail;
  if (state == CEL_STATE_QUEUED && !c->ahead)
    while (before != NULL && before->ahead)
      before = before->prev;
  return before;
}

void cel_call_move(cel_call *c, cel_state state) {
  unlink_call(c);
  c->state = state;
  if (state >= CEL_STATE_LISTS)
    return;
  cel_call_list *list = &c->client->lists[state];
  c->prev = place_in(list, c, state);
  cel_call **link = c->prev == NULL ? &list->head : &c->prev->next;
  c->next = *link;
  *link = c;
  *(c->next == NULL ? &list->tail : &c->next->prev) = c;
  if (!c->ahead)
    c->client->unfinished++;
  if (state == CEL_STATE_READY)
    c->client->news = c->client->stirred = true;
  double wake = state == CEL_STATE_WAITING ? c->not_before : c->deadline;
  if (wake < c->client->next_wake)
    c->client->next_wake = wake;
}

void cel_call_attend(cel_call *c) {
  cel_state state = c->state;
  if (!c->ahead)
    return;
  cel_call_move(c, CEL_STATE_NEW);
  c->ahead = false;
  c->started = cel_clock();
  c->deadline = c->started + c->timeout;
  cel_call_move(c, state);
}

static void drop_text(cel_call *c, char **text, size_t len) {
  const cel_allocator *a = &c->client->alloc;
  if (*text != NULL)
    a->fn(a->ud, *text, len + 1, 0);
  *text = NULL;
}

static void drop_target(cel_call *c) {
  if (c->target != NULL)
    drop_text(c, &c->target, strlen(c->target));
  c->prefix_len = 0;
}

void cel_call_release(cel_call *c) {
  cel_http_stop(&c->transfer);
  if (c->pinned)
    return;
  drop_text(c, &c->body, c->body_len);
  cel_transfer_free(&c->transfer);
  cel_headers_free_merged(&c->client->alloc, c->merged);
  cel_headers_free_own(&c->client->alloc, c->own);
  cel_headers_release(c->headers);
  cel_headers_release(c->earlier);
  c->own = c->merged = NULL;
  c->headers = c->earlier = NULL;
  curl_free(c->scratch);
  c->scratch = NULL;
}

void cel_call_redact(const cel_call *c, char *text, size_t len) {
  cel_redact(c->client->headers, text, len);
  if (c->headers != c->client->headers)
    cel_redact(c->headers, text, len);
  cel_redact(c->earlier, text, len);
}

bool cel_call_is_begun(const cel_call *c) {
  return c->exchanges == c->attempt.attempts;
}

void cel_call_abandon(cel_call *c, cel_end end) {
  if (c->state == CEL_STATE_DONE && c->end == CEL_END_PAGE)
    cel_call_release(c); /* nobody reads the page any more */
  if (c->state >= CEL_STATE_DONE)
    return;
  c->attempt.result = CEL_RESULT_FINAL;
  c->attempt.sent = cel_call_is_begun(c) && c->transfer.sends > 0;
  c->end = end;
  cel_call_move(c, CEL_STATE_DONE);
  c->client->stirred = true;
  cel_call_release(c);
}

/* }====== */

/* {====== Life */

static const char call_kind = 'k';

cel_call *cel_call_at(lua_State *L, int idx) {
  return cel_box_at(L, idx, &call_kind);
}

/* Lets a box's owner free the call. */
static bool free_call(void *block) {
  cel_call *c = block;
  if (c->pinned)
    return false;
  cel_client *client = c->client;
  cel_call_abandon(c, CEL_END_CANCELLED);
  cel_call_release(c);
  drop_target(c);
  client->alloc.fn(client->alloc.ud, c, sizeof *c, 0);
  cel_client_release(client);
  return true;
}

/* Gives the box at idx a call with nothing in it [-0, +0]. */
static cel_call *fill_box(lua_State *L, int idx, cel_client *client) {
  cel_box_owner *owner = cel_box_push_owner(L, idx, free_call);
  cel_call *c = cel_allocate(L, &client->alloc, sizeof *c);
  memset(c, 0, sizeof *c);
  c->client = cel_client_retain(client);
  c->state = CEL_STATE_NEW;
  cel_box_fill(owner, c);
  lua_pop(L, 1);
  return c;
}

/* A finaliser that runs after the call's has it still: it has ended
   [-0, +0]. */
static cel_call *revive(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  luaL_checkstack(L, 4, "no room for a call");
  lua_getiuservalue(L, idx, CEL_CALL_UV_CLIENT);
  cel_client *client = cel_client_check(L, -1);
  cel_call *c = fill_box(L, idx, client);
  lua_pop(L, 1);
  c->state = CEL_STATE_DONE;
  c->end = client->closed ? CEL_END_CLOSED : CEL_END_CANCELLED;
  return c;
}

cel_call *cel_call_check(lua_State *L, int idx) {
  cel_call *c = cel_call_at(L, idx);
  if (c != NULL)
    return c;
  if (!cel_box_is(L, idx, &call_kind))
    luaL_typeerror(L, idx, CEL_CALL_MT);
  return revive(L, idx);
}

void cel_call_push_client(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  lua_getiuservalue(L, idx, CEL_CALL_UV_CLIENT);
  if (!cel_client_is(L, -1, c->client))
    luaL_error(L, "celigo.call: its client is gone");
}

/* A copy of the string on top, with a NUL behind it [-0, +0]. */
static char *copy_text(lua_State *L, const cel_call *c, size_t *len) {
  const char *text = lua_tolstring(L, -1, len);
  char *copy = cel_allocate(L, &c->client->alloc, *len + 1);
  memcpy(copy, text, *len + 1);
  return copy;
}

void cel_call_set_target(lua_State *L, cel_call *c) {
  size_t len;
  char *copy = copy_text(L, c, &len);
  size_t prefix_len = c->prefix_len;
  drop_target(c);
  c->prefix_len = prefix_len;
  c->target = copy;
  lua_pop(L, 1);
}

void cel_call_set_body(lua_State *L, cel_call *c) {
  size_t len;
  char *copy = copy_text(L, c, &len);
  drop_text(c, &c->body, c->body_len);
  c->body = copy;
  c->body_len = len;
  lua_pop(L, 1);
}

/* Pushes the userdata that the client keeps from its last call, or a new
   one [-0, +1]. */
static cel_call *push_blank(lua_State *L, int idx, cel_client *client) {
  lua_getiuservalue(L, idx, CEL_CLIENT_UV_SPARE);
  cel_call *c = cel_call_at(L, -1);
  if (c != NULL && c->state == CEL_STATE_SPARE && c->client == client) {
    lua_pushnil(L);
    lua_setiuservalue(L, idx, CEL_CLIENT_UV_SPARE);
    memset(c, 0, sizeof *c);
    c->client = client;
    return c;
  }
  lua_pop(L, 1);
  cel_box_push(L, &call_kind, CEL_CALL_MT, CEL_CALL_UVS, free_call);
  return fill_box(L, -1, client);
}

void cel_call_recycle(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->submitted || c->page_only || c->client->closed)
    return;
  for (int uv = CEL_CALL_UV_VALUE; uv <= CEL_CALL_UVS; uv++) {
    lua_pushnil(L);
    lua_setiuservalue(L, idx, uv);
  }
  cel_call_push_client(L, idx);
  drop_target(c);
  c->state = CEL_STATE_SPARE;
  lua_pushvalue(L, idx);
  lua_setiuservalue(L, -2, CEL_CLIENT_UV_SPARE);
  lua_pop(L, 1);
}

cel_call *cel_call_new(lua_State *L, int client) {
  client = lua_absindex(L, client);
  cel_client *owner = cel_client_check(L, client);
  luaL_checkstack(L, 4, "no room for a call");
  cel_call *c = push_blank(L, client, owner);
  lua_pushvalue(L, client);
  lua_setiuservalue(L, -2, CEL_CALL_UV_CLIENT);
  c->state = CEL_STATE_NEW;
  c->policy = owner->policy;
  c->timeout = owner->timeout;
  c->attempt.attempts = 1;
  c->attempt.retry_after = -1;
  cel_transfer_init(&c->transfer, &owner->http);
  return c;
}

/* The userdata, or the block that it was declared in, is going: ends the
   call. Harmless when called by hand, even by a callback of the call. */
static int l_close(lua_State *L) {
  cel_call *c = cel_call_at(L, 1);
  if (c == NULL)
    return 0; /* memory ran out before it was one */
  cel_call_abandon(c, CEL_END_CANCELLED);
  cel_call_release(c);
  if (c->client->stirred)
    cel_loop_ring_call(L, 1);
  return 0;
}

void cel_call_finish(lua_State *L, int idx, cel_end end) {
  idx = lua_absindex(L, idx);
  cel_call *c = cel_call_get(L, idx);
  lua_setiuservalue(L, idx, CEL_CALL_UV_VALUE);
  if (c->state == CEL_STATE_DONE)
    return; /* a callback has closed the client meanwhile */
  c->end = end;
  cel_call_move(c, CEL_STATE_DONE);
  if (end != CEL_END_PAGE)
    cel_call_release(c);
}

void cel_call_start(lua_State *L, int idx) {
  idx = lua_absindex(L, idx);
  cel_call *c = cel_call_get(L, idx);
  if (c->state != CEL_STATE_NEW)
    return; /* its arguments have ended it, or a closed client */
  c->started = cel_clock();
  c->deadline = c->ahead ? HUGE_VAL : c->started + c->timeout;
  cel_call_token(L, idx, false);
  c = cel_call_check(L, idx); /* the debug library may have been there */
  if (c->client->closed)
    cel_call_abandon(c, CEL_END_CLOSED);
  if (c->state != CEL_STATE_NEW)
    return;
  cel_call_move(c, CEL_STATE_QUEUED);
  cel_client_pump(c->client);
  cel_loop_ring_call(L, idx);
}

/* }====== */

/* {====== Methods */

/***
A call that has been submitted.
@classmod celigo.call
*/

/***
Whether the call has ended; then `result` has its outcome.
@function done
@treturn boolean
@usage
local call = client:submit("get_connector_by_id", id)
while not call:done() do
  client:step(0.1)
end
*/
static int l_done(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  lua_pushboolean(L, c->state == CEL_STATE_DONE);
  return 1;
}

/***
What the call has come to. Raises where a callback of yours raised, and
where the call is not done yet.
@function result
@treturn[1] any value as the method returns it
@treturn[1] response
@return[2] nil
@treturn[2] celigo.error
@usage
local call = client:submit("get_connector_by_id", id)
while client:step(0.1) > 0 do end
local connector = assert(call:result())
print(connector.name)
*/
static int l_result(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  if (c->state != CEL_STATE_DONE)
    return luaL_error(L, "result: the call is not done; use wait, or step "
                         "the client until done() is true");
  return cel_push_result(L, 1);
}

/***
Waits until the call is done; inside `map`, `gather` and an attached event
loop others go on meanwhile.
@function wait
@treturn[1] any value as the method returns it
@treturn[1] response
@return[2] nil
@treturn[2] celigo.error
@usage
local licenses = client:submit("list_connector_licenses", id)
local installs = client:submit("get_connector_install_base", id)
print(#assert(licenses:wait()), #assert(installs:wait()))
*/
static int l_wait(lua_State *L) {
  cel_call_check(L, 1);
  lua_settop(L, 1);
  return cel_call_await(L);
}

/***
Ends the call now; its result is an error of kind `cancelled`. Does nothing
to a call that is done.
@function cancel
@usage
local call = client:submit("list_connectors")
call:cancel()
local _, err = call:result()
assert(err.kind == "cancelled")
*/
static int l_cancel(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  cel_call_abandon(c, CEL_END_CANCELLED);
  if (c->client->stirred)
    cel_loop_ring_call(L, 1);
  return 0;
}

/***
Whether whoever waits for the call has something to do: for schedulers.
@function ready
@treturn boolean
@usage
local call = client:submit("list_connectors")
while not call:ready() do
  client:step(0.1)
end
*/
static int l_ready(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  lua_pushboolean(L, c->state >= CEL_STATE_DONE ||
                         (c->state == CEL_STATE_READY && !c->submitted));
  return 1;
}

static int l_tostring(lua_State *L) {
  static const char *const states[] = {
      [CEL_STATE_QUEUED] = "queued", [CEL_STATE_WAITING] = "waiting to retry",
      [CEL_STATE_SENT] = "sent",     [CEL_STATE_READY] = "sent",
      [CEL_STATE_NEW] = "new",       [CEL_STATE_DONE] = "done",
      [CEL_STATE_SPARE] = "done"};
  const cel_call *c = cel_call_check(L, 1);
  lua_pushfstring(L, "celigo.call: %s (%s)",
                  c->op == NULL ? "request" : c->op->name, states[c->state]);
  return 1;
}

void cel_open_call(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", l_close},
                                  {"__close", l_close},
                                  {"__tostring", l_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"done", l_done},   {"result", l_result},
                                     {"wait", l_wait},   {"cancel", l_cancel},
                                     {"ready", l_ready}, {NULL, NULL}};
  luaL_newmetatable(L, CEL_CALL_MT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  cel_suggest_methods(L, CEL_CALL_MT);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* }====== */
