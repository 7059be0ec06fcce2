#!/bin/sh
# lint.sh: compilers with every warning an error, the structure of csrc/,
# clang-tidy, cppcheck, luacheck, clang-format, luarocks lint, and LuaLS where the variable LUALS
# names it. Every check runs, whatever the others found.
. scripts/common.sh

passed=0 failed=0
check() {
  check_name=$1
  shift
  if check_output=$("$@" 2>&1); then
    passed=$((passed + 1))
    say "  $check_name: fine"
  else
    failed=$((failed + 1))
    printf '%s\n' "$check_output"
    say "  $check_name: FAILED"
  fi
}

# The sources that a build compiles: clang-tidy needs to know how.
tidy() {
  tidy_log=build/lint-clang/tidy.log
  sed -n 's/^ *"file": "\(.*\)".*/\1/p' \
    build/lint-clang/compile_commands.json | grep -v '/build/' | sort -u |
    xargs -n 1 -P "$(processors)" clang-tidy --quiet -p build/lint-clang \
      "--extra-arg=-include$PWD/spec/c/tidy.h" >"$tidy_log" 2>&1 &&
    return
  grep -v 'warnings generated' "$tidy_log"
  return 1
}

cppcheck_all() {
  cppcheck --quiet --project=build/lint-clang/compile_commands.json \
    --enable=warning,performance,portability --inline-suppr \
    --inconclusive --library=scripts/cppcheck.cfg \
    --suppress='*:*/build/*' --suppress=missingIncludeSystem \
    --suppress=normalCheckLevelMaxBranches \
    --error-exitcode=1 -j "$(processors)"
}

# What luacheck does not see; `make format` mends it.
style() {
  find lua spec examples bench scripts -name '*.lua' -exec \
    "$(find_lua)" scripts/style.lua {} +
}

# Names the files that `make format` would change. Every version of
# clang-format has its own mind about macros: one of them judges.
format() {
  format_found=$(find csrc spec/c bench examples -name '*.[ch]' \
    -exec clang-format --dry-run -Werror {} + 2>&1 |
    sed -n 's/^\([^ :]*\):[0-9].*/\1/p' | sort -u)
  [ -z "$format_found" ] || fail "make format would change
$format_found"
}

check "gcc -Werror" sh scripts/build.sh lint-gcc
check "clang -Werror" sh scripts/build.sh lint-clang
check structure sh scripts/structure.sh build/lint-gcc
check clang-tidy tidy
check cppcheck cppcheck_all
check "Lua style" style
check luacheck luacheck --quiet --no-color lua spec examples bench scripts
if is_judge_of_format; then
  check clang-format format
else
  say "  clang-format: left out, for version $FORMAT_VERSION judges"
fi
for rockspec in celigo-*.rockspec; do
  check "$rockspec" luarocks lint "$rockspec"
done
if [ -n "${LUALS:-}" ]; then
  check "types by LuaLS" sh scripts/types.sh lint-gcc
else
  say "  types by LuaLS: not checked, for LUALS does not name its program"
fi
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
