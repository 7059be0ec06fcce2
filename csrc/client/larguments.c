/*
** larguments.c - reads the arguments of a method, and says what is wrong with
** them.
*/
#include "client/larguments.h"

#include <lauxlib.h>

/* {====== Options */

#define MAX_LIMIT 1e9 /* records of a page */

#define PER_CALL                                                              \
  CEL_OPTION_TIMEOUT, CEL_OPTION_RETRIES,                                     \
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

/* }====== */

/* {====== What does not fit */

/* Pushes "name(id, connector[, options])". If `option` is given, it stands in
   place of the options: "name(id, { dry_run = ... })" [-0, +1]. */
static void push_usage(lua_State *L, const cel_arguments *a,
                       const char *option) {
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

/* Raises if there are more arguments than the method takes, unless they are
   nil: they must not be ignored silently [-0, +0]. */
static void refuse_surplus(lua_State *L, const cel_arguments *a, int last) {
  for (int i = lua_gettop(L); i > last; i--) {
    if (lua_isnil(L, i))
      continue;
    push_usage(L, a, NULL);
    luaL_error(L, "%s: too many arguments, the last one a %s; it takes %s",
               a->what, luaL_typename(L, i), lua_tostring(L, -1));
  }
}

/* Whether the value is a table with an _id [-0, +0]. */
static bool is_record(lua_State *L, int idx) {
  if (!lua_istable(L, idx))
    return false;
  lua_pushliteral(L, "_id");
  bool is = lua_rawget(L, idx) == LUA_TSTRING;
  lua_pop(L, 1);
  return is;
}

const char *cel_arguments_id(lua_State *L, cel_arguments *a, size_t i,
                             size_t *len) {
  static const char *const names[CEL_MAX_IDS] = {"id", "license id"};
  int idx = (int)i + 2;
  if (lua_type(L, idx) != LUA_TSTRING) {
    const char *given = luaL_typename(L, idx);
    const char *record =
        is_record(L, idx) ? " (a record's id is its _id)" : "";
    push_usage(L, a, NULL);
    luaL_error(L, "%s: %s: expected a string, got %s%s; it takes %s", a->what,
               names[i], given, record, lua_tostring(L, -1));
  }
  const char *id = lua_tolstring(L, idx, len);
  if (*len == 0 || (*len == 1 && id[0] == '.') ||
      (*len == 2 && id[0] == '.' && id[1] == '.'))
    a->wrong_id = names[i], a->shown_id = id;
  return id;
}

/* Whether the body has a member of that name [-0, +0]. */
static bool body_has(lua_State *L, const cel_arguments *a, const char *name) {
  lua_pushstring(L, name);
  bool has = lua_rawget(L, a->body) != LUA_TNIL;
  lua_pop(L, 1);
  return has;
}

/* Options are easily put into the body by mistake. So dry_run and max_retries
   are refused in every body, and so is a body of an operation in which all
   names are names of options [-0, +0]. */
static void refuse_options(lua_State *L, const cel_arguments *a) {
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
      first = name; /* a key of the table, which keeps the string */
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

/* Raises: the value at idx cannot be a body [-0, +0]. */
static void refuse_body(lua_State *L, const cel_arguments *a, int idx) {
  const char *given = luaL_typename(L, idx);
  push_usage(L, a, NULL);
  luaL_error(L, "%s: body: expected a table, got %s; it takes %s", a->what,
             given, lua_tostring(L, -1));
}

/* Raises: the value at idx is no table of options [-0, +0]. */
static void refuse_options_type(lua_State *L, const cel_arguments *a,
                                int idx) {
  const char *given = luaL_typename(L, idx);
  push_usage(L, a, NULL);
  luaL_error(L, "%s: expected a table of options, got a %s; it takes %s",
             a->what, given, lua_tostring(L, -1));
}

void cel_arguments_check_body(lua_State *L, const cel_arguments *a) {
  if (a->body == 0)
    return;
  if (lua_istable(L, a->body))
    refuse_options(L, a);
  else if (a->op != NULL)
    refuse_body(L, a, a->body);
}

/* }====== */

void cel_arguments_read(lua_State *L, cel_arguments *a) {
  int at = (int)a->op->ids + 2;
  size_t len;
  /* Ids first: that gives the best message for arguments in the wrong
     order. */
  for (size_t i = 0; i < a->op->ids && i < CEL_MAX_IDS; i++)
    cel_arguments_id(L, a, i, &len);
  if (a->op->body != CEL_BODY_NONE) {
    if (!lua_isnoneornil(L, at))
      a->body = at;
    else if (a->op->body == CEL_BODY_REQUIRED)
      refuse_body(L, a, at);
    at++;
  }
  a->options = at;
  a->call = at + 1;
  refuse_surplus(L, a, at);
  lua_settop(L, at);
  if (a->body != 0 && !lua_istable(L, a->body))
    refuse_body(L, a, a->body);
  if (!lua_isnil(L, at) && !lua_istable(L, at))
    refuse_options_type(L, a, at);
  cel_options_check(
      L, at, cel_call_options,
      cel_call_options_count + (a->by != NULL && a->by->iterates), a->what);
  cel_arguments_check_body(L, a);
}

void cel_arguments_read_any(lua_State *L, cel_arguments *a) {
  a->options = 2;
  a->call = 4;
  refuse_surplus(L, a, 2);
  lua_settop(L, 2);
  if (!lua_istable(L, 2))
    luaL_error(L,
               "%s: expected a table such as { %spath = \"/v1/integrations\" "
               "}, got %s",
               a->what, a->by == NULL ? "method = \"GET\", " : "",
               luaL_typename(L, 2));
  cel_options_check(
      L, 2, cel_request_options,
      cel_request_options_count + (a->by != NULL && a->by->iterates), a->what);
  if (cel_option_push(L, 2, "body"))
    a->body = 3;
}
