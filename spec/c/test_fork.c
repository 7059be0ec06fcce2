/*
** test_fork.c BASE_URL [CA_FILE] - clients and fork(): scripts/fork.lua, each
** row with a state of its own. A child ends as a program does that closes its
** state first.
*/
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "celigo.h"
#include "check.h"
#include "script.h"
#include "state.h"

/* Of the state at hand, in bytes; a child has its own. */
static size_t in_use;

static void *count(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  void *block = nsize == 0 ? NULL : realloc(ptr, nsize);
  if (nsize == 0)
    free(ptr);
  if (nsize == 0 || block != NULL)
    in_use += nsize - (ptr == NULL ? 0 : osize);
  return block;
}

/* fork(f): runs f in a child; whether that ended well, and left nothing
   behind. */
static int l_fork(lua_State *L) {
  int status = 0;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  fflush(stdout);
  pid_t child = fork();
  if (child < 0)
    return luaL_error(L, "no fork");
  if (child == 0) {
    int good = lua_pcall(L, 0, 0, 0) == LUA_OK;
    if (!good)
      printf("in a child: %s\n", luaL_tolstring(L, -1, NULL));
    fflush(stdout);
    lua_close(L);
    if (in_use != 0)
      printf("in a child: %zu bytes are left\n", in_use);
    exit(good && in_use == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  if (waitpid(child, &status, 0) != child)
    return luaL_error(L, "no child");
  lua_pushboolean(L, WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return 1;
}

static lua_State *open_state(char **argv) {
  lua_State *L = new_state(count, NULL);
  if (L == NULL)
    abort();
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 1);
  lua_pushstring(L, argv[1]);
  lua_setglobal(L, "url");
  lua_pushstring(L, argv[2]); /* NULL is nil */
  lua_setglobal(L, "ca_file");
  lua_register(L, "fork", l_fork);
  script_open(L, "fork.lua");
  return L;
}

/* False behind the last row. */
static bool run_row(char **argv, lua_Integer number) {
  lua_State *L = open_state(argv);
  script_push(L, "rows");
  bool there = lua_geti(L, -1, number) == LUA_TTABLE;
  if (there) {
    lua_getfield(L, -1, "name");
    lua_getfield(L, -2, "run");
    bool good = lua_pcall(L, 0, 0, 0) == LUA_OK;
    const char *said = good ? "" : luaL_tolstring(L, -1, NULL);
    if (!CHECK(lua_tostring(L, good ? -1 : -3), good))
      printf("  %s\n", said);
  }
  lua_close(L);
  CHECK("the state", in_use == 0);
  return there;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    printf("usage: test_fork BASE_URL [CA_FILE]\n");
    return EXIT_FAILURE;
  }
  for (lua_Integer number = 1; run_row(argv, number); number++)
    ;
  return check_report();
}
