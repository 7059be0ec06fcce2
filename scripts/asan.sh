#!/bin/sh
# asan.sh [BUSTED ARGUMENT…]: the specs against the build with AddressSanitizer
# and UBSan, C test programs included. The interpreter closes its state at the
# end, so whatever is left then is a leak. Any finding ends the run with an
# error. Left out is what is installed, which is another build.
. scripts/common.sh

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1
# Hosts that the specs build are linked with the same.
export CFLAGS="-fsanitize=address,undefined" CXXFLAGS="-fsanitize=address,undefined"
export SPEC_SECONDS="${SPEC_SECONDS:-300}"
exec sh scripts/spec.sh asan --exclude-tags=install "$@"
