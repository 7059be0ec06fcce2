#!/bin/sh
# valgrind.sh [BUSTED ARGUMENT…]: the specs under valgrind, and the C test
# programs that they run: no read of what was never written, no byte lost.
# The servers that they start run by themselves.
. scripts/common.sh

# Valgrind is some thirty times slower: one random case in fifty will do.
export CELIGO_TEST_CASES=0.02
export WRAPPER="valgrind --quiet --error-exitcode=99 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite \
  --num-callers=30 --suppressions=$PWD/scripts/valgrind.supp"
export CELIGO_TEST_WRAPPER="$WRAPPER"
export SPEC_NAME=-valgrind SPEC_SECONDS="${SPEC_SECONDS:-900}"
exec sh scripts/spec.sh dev "$@"
