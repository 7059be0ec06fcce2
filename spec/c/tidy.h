/*
** tidy.h - what Lua's headers do not say and clang-tidy has to know: which
** functions never return. Read before every file by scripts/lint.sh, by no
** build.
*/
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* too late for a file that asks for it itself */
#endif
#if __has_include(<lauxlib.h>)
#include <lauxlib.h>

__attribute__((noreturn)) int lua_error(lua_State *L);
__attribute__((noreturn)) int(luaL_error)(lua_State *L, const char *fmt, ...);
__attribute__((noreturn)) int luaL_argerror(lua_State *L, int arg,
                                            const char *extramsg);
__attribute__((noreturn)) int luaL_typeerror(lua_State *L, int arg,
                                             const char *tname);
#endif
