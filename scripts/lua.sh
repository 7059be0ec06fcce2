#!/bin/sh
# lua.sh PRESET ARGUMENT…: the interpreter with a build of the library.
. scripts/common.sh

build=$PWD/build/$1
shift
lua=$(find_lua) || fail "Lua 5.4 is missing."
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;${LUA_PATH:-;;}"
export LUA_CPATH="$build/lib/?.so;${LUA_CPATH:-;;}"
exec "$lua" "$@"
