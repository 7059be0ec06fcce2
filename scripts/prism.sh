#!/bin/sh
# prism.sh: puts Prism, which knows the service's contract, into build/prism
# by npm, for spec/contract_prism_spec.lua. Exits 1, saying why, where that
# cannot be done.
. scripts/common.sh

# The newest that runs on Node 18, which Debian 12 has.
version=5.14.2
directory=build/prism

if [ -f "$directory/$version" ]; then
  exit 0
fi
have npm || fail "Prism is optional, and npm is missing: install npm to include its spec"
say "setup: installing Prism $version with npm into $directory"
rm -rf "$directory"
mkdir -p "$directory"
quietly npm install --prefix "$directory" --no-save --no-audit --no-fund \
  --ignore-scripts --loglevel=error "@stoplight/prism-cli@$version" ||
  fail "Prism is optional, and npm could not install it: \`sh scripts/prism.sh\` tries again"
: >"$directory/$version"
