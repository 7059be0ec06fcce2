#!/bin/sh
# tsan.sh [BUSTED ARGUMENT…]: the specs against the build with
# ThreadSanitizer: C hosts with threads of their own, and libcurl's threads
# beside ours. Left out is what has no threads to show: the JSON codec, times,
# fates, leaks, recipes, the sandbox, documents, tables, what is installed,
# what the specs are made of.
. scripts/common.sh

export TSAN_OPTIONS="halt_on_error=1:suppressions=$PWD/scripts/tsan.supp"
export SPEC_SECONDS="${SPEC_SECONDS:-300}"
exec sh scripts/spec.sh tsan --exclude-tags=install \
  --exclude-pattern=fates_ --exclude-pattern=json_ --exclude-pattern=time_ \
  --exclude-pattern=schema_ --exclude-pattern=sandbox \
  --exclude-pattern=nearest_ --exclude-pattern=leak_ \
  --exclude-pattern=examples_ --exclude-pattern=docs_ \
  --exclude-pattern=ldoc_ --exclude-pattern=types_ \
  --exclude-pattern=testing_ --exclude-pattern=structure_ \
  --exclude-pattern=install_ --exclude-pattern=fault_server_ \
  --exclude-pattern=nginx_ --exclude-pattern=child_ \
  --exclude-pattern=contract_prism_ "$@"
