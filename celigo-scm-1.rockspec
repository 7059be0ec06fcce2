rockspec_format = "3.0"
package = "celigo"
version = "scm-1"

-- In a clone of the repository: luarocks --lua-version=5.4 make celigo-scm-1.rockspec
source = {
  url = "git+file://.",
}

description = {
  summary = "A client for the Connectors API of Celigo's integrator.io",
  detailed = [[
All 14 operations with retries, paging, rate limits, validation and
side-by-side calls: a C core on libcurl under a thin layer of Lua.]],
  license = "MIT",
  labels = { "celigo", "integrator.io", "http", "api", "client" },
}

dependencies = {
  "lua >= 5.4, < 5.6",
}

-- The sandbox wants lua-cjson and luasocket, the examples argparse too. Nothing
-- else does, so they are no dependencies.

-- libcurl (7.88 or newer) and zlib are found by CMake, which knows more places
-- than LuaRocks does; for those in an odd place set CMAKE_PREFIX_PATH.
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "Release",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    CELIGO_EMBED = "OFF",
    CELIGO_LUA_DIR = "$(LUADIR)",
    CELIGO_LUA_MODULE_DIR = "$(LIBDIR)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    LUA_LIBDIR = "$(LUA_LIBDIR)",
  },
}
