/*
** lrequest.c - reads the arguments of a method and makes the call of them.
** Everything that can be wrong with them is found here, before anything is
** sent.
*/
#include "client/lrequest.h"

#include <string.h>

#include <lauxlib.h>

#include "client/lbody.h"
#include "client/lcall.h"
#include "client/loptions.h"
#include "client/lquery.h"
#include "client/lresult.h"

#define MAX_TIMEOUT 1e7 /* seconds */
#define MAX_LIMIT   1e9 /* records of a page */

/* Bytes; libcurl has limits of its own beyond it, and poor words. */
#define MAX_HEADERS 262144

#define PER_CALL                                                              \
  {"timeout", CEL_OPTION_NUMBER, 1e-3, MAX_TIMEOUT, "seconds, a number"},     \
      {"max_retries", CEL_OPTION_INTEGER, 0, 1e6, NULL},                      \
      {"validate", CEL_OPTION_BOOLEAN, 0, 0, NULL},                           \
      {"headers", CEL_OPTION_TABLE, 0, 0,                                     \
       "a table of header names and values"},                                 \
      {"query", CEL_OPTION_TABLE, 0, 0, "a table of query parameters"},       \
      {"follow", CEL_OPTION_BOOLEAN, 0, 0, NULL},                             \
      {"limit", CEL_OPTION_INTEGER, 1, MAX_LIMIT, "a page size, an integer"}, \
  {                                                                           \
    "dry_run", CEL_OPTION_BOOLEAN, 0, 0, NULL                                 \
  }

/* The last row of both tables is for iterators only. */
#define FOR_ITERATORS                                                         \
  { "prefetch", CEL_OPTION_BOOLEAN, 0, 0, NULL }

const cel_option cel_call_options[] = {PER_CALL, FOR_ITERATORS};
const size_t cel_call_options_count =
    sizeof cel_call_options / sizeof *cel_call_options - 1;

const cel_option cel_request_options[] = {
    PER_CALL,
    {"method", CEL_OPTION_STRING, 0, 0, NULL},
    {"path", CEL_OPTION_STRING, 0, 0, NULL},
    {"body", CEL_OPTION_OTHER, 0, 0, NULL},
    FOR_ITERATORS};
const size_t cel_request_options_count =
    sizeof cel_request_options / sizeof *cel_request_options - 1;

/* What is read from the stack; indices are absolute. */
typedef struct arguments {
  const char *what; /* the method's name, for errors */
  const cel_operation *op;
  int options;          /* the options' index; may hold nothing */
  int body;             /* the body's index; 0 for none */
  int call;             /* the new call's index */
  const cel_asker *by;  /* the method that asks, where it is another */
  const char *wrong_id; /* which of the ids can be none; NULL: all can be */
  const char *shown_id; /* that one */
} arguments;

/* {====== What a method takes, in words */

/* Pushes "name(id, connector[, options])"; where an option is named, with
   that in the options' place [-0, +1]. */
static void push_usage(lua_State *L, const arguments *a, const char *option) {
  const char *args = a->by == NULL ? NULL : a->by->arguments;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, a->what);
  luaL_addchar(&b, '(');
  if (args != NULL || a->op == NULL) {
    luaL_addstring(&b, args == NULL ? "request" : args);
    luaL_addchar(&b, ')');
    luaL_pushresult(&b);
    return;
  }
  bool any = a->op->ids > 0;
  luaL_addstring(&b, a->op->ids == 0   ? ""
                     : a->op->ids == 1 ? "id"
                                       : "id, license_id");
  if (a->op->body != CEL_BODY_NONE) {
    bool optional = a->op->body == CEL_BODY_OPTIONAL && option == NULL;
    luaL_addstring(&b, optional ? "[" : "");
    luaL_addstring(&b, any ? ", " : "");
    luaL_addstring(&b, a->op->shape == &cel_shape_connector ? "connector"
                       : a->op->body == CEL_BODY_OPTIONAL   ? "body"
                                                            : "license");
    luaL_addstring(&b, optional ? "]" : "");
    any = true;
  }
  if (option == NULL) {
    luaL_addstring(&b, any ? "[, options])" : "[options])");
  } else {
    luaL_addstring(&b, ", { ");
    luaL_addstring(&b, option);
    luaL_addstring(&b, " = ... })");
  }
  luaL_pushresult(&b);
}

/* Arguments beyond the last one raise, unless they are nil: what is in them
   must not be lost in silence [-0, +0]. */
static void refuse_surplus(lua_State *L, const arguments *a, int last) {
  for (int i = lua_gettop(L); i > last; i--) {
    if (lua_isnil(L, i))
      continue;
    push_usage(L, a, NULL);
    luaL_error(L, "%s: too many arguments, the last one a %s; it takes %s",
               a->what, luaL_typename(L, i), lua_tostring(L, -1));
  }
}

/* }====== */

/* {====== Target */

/* Puts text at out, without a terminator; returns its length. */
static size_t put(char *out, const char *text, size_t len) {
  memcpy(out, text, len);
  return len;
}

/* An id of the arguments. It comes from outside: one that would lead to
   another path is noted, and no mistake of the program's. */
static const char *id_at(lua_State *L, arguments *a, int idx, const char *name,
                         size_t *len) {
  if (lua_type(L, idx) != LUA_TSTRING) {
    const char *given = luaL_typename(L, idx);
    push_usage(L, a, NULL);
    luaL_error(L, "%s: %s: expected a string, got %s; it takes %s", a->what,
               name, given, lua_tostring(L, -1));
  }
  const char *id = lua_tolstring(L, idx, len);
  if (*len == 0 || (*len == 1 && id[0] == '.') ||
      (*len == 2 && id[0] == '.' && id[1] == '.'))
    a->wrong_id = name, a->shown_id = id;
  return id;
}

static const char *const id_names[CEL_MAX_IDS] = {"id", "license id"};

/* Raises where an id is no string, before anything else is looked at: what
   stands in another order is told so [-0, +0]. */
static void check_ids(lua_State *L, arguments *a) {
  size_t len;
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++)
    id_at(L, a, (int)i + 2, id_names[i], &len);
}

/* The part of the target that the user never writes; notes its length. */
static const char *set_origin(cel_call *c) {
  const cel_base_url *base = &c->client->base;
  const char *origin = base->prefix;
  if (c->client->closed) /* nothing will be sent, and what it was made of may
                            be gone */
    origin = "";
  else if (cel_http_absolute(&c->client->http))
    origin = base->text;
  c->prefix_len = strlen(origin);
  return origin;
}

/* Pushes the operation's path with its ids, which are at index 2 and on, and
   the origin before it [-0, +1]. */
static void push_path(lua_State *L, arguments *a) {
  const char *ids[CEL_MAX_IDS];
  size_t lens[CEL_MAX_IDS];
  cel_call *c = cel_call_get(L, a->call);
  size_t size = strlen(a->op->path);
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++) {
    ids[i] = id_at(L, a, (int)i + 2, id_names[i], &lens[i]);
    size += 3 * lens[i];
  }
  const char *origin = set_origin(c);
  const char *p = a->op->path;
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, c->prefix_len + size);
  size_t n = put(out, origin, c->prefix_len);
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++) {
    size_t len = strcspn(p, "{");
    n += put(out + n, p, len);
    n += cel_url_escape(ids[i], lens[i], out + n);
    p = strchr(p + len, '}') + 1;
  }
  n += put(out + n, p, strlen(p));
  luaL_pushresultsize(&b, n);
}

/* The target, with its origin and without the query, is on top [-1, +0]. */
static void set_target(lua_State *L, const arguments *a) {
  cel_query_add(L, a->what, a->options);
  cel_call_set_target(L, cel_call_get(L, a->call));
}

/* }====== */

/* {====== Headers */

/* The name is below the value on top [-0, +0]. Puts their line at the list's
   end, which it moves; `size` counts what is sent. */
static void add_header(lua_State *L, const arguments *a,
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
  bool empty = strspn(value, " \t") == len; /* libcurl's way to send one */
  const char *line = empty ? lua_pushfstring(L, "%s;", name)
                           : lua_pushfstring(L, "%s: %s", name, value);
  void *memory = cel_allocate(L, &c->client->alloc, cel_header_size(line));
  *end = cel_header_put(*end, memory, line);
  lua_pop(L, 2);
}

static void set_headers(lua_State *L, const arguments *a) {
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

/* {====== Dry run */

static void set_lower(lua_State *L, const char *line) {
  size_t n = strcspn(line, ":;");
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, n);
  for (size_t i = 0; i < n; i++)
    out[i] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + ('a' - 'A')
                                                     : line[i]);
  luaL_pushresultsize(&b, n);
  const char *value = line[n] == ':' ? line + n + 1 : "";
  lua_pushstring(L, value + strspn(value, " "));
  lua_rawset(L, -3);
}

/* Pushes what would be sent, the token masked [-0, +1]. */
static void push_dry_run(lua_State *L, const arguments *a) {
  const cel_call *c = cel_call_get(L, a->call);
  lua_createtable(L, 0, 4);
  lua_pushstring(L, c->method);
  lua_setfield(L, -2, "method");
  lua_pushfstring(L, "%s%s", c->client->base.text, c->target + c->prefix_len);
  lua_setfield(L, -2, "url");
  lua_createtable(L, 0, 6);
  set_lower(L, "Authorization: Bearer ***");
  set_lower(L, "Accept: application/json");
  if (c->body != NULL)
    set_lower(L, "Content-Type: application/json");
  lua_pushstring(L, c->client->agent);
  lua_setfield(L, -2, "user-agent");
  for (const struct curl_slist *s = c->own; s != NULL; s = s->next)
    set_lower(L, s->data);
  lua_setfield(L, -2, "headers");
  if (c->body != NULL) {
    lua_pushlstring(L, c->body, c->body_len);
    lua_setfield(L, -2, "body");
  }
}

/* }====== */

/* Ends the call with a validation error; the top is the error's message
   [-1, +0]. */
static void refuse_call(lua_State *L, const arguments *a, const char *code) {
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

/* What holds before a body is looked at; false where it has ended the call
   [-0, +0]. */
static bool may_be_sent(lua_State *L, const arguments *a) {
  cel_call *c = cel_call_get(L, a->call);
  if (c->client->closed) {
    cel_call_abandon(c, CEL_END_CLOSED);
  } else if (a->wrong_id != NULL) {
    lua_pushfstring(L,
                    "the %s is \"%s\", which no id can be (the path would be "
                    "another)",
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

/* What operations and the escape hatch have in common: the target without
   its query is on top [-1, +0]. */
static void set_rest(lua_State *L, const arguments *a) {
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

/* Leaves the call, or the dry run, instead of the arguments. */
static bool leave(lua_State *L, const arguments *a) {
  const cel_call *c = cel_call_get(L, a->call);
  bool dry = c->state == CEL_STATE_NEW && c->writes && /* reading is dry */
             cel_option_boolean(L, a->options, "dry_run", false);
  if (dry)
    push_dry_run(L, a);
  lua_replace(L, 1);
  lua_settop(L, 1);
  return dry;
}

/* Whether the body has that member [-0, +0]. */
static bool body_has(lua_State *L, const arguments *a, const char *name) {
  lua_pushstring(L, name);
  bool has = lua_rawget(L, a->body) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

/* Options are easily put into the body. dry_run and max_retries are never
   meant to be sent, and no body of an operation holds nothing but names of
   options [-0, +0]. */
static void refuse_options(lua_State *L, const arguments *a) {
  const char *found = body_has(L, a, "dry_run")       ? "dry_run"
                      : body_has(L, a, "max_retries") ? "max_retries"
                                                      : NULL;
  bool all = a->op != NULL;
  const char *first = NULL;
  int top = lua_gettop(L);
  lua_pushnil(L);
  while (found == NULL && all && lua_next(L, a->body) != 0) {
    lua_pop(L, 1);
    const char *name =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    all = cel_option_is(cel_call_options, cel_call_options_count, name);
    if (first == NULL)
      first = name; /* a key of the table: it stays */
  }
  lua_settop(L, top);
  if (found == NULL && all)
    found = first;
  if (found == NULL)
    return;
  if (a->op == NULL)
    luaL_error(L,
               "%s: body: '%s' is an option, and options stand beside the "
               "body: { method = ..., path = ..., body = ..., %s = ... }",
               a->what, found, found);
  push_usage(L, a, found);
  luaL_error(L,
             "%s: body: '%s' is an option, and options come after the body: "
             "%s",
             a->what, found, lua_tostring(L, -1));
}

/* Raises: the value at idx is no body. */
static void refuse_body(lua_State *L, const arguments *a, int idx) {
  const char *given = luaL_typename(L, idx);
  push_usage(L, a, NULL);
  luaL_error(L, "%s: body: expected a table, got %s; it takes %s", a->what,
             given, lua_tostring(L, -1));
}

/* Raises: the value at idx is no table of options. */
static void refuse_options_type(lua_State *L, const arguments *a, int idx) {
  const char *given = luaL_typename(L, idx);
  push_usage(L, a, NULL);
  luaL_error(L, "%s: expected a table of options, got a %s; it takes %s",
             a->what, given, lua_tostring(L, -1));
}

bool cel_request_operation(lua_State *L, const cel_operation *op,
                           const cel_asker *by) {
  arguments a = {.what = by == NULL ? op->name : by->name, .op = op, .by = by};
  int at = (int)op->ids + 2;
  cel_client_self(L, a.what);
  check_ids(L, &a);
  if (op->body != CEL_BODY_NONE) {
    if (!lua_isnoneornil(L, at))
      a.body = at;
    else if (op->body == CEL_BODY_REQUIRED)
      refuse_body(L, &a, at);
    at++;
  }
  a.options = at;
  a.call = at + 1;
  refuse_surplus(L, &a, at);
  lua_settop(L, at);
  if (a.body != 0 && !lua_istable(L, a.body))
    refuse_body(L, &a, a.body);
  if (!lua_isnil(L, at) && !lua_istable(L, at))
    refuse_options_type(L, &a, at);
  cel_options_check(L, at, cel_call_options,
                    cel_call_options_count + (by != NULL && by->iterates),
                    a.what);
  if (a.body != 0)
    refuse_options(L, &a);
  cel_call *c = cel_call_new(L, 1);
  c->op = op;
  memcpy(c->method, op->method, strlen(op->method) + 1);
  c->answer = op->answer;
  c->attempt.repeat = op->repeat;
  c->follow = op->answer == CEL_ANSWER_LIST &&
              cel_option_boolean(L, a.options, "follow", true);
  push_path(L, &a);
  set_rest(L, &a);
  return leave(L, &a);
}

/* {====== The escape hatch */

static void set_method(lua_State *L, const arguments *a, cel_call *c) {
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

static void push_any_path(lua_State *L, const arguments *a, cel_call *c) {
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

bool cel_request_any(lua_State *L, const cel_asker *by) {
  arguments a = {.what = by == NULL ? "request" : by->name,
                 .by = by,
                 .options = 2,
                 .call = 4};
  cel_client_self(L, a.what);
  refuse_surplus(L, &a, 2);
  lua_settop(L, 2);
  if (!lua_istable(L, 2))
    luaL_error(L,
               "%s: expected a table such as { %spath = \"/v1/integrations\" "
               "}, got %s",
               a.what, by == NULL ? "method = \"GET\", " : "",
               luaL_typename(L, 2));
  cel_options_check(L, 2, cel_request_options,
                    cel_request_options_count + (by != NULL && by->iterates),
                    a.what);
  if (cel_option_push(L, 2, "body"))
    a.body = 3;
  cel_call *c = cel_call_new(L, 1);
  set_method(L, &a, c);
  if (a.body != 0 && strcmp(c->method, "GET") == 0)
    luaL_error(L, "%s: a GET takes no body", a.what);
  if (a.body != 0 && lua_istable(L, a.body))
    refuse_options(L, &a);
  c->answer =
      strcmp(c->method, "DELETE") == 0 ? CEL_ANSWER_TRUE : CEL_ANSWER_RECORD;
  c->follow = cel_option_boolean(L, 2, "follow", false) &&
              strcmp(c->method, "GET") == 0;
  push_any_path(L, &a, c);
  set_rest(L, &a);
  return leave(L, &a);
}

/* }====== */
