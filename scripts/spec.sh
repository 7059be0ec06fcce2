#!/bin/sh
# spec.sh PRESET [BUSTED ARGUMENT…]: the specs against a build. An argument
# that is no option (--NAME=VALUE) is a spec or a folder of them. $WRAPPER, if
# set, is put before the interpreter (valgrind and its options). The spec that
# needs Prism is left out, saying so, where that is not installed.
. scripts/common.sh

preset=$1
shift
build=$PWD/build/$preset
specs_exist "$@"
if [ -f "$build/lua/lua5.4" ]; then
  lua=$build/lua/lua5.4 # with a sanitizer; child interpreters find it, too
  export CELIGO_TEST_PATH="$PATH"
  PATH=$build/lua:$PATH
else
  lua=$(find_lua) || fail "Lua 5.4 is missing."
fi

if ! ls build/prism/[0-9]* >/dev/null 2>&1; then
  say "LEFT OUT: spec/contract_prism_spec.lua, for want of Prism"
  set -- --exclude-tags=prism "$@"
fi

# Nothing of the caller's may change what is tested.
unset http_proxy https_proxy all_proxy no_proxy
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset CELIGO_API_TOKEN CELIGO_BASE_URL LUA_INIT LUA_INIT_5_4
unset LUA_PATH_5_4 LUA_CPATH_5_4

lua_files="$PWD/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua"
export LUA_PATH="$lua_files;${LUA_PATH:-;;}"
export LUA_CPATH="$build/lib/?.so;${LUA_CPATH:-;;}"
export CELIGO_TEST_BIN="$build/bin"
export CELIGO_BUILD_DIR="$build"
exec ${WRAPPER:-} "$lua" scripts/busted.lua \
  --output=spec/support/report.lua "$@"
