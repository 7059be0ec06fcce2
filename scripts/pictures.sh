#!/bin/sh
# pictures.sh: makes the pictures of the README, docs/images/*.svg: what
# `make demo` prints on a terminal, and a chart of docs/images/speed.csv.
. scripts/common.sh

lua=$(find_lua) || fail "Lua 5.4 is missing."
have script || fail "script (package bsdutils or util-linux) is missing."
demo=$(mktemp)
trap 'rm -f "$demo"' EXIT
# A pseudo-terminal: what is printed to one has colours.
LC_ALL=C.UTF-8 script -qec "stty cols 200; sh scripts/lua.sh release examples/quickstart.lua" \
  /dev/null </dev/null >"$demo"
"$lua" scripts/svg.lua terminal <"$demo" >docs/images/demo.svg
"$lua" scripts/svg.lua speed <docs/images/speed.csv >docs/images/speed.svg
say "made docs/images/demo.svg docs/images/speed.svg"
