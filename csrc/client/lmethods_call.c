/*
** lmethods_call.c - the methods of a submitted call.
*/
#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lmethods.h"
#include "client/lresult.h"
#include "client/lstep.h"
#include "client/lsuggest.h"
#include "client/lwake.h"
#include "common/lmisuse.h"

/* The call that a method works on; it takes nothing else [-0, +0]. */
static cel_call *call_self(lua_State *L, const char *method,
                           const char *takes) {
  cel_misuse_self(L, CEL_CALL_MT, method);
  cel_misuse_surplus(L, method, 1, takes);
  return cel_call_check(L, 1);
}

/* __close: the block in which the call was declared ends, and so does the
   call. */
static int l_close(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  cel_call_abandon(c, CEL_END_CANCELLED);
  cel_call_release(c);
  if (cel_client_is_due(c->client))
    cel_wake_call(L, 1);
  return 0;
}

static int l_gc(lua_State *L) {
  cel_call *c = cel_box_take(L, 1);
  if (c == NULL)
    return 0; /* memory ran out before it was one */
  cel_client *client = cel_client_retain(c->client);
  cel_call_free(c);
  bool due = cel_client_is_due(client);
  cel_client_release(client);
  if (due) {
    lua_getiuservalue(L, 1, CEL_CALL_UV_CLIENT);
    cel_wake(L, -1);
  }
  return 0;
}

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
  const cel_call *c = call_self(L, "done", "done()");
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
  const cel_call *c = call_self(L, "result", "result()");
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
  call_self(L, "wait", "wait()");
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
  cel_call *c = call_self(L, "cancel", "cancel()");
  cel_call_abandon(c, CEL_END_CANCELLED);
  if (cel_client_is_due(c->client))
    cel_wake_call(L, 1);
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
  const cel_call *c = call_self(L, "ready", "ready()");
  lua_pushboolean(L, cel_call_is_ready(c));
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
  static const luaL_Reg meta[] = {{"__gc", l_gc},
                                  {"__close", l_close},
                                  {"__tostring", l_tostring},
                                  {NULL, NULL}};
  static const luaL_Reg methods[] = {{"done", l_done},   {"result", l_result},
                                     {"wait", l_wait},   {"cancel", l_cancel},
                                     {"ready", l_ready}, {NULL, NULL}};
  cel_class_new(L, CEL_CALL_MT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  cel_suggest_methods(L, CEL_CALL_MT,
                      "there are: cancel, done, ready, result, wait",
                      "options are arguments of the method that is submitted");
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
