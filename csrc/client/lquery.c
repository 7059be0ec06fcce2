/*
** lquery.c - writes the options `query` and `limit` into the query of a
** target.
*/
#include "client/lquery.h"

#include <math.h>   /* isfinite */
#include <stdlib.h> /* qsort */
#include <string.h>

#include <lauxlib.h>

#include "common/loptions.h"
#include "http/url.h"

/* The most bytes of path and query. libcurl's own limits are higher, but its
   messages do not help. */
#define MAX_TARGET 262144

typedef struct asked {
  const char *what; /* the method's name, for errors */
  int options;      /* index */
} asked;

/* One parameter; a table keeps both strings. */
typedef struct parameter {
  const char *name, *value;
  size_t name_len, value_len;
} parameter;

/* The order of parameters, for qsort: the same query is always the same
   text. */
static int parameter_compare(const void *a, const void *b) {
  const parameter *one = a;
  const parameter *other = b;
  size_t n = one->name_len < other->name_len ? one->name_len : other->name_len;
  int order = memcmp(one->name, other->name, n);
  if (order != 0)
    return order;
  return (one->name_len > other->name_len) - (one->name_len < other->name_len);
}

/* Raises: the target is too long [-0, +0]. */
static void refuse_length(lua_State *L, const asked *a) {
  luaL_error(L, "%s: path and query are longer than %d bytes", a->what,
             MAX_TARGET);
}

/* How many parameters the query has; raises if so many cannot fit into a
   target [-0, +0]. */
static size_t count_parameters(lua_State *L, const asked *a, int query) {
  size_t n = 0;
  lua_pushnil(L);
  while (lua_next(L, query) != 0) {
    lua_pop(L, 1);
    if (++n > MAX_TARGET / 2) /* at least "?=" of each */
      refuse_length(L, a);
  }
  return n;
}

/* Whether the value on top is NaN or an infinity [-0, +0]. */
static bool is_no_number(lua_State *L) {
  return lua_type(L, -1) == LUA_TNUMBER && !isfinite(lua_tonumber(L, -1));
}

/* Reads the name and the value on top; the table at `keeper` keeps the strings
   [-1, +0]. Returns how many bytes they need without escapes. */
static size_t read_parameter(lua_State *L, const asked *a, int keeper,
                             parameter *p) {
  if (lua_type(L, -2) != LUA_TSTRING)
    luaL_error(L, "%s: query parameter names are strings, got a %s", a->what,
               luaL_typename(L, -2));
  p->name = lua_tolstring(L, -2, &p->name_len);
  if (lua_isboolean(L, -1))
    lua_pushstring(L, lua_toboolean(L, -1) ? "true" : "false");
  else if (lua_isstring(L, -1) && !is_no_number(L))
    lua_pushvalue(L, -1);
  else
    luaL_error(L,
               "%s: query parameter '%s': expected a string, a number or a "
               "boolean, got %s",
               a->what, p->name,
               is_no_number(L)
                   ? luaL_tolstring(L, -1, NULL)
                   : lua_pushfstring(L, "a %s", luaL_typename(L, -1)));
  p->value = lua_tolstring(L, -1, &p->value_len);
  lua_pushvalue(L, -3);
  lua_insert(L, -2);
  lua_rawset(L, keeper);
  lua_pop(L, 1);
  return p->name_len + p->value_len + 2;
}

/* Reads the query on top into a sorted array. Pushes a table that keeps the
   strings, and a userdata with the array; returns its length [-0, +2]. */
static size_t push_parameters(lua_State *L, const asked *a) {
  int query = lua_gettop(L);
  size_t most = count_parameters(L, a, query);
  size_t size = 0;
  size_t n = 0;
  lua_newtable(L);
  parameter *rows = lua_newuserdatauv(L, most * sizeof *rows, 0);
  lua_pushnil(L);
  while (n < most && lua_next(L, query) != 0) {
    size += read_parameter(L, a, query + 1, &rows[n++]);
    if (size > MAX_TARGET)
      refuse_length(L, a);
  }
  lua_settop(L, query + 2);
  qsort(rows, n, sizeof *rows, parameter_compare);
  return n;
}

/* Puts "?name=value" or "&name=value" at out; returns its length. */
static size_t put_parameter(char *out, bool first, const parameter *p) {
  size_t n = 0;
  out[n++] = first ? '?' : '&';
  n += cel_url_escape(p->name, p->name_len, out + n);
  out[n++] = '=';
  return n + cel_url_escape(p->value, p->value_len, out + n);
}

/* Whether the query of a target, if any, holds a parameter `limit`. */
static bool has_limit(const char *query) {
  return query != NULL && (strstr(query, "?limit=") != NULL ||
                           strstr(query, "&limit=") != NULL);
}

/* Pushes the option `limit` as an integer (100.0 as 100), or nil; returns
   whether there is one [-0, +1]. */
static bool push_limit(lua_State *L, const asked *a) {
  if (!cel_option_push(L, a->options, "limit"))
    return false;
  lua_pushinteger(L, (lua_Integer)lua_tonumber(L, -1));
  lua_replace(L, -2);
  return true;
}

/* Appends n parameters, and `limit` where it is not NULL, to the target at
   index `target` [-0, +0]. */
static void append_parameters(lua_State *L, int target, const parameter *rows,
                              size_t n, const parameter *limit) {
  size_t len;
  const char *text = lua_tolstring(L, target, &len);
  bool first = strchr(text, '?') == NULL;
  size_t size = len;
  for (size_t i = 0; i < n; i++)
    size += 3 * (rows[i].name_len + rows[i].value_len) + 2;
  if (limit != NULL)
    size += limit->name_len + limit->value_len + 2;
  luaL_Buffer b;
  char *out = luaL_buffinitsize(L, &b, size);
  size_t at = cel_url_put(out, text, len);
  for (size_t i = 0; i < n; i++, first = false)
    at += put_parameter(out + at, first, &rows[i]);
  if (limit != NULL)
    at += put_parameter(out + at, first, limit);
  luaL_pushresultsize(&b, at);
  lua_replace(L, target);
}

void cel_query_add(lua_State *L, const char *what, int options) {
  const asked arguments = {what, options};
  const asked *a = &arguments;
  int target = lua_gettop(L);
  if (lua_rawlen(L, target) > MAX_TARGET)
    refuse_length(L, a);
  parameter limit = {.name = "limit", .name_len = 5};
  bool limited = push_limit(L, a);
  if (limited)
    limit.value = lua_tolstring(L, -1, &limit.value_len);
  const parameter *rows = NULL;
  size_t n = 0;
  if (cel_option_push(L, a->options, "query")) {
    n = push_parameters(L, a);
    rows = lua_touserdata(L, -1);
  }
  for (size_t i = 0; limited && i < n; i++)
    if (rows[i].name_len == 5 && memcmp(rows[i].name, "limit", 5) == 0)
      luaL_error(L, "%s: limit is given twice, as an option and in query",
                 a->what);
  if (limited && has_limit(strchr(lua_tostring(L, target), '?')))
    luaL_error(L, "%s: limit is given twice, as an option and in the path",
               a->what);
  if (n > 0 || limited)
    append_parameters(L, target, rows, n, limited ? &limit : NULL);
  lua_settop(L, target);
  if (lua_rawlen(L, target) > MAX_TARGET)
    refuse_length(L, a);
}
