/*
** lfaults.c - a list of what is wrong with a value, and where in it.
*/
#include "contract/lfaults.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "common/chars.h"
#include "common/quote.h"

void cel_faults_init(cel_faults *f, lua_State *L) {
  lua_pushnil(L);
  f->L = L;
  f->slot = lua_gettop(L);
  f->count = 0;
  f->always = 0;
  f->depth = 0;
}

static bool path_is_identifier(const char *name, size_t len) {
  if (len == 0 || (cel_is_digit(name[0])))
    return false;
  for (size_t i = 0; i < len; i++) {
    char c = name[i];
    if (!cel_is_letter(c) && !cel_is_digit(c) && c != '_')
      return false;
  }
  return true;
}

/* Adds `name`, `.name`, or `["a name"]`. The name is never cut, for a program
   may use the path to find the member. */
static void path_add_name(luaL_Buffer *b, const char *name, size_t len,
                          bool first) {
  if (path_is_identifier(name, len)) {
    if (!first)
      luaL_addchar(b, '.');
    luaL_addlstring(b, name, len);
    return;
  }
  luaL_addstring(b, "[\"");
  for (size_t i = 0, used; i < len; i += used) {
    char shown[CEL_QUOTE_CHAR] = {0};
    size_t n = cel_quote_char(shown, name + i, len - i, &used);
    luaL_addlstring(b, shown, n);
  }
  luaL_addstring(b, "\"]");
}

static void path_add_index(luaL_Buffer *b, lua_Integer index) {
  char text[32];
  lua_Unsigned rest = (lua_Unsigned)index;
  char *p = text + sizeof text;
  *--p = ']';
  do {
    *--p = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  *--p = '[';
  luaL_addlstring(b, p, (size_t)(text + sizeof text - p));
}

/* Pushes the path; if a member's name (of len bytes) is given, with that at
   its end [-0, +1]. */
static void faults_push_path(cel_faults *f, const char *member, size_t len) {
  luaL_Buffer b;
  luaL_buffinit(f->L, &b);
  bool first = true;
  for (int i = 0; i < f->depth; i++) {
    const cel_step *step = &f->steps[i];
    if (step->key != 0) {
      size_t name_len;
      const char *name = lua_tolstring(f->L, step->key, &name_len);
      path_add_name(&b, name, name_len, first);
    } else if (step->index > 0) {
      path_add_index(&b, step->index);
    } else {
      continue;
    }
    first = false;
  }
  if (member != NULL)
    path_add_name(&b, member, len, first);
  luaL_pushresult(&b);
}

/* The order of paths: by bytes, but numbers by their value. */
static int path_compare(const char *a, const char *b) {
  while (*a != '\0' && *b != '\0') {
    size_t m = strspn(a, "0123456789");
    size_t n = strspn(b, "0123456789");
    int order = m != n ? (m < n ? -1 : 1) : memcmp(a, b, m);
    if (m == 0 || n == 0)
      order = (unsigned char)*a - (unsigned char)*b;
    if (order != 0)
      return order;
    a += m == 0 ? 1 : m;
    b += n == 0 ? 1 : n;
  }
  return (*a != '\0') - (*b != '\0');
}

/* A fault as it is sorted. */
typedef struct ranked {
  const char *path; /* the fault's path; the list keeps the string */
  lua_Integer at;   /* in the list */
} ranked;

/* The order of faults, for qsort: by path, then as they were found. */
static int ranked_compare(const void *a, const void *b) {
  const ranked *one = a;
  const ranked *other = b;
  int order = path_compare(one->path, other->path);
  if (order != 0)
    return order;
  return (one->at > other->at) - (one->at < other->at);
}

/* Adds { code =, field =, message = } to the list; the top two values are
   the field and the message [-2, +0]. */
static void faults_add(cel_faults *f, const char *code) {
  lua_State *L = f->L;
  lua_createtable(L, 0, 3);
  lua_insert(L, -3);
  lua_setfield(L, -3, "message");
  lua_setfield(L, -2, "field");
  lua_pushstring(L, code);
  lua_setfield(L, -2, "code");
  if (f->count == 0) {
    lua_newtable(L);
    lua_replace(L, f->slot);
  }
  lua_rawseti(L, f->slot, ++f->count);
}

void cel_faults_invalid(cel_faults *f) {
  lua_State *L = f->L;
  luaL_checkstack(L, 8, NULL);
  faults_push_path(f, NULL, 0);
  lua_insert(L, -2);
  if (lua_rawlen(L, -2) > 0) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_pushliteral(L, ": ");
    lua_insert(L, -2);
    lua_concat(L, 3);
  }
  faults_add(f, "invalid_field");
}

void cel_faults_unfit(cel_faults *f) {
  f->always++;
  cel_faults_invalid(f);
}

void cel_faults_unknown(cel_faults *f, const char *meant) {
  lua_State *L = f->L;
  size_t len;
  const char *member = lua_tolstring(L, -1, &len);
  luaL_checkstack(L, 8, NULL);
  faults_push_path(f, member, len);
  if (meant == NULL)
    lua_pushfstring(L, "%s: no such member can be sent", lua_tostring(L, -1));
  else
    lua_pushfstring(L, "%s: no such member is known; did you mean '%s'?",
                    lua_tostring(L, -1), meant);
  faults_add(f, "unknown_field");
}

void cel_faults_missing(cel_faults *f, const char *member, const char *when) {
  lua_State *L = f->L;
  luaL_checkstack(L, 8, NULL);
  faults_push_path(f, member, strlen(member));
  lua_pushfstring(L, "%s is required%s%s", lua_tostring(L, -1),
                  when == NULL ? "" : " ", when == NULL ? "" : when);
  faults_add(f, "missing_required_field");
}

void cel_faults_push(cel_faults *f) {
  lua_State *L = f->L;
  size_t n = (size_t)f->count;
  luaL_checkstack(L, 6, NULL);
  ranked *ranks = lua_newuserdatauv(L, n * sizeof *ranks, 0);
  for (size_t i = 0; i < n; i++) {
    ranks[i].at = (lua_Integer)i + 1;
    lua_rawgeti(L, f->slot, ranks[i].at);
    lua_getfield(L, -1, "field");
    ranks[i].path = lua_tostring(L, -1);
    lua_pop(L, 2);
  }
  qsort(ranks, n, sizeof *ranks, ranked_compare);
  lua_createtable(L, n < INT_MAX ? (int)n : INT_MAX, 0);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, f->slot, ranks[i].at);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_remove(L, -2);
}
