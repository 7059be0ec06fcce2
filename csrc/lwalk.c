/*
** lwalk.c - page calls and their records, for lua/celigo/pages.lua.
**
** A page call ends with its answer's text. The cursor takes the text over
** and decodes one record for each turn of a loop, straight from the buffer
** that libcurl's callback filled.
*/
#include "lwalk.h"

#include <math.h> /* HUGE_VAL */
#include <string.h>

#include <lauxlib.h>

#include "lcall.h"
#include "lpage.h"
#include "lrequest.h"
#include "lresult.h"
#include "lstep.h"

/* {====== Page calls */

static void make_page_call(cel_call *c) {
  c->page_only = true;
  c->follow = false;
  c->transfer.wants_head = true;
}

/* core.fetch(client, name, ...): a page call of an operation, or of the
   escape hatch where name is nil; nothing is sent yet. */
static int l_fetch(lua_State *L) {
  const cel_operation *op = NULL;
  cel_client_check(L, 1);
  if (!lua_isnil(L, 2)) {
    op = cel_operation_find(luaL_checkstring(L, 2));
    luaL_argcheck(L, op != NULL, 2, "no such operation");
  }
  lua_remove(L, 2);
  if (op != NULL ? cel_request_operation(L, op) : cel_request_any(L))
    return luaL_error(L, "option 'dry_run': an iterator has no dry run");
  make_page_call(cel_call_check(L, 1));
  return 1;
}

/* core.follow(call, target): the same page call for another target. */
static int l_follow(lua_State *L) {
  const cel_call *from = cel_call_check(L, 1);
  luaL_checkstring(L, 2);
  lua_getiuservalue(L, 1, CEL_CALL_UV_CLIENT);
  cel_call *c = cel_call_new(L, -1);
  int call = lua_gettop(L);
  c->op = from->op;
  memcpy(c->method, from->method, sizeof c->method);
  c->answer = from->answer;
  c->policy = from->policy;
  c->timeout = from->timeout;
  c->attempt.repeat = from->attempt.repeat;
  c->prefix_len = from->prefix_len;
  make_page_call(c);
  for (const struct curl_slist *s = from->own; s != NULL; s = s->next) {
    struct curl_slist *longer = curl_slist_append(c->own, s->data);
    if (longer == NULL)
      cel_raise_memory(L);
    c->own = longer;
  }
  lua_pushlstring(L, from->target, from->prefix_len);
  lua_pushvalue(L, 2);
  lua_concat(L, 2);
  c->target = lua_tostring(L, -1);
  lua_setiuservalue(L, call, CEL_CALL_UV_TARGET);
  return 1;
}

/* core.start(call, ahead): queues a page call; one that is asked for ahead
   has no deadline until somebody waits for it. */
static int l_start(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  bool ahead = lua_toboolean(L, 2);
  if (c->state != CEL_STATE_NEW)
    return 0;
  cel_call_start(L, 1);
  if (ahead && c->state < CEL_STATE_LISTS) {
    c->deadline = HUGE_VAL;
    lua_getiuservalue(L, 1, CEL_CALL_UV_CLIENT);
    cel_client_step(L, -1, 0); /* the request goes out now */
  }
  return 0;
}

/* core.await(call): waits for the head of a page ("head"), or its end
   (true); or nil and an error object. */
static int l_await(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  lua_settop(L, 1);
  if (c->state < CEL_STATE_LISTS && c->deadline == HUGE_VAL) {
    c->deadline = cel_clock() + c->timeout;
    if (c->deadline < c->client->next_wake)
      c->client->next_wake = c->deadline;
  }
  return cel_call_await(L);
}

/* core.target(call): path and query. */
static int l_target(lua_State *L) {
  const cel_call *c = cel_call_check(L, 1);
  lua_pushstring(L, c->target == NULL ? "" : c->target + c->prefix_len);
  return 1;
}

/* core.next_target(call): the next page's path and query as the Link header
   tells, or nil, or nil and what is wrong with it. */
static int l_next_target(lua_State *L) {
  cel_call_check(L, 1);
  const char *wrong = cel_push_next_link(L, 1);
  lua_pushstring(L, wrong);
  return 2;
}

/* core.resolve(call, reference): the path and query of a reference that a
   page's body gave, or nil and what is wrong with it. */
static int l_resolve(lua_State *L) {
  cel_call_check(L, 1);
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  const char *wrong = cel_push_resolved(L, 1);
  lua_pushstring(L, wrong);
  return 2;
}

/* core.response(call, next_url): the response table of a page. */
static int l_response(lua_State *L) {
  cel_call_check(L, 1);
  lua_settop(L, 2);
  cel_push_response(L, 1);
  return 1;
}

/* core.page_error(call, kind, code, message): an error about a page. */
static int l_page_error(lua_State *L) {
  cel_call_check(L, 1);
  const cel_failure f = {.kind = luaL_checkstring(L, 2),
                         .code = luaL_checkstring(L, 3),
                         .message = luaL_checkstring(L, 4),
                         .answered = true};
  cel_push_failure(L, 1, &f);
  return 1;
}

/* }====== */

/* {====== Cursors */

/* The cursor owns the text; in user value 1 it keeps the records where a
   codec of the user has decoded them all. */
typedef struct page_cursor {
  cel_client *client; /* kept alive by user value 2 */
  cel_buf text;
  cel_json_cursor json;
  lua_Integer given;  /* records handed out */
  lua_Integer total;  /* of decoded ones */
  bool decoded;
  unsigned turns;
} page_cursor;

static page_cursor *check_cursor(lua_State *L, int idx) {
  return luaL_checkudata(L, idx, CEL_CURSOR_MT);
}

static int l_cursor_close(lua_State *L) {
  page_cursor *p = check_cursor(L, 1);
  if (p->text.alloc != NULL)
    cel_buf_free(&p->text);
  p->json.open = p->json.failed = false;
  p->total = 0;
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1);
  return 0;
}

/* Decodes the whole page with the user's codec into the cursor at `cursor`
   [-0, +1]: pushes the next page's reference or nil; or false and what is
   wrong. */
static bool decode_all(lua_State *L, page_cursor *p, int cursor, int call) {
  if (!cel_push_decoded_page(L, call))
    return false;
  p->decoded = true;
  p->total = (lua_Integer)lua_rawlen(L, -2);
  lua_insert(L, -2);
  lua_setiuservalue(L, cursor, 1);
  return true;
}

static int raise_decode(lua_State *L, const char *message) {
  const cel_failure f = {.kind = "decode",
                         .code = "invalid_json",
                         .message = message,
                         .answered = true};
  cel_push_failure(L, 1, &f);
  return lua_error(L);
}

/* core.cursor(call): takes the page's text over. The second result is the
   reference that a nextPageURL member holds, or nil. Raises an error object
   where the page holds no records. */
static int l_cursor(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  cel_json_fault fault;
  lua_settop(L, 1);
  page_cursor *p = lua_newuserdatauv(L, sizeof *p, 3);
  memset(p, 0, sizeof *p);
  luaL_setmetatable(L, CEL_CURSOR_MT);
  p->client = c->client;
  lua_getiuservalue(L, 1, CEL_CALL_UV_CLIENT);
  lua_setiuservalue(L, 2, 2);
  if (cel_page_is_blank(c))
    return 1;
  if (c->client->has_codec)
    return decode_all(L, p, 2, 1) ? 2 : raise_decode(L, lua_tostring(L, -1));
  if (cel_json_cursor_open(&p->json, c->transfer.body.data,
                           c->transfer.body.len, &fault) != 0)
    return raise_decode(L, fault.message);
  if (p->json.next_len > 0 &&
      cel_json_decode(L, p->json.text + p->json.next_start - 1,
                      p->json.next_len + 2, &fault) != 0)
    lua_pushnil(L);
  p->text = c->transfer.body; /* moved: the call's own is empty now */
  cel_buf_init(&c->transfer.body, p->text.alloc, p->text.max);
  return lua_gettop(L) - 1;
}

/* How many records go by between two looks at the network. */
#define RECORDS_PER_LOOK 32

/* Lets the next page come nearer while this one is consumed. */
static void look_at_network(lua_State *L, int cursor, page_cursor *p) {
  if (p->client->http.running == 0 || ++p->turns % RECORDS_PER_LOOK != 0)
    return;
  lua_getiuservalue(L, cursor, 2);
  cel_client_step(L, -1, 0);
  lua_pop(L, 1);
}

/* 1: the next record is pushed [-0, +1]. 0: the page has ended, nothing is
   pushed. -1: what is wrong with the text is pushed [-0, +1]. */
static int push_record(lua_State *L, int cursor, page_cursor *p) {
  cel_json_fault fault;
  int status = 0;
  look_at_network(L, cursor, p);
  if (p->decoded && p->given < p->total) {
    lua_getiuservalue(L, cursor, 1);
    lua_rawgeti(L, -1, p->given + 1);
    lua_remove(L, -2);
    status = 1;
  } else if (p->json.open || p->json.failed) {
    status = cel_json_cursor_next(L, &p->json, &fault);
  }
  if (status == 1)
    p->given++;
  else if (status < 0)
    lua_pushstring(L, fault.message);
  return status;
}

/* cursor:rest(): the records that are left, as an array; or nil and what is
   wrong with the text. */
static int l_cursor_rest(lua_State *L) {
  page_cursor *p = check_cursor(L, 1);
  lua_Integer n = 0;
  int status;
  lua_settop(L, 1);
  lua_newtable(L);
  luaL_setmetatable(L, CEL_ARRAY_MT);
  while ((status = push_record(L, 1, p)) == 1)
    lua_rawseti(L, 2, ++n);
  if (status == 0)
    return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* cursor:given(): how many records it has handed out. */
static int l_cursor_given(lua_State *L) {
  lua_pushinteger(L, check_cursor(L, 1)->given);
  return 1;
}

/* }====== */

/* {====== The iterator's function */

/* Upvalues: the cursor at hand or nil, advance(walk), the walk, and
   fail(walk, message). */
enum { UP_CURSOR = 1, UP_ADVANCE, UP_WALK, UP_FAIL };

static int next_k(lua_State *L, int status, lua_KContext advanced);

/* Asks the walk for its next page, which may give way. */
static int ask_walk(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(UP_ADVANCE));
  lua_pushvalue(L, lua_upvalueindex(UP_WALK));
  lua_callk(L, 1, 1, 1, next_k);
  return next_k(L, LUA_OK, 1);
}

/* Pushes the next record, or nil at the end of the walk. */
static int next_k(lua_State *L, int status, lua_KContext advanced) {
  (void)status;
  if (advanced && lua_isnil(L, -1))
    return 1;
  if (advanced)
    lua_replace(L, lua_upvalueindex(UP_CURSOR));
  page_cursor *p = lua_touserdata(L, lua_upvalueindex(UP_CURSOR));
  lua_settop(L, 0);
  if (p == NULL)
    return ask_walk(L);
  switch (push_record(L, lua_upvalueindex(UP_CURSOR), p)) {
  case 1:
    return 1;
  case 0:
    return ask_walk(L);
  default:
    lua_pushvalue(L, lua_upvalueindex(UP_FAIL));
    lua_pushvalue(L, lua_upvalueindex(UP_WALK));
    lua_pushvalue(L, -3);
    lua_call(L, 2, 0); /* raises */
    return 0;
  }
}

static int l_next(lua_State *L) {
  return next_k(L, LUA_OK, 0);
}

/* core.records(walk, advance, fail): the function of a for loop over the
   records of a walk. advance(walk) gives the next cursor or nil; fail(walk,
   message) raises. */
static int l_records(lua_State *L) {
  lua_settop(L, 3);
  lua_pushnil(L);
  lua_insert(L, 1);           /* cursor, walk, advance, fail */
  lua_pushvalue(L, 2);
  lua_remove(L, 2);
  lua_insert(L, 3);           /* cursor, advance, walk, fail */
  lua_pushcclosure(L, l_next, 4);
  return 1;
}

/* }====== */

/* {====== Schedulers */

/* core.set_give_way(client, f): f(call) waits without blocking and returns
   true, or returns false where the thread has to block. */
static int l_set_give_way(lua_State *L) {
  cel_client *c = cel_client_check(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, CEL_CLIENT_UV_GIVE_WAY);
  c->gives_way = true;
  return 0;
}

/* core.turn(client, seconds): one step, which a signal or news cut short,
   and a debug hook's turn. */
static int l_turn(lua_State *L) {
  cel_client_check(L, 1);
  double seconds = luaL_checknumber(L, 2);
  double start = cel_clock();
  if (!cel_client_step(L, 1, seconds) || cel_clock() - start >= seconds)
    cel_hook_turn(L);
  return 0;
}

/* }====== */

void cel_open_walk(lua_State *L) {
  static const luaL_Reg functions[] = {{"fetch", l_fetch},
                                       {"follow", l_follow},
                                       {"start", l_start},
                                       {"await", l_await},
                                       {"target", l_target},
                                       {"next_target", l_next_target},
                                       {"resolve", l_resolve},
                                       {"response", l_response},
                                       {"page_error", l_page_error},
                                       {"cursor", l_cursor},
                                       {"records", l_records},
                                       {"set_give_way", l_set_give_way},
                                       {"turn", l_turn},
                                       {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__gc", l_cursor_close}, {"__close", l_cursor_close}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"rest", l_cursor_rest},
                                     {"given", l_cursor_given},
                                     {"close", l_cursor_close},
                                     {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  luaL_newmetatable(L, CEL_CURSOR_MT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
