# Finds the headers of Lua 5.4 or 5.5 (and, for programs, the library) on
# Debian, macOS (Homebrew) and under LuaRocks, which passes -DLUA_INCDIR. Takes
# the version that CELIGO_LUA_VERSION names, else 5.4 before 5.5. Makes the
# targets
#   celigo_lua          headers only: for modules, which must not link Lua
#   celigo_lua_library  headers and library: for programs that host Lua
# and sets LuaHeaders_VERSION.

if(CELIGO_LUA_VERSION)
  set(_lua_versions ${CELIGO_LUA_VERSION})
else()
  set(_lua_versions 5.4 5.5)
endif()

set(_lua_suffixes)
set(_lua_libraries)
set(_lua_brew)
foreach(_v IN LISTS _lua_versions)
  string(REPLACE "." "" _short "${_v}")
  list(APPEND _lua_suffixes lua${_v} lua${_short} lua-${_v})
  list(APPEND _lua_libraries lua${_v} lua${_short} lua-${_v})
  list(APPEND _lua_brew /opt/homebrew/opt/lua@${_v} /usr/local/opt/lua@${_v})
endforeach()
list(TRANSFORM _lua_brew APPEND /include OUTPUT_VARIABLE _lua_brew_includes)
list(TRANSFORM _lua_brew APPEND /lib OUTPUT_VARIABLE _lua_brew_libraries)

find_path(CELIGO_LUA_INCLUDE_DIR lua.h
  HINTS ${LUA_INCDIR} $ENV{LUA_INCDIR} $ENV{LUA_DIR}/include
  PATH_SUFFIXES ${_lua_suffixes} lua
  PATHS /opt/homebrew/include ${_lua_brew_includes} /opt/local/include)

find_library(CELIGO_LUA_LIBRARY NAMES ${_lua_libraries} lua
  HINTS ${LUA_LIBDIR} $ENV{LUA_DIR}/lib
  PATHS /opt/homebrew/lib ${_lua_brew_libraries} /opt/local/lib)

# 5.4 names its version in lua.h as texts, 5.5 as numbers.
if(CELIGO_LUA_INCLUDE_DIR)
  file(STRINGS "${CELIGO_LUA_INCLUDE_DIR}/lua.h" _lua_lines
    REGEX "^#define[ \t]+LUA_VERSION_(MAJOR|MINOR)(_N)?[ \t]+\"?[0-9]")
  foreach(_part IN ITEMS MAJOR MINOR)
    set(_lua_${_part} "")
    if("${_lua_lines}" MATCHES "LUA_VERSION_${_part}(_N)?[ \t]+\"?([0-9]+)")
      set(_lua_${_part} "${CMAKE_MATCH_2}")
    endif()
  endforeach()
  set(LuaHeaders_VERSION "${_lua_MAJOR}.${_lua_MINOR}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LuaHeaders
  REQUIRED_VARS CELIGO_LUA_INCLUDE_DIR
  VERSION_VAR LuaHeaders_VERSION
  REASON_FAILURE_MESSAGE "The headers of Lua 5.4 or 5.5 are needed: Debian's liblua5.4-dev or liblua5.5-dev, or -DLUA_INCDIR=DIR")

if(LuaHeaders_FOUND AND NOT TARGET celigo_lua)
  if(NOT LuaHeaders_VERSION MATCHES "^5\\.[45]$" OR
      NOT LuaHeaders_VERSION IN_LIST _lua_versions)
    list(JOIN _lua_versions " or " _lua_wanted)
    message(FATAL_ERROR "Lua ${_lua_wanted} is needed; ${CELIGO_LUA_INCLUDE_DIR} holds ${LuaHeaders_VERSION}")
  endif()
  add_library(celigo_lua INTERFACE)
  target_include_directories(celigo_lua SYSTEM INTERFACE ${CELIGO_LUA_INCLUDE_DIR})
  if(APPLE)
    target_link_options(celigo_lua INTERFACE "LINKER:-undefined,dynamic_lookup")
  endif()
  if(CELIGO_LUA_LIBRARY)
    add_library(celigo_lua_library INTERFACE)
    target_include_directories(celigo_lua_library SYSTEM INTERFACE ${CELIGO_LUA_INCLUDE_DIR})
    target_link_libraries(celigo_lua_library INTERFACE ${CELIGO_LUA_LIBRARY} m ${CMAKE_DL_LIBS})
  endif()
endif()
mark_as_advanced(CELIGO_LUA_INCLUDE_DIR CELIGO_LUA_LIBRARY)
