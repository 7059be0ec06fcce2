#!/bin/sh
# types.sh [PRESET]: has LuaLS check spec/types against lua/celigo/types.lua: no warning
# in right.lua, in wrong.lua those that its marks name. The variable LUALS names
# the server's program; without it nothing is checked, and that is said.
. scripts/common.sh

if [ -z "${LUALS:-}" ]; then
  say "not checked: LUALS does not name lua-language-server"
  exit 0
fi
have "$LUALS" || fail "LUALS: there is no program $LUALS"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp spec/types/*.lua "$folder"
# What an editor is told: README.md has the same lines.
printf '{ "runtime.version": "Lua 5.4", "runtime.pathStrict": true, "workspace.library": ["%s/lua"] }\n' \
  "$PWD" >"$folder/.luarc.json"
"$LUALS" --check "$folder" --checklevel=Warning --check_format=json \
  --logpath="$folder/log" >"$folder/output" 2>&1 || true # 1 where it warns
[ -f "$folder/log/check.json" ] || fail "$(cat "$folder/output")"
sh scripts/lua.sh "${1:-dev}" scripts/types.lua "$folder/log/check.json"
