/*
** lmethods_client.c - the client's methods: one closure for each
** operation, the escape hatch, and calls that a host steps.
*/
#include "client/lmethods.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lrequest.h"
#include "client/lstep.h"
#include "client/lsuggest.h"
#include "client/lwake.h"
#include "client/lwhere.h"
#include "common/lmisuse.h"
#include "common/lturn.h"
#include "common/names.h"
#include "http/clock.h"

/* {====== Calls */

/* docs/client.luadoc documents the 14 operations. */
static int l_operation(lua_State *L) {
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
  cel_request_operation(L, &cel_operations[i], NULL);
  cel_call_start(L, 1);
  return cel_call_await(L);
}

/***
@classmod celigo.client
*/

/***
Any endpoint
@section any_endpoint
*/

/***
Sends any request of the API: the escape hatch for what has no method.
@function request
@tparam table request `method` (GET, POST, PUT, PATCH or DELETE; default GET),
  `path` (begins with `/`, may hold a query), `body`, and the per-call
  options
@treturn[1] any value the decoded body, or true where there is none
@treturn[1] response
@return[2] nil
@treturn[2] celigo.error
@usage
local found, response = assert(client:request {
  path = "/v1/connectors",
  query = { limit = 10 },
})
print(#found, response.next_url)
*/
static int l_request(lua_State *L) {
  cel_request_any(L, NULL);
  cel_call_start(L, 1);
  return cel_call_await(L);
}

/* Names for submit: the operations, and the escape hatch. */
static const char *submitted_name(const void *unused, size_t i) {
  (void)unused;
  return i < CEL_OPERATIONS ? cel_operations[i].name : "request";
}

/***
Submitted calls
@section submitted
*/

/***
Starts a call and returns at once; `step` moves it on.
@function submit
@tparam string name an operation's method name, or `"request"`
@param ... the method's arguments
@treturn celigo.call the call; dropping it cancels it
@usage
local call = client:submit("get_connector_by_id", id)
-- … other work …
local connector = assert(call:wait())
print(connector.name)
*/
static int l_submit(lua_State *L) {
  cel_client_self(L, "submit");
  if (lua_type(L, 2) != LUA_TSTRING)
    return luaL_error(L,
                      "submit: string expected, got %s; the name of a "
                      "method comes first, such as "
                      "\"get_connector_by_id\"",
                      luaL_typename(L, 2));
  const char *name = lua_tostring(L, 2);
  const cel_operation *op = cel_operation_find(name);
  bool any = strcmp(name, "request") == 0;
  if (op == NULL && !any) {
    const char *nearest =
        cel_nearest_method(name, submitted_name, NULL, CEL_OPERATIONS + 1);
    return nearest == NULL
               ? luaL_error(L, "submit: no operation '%s'%s", name,
                            strpbrk(name, "0123456789") == NULL
                                ? "; it starts an operation, or \"request\""
                                : "; the name of a method comes first")
               : luaL_error(L, "submit: no operation '%s'; did you mean '%s'?",
                            name, nearest);
  }
  lua_remove(L, 2);
  if (any)
    cel_request_any(L, NULL);
  else
    cel_request_operation(L, op, NULL);
  cel_call *c = cel_call_check(L, 1);
  c->submitted = true;
  cel_push_where(L);
  lua_setiuservalue(L, 1, CEL_CALL_UV_WHERE);
  cel_call_push_client(L, 1);
  cel_client_push_calls(L, -1);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, c);
  lua_settop(L, 1);
  cel_call_start(L, 1);
  return 1;
}

/***
Lets submitted calls progress.
@function step
@tparam[opt=0] number seconds how long to wait for the network at most
@treturn integer how many calls are unfinished; 0 for a closed client
@usage
local call = client:submit("list_connectors")
while client:step(0.1) > 0 do
  print "still at it"
end
print(#assert(call:result()))
*/
static int l_step(lua_State *L) {
  cel_client_self(L, "step");
  cel_misuse_surplus(L, "step", 2, "step([seconds])");
  double seconds = 0;
  if (lua_type(L, 2) == LUA_TNUMBER)
    seconds = lua_tonumber(L, 2);
  else if (!lua_isnoneornil(L, 2))
    seconds = -1;
  if (!(seconds >= 0 && seconds <= 1e9))
    return luaL_error(L,
                      "step: expected seconds, a number from 0 to 1000000000, "
                      "got %s; it takes step([seconds])",
                      lua_type(L, 2) == LUA_TNUMBER ? lua_tostring(L, 2)
                                                    : luaL_typename(L, 2));
  double end = cel_clock() + seconds;
  size_t before = cel_client_check(L, 1)->unfinished;
  size_t now;
  lua_settop(L, 1);
  for (;;) {
    double left = end - cel_clock();
    if (cel_client_wait_slice(L, 1, left < 0 ? 0 : left))
      cel_hook_turn(L);
    now = cel_client_check(L, 1)->unfinished; /* a callback may end it */
    if (now == 0 || now < before || cel_clock() >= end)
      break;
  }
  lua_pushinteger(L, (lua_Integer)now);
  return 1;
}

/* }====== */

/* {====== Life */

/* __close; gets the error as well. */
static int l_close(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  bool closes = !c->closed;
  cel_client_close(c);
  if (closes)
    cel_wake(L, 1);
  return 0;
}

static int l_close_method(lua_State *L) {
  cel_client_self(L, "close");
  cel_misuse_surplus(L, "close", 1, "close()");
  return l_close(L);
}

static int l_gc(lua_State *L) {
  cel_client *c = cel_box_take(L, 1);
  if (c == NULL)
    return 0; /* memory ran out before it was one */
  cel_client_close(c);
  cel_client_release(c);
  return 0;
}

static int l_tostring(lua_State *L) {
  const cel_client *c = cel_client_check(L, 1);
  lua_pushfstring(L, "celigo.client: %s%s",
                  c->base.text == NULL ? "" : c->base.text,
                  c->closed ? " (closed)" : "");
  return 1;
}

/* }====== */

/***
Life
@section life
*/

/***
Ends what is under way and frees connections; a client that is left to the
collector, or declared `<close>`, does it by itself. Calls after it return
nil and an error of kind `closed`. Closing again does nothing.
@function close
@usage
local other = celigo.new()
other:close()
local _, err = other:list_connectors()
assert(err.kind == "closed")
*/
void cel_open_client(lua_State *L) {
  static const luaL_Reg methods[] = {{"request", l_request},
                                     {"submit", l_submit},
                                     {"step", l_step},
                                     {"close", l_close_method},
                                     {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", l_gc},
                                  {"__close", l_close},
                                  {"__tostring", l_tostring},
                                  {NULL, NULL}};
  cel_class_new(L, CEL_CLIENT_MT);
  luaL_setfuncs(L, meta, 0);
  lua_createtable(L, 0, 40);
  luaL_setfuncs(L, methods, 0);
  for (int i = 0; i < CEL_OPERATIONS; i++) {
    lua_pushinteger(L, i);
    lua_pushcclosure(L, l_operation, 1);
    lua_setfield(L, -2, cel_operations[i].name);
  }
  cel_suggest_methods(L, CEL_CLIENT_MT,
                      "client:request { method = ..., path = ... } reaches "
                      "any endpoint",
                      "options are given to celigo.new { ... }, or to a call "
                      "as its last argument");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  lua_remove(L, -2);
}
