# Finds Lua 5.4's headers (and, for programs, its library) on Debian, macOS
# (Homebrew) and under LuaRocks, which passes -DLUA_INCDIR. Makes the targets
#   celigo_lua          headers only: for modules, which must not link Lua
#   celigo_lua_library  headers and library: for programs that host Lua

find_path(LUA54_INCLUDE_DIR lua.h
  HINTS ${LUA_INCDIR} $ENV{LUA_INCDIR} $ENV{LUA_DIR}/include
  PATH_SUFFIXES lua5.4 lua54 lua-5.4 lua
  PATHS /opt/homebrew/include /opt/homebrew/opt/lua@5.4/include
        /usr/local/opt/lua@5.4/include /opt/local/include)

find_library(LUA54_LIBRARY NAMES lua5.4 lua54 lua-5.4 lua
  HINTS ${LUA_LIBDIR} $ENV{LUA_DIR}/lib
  PATHS /opt/homebrew/lib /opt/homebrew/opt/lua@5.4/lib
        /usr/local/opt/lua@5.4/lib /opt/local/lib)

if(LUA54_INCLUDE_DIR)
  file(STRINGS "${LUA54_INCLUDE_DIR}/lua.h" _lua54_lines
    REGEX "^#define[ \t]+LUA_VERSION_(MAJOR|MINOR|RELEASE)[ \t]+\"")
  string(REGEX REPLACE ".*MAJOR[ \t]+\"([0-9]+)\".*" "\\1" _lua54_major "${_lua54_lines}")
  string(REGEX REPLACE ".*MINOR[ \t]+\"([0-9]+)\".*" "\\1" _lua54_minor "${_lua54_lines}")
  if(_lua54_major MATCHES "^[0-9]+$" AND _lua54_minor MATCHES "^[0-9]+$")
    set(Lua54_VERSION "${_lua54_major}.${_lua54_minor}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Lua54
  REQUIRED_VARS LUA54_INCLUDE_DIR
  VERSION_VAR Lua54_VERSION
  REASON_FAILURE_MESSAGE "Lua 5.4's headers are needed: Debian's liblua5.4-dev, or -DLUA_INCDIR=DIR")

if(Lua54_FOUND AND NOT TARGET celigo_lua)
  if(Lua54_VERSION AND NOT Lua54_VERSION VERSION_EQUAL 5.4)
    message(FATAL_ERROR "Lua 5.4 is needed; ${LUA54_INCLUDE_DIR} holds ${Lua54_VERSION}")
  endif()
  add_library(celigo_lua INTERFACE)
  target_include_directories(celigo_lua SYSTEM INTERFACE ${LUA54_INCLUDE_DIR})
  if(APPLE)
    target_link_options(celigo_lua INTERFACE "LINKER:-undefined,dynamic_lookup")
  endif()
  if(LUA54_LIBRARY)
    add_library(celigo_lua_library INTERFACE)
    target_include_directories(celigo_lua_library SYSTEM INTERFACE ${LUA54_INCLUDE_DIR})
    target_link_libraries(celigo_lua_library INTERFACE ${LUA54_LIBRARY} m ${CMAKE_DL_LIBS})
  endif()
endif()
mark_as_advanced(LUA54_INCLUDE_DIR LUA54_LIBRARY)
