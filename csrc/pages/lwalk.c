/*
** lwalk.c - page calls, for lua/celigo/pages.lua.
**
** A page call ends with its answer's text, which a cursor (lcursor.c) takes
** over.
*/
#include "pages/lwalk.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/lnext.h"
#include "client/lpage.h"
#include "client/lrequest.h"
#include "client/lresult.h"
#include "client/lstep.h"
#include "client/lvisited.h"
#include "client/lwake.h"

static void make_page_call(cel_call *c) {
  c->page_only = true;
  c->follow = false;
  c->transfer.wants_head = true;
}

/* The methods of the Lua layer that make page calls, for error messages. */
static const cel_asker askers[] = {
    {"each", true, "request"},
    {"pages", true, "request"},
    {"each_connector", true, "[options]"},
    {"each_connector_license", true, "id[, options]"},
    {"each_connector_install", true, "id[, options]"},
    {"edit_connector", false, "id, edit[, options]"},
    {"edit_connector_license", false, "id, license_id, edit[, options]"},
};

/* The asker whose name is at idx [-0, +0]. */
static const cel_asker *check_asker(lua_State *L, int idx) {
  const char *name = luaL_checkstring(L, idx);
  for (size_t i = 0; i < sizeof askers / sizeof *askers; i++)
    if (strcmp(askers[i].name, name) == 0)
      return &askers[i];
  luaL_argerror(L, idx, "no such method");
  return NULL;
}

/* core.fetch(client, asker, name, ...): a page call of an operation, or of the
   escape hatch where name is nil, for a method of the Lua layer; nothing is
   sent yet. */
static int l_fetch(lua_State *L) {
  const cel_operation *op = NULL;
  const cel_asker *by = check_asker(L, 2);
  cel_client_self(L, by->name);
  if (!lua_isnil(L, 3)) {
    op = cel_operation_find(luaL_checkstring(L, 3));
    luaL_argcheck(L, op != NULL, 3, "no such operation");
  }
  lua_remove(L, 3);
  lua_remove(L, 2);
  if (op != NULL)
    cel_request_operation(L, op, by);
  else
    cel_request_any(L, by);
  cel_call *c = cel_call_check(L, 1);
  if (strcmp(c->method, "GET") != 0)
    return luaL_error(L, "%s: option 'method': expected GET; %s only reads",
                      by->name, by->name);
  make_page_call(c);
  return 1;
}

/* Gives a new call the own headers of another one. A finaliser may end that
   one meanwhile, which frees them: then the new call ends as well [-0, +0]. */
static void copy_headers(lua_State *L, cel_call *c, const cel_call *from) {
  const cel_allocator *a = &c->client->alloc;
  struct curl_slist **end = &c->own;
  for (const struct curl_slist *s = from->own; s != NULL; s = s->next) {
    size_t size = cel_header_size(s->data);
    void *memory = cel_allocate(L, a, size);
    if (from->own == NULL) {
      a->fn(a->ud, memory, size, 0);
      cel_call_abandon(c, CEL_END_CANCELLED);
      return;
    }
    end = cel_header_put(end, memory, s->data);
  }
}

/* core.follow(call, target): the same page call for another target. */
static int l_follow(lua_State *L) {
  const cel_call *from = cel_call_check(L, 1);
  size_t len;
  const char *target = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, cel_target_check(target, len) == NULL, 2, "no target");
  lua_settop(L, 2);
  cel_call_push_client(L, 1);
  cel_call *c = cel_call_new(L, -1);
  int call = lua_gettop(L);
  c->op = from->op;
  memcpy(c->method, from->method, sizeof c->method);
  c->answer = from->answer;
  c->policy = from->policy;
  c->timeout = from->timeout;
  c->page = from->page + 1;
  c->attempt.repeat = from->attempt.repeat;
  c->prefix_len = from->prefix_len;
  make_page_call(c);
  copy_headers(L, c, from);
  lua_pushlstring(L, from->target, from->prefix_len);
  lua_pushvalue(L, 2);
  lua_concat(L, 2);
  cel_call_set_target(L, c);
  lua_settop(L, call);
  return 1;
}

/* core.start(call): queues a page call. */
static int l_start(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  if (c->state == CEL_STATE_NEW)
    cel_call_start(L, 1);
  return 0;
}

/* core.prefetch(call): the same for a page that nobody waits for yet. It is
   put into the client's table of calls, where the step finds it to emit its
   request event. */
static int l_prefetch(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  lua_settop(L, 1);
  if (c->state != CEL_STATE_NEW)
    return 0;
  cel_call_push_client(L, 1);
  cel_client_push_calls(L, 2);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, 3, c);
  c->prefetch = true;
  cel_call_start(L, 1);
  cel_client_step(L, 2, 0); /* the request goes out now */
  return 0;
}

/* core.await(call): waits for the head of a page ("head"), or its end
   (true); or nil and an error object. */
static int l_await(lua_State *L) {
  cel_call_check(L, 1);
  lua_settop(L, 1);
  return cel_call_await(L);
}

/* core.drop(call): ends a call that nobody waits for any more. A submitted
   call goes on: it belongs to the user. */
static int l_drop(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  if (!c->submitted)
    cel_call_abandon(c, CEL_END_CANCELLED);
  if (cel_client_is_due(c->client))
    cel_wake_call(L, 1);
  return 0;
}

/* core.target(call): path and query. */
static int l_target(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  lua_pushstring(L, c->target == NULL ? "" : c->target + c->prefix_len);
  return 1;
}

/* The page call at index 1. Its head may be shown to the script: a host's
   token in it is masked [-0, +0]. */
static cel_call *check_page(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  luaL_argcheck(L, c->page_only, 1, "no page call");
  if (c->client->secret)
    cel_call_redact(c, c->transfer.head.data, c->transfer.head.len);
  return c;
}

/* core.next_target(call): the next page's path and query from the Link header,
   or nil; nil and a message if the header is wrong. */
static int l_next_target(lua_State *L) {
  check_page(L);
  const char *wrong = cel_push_next_link(L, 1);
  lua_pushstring(L, wrong);
  return 2;
}

/* core.resolve(call, reference): the path and query of a nextPageURL from a
   page's body, or nil and what is wrong with it. */
static int l_resolve(lua_State *L) {
  cel_call_check(L, 1);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  const char *wrong = cel_push_resolved(L, 1);
  lua_pushstring(L, wrong);
  return 2;
}

/* core.visited(): an empty set of targets. */
static int l_visited(lua_State *L) {
  cel_visited_push(L);
  return 1;
}

/* core.visit(set, target): puts it in. */
static int l_visit(lua_State *L) {
  size_t len;
  const char *target = luaL_checklstring(L, 2, &len);
  cel_visited_add(L, 1, target, len);
  return 0;
}

/* core.was_visited(set, target) */
static int l_was_visited(lua_State *L) {
  size_t len;
  const char *target = luaL_checklstring(L, 2, &len);
  lua_pushboolean(L, cel_visited_has(L, 1, target, len));
  return 1;
}

/* core.response(call, next_url): the response table of a page. */
static int l_response(lua_State *L) {
  check_page(L);
  lua_settop(L, 2);
  cel_push_response(L, 1);
  return 1;
}

/* Pushes an error about the page call at index 1, with its answer, and with
   the message at index 2 [-0, +1]. */
static int push_page_error(lua_State *L, const cel_failure_row *row) {
  check_page(L);
  const cel_failure f = {
      .row = row, .message = luaL_checkstring(L, 2), .answered = true};
  cel_push_failure(L, 1, &f);
  return 1;
}

/* core.decode_error(call, message): the error that a record of the page cannot
   be read. */
static int l_decode_error(lua_State *L) {
  return push_page_error(L, &cel_failure_decode);
}

/* core.link_error(call, message): the error that its next page cannot be
   found. */
static int l_link_error(lua_State *L) {
  return push_page_error(L, &cel_failure_link);
}

/* core.endless_error(call, message): the error that too many pages held no
   record. */
static int l_endless_error(lua_State *L) {
  return push_page_error(L, &cel_failure_endless);
}

/* core.record_error(call, message): the error that edit_* has not read a
   record. `call` is the one that core.fetch has made for it; it was never
   sent. */
static int l_record_error(lua_State *L) {
  cel_call_check(L, 1);
  const cel_failure f = {.row = &cel_failure_no_record,
                         .message = luaL_checkstring(L, 2)};
  cel_push_failure(L, 1, &f);
  return 1;
}

/* core.incomplete_error(call, records, total): the error that the walk has
   ended too early, with this page. */
static int l_incomplete(lua_State *L) {
  check_page(L);
  cel_push_incomplete(L, 1, luaL_checknumber(L, 2), luaL_checknumber(L, 3));
  return 1;
}

/* core.closed_error(call): the error that the client is closed, for the page
   after this one. */
static int l_closed_error(lua_State *L) {
  const cel_failure_row *row =
      cel_failure_closed(cel_call_check(L, 1)->client);
  const cel_failure f = {.row = row, .message = row->words};
  cel_push_failure(L, 1, &f);
  return 1;
}

void cel_open_walk(lua_State *L) {
  static const luaL_Reg functions[] = {{"fetch", l_fetch},
                                       {"follow", l_follow},
                                       {"start", l_start},
                                       {"prefetch", l_prefetch},
                                       {"await", l_await},
                                       {"drop", l_drop},
                                       {"target", l_target},
                                       {"next_target", l_next_target},
                                       {"resolve", l_resolve},
                                       {"visited", l_visited},
                                       {"visit", l_visit},
                                       {"was_visited", l_was_visited},
                                       {"response", l_response},
                                       {"decode_error", l_decode_error},
                                       {"link_error", l_link_error},
                                       {"endless_error", l_endless_error},
                                       {"incomplete_error", l_incomplete},
                                       {"record_error", l_record_error},
                                       {"closed_error", l_closed_error},
                                       {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  lua_pushinteger(L, CEL_MAX_EMPTY);
  lua_setfield(L, -2, "max_empty");
}
