#!/bin/sh
# structure.sh [BUILD]: how the files of csrc/ may depend on each other; see
# scripts/structure.lua. BUILD's object files are those of csrc/ as it is.
. scripts/common.sh

lua=$(find_lua) || fail "Lua 5.4 is missing."
exec "$lua" scripts/structure.lua "${1:-build/dev}" csrc
