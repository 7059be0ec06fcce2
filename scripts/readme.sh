#!/bin/sh
# readme.sh: runs the commands of README.md, as they are printed there, in a
# fresh copy of the last commit and with an empty home. What an installation
# has put there has to be found, by the README's own export lines, from another
# directory. Says what is left out.
. scripts/common.sh

lua=$(find_lua) || fail "Lua 5.4 is missing."
git rev-parse -q --verify HEAD >/dev/null 2>&1 ||
  fail "make readme takes git, and a clone: it runs the last commit's README."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT PIPE TERM
mkdir "$root/copy" "$root/home"
git archive HEAD | tar -x -C "$root/copy"
cd "$root/copy"

export HOME="$root/home"
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR CELIGO_API_TOKEN CELIGO_BASE_URL
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4

passed=0 failed=0
run() {
  if output=$(sh -ec "$2" 2>&1 </dev/null); then
    passed=$((passed + 1))
    say "  ${1%%  *}: fine"
  else
    failed=$((failed + 1))
    printf '%s\n' "$output"
    say "  ${1%%  *}: FAILED"
  fi
}

# Runs a command that installs, and looks for what it has put below a tree.
install_to() {
  run "$2" "$2"
  run "found in ${1#"$HOME"/}" "$(grep '^export LUA' "$root/lines" |
    sed "s|\$HOME/.local|$1|g")
cd /
'$lua' -e 'local celigo = require \"celigo\"; print(celigo._VERSION)
  celigo.new({ token = \"any\" }):close() -- opens the core, too
  for name, path in pairs { celigo = package.path, [\"celigo.core\"] = package.cpath } do
    local found = assert(package.searchpath(name, path))
    assert(found:sub(1, #\"$1\") == \"$1\", found)
  end'"
  rm -rf "$1"
}

sed -n '/^```sh$/,/^```$/ { /^```/!p; }' README.md >"$root/lines"
while read -r line; do
  case $line in
  "make install "* | "cmake "*) install_to "$HOME/.local" "$line" ;;
  "luarocks "*) install_to "$HOME/.luarocks" "$line" ;;
  "export LUA"*) ;; # above
  "make test"*) say "  left out, for it is a step of its own: ${line%%  *}" ;;
  "export CELIGO_API_TOKEN="*) say "  left out, for it holds a token: $line" ;;
  "lua5.4 examples/"*) say "  left out, for spec/docs_spec.lua runs it: $line" ;;
  "lua5.4 -e "*serve*) say "  left out, for it has no end: $line" ;;
  "apt-get "*) say "  left out, for it takes root: $line" ;;
  *) run "$line" "$line" ;;
  esac
done <"$root/lines"
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
