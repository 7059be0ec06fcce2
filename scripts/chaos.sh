#!/bin/sh
# chaos.sh [BUSTED ARGUMENT…]: random calls with random failures, in every way
# of waiting and over every protocol, for CHAOS_SECONDS (600) in all, and the
# cases by name besides; the server's record is the judge. CELIGO_TEST_SEED
# repeats a run: each way and protocol counts up from it.
. scripts/common.sh

have node || fail "node is missing: the server of these specs runs on it."
total=${CHAOS_SECONDS:-600}
export CELIGO_TEST_SEED="${CELIGO_TEST_SEED:-$(date +%s)}"
say "chaos: CELIGO_TEST_SEED=$CELIGO_TEST_SEED CHAOS_SECONDS=$total"
# 25 pairs of a way and a protocol share the time.
export CELIGO_CHAOS_SECONDS=$(((total + 24) / 25))
export SPEC_SECONDS=$((total * 2 + 600)) # a guard against hanging only
exec sh scripts/spec.sh dev spec/fates_spec.lua spec/fates_pauses_spec.lua "$@"
