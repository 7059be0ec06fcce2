#!/bin/sh
# docs.sh [FOLDER]: the reference as HTML, in docs/reference. LDoc makes the
# pages of the modules by a template, scripts/docs/site.lua all the rest.
. scripts/common.sh

lua=$(find_lua) || fail "Lua 5.4 is missing."
folder=${1:-docs/reference}
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
quietly ldoc --quiet --fatalwarnings -d "$parts" .
rm -rf "$folder"
mkdir -p "$folder"
"$lua" scripts/docs/site.lua "$parts" "$folder"
say "built $folder/index.html"
