/*
** lresult.c - what a call gives: headers, responses, error objects.
*/
#include "client/lresult.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lwhere.h"
#include "common/chars.h"
#include "engine/answer.h"
#include "http/clock.h"

/* {====== Headers */

bool cel_push_header(lua_State *L, const cel_call *c, const char *name) {
  cel_span field;
  cel_span value;
  size_t pos = 0;
  bool found = false;
  while (cel_next_field(cel_head_of(c), &pos, &field, &value)) {
    if (!cel_header_is(field, name))
      continue;
    lua_pushlstring(L, value.text, value.len); /* first of all, because */
    if (found) { /* an allocation may run a finaliser that frees the head */
      lua_pushliteral(L, ", ");
      lua_insert(L, -2);
      lua_concat(L, 3);
    }
    found = true;
  }
  return found;
}

#define USUAL_NAME 64 /* bytes of a header's name */

/* Pushes a name in lower case [-0, +1]. */
static void push_lower(lua_State *L, cel_span name) {
  char usual[USUAL_NAME];
  luaL_Buffer b;
  char *small =
      name.len <= sizeof usual ? usual : luaL_buffinitsize(L, &b, name.len);
  for (size_t i = 0; i < name.len; i++) {
    small[i] = cel_lower(name.text[i]);
  }
  if (small == usual)
    lua_pushlstring(L, usual, name.len);
  else
    luaL_pushresultsize(&b, name.len);
}

static int count_lines(cel_span head) {
  int n = 2; /* the status line and the empty line are always there */
  const char *p = head.text;
  const char *end = p + head.len;
  for (int lines = 0; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
    if (++lines > n)
      n = lines;
  return n;
}

/* Pushes all headers, names in lower case, repeated ones joined [-0, +1].
   Reads from a copy if a finaliser could free the head meanwhile. */
static void push_headers(lua_State *L, const cel_call *c) {
  cel_span head = cel_head_of(c);
  cel_span name;
  cel_span value;
  size_t pos = 0;
  if (c->pinned)
    lua_pushnil(L);
  else
    head.text = lua_pushlstring(L, head.text, head.len);
  lua_createtable(L, 0, count_lines(head) - 2);
  while (cel_next_field(head, &pos, &name, &value)) {
    push_lower(L, name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TNIL) {
      lua_pushliteral(L, ", ");
      lua_pushlstring(L, value.text, value.len);
      lua_concat(L, 3);
    } else {
      lua_pop(L, 1);
      lua_pushlstring(L, value.text, value.len);
    }
    lua_rawset(L, -3);
  }
  lua_remove(L, -2);
}

void cel_push_response(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  int next = lua_gettop(L);
  cel_call_redact(c, c->transfer.head.data, c->transfer.head.len);
  lua_createtable(L, 0, 6);
  lua_pushinteger(L, c->transfer.status);
  lua_setfield(L, -2, "status");
  push_headers(L, c);
  lua_getfield(L, -1, "x-request-id");
  lua_setfield(L, -3, "request_id");
  lua_setfield(L, -2, "headers");
  lua_pushinteger(L, c->exchanges);
  lua_setfield(L, -2, "attempts");
  lua_pushnumber(L, cel_clock() - c->started);
  lua_setfield(L, -2, "elapsed");
  lua_pushvalue(L, next);
  lua_setfield(L, -2, "next_url");
  lua_replace(L, next);
}

/* }====== */

/* {====== Failures */

void cel_push_identity(lua_State *L, int idx, int into) {
  const cel_call *c = cel_call_get(L, idx);
  lua_pushstring(L, c->method);
  lua_setfield(L, into, "method");
  if (c->target != NULL) {
    const char *target = c->target + c->prefix_len;
    lua_pushlstring(L, target, strcspn(target, "?"));
    lua_setfield(L, into, "path");
  }
  lua_pushstring(L, c->op == NULL ? "request" : c->op->name);
  lua_setfield(L, into, "operation");
}

/* Sets `where`, a line of the caller's code: the one that submitted the call,
   or the one that waits for it now [-0, +0]. */
static void set_where(lua_State *L, int idx, int into) {
  if (lua_getiuservalue(L, idx, CEL_CALL_UV_WHERE) == LUA_TNIL) {
    lua_pop(L, 1);
    cel_push_where(L);
  }
  lua_setfield(L, into, "where");
}

/* Sets what an error has of its answer [-0, +0]. */
static void set_answer(lua_State *L, cel_call *c, int into) {
  cel_transfer *t = &c->transfer;
  cel_call_redact(c, t->head.data, t->head.len);
  cel_call_redact(c, t->body.data, t->body.len);
  lua_pushinteger(L, t->status);
  lua_setfield(L, into, "status");
  push_headers(L, c);
  lua_setfield(L, into, "headers");
  lua_pushlstring(L, t->body.data, t->body.len);
  lua_setfield(L, into, "body");
  if (c->attempt.retry_after >= 0) {
    double after =
        c->attempt.retry_after; /* more is a mistake of the server's */
    lua_pushnumber(L,
                   after < CEL_RETRY_AFTER_MAX ? after : CEL_RETRY_AFTER_MAX);
    lua_setfield(L, into, "retry_after");
  }
}

/* Sets a field of the error, unless it is NULL [-0, +0]. */
static void set_string(lua_State *L, int into, const char *name,
                       const char *value) {
  if (value == NULL)
    return;
  lua_pushstring(L, value);
  lua_setfield(L, into, name);
}

/* A message may quote the answer [-0, +0]. */
static void set_message(lua_State *L, const cel_call *c, int into,
                        const char *message) {
  if (message == NULL)
    return;
  luaL_Buffer b;
  size_t len = strlen(message);
  char *copy = luaL_buffinitsize(L, &b, len + 1);
  memcpy(copy, message, len + 1);
  cel_call_redact(c, copy, len);
  luaL_pushresultsize(&b, len);
  lua_setfield(L, into, "message");
}

/* Hands the raw fields on top to the error class [-1, +1]. */
static void make_error(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, CEL_ERROR_CONSTRUCTOR);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
}

void cel_push_failure(lua_State *L, int idx, const cel_failure *f) {
  cel_call *c = cel_call_get(L, idx);
  luaL_checkstack(L, 12, "no room for an error object");
  lua_createtable(L, 0, 16);
  int into = lua_gettop(L);
  cel_push_identity(L, idx, into);
  set_where(L, idx, into);
  set_string(L, into, "kind", f->row->kind);
  set_string(L, into, "code", f->row->code);
  set_message(L, c, into, f->message);
  lua_pushinteger(L, c->exchanges);
  lua_setfield(L, into, "attempts");
  lua_pushinteger(L, c->exchanges -
                         c->before); /* of this page; tostring tells it */
  lua_setfield(L, into, "tries");
  lua_pushnumber(L, c->started > 0 ? cel_clock() - c->started : 0);
  lua_setfield(L, into, "elapsed");
  lua_pushboolean(L, f->retryable);
  lua_setfield(L, into, "retryable");
  lua_pushboolean(L, f->maybe_applied);
  lua_setfield(L, into, "maybe_applied");
  if (f->answered)
    set_answer(L, c, into);
  make_error(L);
}

void cel_push_invalid(lua_State *L, int idx, bool contract) {
  lua_createtable(L, 0, 12);
  int into = lua_gettop(L);
  cel_push_identity(L, idx, into);
  set_where(L, idx, into);
  lua_pushboolean(L, contract);
  lua_setfield(L, into, "contract");
  set_string(L, into, "kind", cel_failure_validation.kind);
  lua_pushinteger(L, 0);
  lua_setfield(L, into, "attempts");
  lua_pushnumber(L, 0);
  lua_setfield(L, into, "elapsed");
  lua_pushboolean(L, false);
  lua_setfield(L, into, "retryable");
  lua_pushboolean(L, false);
  lua_setfield(L, into, "maybe_applied");
  lua_pushvalue(L, into - 1);
  lua_setfield(L, into, "errors");
  lua_remove(L, into - 1);
  make_error(L);
}

/* Pushes an error object about how the call at idx has ended, or its newest
   exchange [-0, +1]. */
static void push_own_failure(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  const cel_attempt *a = &c->attempt;
  char message[CURL_ERROR_SIZE + 160];
  bool answered = a->result == CEL_RESULT_ANSWERED;
  const cel_failure f = {
      .row = cel_failure_of(c),
      .message = answered ? NULL : message,
      .retryable = cel_retry_worthwhile(a->result, a->status),
      .maybe_applied = cel_retry_maybe_applied(a, c->writes),
      .answered = answered,
  };
  cel_failure_describe(c, message, sizeof message);
  cel_push_failure(L, idx, &f);
}

void cel_fail(lua_State *L, int idx) {
  push_own_failure(L, idx);
  cel_call_finish(L, idx, CEL_END_ERROR);
}

/* }====== */

int cel_push_result(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  if (c->end == CEL_END_CANCELLED || c->end == CEL_END_CLOSED) {
    push_own_failure(L, idx); /* made only now, when somebody asks for it */
    lua_setiuservalue(L, idx, CEL_CALL_UV_VALUE);
    c->end = CEL_END_ERROR;
  }
  switch (c->end) {
  case CEL_END_VALUE:
    lua_getiuservalue(L, idx, CEL_CALL_UV_VALUE);
    if (lua_getiuservalue(L, idx, CEL_CALL_UV_RESPONSE) != LUA_TNIL)
      return 2;
    lua_pop(L, 1); /* a dry run */
    return 1;
  case CEL_END_RAISE:
    lua_getiuservalue(L, idx, CEL_CALL_UV_VALUE);
    return lua_error(L);
  case CEL_END_PAGE:
    lua_pushboolean(L, true);
    return 1;
  default:
    lua_pushnil(L);
    lua_getiuservalue(L, idx, CEL_CALL_UV_VALUE);
    return 2;
  }
}
