#!/bin/sh
# spec_file.sh SECONDS [BUSTED OPTION…] SPEC: one spec file in a process of its
# own that has so many seconds. $SPEC_LUA is the interpreter with all that goes
# before it, $SPEC_LIMIT the program that ends what is late, $SPEC_LOGS the
# folder for the log. Prints only the log's name, once the log is complete; its
# last line is "N passed, N failed". Run by spec.sh.
set -u

seconds=$1
shift
for spec in "$@"; do :; done # the last one
log=$SPEC_LOGS/$(basename "$spec" .lua).log
export SPEC_NOW="$log.now" # names the test that is under way
rm -f "$SPEC_NOW"

fails() {
  test=$(cat "$SPEC_NOW" 2>/dev/null)
  printf '\nFAILED %s: %s%s\n\n' "$spec" "$1" "${test:+, in the test
  $test}" >>"$log"
}

run() {
  # shellcheck disable=SC2086 # words
  "$SPEC_LIMIT" "$seconds" $SPEC_LUA scripts/busted.lua \
    --output=spec/support/report.lua "$@" >"$log" 2>&1 </dev/null
}

run "$@"
status=$?
# LeakSanitizer stops all threads before it looks for leaks, and crashes at
# times where one is just ending. It has said nothing then.
if grep -q 'LeakSanitizer has encountered a fatal error' "$log"; then
  run "$@"
  status=$?
fi
counts=$(sed -n '$ s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log")
good=${counts% *} bad=${counts#* }
if [ "$status" -eq 124 ]; then
  fails "not over after $seconds seconds, and ended"
  bad=$((${bad:-0} + 1))
elif [ -z "$counts" ]; then
  fails "ended before its end, with status $status"
  bad=1
elif [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
  rm -f "$SPEC_NOW"
  fails "ended with status $status, though no test failed"
  bad=1
fi
printf '%d passed, %d failed\n' "${good:-0}" "${bad:-0}" >>"$log"
rm -f "$SPEC_NOW"
echo "$log"
