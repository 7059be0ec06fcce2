#!/bin/sh
# setup.sh GROUP…: installs what a group of commands needs and this machine
# has not: packages of apt (Debian, Ubuntu) or brew (macOS; there Lua's own
# packages come from luarocks). Says what before it does; what is there is
# left alone. Groups: build demo test hosts prism browser valgrind fuzz lint docs
# coverage bench systems.
. scripts/common.sh

missing=
apt_packages=
brew_packages=
rocks=

# need NAME APT BREW ROCK COMMAND…: NAME is missing if COMMAND fails. A dash
# stands for no package.
need() {
  need_name=$1 need_apt=$2 need_brew=$3 need_rock=$4
  shift 4
  if "$@" >/dev/null 2>&1; then
    return
  fi
  missing="$missing $need_name"
  [ "$need_apt" = - ] || apt_packages="$apt_packages $need_apt"
  [ "$need_brew" = - ] || brew_packages="$brew_packages $need_brew"
  [ "$need_rock" = - ] || rocks="$rocks $need_rock"
}

# The same for what some specs need that are left out where it cannot be had:
# a package may be there and not know the newest Lua.
want() {
  [ "$tried" = true ] || dpkg -s "$2" >/dev/null 2>&1 || need "$@"
}

# Whether there is a Lua of the version that was asked for.
has_lua() {
  lua=$(find_lua) && "$lua" -e "assert(_VERSION == 'Lua $lua_version')"
}

has_lua_package() {
  lua=$(find_lua) && "$lua" -e "require '$1'"
}

# Whether a C file that includes a header compiles to nothing but an object.
has_header() {
  printf '#include <%s>\n' "$1" |
    ${CC:-cc} "-I/usr/include/lua$lua_version" -I/opt/homebrew/include \
      "-I/opt/homebrew/opt/lua@$lua_version/include/lua$lua_version" \
      "-I/usr/local/opt/lua@$lua_version/include/lua$lua_version" \
      -E -o /dev/null -
}

# Whether clang links programs with a sanitizer's runtime.
has_clang_runtime() {
  echo 'int main(void) { return 0; }' |
    clang -fsanitize=address -x c -o /dev/null -
}

has_browser() {
  have chromium || have chromium-browser || have google-chrome
}

# Whether a locale with a decimal comma is there or can be made.
has_comma_locale() {
  [ -f /usr/share/i18n/locales/de_DE ] || locale -a | grep '^de_DE'
}

group_build() {
  need "C-compiler" build-essential gcc - have "${CC:-cc}"
  need cmake cmake cmake - have cmake
  lua_version=$(lua_version)
  need "lua$lua_version" "lua$lua_version" "lua@$lua_version" - has_lua
  need "Lua-headers" "liblua$lua_version-dev" "lua@$lua_version" - has_header lua.h
  need "libcurl-headers" libcurl4-openssl-dev curl - has_header curl/curl.h
  need "zlib-headers" zlib1g-dev zlib - has_header zlib.h
}

group_demo() {
  need lua-cjson lua-cjson - lua-cjson has_lua_package cjson
  need lua-socket lua-socket - luasocket has_lua_package socket
  need lua-argparse lua-argparse - argparse has_lua_package argparse
}

group_test() {
  group_demo
  group_docs
  need luarocks luarocks luarocks - have luarocks
  need busted lua-busted - busted has_lua_package busted
  want lua-luv lua-luv - luv has_lua_package luv
  want lua-cqueues lua-cqueues - cqueues has_lua_package cqueues
  need lua-sec lua-sec - luasec has_lua_package ssl
  need nginx nginx nginx - have nginx
  need openssl openssl openssl - have openssl
  need pkg-config pkg-config pkg-config - have pkg-config
  need locales locales - - has_comma_locale
  need node nodejs node - have node
}

# Programs with Lua in them, for hosts_spec; lua-event for a block of the docs.
group_hosts() {
  want lighttpd lighttpd - - have lighttpd
  want "lighttpd's-Lua" lighttpd-modules-lua - - [ -e /usr/lib/lighttpd/mod_magnet.so ]
  want apache apache2-bin - - have apache2
  want haproxy haproxy - - have haproxy
  want prosody prosody - - have prosody
  want lua-event lua-event - - has_lua_package luaevent.core
}

group_prism() {
  need node nodejs node - have node
  need npm npm - - have npm
}

group_browser() {
  need chromium chromium - - has_browser
}

group_valgrind() {
  need valgrind valgrind - - have valgrind
}

group_fuzz() {
  need clang clang llvm - have clang
  need "clang-runtime" libclang-rt-dev - - has_clang_runtime
}

group_lint() {
  need luarocks luarocks luarocks - have luarocks
  need gcc gcc gcc - have gcc
  need clang clang llvm - have clang
  need clang-tidy clang-tidy llvm - have clang-tidy
  need clang-format clang-format clang-format - have clang-format
  need cppcheck cppcheck cppcheck - have cppcheck
  need luacheck lua-check - luacheck have luacheck
}

group_docs() {
  need ldoc lua-ldoc - ldoc have ldoc
}

group_coverage() {
  need gcovr gcovr gcovr - have gcovr
}

group_systems() {
  need debootstrap debootstrap - - have debootstrap
}

group_bench() {
  need lua-cjson lua-cjson - lua-cjson has_lua_package cjson
  need lua-argparse lua-argparse - argparse has_lua_package argparse
  need lua-socket lua-socket - luasocket has_lua_package socket
  need lua-cqueues lua-cqueues - cqueues has_lua_package cqueues
  need nginx nginx nginx - have nginx
  need openssl openssl openssl - have openssl
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

install_by_apt() {
  [ "$(id -u)" -eq 0 ] || have sudo ||
    fail "That takes root, and sudo is missing. As root:
  apt-get install$apt_packages"
  export DEBIAN_FRONTEND=noninteractive
  say "setup: installing with apt-get:$apt_packages"
  quietly as_root apt-get update
  # shellcheck disable=SC2086 # a list of names
  quietly as_root apt-get install -y --no-install-recommends $apt_packages
}

install_by_brew() {
  if [ -n "$rocks" ] && ! have luarocks; then
    brew_packages="$brew_packages luarocks"
  fi
  # shellcheck disable=SC2086 # lists of names
  if [ -n "$brew_packages" ]; then
    say "setup: installing with brew:$brew_packages"
    quietly brew install $brew_packages
  fi
  for rock in $rocks; do
    say "setup: installing with luarocks: $rock"
    quietly luarocks "--lua-version=$lua_version" install "$rock"
  done
}

look() {
  missing='' apt_packages='' brew_packages='' rocks=''
  group_build
  for group in "$@"; do
    [ "$group" = build ] || "group_$group"
  done
}

tried=false
look "$@"
[ -n "$missing" ] || exit 0
say "setup: missing:$missing"
if have apt-get && [ -n "$apt_packages" ]; then
  install_by_apt
elif have brew; then
  install_by_brew
else
  fail "Neither apt-get nor brew has it: please install it and try again."
fi
tried=true
look "$@"
[ -z "$missing" ] || fail "setup: still missing:$missing"
