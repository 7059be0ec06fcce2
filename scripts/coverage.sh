#!/bin/sh
# coverage.sh [BUSTED ARGUMENT…]: the specs against a build that counts, then
# what they reached of csrc/: a table, and build/coverage/report/index.html.
. scripts/common.sh

specs_exist "$@"
sh scripts/build.sh coverage
find build/coverage -name '*.gcda' -exec rm -f {} +
sh scripts/spec.sh coverage --exclude-tags=install "$@"
mkdir -p build/coverage/report
gcovr --root . --filter csrc/ --object-directory build/coverage \
  --exclude-unreachable-branches --print-summary \
  --txt build/coverage/report.txt \
  --html-details build/coverage/report/index.html build/coverage
cat build/coverage/report.txt
say "built build/coverage/report/index.html"
