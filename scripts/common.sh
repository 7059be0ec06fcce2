# shellcheck shell=sh
# What the other scripts share. Sourced, from the repository's root.

set -eu
export LC_ALL=C

# Servers and tools that a plain user's PATH leaves out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() {
  printf '%s\n' "$*"
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# The interpreter of Lua 5.4 or 5.5: $LUA, or the first that is one.
find_lua() {
  for lua in ${LUA:-} lua5.4 lua54 lua5.5 lua55 lua \
    /opt/homebrew/opt/lua@5.4/bin/lua5.4 /usr/local/opt/lua@5.4/bin/lua5.4
  do
    if have "$lua" &&
      "$lua" -e 'os.exit(_VERSION:find "^Lua 5%.[45]$" ~= nil)' >/dev/null 2>&1
    then
      command -v "$lua"
      return
    fi
  done
  return 1
}

# Its version, 5.4 or 5.5; where there is none yet the one that $LUA names,
# or 5.4.
lua_version() {
  if [ "${LUA:-}" = lua5.5 ] || [ "${LUA:-}" = lua5.4 ]; then
    echo "${LUA#lua}"
  elif lua=$(find_lua); then
    "$lua" -e 'print(_VERSION:match "%d.%d")'
  else
    echo 5.4
  fi
}

# Ends where one of the arguments is neither an option (--NAME=VALUE) nor a
# spec or a folder of them.
specs_exist() {
  for argument in "$@"; do
    case $argument in
    -*) ;;
    *) [ -e "$argument" ] || fail "No such spec: $argument" ;;
    esac
  done
}

# The version of clang-format that judges, Debian 12's.
FORMAT_VERSION=14

is_judge_of_format() {
  clang-format --version 2>/dev/null | grep -q "version $FORMAT_VERSION\."
}

processors() {
  getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

# Runs a command without its output, which is shown when it fails.
quietly() {
  quietly_log=$(mktemp)
  if ("$@") >"$quietly_log" 2>&1; then
    rm -f "$quietly_log"
    return 0
  fi
  cat "$quietly_log" >&2
  rm -f "$quietly_log"
  say "failed: $*" >&2
  return 1
}
