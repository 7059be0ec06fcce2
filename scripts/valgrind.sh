#!/bin/sh
# valgrind.sh [BUSTED ARGUMENT…]: the specs under valgrind: no read of what
# was never written, no byte lost. What the specs start runs by itself.
. scripts/common.sh

# Valgrind is some thirty times slower: one random case in fifty will do, and
# the spec that counts on thousands of them is left out.
export CELIGO_TEST_CASES=0.02
export WRAPPER="valgrind --quiet --error-exitcode=99 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite \
  --num-callers=30"
exec sh scripts/spec.sh dev --exclude-tags=prism,install,slow \
  --exclude-pattern=walk_faults "$@"
