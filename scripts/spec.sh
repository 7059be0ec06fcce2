#!/bin/sh
# spec.sh PRESET [BUSTED ARGUMENT…]: the specs against a build, each file in a
# process of its own, two at a time for each processor, because specs wait for
# servers half of their time; three for two processors under a sanitizer or
# valgrind, where they work more. An argument that is no option (--NAME=VALUE)
# is a spec or a folder of them; --exclude-pattern=TEXT leaves out the files of
# folders whose name has TEXT.
# $WRAPPER, if set, is put before the interpreter (valgrind and its options).
# The spec that needs Prism is left out, saying so, where that is not installed.
# $SPEC_SECONDS is the time that one file may take, $SPEC_JOBS how many run at
# a time. What each printed is in build/PRESET/spec$SPEC_NAME.
#
# The files that took longest the last time come first; where they never ran,
# those that are known to be slow.
. scripts/common.sh

slow='fates fates_pauses limits examples examples_staged embed_install install
hostile_work json_decode embed examples_dashboard json_encode deadline interrupt
leak tls loop_calls loop_turns time policy rate_limit pages alloc walk_faults
encoding'

preset=$1
shift
build=$PWD/build/$preset
specs_exist "$@"
lua=$(find_lua) || fail "Lua 5.4 or 5.5 is missing."
jobs=$(($(processors) * 2))
[ -z "${WRAPPER:-}" ] || jobs=$(((jobs * 3 + 3) / 4))
if [ -f "$build/lua/${lua##*/}" ]; then
  lua=$build/lua/${lua##*/} # with a sanitizer; child interpreters find it, too
  jobs=$(((jobs * 3 + 3) / 4))
  export CELIGO_TEST_PATH="$PATH"
  PATH=$build/lua:$PATH
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
export SPEC_LUA="${WRAPPER:-} $lua" SPEC_LIMIT="$build/bin/limit"
export SPEC_LOGS="$build/spec${SPEC_NAME:-}"
mkdir -p "$SPEC_LOGS"
[ -x "$SPEC_LIMIT" ] || fail "There is no build: sh scripts/build.sh $preset"

# Options in $@, files and folders, one a line, in $specs.
specs='' patterns=''
for argument in "$@"; do
  shift
  case $argument in
  --exclude-pattern=*) patterns="$patterns ${argument#*=}" ;;
  -*) set -- "$@" "$argument" ;;
  *) specs="$specs $argument" ;;
  esac
done

if ! ls build/prism/[0-9]* >/dev/null 2>&1; then
  say "left out: spec/contract_prism_spec.lua: Prism is not installed"
  patterns="$patterns contract_prism_"
fi

list() {
  for spec in ${specs:-spec}; do
    if [ -d "$spec" ]; then
      find "$spec" -name '*_spec.lua' | for_patterns
    else
      echo "$spec"
    fi
  done | awk '!seen[$0]++'
}

for_patterns() {
  while read -r found; do
    for pattern in $patterns; do
      case ${found##*/} in *"$pattern"*) continue 2 ;; esac
    done
    echo "$found"
  done
}

# Each file with the seconds that it took, or a number by its place in $slow.
weigh() {
  while read -r spec; do
    name=$(basename "$spec" .lua)
    seconds=$(sed -n "s|^  $spec .* \([0-9.]*\) s\$|\1|p" \
      "$SPEC_LOGS/$name.log" 2>/dev/null | tail -n 1)
    echo "${seconds:-$(guess "${name%_spec}")} $spec"
  done
}

guess() {
  place=100
  for known in $slow; do
    if [ "$known" = "$1" ]; then
      echo $place
      return
    fi
    place=$((place - 1))
  done
  echo 1
}

# Prints each log as its name comes, and sums up.
sum_up() {
  passed=0 failed=0
  while read -r log; do
    sed '$ d' "$log" | sed '/^[0-9]* passed, [0-9]* failed$/d'
    read -r good _ bad _ <<END
$(tail -n 1 "$log")
END
    passed=$((passed + good)) failed=$((failed + bad))
  done
  say "$passed passed, $failed failed"
  # A run that tested nothing is no success.
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# In no file: another run beside this one would write the same.
files=$(list)
[ -n "$files" ] || fail "No spec is left to run."
printf '%s\n' "$files" | weigh | sort -rn | sed 's/^[^ ]* //' |
  xargs -n 1 -P "${SPEC_JOBS:-$jobs}" \
    sh scripts/spec_file.sh "${SPEC_SECONDS:-120}" "$@" | sum_up
