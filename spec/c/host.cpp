// host.cpp - a host in C++, against an installed library. It is compiled with
// the system's Lua, by either of lua.hpp and celigo.h alone, and with Lua
// built as C++ where there is one: its errors are exceptions, which pass
// through the library. With CXX_NAMES lua.h is included as C++, as for a Lua
// whose functions have C++ names: celigo.h must refuse that.
//
// Called with the base URL of a sandbox and the path of scripts/cpp.lua; prints
// what it counted.

#ifdef CXX_NAMES
#include <lua.h>
#endif

#include <celigo.h>
#include <lua.hpp>

#include <cstdio>
#include <cstring>

static int failed;
static int passed;

static void check(const char *what, bool good) {
  if (good) {
    passed++;
  } else {
    failed++;
    std::printf("%s\n", what);
  }
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "celigo", luaopen_celigo, 0);
  lua_settop(L, 0);

  celigo_options options{};
  options.size = sizeof options;
  check("no token", celigo_push_client(L, &options) == LUA_ERRRUN);
  lua_settop(L, 0);
  options.token = "of-the-host-0123";
  options.base_url = argv[1];
  check("the script's file", luaL_loadfile(L, argv[2]) == LUA_OK);
  check("a client", celigo_push_client(L, &options) == LUA_OK);
  bool ended = lua_pcall(L, 1, 0, 0) == LUA_ERRRUN &&
               std::strstr(lua_tostring(L, -1), "the end") != nullptr;
  if (!ended)
    std::printf("%s\n", luaL_tolstring(L, -1, nullptr));
  check("a script", ended);
  lua_close(L);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
