/*
** lrequest.c - makes a call of a method's arguments: target, headers, body.
** Whatever is wrong with the arguments is found here, before anything is sent.
*/
#include "client/lrequest.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lbody.h"
#include "client/lcall.h"
#include "client/ldry_run.h"
#include "client/lquery.h"
#include "client/lresult.h"

/* The most bytes of a call's own headers. libcurl's own limits are higher, but
   its messages do not help. */
#define MAX_HEADERS 262144

/* {====== Target */

/* The beginning of the target that comes from the base URL, not from the user.
   Notes its length in the call. */
static const char *set_origin(cel_call *c) {
  const cel_base_url *base = &c->client->base;
  const char *origin = base->prefix;
  if (c->client
          ->closed) /* nothing will be sent, and the base URL may be freed */
    origin = "";
  else if (cel_http_absolute(&c->client->http))
    origin = base->text;
  c->prefix_len = strlen(origin);
  return origin;
}

/* Pushes the origin and the operation's path with its ids [-0, +1]. */
static void push_path(lua_State *L, cel_arguments *a) {
  const char *ids[CEL_MAX_IDS];
  size_t lens[CEL_MAX_IDS];
  cel_call *c = cel_call_get(L, a->call);
  size_t size = strlen(a->op->path);
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++) {
    ids[i] = cel_arguments_id(L, a, i, &lens[i]);
    size += 3 * lens[i];
  }
  const char *origin = set_origin(c);
  const char *p = a->op->path;
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, c->prefix_len + size);
  size_t n = cel_url_put(out, origin, c->prefix_len);
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++) {
    size_t len = strcspn(p, "{");
    n += cel_url_put(out + n, p, len);
    n += cel_url_escape(ids[i], lens[i], out + n);
    p = strchr(p + len, '}') + 1;
  }
  n += cel_url_put(out + n, p, strlen(p));
  luaL_pushresultsize(&b, n);
}

/* Sets the target, which is on top without its query [-1, +0]. */
static void set_target(lua_State *L, const cel_arguments *a) {
  cel_query_add(L, a->what, a->options);
  cel_call_set_target(L, cel_call_get(L, a->call));
}

/* }====== */

/* {====== Headers */

/* Adds a header to the end of the list. Its name and its value are on top
   [-0, +0]. *end is the end of the list; *size counts the bytes. */
static void add_header(lua_State *L, const cel_arguments *a,
                       struct curl_slist ***end, size_t *size) {
  cel_call *c = cel_call_get(L, a->call);
  size_t name_len;
  size_t len;
  if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
    luaL_error(L, "%s: headers: expected names and values that are strings",
               a->what);
  const char *name = lua_tolstring(L, -2, &name_len);
  lua_pushvalue(L, -1);
  const char *value = lua_tolstring(L, -1, &len);
  *size += name_len + len + sizeof ": \r\n" - 1;
  if (*size > MAX_HEADERS)
    luaL_error(L, "%s: headers: they are longer than %d bytes", a->what,
               MAX_HEADERS);
  const char *wrong = cel_header_check(name, name_len, value, len);
  if (wrong != NULL)
    luaL_error(L, "%s: headers: '%s': %s", a->what, name, wrong);
  bool empty =
      strspn(value, " \t") ==
      len; /* in libcurl's list, "Name;" is a header with an empty value */
  const char *line = empty ? lua_pushfstring(L, "%s;", name)
                           : lua_pushfstring(L, "%s: %s", name, value);
  void *memory = cel_allocate(L, &c->client->alloc, cel_header_size(line));
  *end = cel_header_put(*end, memory, line);
  lua_pop(L, 2);
}

/* Reads the option `headers` [-0, +0]. */
static void set_headers(lua_State *L, const cel_arguments *a) {
  if (cel_option_push(L, a->options, "headers")) {
    size_t size = 0;
    struct curl_slist **end = &cel_call_get(L, a->call)->own;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
      add_header(L, a, &end, &size);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

/* }====== */

/* Ends the call with a validation error; the message is on top [-1, +0]. */
static void refuse_call(lua_State *L, const cel_arguments *a,
                        const char *code) {
  lua_createtable(L, 1, 0);
  lua_createtable(L, 0, 2);
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "message");
  lua_rawseti(L, -2, 1);
  cel_push_invalid(L, a->call, false);
  cel_call_finish(L, a->call, CEL_END_ERROR);
  lua_pop(L, 1);
}

/* Checks all that does not depend on the body. Where the call must not be
   sent, ends it and returns false [-0, +0]. */
static bool may_be_sent(lua_State *L, const cel_arguments *a) {
  cel_call *c = cel_call_get(L, a->call);
  if (c->client->closed) {
    cel_call_abandon(c, CEL_END_CLOSED);
  } else if (a->wrong_id != NULL) {
    lua_pushfstring(L,
                    "the %s is \"%s\", which cannot be an id: it would "
                    "change the path",
                    a->wrong_id, a->shown_id);
    refuse_call(L, a, "invalid_id");
  } else if (c->client->read_only && c->writes &&
             !cel_option_boolean(L, a->options, "dry_run", false)) {
    lua_pushfstring(L,
                    "the client was made with read_only = true: %s was not "
                    "sent",
                    a->what);
    refuse_call(L, a, "read_only");
  } else {
    return true;
  }
  return false;
}

/* Sets what operations and the escape hatch have in common. The target without
   its query is on top [-1, +0]. */
static void set_rest(lua_State *L, const cel_arguments *a) {
  cel_call *c = cel_call_get(L, a->call);
  double timeout = c->timeout;
  if (a->op != NULL && a->op->timeout > 0 && !c->client->timeout_set)
    timeout = a->op->timeout;
  set_target(L, a);
  c->writes = strcmp(c->method, "GET") != 0;
  c->timeout = cel_option_number(L, a->options, "timeout", timeout);
  c->policy.max_retries = (int)cel_option_number(L, a->options, "max_retries",
                                                 c->policy.max_retries);
  set_headers(L, a);
  if (may_be_sent(L, a) && a->body != 0)
    cel_body_set(
        L, a->call, a->body, a->op == NULL ? NULL : a->op->shape,
        cel_option_boolean(L, a->options, "validate", c->client->validate));
  lua_settop(L, a->call);
}

/* Leaves the call instead of the arguments; a dry run is done then
   [-n, +1]. */
static void leave(lua_State *L, const cel_arguments *a) {
  const cel_call *c = cel_call_get(L, a->call);
  if (c->state == CEL_STATE_NEW &&
      c->writes && /* a GET is sent in a dry run, too */
      cel_option_boolean(L, a->options, "dry_run", false)) {
    cel_push_dry_run(L, a->call);
    cel_call_finish(L, a->call, CEL_END_VALUE);
  }
  lua_replace(L, 1);
  lua_settop(L, 1);
}

void cel_request_operation(lua_State *L, const cel_operation *op,
                           const cel_asker *by) {
  cel_arguments a = {
      .what = by == NULL ? op->name : by->name, .op = op, .by = by};
  cel_client_self(L, a.what);
  cel_arguments_read(L, &a);
  cel_call *c = cel_call_new(L, 1);
  c->op = op;
  memcpy(c->method, op->method, strlen(op->method) + 1);
  c->answer = op->answer;
  c->attempt.repeat = op->repeat;
  c->follow = op->answer == CEL_ANSWER_LIST &&
              cel_option_boolean(L, a.options, "follow", true);
  push_path(L, &a);
  set_rest(L, &a);
  leave(L, &a);
}

/* {====== The escape hatch */

/* Reads the option `method` [-0, +0]. */
static void set_method(lua_State *L, const cel_arguments *a, cel_call *c) {
  static const char *const methods[] = {"GET",   "POST",   "PUT",
                                        "PATCH", "DELETE", NULL};
  const char *method = "GET";
  if (cel_option_push(L, a->options, "method"))
    method = lua_tostring(L, -1);
  int i = 0;
  while (methods[i] != NULL && strcmp(methods[i], method) != 0)
    i++;
  if (methods[i] == NULL)
    luaL_error(L,
               "%s: option 'method': expected GET, POST, PUT, PATCH or "
               "DELETE, got \"%s\"",
               a->what, method);
  memcpy(c->method, methods[i], strlen(methods[i]) + 1);
  lua_pop(L, 1);
}

/* Pushes the origin and the option `path` [-0, +1]. */
static void push_any_path(lua_State *L, const cel_arguments *a, cel_call *c) {
  size_t len;
  if (!cel_option_push(L, a->options, "path"))
    luaL_error(L,
               "%s: option 'path': expected a path such as "
               "\"/v1/integrations\", got nothing",
               a->what);
  const char *path = lua_tolstring(L, -1, &len);
  const char *wrong = cel_target_check(path, len);
  if (wrong != NULL)
    luaL_error(L, "%s: option 'path': %s", a->what, wrong);
  c->attempt.repeat =
      cel_operation_repeat(c->method, path, strcspn(path, "?"));
  lua_pushstring(L, set_origin(c));
  lua_insert(L, -2);
  lua_concat(L, 2);
}

void cel_request_any(lua_State *L, const cel_asker *by) {
  cel_arguments a = {.what = by == NULL ? "request" : by->name, .by = by};
  cel_client_self(L, a.what);
  cel_arguments_read_any(L, &a);
  cel_call *c = cel_call_new(L, 1);
  set_method(L, &a, c);
  if (a.body != 0 && strcmp(c->method, "GET") == 0)
    luaL_error(L, "%s: a GET takes no body", a.what);
  cel_arguments_check_body(L, &a);
  c->answer =
      strcmp(c->method, "DELETE") == 0 ? CEL_ANSWER_TRUE : CEL_ANSWER_RECORD;
  c->follow = cel_option_boolean(L, 2, "follow", false) &&
              strcmp(c->method, "GET") == 0;
  push_any_path(L, &a, c);
  set_rest(L, &a);
  leave(L, &a);
}

/* }====== */
