/*
** test_memory.c - a C host with a memory limit: an allocator that counts, and
** refuses what would pass the limit. What the client keeps is in the count;
** over the limit a call is Lua's memory error, and the state goes on.
**
** Called with the base URL of a sandbox that holds many connectors.
*/
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "celigo.h"
#include "check.h"
#include "script.h"
#include "state.h"

#define MIB   ((size_t)1024 * 1024)
#define SLACK 65536 /* bytes by which Lua's own tables may come to differ */

typedef struct memory {
  size_t in_use, peak, limit; /* bytes */
} memory;

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  memory *m = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && m->in_use - old + nsize > m->limit)
    return NULL;
  void *block = NULL;
  if (nsize == 0)
    free(ptr);
  else
    block = realloc(ptr, nsize);
  if (block == NULL && nsize > 0)
    return NULL;
  m->in_use = m->in_use - old + nsize;
  if (m->in_use > m->peak)
    m->peak = m->in_use;
  return block;
}

static void collect(lua_State *L) {
  lua_settop(L, 0);
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
}

/* Runs a function of scripts/memory.lua: [-0, +results or 1] */
static int run(lua_State *L, const char *name) {
  script_push(L, name);
  return lua_pcall(L, 0, LUA_MULTRET, 0);
}

static bool go(lua_State *L, const char *row, const char *name) {
  bool good = CHECK(row, run(L, name) == LUA_OK);
  if (!good)
    printf("  %s\n", luaL_tolstring(L, -1, NULL));
  return good;
}

/* What a page takes where nothing is refused. */
static size_t measure(lua_State *L, memory *m) {
  collect(L);
  size_t before = m->in_use;
  m->peak = before;
  if (go(L, "a page", "one_page"))
    CHECK("a page", lua_tointeger(L, -1) == 1000);
  size_t took = m->peak - before;
  CHECK("a page", took > MIB); /* text and records are in the count */
  collect(L);
  CHECK("a page", m->in_use < before + SLACK);
  return took;
}

/* Limits at which the call ends at different moments: at the text's first
   byte, within it, within the records. */
static void test_limits(lua_State *L, memory *m, size_t took) {
  static const char *const names[] = {"one_page", "by_hand"};
  size_t before = m->in_use;
  int over = 0;
  for (size_t tenth = 1; tenth < 9; tenth++) {
    for (int i = 0; i < 2; i++) {
      m->limit = before + took * tenth / 10;
      int status = run(L, names[i]);
      m->limit = SIZE_MAX;
      bool ran_out = is_memory_error(L, status);
      over += ran_out;
      if (!CHECK("over the limit", status == LUA_OK || ran_out))
        printf("  status %d: %s\n", status, luaL_tolstring(L, -1, NULL));
      CHECK("over the limit, a value", status != LUA_OK || !lua_isnil(L, 1));
      collect(L);
      CHECK("after the limit", m->in_use < before + SLACK);
      go(L, "after the limit", "small_call");
      collect(L);
    }
  }
  CHECK("limits that are too low", over >= 8);
}

/* The state goes on under its limit, and a list that does not fit at once
   can be walked. */
static void test_walk(lua_State *L, memory *m, size_t took) {
  collect(L);
  m->limit = m->in_use + took / 2;
  CHECK("a page too large", is_memory_error(L, run(L, "one_page")));
  lua_settop(L, 0);
  go(L, "a small call", "small_call");
  if (go(L, "a walk", "iterator"))
    CHECK("a walk", lua_tointeger(L, -1) >= 1000);
  m->limit = SIZE_MAX;
}

/* Pages give their memory to the pages behind them; nothing of it is left
   when a walk ends, or is left. */
static void test_walks(lua_State *L, memory *m) {
  static const char *const names[] = {"whole_walk", "left_walk"};
  for (int i = 0; i < 2; i++) {
    go(L, "a walk before", names[i]);
    collect(L);
    size_t before = m->in_use;
    for (int again = 0; again < 3; again++)
      go(L, "a walk again", names[i]);
    collect(L);
    CHECK("after a walk", m->in_use < before + SLACK);
    go(L, "a small call", "small_call"); /* which would take what was kept */
    collect(L);
    CHECK("after a walk and a call", m->in_use + SLACK > before);
  }
  /* Room for one page of 500, and then for the prefetched one; not for
     more. */
  m->limit = m->in_use + MIB / 2;
  go(L, "a walk in little room", "little_room");
  m->limit = SIZE_MAX;
}

/* What a call is to send counts, too. */
static void test_requests(lua_State *L, memory *m) {
  collect(L);
  m->limit = m->in_use + 4 * MIB;
  CHECK("requests", is_memory_error(L, run(L, "large_requests")));
  collect(L);
  go(L, "a call after requests", "small_call");
  m->limit = SIZE_MAX;
}

/* A limit that does not even let the module open, or a client be made. */
static void test_opening(const char *url) {
  const celigo_options o = {
      .size = sizeof o, .token = "host-token", .base_url = url};
  int failures = 0;
  for (size_t kib = 32; kib < 1024; kib += 16) {
    memory m = {.limit = SIZE_MAX};
    lua_State *L = new_state(allocate, &m);
    if (L == NULL)
      abort();
    luaL_openlibs(L);
    lua_settop(L, 0);
    m.limit = kib * 1024;
    int status = celigo_push_client(L, &o);
    failures += is_memory_error(L, status);
    CHECK("a client under a limit",
          status == LUA_OK || is_memory_error(L, status));
    CHECK("a client under a limit", lua_gettop(L) == 1);
    m.limit = SIZE_MAX;
    lua_settop(L, 0);
    CHECK("a client after all", celigo_push_client(L, &o) == LUA_OK);
    lua_setglobal(L, "client");
    script_open(L, "memory.lua");
    go(L, "a whole client", "whole_client");
    lua_close(L);
    CHECK("a client under a limit", m.in_use == 0);
    if (status == LUA_OK)
      break;
  }
  CHECK("a client under a limit", failures > 0);
}

int main(int argc, char **argv) {
  memory m = {.limit = SIZE_MAX};
  if (argc != 2) {
    printf("usage: test_memory BASE_URL\n");
    return EXIT_FAILURE;
  }
  const celigo_options o = {
      .size = sizeof o, .token = "host-token", .base_url = argv[1]};
  lua_State *L = new_state(allocate, &m);
  if (L == NULL)
    abort();
  luaL_openlibs(L);
  CHECK("a client", celigo_push_client(L, &o) == LUA_OK);
  lua_setglobal(L, "client");
  script_open(L, "memory.lua");
  go(L, "an id", "find_id");
  size_t took = measure(L, &m);
  test_limits(L, &m, took);
  test_walk(L, &m, took);
  test_walks(L, &m);
  test_requests(L, &m);
  lua_close(L);
  CHECK("the state", m.in_use == 0);
  test_opening(argv[1]);
  return check_report();
}
