#!/bin/sh
# build.sh PRESET [TARGET…]: configures a preset of CMakePresets.json,
# for the Lua of the interpreter that find_lua finds, and builds it. Says where
# the result is; all else only when it fails. Warnings are shown.
. scripts/common.sh

preset=$1
shift
directory=build/$preset
[ $# -gt 0 ] || set -- all

lua=$(find_lua) || lua=
quietly cmake --preset "$preset" "-DCELIGO_LUA_VERSION=$(lua_version)" \
  ${lua:+"-DCELIGO_LUA=$lua"}
log=$directory/build.log
if ! cmake --build "$directory" --parallel "$(processors)" --target "$@" \
  >"$log" 2>&1; then
  cat "$log" >&2
  fail "The build of $preset failed."
fi
grep -A 8 'warning:' "$log" >&2 || true
say "built $directory"
