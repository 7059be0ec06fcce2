#!/bin/sh
# programs.sh PRESET: runs the C test programs of a build. Each ends with
# `N passed, N failed`; one that is cut short counts as a failure.
. scripts/common.sh

passed=0 failed=0
for program in "build/$1"/bin/test_*; do
  name=${program##*/}
  output=$("$program" 2>&1) && status=0 || status=$?
  counts=$(printf '%s\n' "$output" | tail -n 1)
  good=$(expr "$counts" : '\([0-9][0-9]*\) passed, [0-9][0-9]* failed$') ||
    good=0
  bad=$(expr "$counts" : '[0-9][0-9]* passed, \([0-9][0-9]*\) failed$') ||
    bad=${bad:-0}
  if [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; then
    printf '%s\n' "$output"
    [ "$bad" -gt 0 ] || bad=1
  fi
  passed=$((passed + good)) failed=$((failed + bad))
  printf '  %-36s %s passed\n' "$name" "$good"
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
