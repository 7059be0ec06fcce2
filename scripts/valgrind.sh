#!/bin/sh
# valgrind.sh [BUSTED ARGUMENT…]: the specs under valgrind, and the C test
# programs that they run: no read of what was never written, no byte lost.
# The servers and interpreters that they start run by themselves. Left out are
# the specs that do nothing else with the C core, or nothing at all: recipes,
# the sandbox, documents, tables, what is installed, what the specs are made of.
. scripts/common.sh

# Valgrind is some thirty times slower: one random case in fifty will do.
export CELIGO_TEST_CASES=0.02
export WRAPPER="valgrind --quiet --error-exitcode=99 --leak-check=full \
  --errors-for-leak-kinds=definite --show-leak-kinds=definite \
  --num-callers=30 --keep-debuginfo=yes --suppressions=$PWD/scripts/valgrind.supp"
export CELIGO_TEST_WRAPPER="$WRAPPER"
export SPEC_NAME=-valgrind SPEC_SECONDS="${SPEC_SECONDS:-900}"
exec sh scripts/spec.sh dev --exclude-tags=install \
  --exclude-pattern=examples_ --exclude-pattern=sandbox \
  --exclude-pattern=docs_ --exclude-pattern=ldoc_ --exclude-pattern=types_ \
  --exclude-pattern=nearest_ --exclude-pattern=testing_ \
  --exclude-pattern=structure_ \
  --exclude-pattern=install_ --exclude-pattern=module_ \
  --exclude-pattern=interrupt_ --exclude-pattern=fault_server_ \
  --exclude-pattern=nginx_ --exclude-pattern=child_ \
  --exclude-pattern=contract_prism_ "$@"
