/*
** lcursor.c - the records of a page, one for each turn of a loop.
**
** A cursor takes over the text of a page call, and decodes it from the buffer
** into which it was received.
*/
#include "pages/lcursor.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lcall.h"
#include "client/ldecode.h"
#include "client/lstep.h"
#include "http/clock.h"
#include "http/http_memory.h"
#include "json/ljson.h"

/* {====== Cursors */

/* User values of a cursor. */
enum {
  UV_RECORDS = 1, /* an array: a user's codec has decoded all records */
  UV_CLIENT,
  UVS = UV_CLIENT
};

/* The block of a cursor; its userdata is a box (lbox.h). */
typedef struct page_cursor {
  cel_owned owned;    /* by its state */
  cel_client *client; /* a reference */
  cel_buf text;
  cel_json_cursor json;
  lua_Integer given; /* how many of the decoded records were handed out */
  lua_Integer total; /* how many decoded records there are */
  bool decoded;
  bool reading;  /* the text is being read */
  bool doomed;   /* closed while it was read, by a finaliser: to be freed after
                    that */
  double looked; /* when it last looked at the network */
} page_cursor;

static void free_text(page_cursor *p) {
  if (p->text.alloc != NULL)
    cel_buf_free(&p->text);
}

static void end_block(cel_owned *block) {
  page_cursor *p = (page_cursor *)block;
  cel_client *client = p->client;
  free_text(p);
  client->alloc.fn(client->alloc.ud, p, sizeof *p, 0);
  cel_client_release(client);
}

/* Pushes an empty cursor for the call at idx [-0, +1]. */
static page_cursor *push_cursor(lua_State *L, int call) {
  cel_client *client = cel_call_get(L, call)->client;
  cel_box *box = cel_box_push(L, CEL_CURSOR_MT, UVS);
  cel_call_push_client(L, call);
  lua_setiuservalue(L, -2, UV_CLIENT);
  page_cursor *p = cel_allocate(L, &client->alloc, sizeof *p);
  memset(p, 0, sizeof *p);
  p->client = cel_client_retain(client);
  cel_box_fill(box, &p->owned, end_block);
  return p;
}

/* The cursor at idx; raises if it is not one [-0, +0]. */
static page_cursor *check_cursor(lua_State *L, int idx) {
  return cel_box_check(L, idx, CEL_CURSOR_MT);
}

/* Ends the cursor at index 1 [-0, +0]. `keep`: another page follows, so the
   memory of the text is kept for that. Else the memory that is kept for pages
   is freed; when the cursor was ended before, only if `again` is true. May be
   called while a record is being decoded. */
static void end_cursor(lua_State *L, page_cursor *p, bool keep, bool again) {
  bool trim = !keep && (again || p->text.cap > 0);
  p->json.open = p->json.failed = false;
  p->total = 0;
  p->doomed = p->reading;
  if (keep && !p->reading && p->text.alloc != NULL)
    cel_http_keep(&p->client->http, &p->text);
  else if (!p->reading)
    free_text(p);
  if (trim)
    cel_http_trim(&p->client->http);
  lua_pushnil(L);
  lua_setiuservalue(L, 1, UV_RECORDS);
}

/* cursor:close(more): whether another page follows. */
static int l_cursor_close(lua_State *L) {
  end_cursor(L, check_cursor(L, 1), lua_toboolean(L, 2), true);
  return 0;
}

static int l_cursor_gc(lua_State *L) {
  page_cursor *p = cel_box_take(L, 1);
  if (p == NULL)
    return 0;         /* memory ran out before it was one */
  p->reading = false; /* os.exit() closes the state in a callback, too */
  end_cursor(L, p, false, false);
  end_block(&p->owned);
  return 0;
}

/* Whether the whole text is valid. No record of an invalid page is handed out,
   so that the walk can start again at that page. */
static bool check_text(const cel_buf *text, cel_json_cursor *cursor,
                       cel_json_fault *fault) {
  cel_json_scan s;
  if (cel_json_cursor_open(cursor, text->data, text->len, fault) != 0)
    return false;
  return cursor
             ->in_object /* an object was read to its end when it was opened */
         || (cel_json_scan_begin(&s, text->data, text->len, fault) &&
             cel_json_skip_value(&s) && cel_json_scan_end(&s));
}

/* Moves the text of the call at index 1 into the cursor at index 2, and pushes
   the value of a nextPageURL member, or nil [-0, +1]. Or returns false and
   pushes what is wrong with the text. */
static bool take_text(lua_State *L, cel_call *c, page_cursor *p) {
  cel_json_fault fault;
  if (!check_text(&c->transfer.body, &p->json, &fault)) {
    lua_pushstring(L, cel_body_fault(c, true, &fault));
    return false;
  }
  p->text = c->transfer.body; /* moved first: a finaliser may end the call */
  cel_buf_init(&c->transfer.body, p->text.alloc, p->text.max);
  if (p->json.next_bad)
    lua_pushboolean(L, true); /* not a string: an error, not the last page */
  else if (p->json.next_len == 0)
    lua_pushnil(L);
  else if (cel_json_decode(L, p->json.text + p->json.next_start - 1,
                           p->json.next_len + 2, &fault) != 0) {
    lua_pushstring(L, fault.message);
    return false;
  }
  return true;
}

/* The same with the user's codec, which decodes the whole page [-0, +1]. */
static bool take_decoded(lua_State *L, cel_call *c, page_cursor *p) {
  if (!cel_push_decoded_page(L, 1, &p->json.total))
    return false;
  p->decoded = true;
  p->total = (lua_Integer)lua_rawlen(L, -2);
  lua_insert(L, -2);
  lua_setiuservalue(L, 2, UV_RECORDS);
  cel_buf_free(&c->transfer.body);
  return true;
}

/* core.cursor(call): takes over the page's text. Returns a cursor, the value
   of a nextPageURL member or nil, and the value of a totalCount member or 0.
   Or nil and an error object, if the body is not a list of records. */
static int l_cursor(lua_State *L) {
  cel_call *c = cel_call_check(L, 1);
  luaL_argcheck(L,
                c->state != CEL_STATE_DONE || c->end == CEL_END_PAGE ||
                    c->end == CEL_END_CLOSED || c->end == CEL_END_CANCELLED,
                1, "no page call");
  luaL_argcheck(L, c->state == CEL_STATE_DONE, 1, "the page has not come yet");
  lua_settop(L, 1);
  page_cursor *p = push_cursor(L, 1);
  if (cel_body_is_blank(c))
    return 1;
  if (c->client->has_codec ? take_decoded(L, c, p) : take_text(L, c, p)) {
    lua_pushnumber(L, p->json.total);
    return 3;
  }
  cel_push_undecoded(L, 1, lua_tostring(L, -1));
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/* Seconds between two turns of the client while records are handed out. */
#define LOOK_INTERVAL 1e-3

/* Lets the client receive the next page while this one is consumed
   [-0, +0]. */
static void look_at_network(lua_State *L, int cursor, page_cursor *p) {
  const cel_client *c = p->client;
  if (c->http.running == 0 && cel_client_next(c) == NULL)
    return;
  double now = cel_clock();
  if (now - p->looked < LOOK_INTERVAL)
    return;
  p->looked = now;
  lua_getiuservalue(L, cursor, UV_CLIENT);
  if (cel_client_at(L, -1) == c)
    cel_client_step(L, -1, 0);
  lua_pop(L, 1);
}

typedef struct reading {
  page_cursor *cursor;
  int status;
  cel_json_fault fault;
} reading;

/* The arguments are a reading, and a table or nil [-2, +1]. */
static int l_read(lua_State *L) {
  reading *r = lua_touserdata(L, 1);
  cel_json_cursor *json = &r->cursor->json;
  lua_Integer n = 0;
  if (lua_istable(L, 2))
    r->status = cel_json_cursor_append(L, json, 2, &n, &r->fault);
  else
    r->status = cel_json_cursor_next(L, json, &r->fault);
  return r->status == 1 && !lua_istable(L, 2) ? 1 : 0;
}

/* Reads the next record from the text and pushes it [-0, +1]; or, if `into` is
   not 0, appends all records that are left to the table there. Results as for
   push_record. It reads in a protected call, so that `reading` is reset when
   that raises. */
static int read_text(lua_State *L, page_cursor *p, int into) {
  reading r = {.cursor = p};
  bool outer = p->reading; /* a finaliser may ask for records, too */
  lua_pushcfunction(L, l_read);
  lua_pushlightuserdata(L, &r);
  if (into == 0)
    lua_pushnil(L);
  else
    lua_pushvalue(L, into);
  p->reading = true;
  int raised = lua_pcall(L, 2, into == 0 ? 1 : 0, 0);
  p->reading = outer;
  int status = r.status;
  if (p->doomed && !outer) {
    p->json.open = p->json.failed = false;
    free_text(p);
  }
  if (raised != LUA_OK)
    return lua_error(L);
  if (into == 0 && status != 1)
    lua_pop(L, 1);
  if (status < 0)
    lua_pushstring(L, r.fault.message);
  return status;
}

/* Returns 1 and pushes the next record [-0, +1]; 0 at the end of the page
   [-0, +0]; -1 and pushes what is wrong with the text [-0, +1]. */
static int push_record(lua_State *L, int cursor, page_cursor *p) {
  look_at_network(L, cursor, p);
  if (!p->decoded)
    return p->json.open || p->json.failed ? read_text(L, p, 0) : 0;
  if (p->given >= p->total)
    return 0;
  lua_getiuservalue(L, cursor, UV_RECORDS);
  if (lua_rawgeti(L, -1, ++p->given) ==
      LUA_TNIL) { /* nil would end the loop */
    lua_pop(L, 1);
    lua_pushlightuserdata(L, NULL); /* celigo.null */
  }
  lua_remove(L, -2);
  return 1;
}

/* cursor:rest(): the records that are left, as an array; or nil and what is
   wrong with the text. */
static int l_cursor_rest(lua_State *L) {
  page_cursor *p = check_cursor(L, 1);
  lua_settop(L, 1);
  lua_newtable(L);
  luaL_setmetatable(L, CEL_ARRAY_MT);
  if (p->decoded) {
    for (lua_Integer n = 1; push_record(L, 1, p) == 1; n++)
      lua_rawseti(L, 2, n);
  } else if ((p->json.open || p->json.failed) && read_text(L, p, 2) < 0) {
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
  }
  return 1;
}

/* cursor:count(): how many records have been handed out. */
static int l_cursor_count(lua_State *L) {
  const page_cursor *p = check_cursor(L, 1);
  lua_pushinteger(L, p->decoded ? p->given : (lua_Integer)p->json.index);
  return 1;
}

/* cursor:ended(): whether all its records have been handed out. */
static int l_cursor_ended(lua_State *L) {
  const page_cursor *p = check_cursor(L, 1);
  lua_pushboolean(L, p->decoded ? p->given >= p->total : !p->json.open);
  return 1;
}

/* }====== */

/* {====== The iterator's function */

/* Upvalues: the current cursor or nil, advance(walk), the walk, and fail(walk,
   message), which raises. Without a message the reason is that the client is
   closed. */
enum { UP_CURSOR = 1, UP_ADVANCE, UP_WALK, UP_FAIL };

/* Raises by fail(walk, message); the message or nil is on top. */
static int fail_walk(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(UP_FAIL));
  lua_pushvalue(L, lua_upvalueindex(UP_WALK));
  lua_pushvalue(L, -3);
  lua_call(L, 2, 0);
  return 0;
}

/* Makes the cursor that advance() has returned, on top, the current one; false
   at the end of the walk [-1, +0]. */
static bool take_cursor(lua_State *L) {
  bool more = !lua_isnil(L, -1);
  if (more) {
    check_cursor(L, -1);
    lua_replace(L, lua_upvalueindex(UP_CURSOR));
  }
  return more;
}

/* Pushes the next record, or nil at the end of the walk. advance() may yield,
   and this function is its continuation. Pages may be empty, so this is a loop
   [-0, +1]. */
static int next_k(lua_State *L, int status, lua_KContext advanced) {
  (void)status;
  for (;; advanced = 1) {
    if (advanced && !take_cursor(L))
      return 1;
    lua_settop(L, 0);
    lua_pushvalue(
        L, lua_upvalueindex(UP_CURSOR)); /* keeps it from being collected */
    if (!lua_isnil(L, 1)) {
      page_cursor *p = check_cursor(L, 1);
      int found = push_record(L, 1, p);
      if (found == 1 && p->client->closed)
        lua_pushnil(L);
      else if (found == 1)
        return 1;
      if (found != 0)
        return fail_walk(L);
    }
    lua_pushvalue(L, lua_upvalueindex(UP_ADVANCE));
    lua_pushvalue(L, lua_upvalueindex(UP_WALK));
    lua_callk(L, 1, 1, 1, next_k);
  }
}

static int l_next(lua_State *L) {
  return next_k(L, LUA_OK, 0);
}

/* core.records(advance, walk, fail): the function of a for loop over the
   records of a walk. advance(walk) gives the next cursor or nil. */
static int l_records(lua_State *L) {
  lua_settop(L, 3);
  lua_pushnil(L);
  lua_insert(L, 1);
  lua_pushcclosure(L, l_next, 4);
  return 1;
}

/* }====== */

void cel_open_cursor(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"cursor", l_cursor}, {"records", l_records}, {NULL, NULL}};
  static const luaL_Reg meta[] = {
      {"__gc", l_cursor_gc}, {"__close", l_cursor_close}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"rest", l_cursor_rest},
                                     {"ended", l_cursor_ended},
                                     {"count", l_cursor_count},
                                     {"close", l_cursor_close},
                                     {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
  cel_class_new(L, CEL_CURSOR_MT);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
