/*
** json_probe.c - the JSON functions that scripts do not see, as a Lua module
** for the specs: the page cursor, the stack's balance, and decoding under a
** memory limit.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "json/ljson.h"
#include "json/ljson_module.h"
#include "state.h"

#define PROBE_CURSOR "json_probe.cursor"

/* Pushes nil, the message and the offset [-0, +3]. */
static int probe_push_fault(lua_State *L, const cel_json_fault *fault) {
  luaL_pushfail(L);
  lua_pushstring(L, fault->message);
  lua_pushinteger(L, (lua_Integer)fault->offset);
  return 3;
}

/* Raises unless the stack holds `want` values. */
static void probe_balance(lua_State *L, int want) {
  if (lua_gettop(L) != want)
    luaL_error(L, "stack holds %d values, expected %d", lua_gettop(L), want);
}

/* Raises unless reading over the text finds what decoding it has found. */
static void probe_skip(lua_State *L, const char *text, size_t len,
                       const cel_json_fault *decoded) {
  cel_json_scan s;
  cel_json_fault fault;
  bool good = cel_json_scan_begin(&s, text, len, &fault) &&
              cel_json_skip_value(&s) && cel_json_scan_end(&s);
  if (good != (decoded == NULL) ||
      (!good && strcmp(fault.message, decoded->message) != 0))
    luaL_error(L, "read over: %s; decoded: %s", good ? "fine" : fault.message,
               decoded == NULL ? "fine" : decoded->message);
}

/* decode(text): value, or nil, message, offset. The text is handed over in
   a block that ends where it ends, so that a sanitizer sees every read
   beyond it. It is read over, too. */
static int l_decode(lua_State *L) {
  size_t len;
  const char *const text = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  char *const copy = lua_newuserdatauv(L, len, 0);
  memcpy(copy, text, len);
  cel_json_fault fault;
  const int status = cel_json_decode(L, copy, len, &fault);
  probe_balance(L, status == 0 ? 3 : 2);
  probe_skip(L, copy, len, status == 0 ? NULL : &fault);
  return status == 0 ? 1 : probe_push_fault(L, &fault);
}

/* open(text): cursor, or nil, message, offset. */
static int l_open(lua_State *L) {
  size_t len;
  const char *const text = luaL_checklstring(L, 1, &len);
  cel_json_cursor *const c = lua_newuserdatauv(L, sizeof *c, 1);
  luaL_setmetatable(L, PROBE_CURSOR);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  cel_json_fault fault;
  if (cel_json_cursor_open(c, text, len, &fault) != 0)
    return probe_push_fault(L, &fault);
  return 1;
}

/* cursor:next(): true, record; false at the end; or nil, message, offset. */
static int l_next(lua_State *L) {
  cel_json_cursor *const c = luaL_checkudata(L, 1, PROBE_CURSOR);
  lua_settop(L, 1);
  cel_json_fault fault;
  lua_pushboolean(L, 1);
  const int status = cel_json_cursor_next(L, c, &fault);
  probe_balance(L, status == 1 ? 3 : 2);
  if (status == 1)
    return 2;
  if (status < 0)
    return probe_push_fault(L, &fault);
  lua_pushboolean(L, 0);
  return 1;
}

/* cursor:append(table, n): the new n; or nil, message, offset, n. */
static int l_append(lua_State *L) {
  cel_json_cursor *const c = luaL_checkudata(L, 1, PROBE_CURSOR);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Integer n = luaL_checkinteger(L, 3);
  lua_settop(L, 2);
  cel_json_fault fault;
  const int status = cel_json_cursor_append(L, c, -1, &n, &fault);
  probe_balance(L, 2);
  if (status != 0)
    probe_push_fault(L, &fault);
  lua_pushinteger(L, n);
  return status == 0 ? 1 : 4;
}

/* cursor:state(): { index, open, in_object, next }, where next is the URL
   of the next page, or nil. */
static int l_state(lua_State *L) {
  const cel_json_cursor *const c = luaL_checkudata(L, 1, PROBE_CURSOR);
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, (lua_Integer)c->index);
  lua_setfield(L, -2, "index");
  lua_pushboolean(L, c->open);
  lua_setfield(L, -2, "open");
  lua_pushboolean(L, c->in_object);
  lua_setfield(L, -2, "in_object");
  cel_json_fault fault;
  if (c->next_len > 0) {
    if (cel_json_decode(L, c->text + c->next_start - 1, c->next_len + 2,
                        &fault) != 0)
      return luaL_error(L, "%s", fault.message);
    lua_setfield(L, -2, "next");
  }
  return 1;
}

typedef struct probe_budget {
  size_t used;
  size_t limit;
} probe_budget;

/* A lua_Alloc that refuses to go over its budget. */
static void *probe_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  probe_budget *const budget = ud;
  const size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && budget->used + (nsize - old) > budget->limit)
    return NULL;
  void *const block = nsize == 0 ? NULL : realloc(ptr, nsize);
  if (nsize == 0)
    free(ptr);
  else if (block == NULL)
    return NULL;
  budget->used = budget->used - old + nsize;
  return block;
}

typedef struct probe_text {
  const char *bytes;
  size_t len;
} probe_text;

/* Decodes twice, the second time record by record where that is possible;
   pushes the first fault's message, or nothing. */
static int l_decode_both(lua_State *L) {
  const probe_text *const text = lua_touserdata(L, 1);
  cel_json_fault fault;
  cel_json_cursor c;
  lua_Integer n = 0;
  lua_settop(L, 1);
  if (cel_json_decode(L, text->bytes, text->len, &fault) != 0) {
    lua_pushstring(L, fault.message);
    return 1;
  }
  if (cel_json_cursor_open(&c, text->bytes, text->len, &fault) == 0) {
    lua_newtable(L);
    cel_json_cursor_append(L, &c, -1, &n, &fault);
  }
  return 0;
}

/* limited(text, bytes): decodes in a state of its own that may grow by so
   many bytes. Returns "ok", "fault", "memory" or "error", then the message,
   if any. Raises if memory is left over. */
static int l_limited(lua_State *L) {
  probe_text text;
  text.bytes = luaL_checklstring(L, 1, &text.len);
  const lua_Integer extra = luaL_checkinteger(L, 2);
  probe_budget budget = {0, SIZE_MAX};
  lua_State *const other = new_state(probe_alloc, &budget);
  if (other == NULL)
    return luaL_error(L, "not enough memory");
  cel_open_json(other);
  lua_gc(other, LUA_GCCOLLECT);
  lua_pushcfunction(other, l_decode_both);
  lua_pushlightuserdata(other, &text);
  budget.limit = budget.used + (size_t)extra;
  const int status = lua_pcall(other, 1, LUA_MULTRET, 0);
  const char *result = "error";
  if (status == LUA_OK)
    result = lua_gettop(other) > 0 ? "fault" : "ok";
  else if (is_memory_error(other, status))
    result = "memory";
  const char *const said =
      lua_gettop(other) > 0 ? lua_tostring(other, -1) : NULL;
  char message[200];
  snprintf(message, sizeof message, "%s", said != NULL ? said : "");
  lua_close(other);
  if (budget.used != 0)
    return luaL_error(L, "%d bytes are left over", (int)budget.used);
  lua_pushstring(L, result);
  lua_pushstring(L, message);
  return 2;
}

int luaopen_json_probe(lua_State *L);

int luaopen_json_probe(lua_State *L) {
  static const luaL_Reg functions[] = {{"decode", l_decode},
                                       {"open", l_open},
                                       {"limited", l_limited},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"next", l_next},
                                     {"append", l_append},
                                     {"state", l_state},
                                     {NULL, NULL}};
  luaL_newmetatable(L, PROBE_CURSOR);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
