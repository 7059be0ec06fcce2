#!/bin/sh
# tested_on.sh: this system's row for the table "Tested on" of README.md. What
# is printed is what the build and the specs find here.
. scripts/common.sh

lua=$(find_lua) || fail "Lua 5.4 or 5.5 is missing."

system() {
  if [ -f /etc/os-release ]; then
    # shellcheck disable=SC1091 # it is the system's
    (. /etc/os-release && echo "${PRETTY_NAME:-$NAME}")
  else
    uname -sr
  fi
}

# NAME VERSION of a compiler that is there.
compiler() {
  have "$1" && echo "$1 $("$1" -dumpversion)"
}

# What the libcurl that the build links with says of itself.
curl_says() {
  directory=$(mktemp -d)
  cat >"$directory/says.c" <<'END'
#include <curl/curl.h>
#include <stdio.h>
int main(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  printf("%s | %s%s\n", info->version,
         info->ssl_version ? info->ssl_version : "none",
         info->features & CURL_VERSION_HTTP2 ? "" : ", no HTTP/2");
}
END
  "${CC:-cc}" -o "$directory/says" "$directory/says.c" -lcurl &&
    "$directory/says"
  rm -rf "$directory"
}

compilers=$( (compiler gcc || true; compiler clang || true) | paste -sd, - |
  sed 's/,/, /g')
say "| $(system) | $(uname -m) | $compilers | $("$lua" -v 2>&1 |
  sed 's/ *Copyright.*//') | $(curl_says) |"
