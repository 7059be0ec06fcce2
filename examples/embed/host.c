/*
** host.c - a program that runs a Lua script with a ready client.
**
**   host SCRIPT [ARGUMENT…]
**
** The token is the host's: it comes from CELIGO_API_TOKEN, and the script
** cannot read it. The script gets Lua's libraries but those that reach files,
** processes and the interpreter itself, a limit of memory and one of time. It
** may leave calls behind (client:submit): the host's own loop steps the
** client until they are done.
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <celigo.h>

#define MEMORY_LIMIT ((size_t)64 * 1024 * 1024) /* bytes */
#ifndef TIME_LIMIT
#define TIME_LIMIT 30.0 /* seconds */
#endif
#define HOOK_COUNT 10000 /* instructions between looks at the clock */

/* {====== Limits */

typedef struct limits {
  size_t in_use, most; /* bytes */
  double end;          /* of the script's time, on now()'s clock */
} limits;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Counts what the state has; the client's buffers are in it. */
static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  limits *l = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (nsize > old && l->in_use - old + nsize > l->most)
    return NULL;
  void *block = NULL;
  if (nsize == 0)
    free(ptr);
  else if ((block = realloc(ptr, nsize)) == NULL)
    return NULL;
  l->in_use = l->in_use - old + nsize;
  return block;
}

/* A call of the client lets this hook run while it waits, too. Once the time
   is up it runs at every instruction: a script that catches the error gets the
   next one before it can go on. */
static void on_count(lua_State *L, lua_Debug *ar) {
  void *ud;
  (void)ar;
  lua_getallocf(L, &ud);
  const limits *l = ud;
  if (now() <= l->end)
    return;
  lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
  luaL_error(L, "the script's time is up");
}

/* }====== */

/* {====== What the script has */

static void open_libraries(lua_State *L) {
  static const luaL_Reg libraries[] = {
      {LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
      {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
      {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8}};
  static const char *const closed[] = {"dofile", "loadfile", "load"};
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
    luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
    lua_pop(L, 1);
  }
  for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
    lua_pushnil(L);
    lua_setglobal(L, closed[i]);
  }
}

/* Pushes the client, which stays on the stack for step_until_idle. The module
   is closed to scripts: with it they would make clients of their own, to any
   port of this machine and with any file. */
static void open_client(lua_State *L) {
  const celigo_options o = {.size = sizeof o,
                            .token = getenv("CELIGO_API_TOKEN"),
                            .base_url = getenv("CELIGO_BASE_URL"),
                            .user_agent = "embed-example/1.0"};
  if (celigo_push_client(L, &o) != LUA_OK)
    lua_error(L);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "client");
}

/* }====== */

/* The host's own loop: a program with other things to do would do them
   between the steps. The client is at index `client`. */
static void step_until_idle(lua_State *L, int client) {
  lua_Integer unfinished = 1;
  while (unfinished > 0) {
    lua_getfield(L, client, "step");
    lua_pushvalue(L, client);
    lua_pushnumber(L, 0.1); /* seconds to wait for the network, at most */
    lua_call(L, 2, 1);
    unfinished = lua_tointeger(L, -1);
    lua_pop(L, 1);
    on_count(L, NULL);
  }
}

/* argc and argv as light userdata: everything that may raise runs in here,
   protected. */
static int run(lua_State *L) {
  int argc = (int)lua_tointeger(L, 1);
  char **argv = lua_touserdata(L, 2);
  lua_settop(L, 0);
  luaL_checkstack(L, argc + 8, "too many arguments");
  open_libraries(L);
  open_client(L);
  int client = lua_gettop(L);
  lua_sethook(L, on_count, LUA_MASKCOUNT, HOOK_COUNT);
  if (luaL_loadfilex(L, argv[1], "t") != LUA_OK)
    return lua_error(L);
  for (int i = 2; i < argc; i++)
    lua_pushstring(L, argv[i]);
  lua_call(L, argc - 2, 0);
  step_until_idle(L, client);
  return 0;
}

/* Errors of the client are objects: this makes a text of any error. */
static int l_message(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

int main(int argc, char **argv) {
  limits l = {.most = MEMORY_LIMIT, .end = now() + TIME_LIMIT};
  if (argc < 2) {
    fprintf(stderr, "usage: host SCRIPT [ARGUMENT...]\n");
    return EXIT_FAILURE;
  }
#if LUA_VERSION_NUM >= 505
  lua_State *L = lua_newstate(allocate, &l, luaL_makeseed(NULL));
#else
  lua_State *L = lua_newstate(allocate, &l);
#endif
  if (L == NULL) {
    fprintf(stderr, "host: not enough memory\n");
    return EXIT_FAILURE;
  }
  lua_pushcfunction(L, l_message);
  lua_pushcfunction(L, run);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  int status = lua_pcall(L, 2, 0, 1);
  if (status != LUA_OK)
    fprintf(stderr, "host: %s\n", lua_tostring(L, -1));
  lua_close(L);
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
