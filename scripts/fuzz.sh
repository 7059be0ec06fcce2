#!/bin/sh
# fuzz.sh SECONDS [TARGET…]: each fuzz target for so long, from the seeds of
# spec/fixtures. What it learns stays in build/fuzz/corpus, an input that
# fails in build/fuzz/found.
. scripts/common.sh

seconds=$1
shift
[ $# -gt 0 ] || set -- weblink retry_after mask json scripts

seeds_of() {
  case $1 in
  json) echo spec/fixtures/json ;;
  *) echo "spec/fixtures/fuzz/$1" ;;
  esac
}

# One target; a line that says how it went.
run_one() {
  target=$1
  corpus=build/fuzz/corpus/$target
  log=build/fuzz/$target.log
  mkdir -p "$corpus" build/fuzz/found
  if "build/fuzz/bin/fuzz_$target" -max_total_time="$seconds" \
    -max_len=4096 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    "-artifact_prefix=build/fuzz/found/$target-" \
    "$corpus" "$(seeds_of "$target")" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    say "  fuzz_$target: $runs inputs in $seconds s, no finding"
  else
    cat "$log"
    say "  fuzz_$target: FAILED (the input is in build/fuzz/found)"
    return 1
  fi
}

sh scripts/build.sh fuzz fuzz_weblink fuzz_retry_after fuzz_mask fuzz_json fuzz_scripts
# All at a time: none takes more than one processor, nor much memory.
passed=0 failed=0 children=
for target in "$@"; do
  run_one "$target" &
  children="$children $!"
done
for child in $children; do
  if wait "$child"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
