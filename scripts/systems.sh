#!/bin/sh
# systems.sh [PART…]: `make test`, as the README prints it, with the last
# commit on other systems, each in a Debian tree that has nothing in it but
# make. Parts:
#
#   debian13    Debian 13 with its Lua 5.4
#   unstable    Debian unstable, with its libcurl and Lua 5.5, where the
#               mirror has them
#
# Both, unless some are named. It takes root and debootstrap. The bare trees
# and their packages stay in $SYSTEMS_CACHE (/var/cache/celigo); each run works
# in a copy. Each part mounts in a namespace of its own: when it has ended, in
# whatever way, nothing is mounted any more. $SYSTEMS_RUN is another command
# instead of `make test`.
. scripts/common.sh

cache=${SYSTEMS_CACHE:-/var/cache/celigo}

# Makes a bare tree of a suite, once.
bare_tree() {
  [ ! -f "$cache/$1/complete" ] || return 0
  say "systems: making a tree of $1 in $cache"
  rm -rf "${cache:?}/$1"
  mkdir -p "$cache/$1/packages"
  # where apt here gets Debian's packages from
  mirror=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' | grep -v -- '-security/*$' |
    sort -u | head -n 1)
  [ -n "$mirror" ] ||
    fail "apt knows no mirror of Debian here: try again after apt-get update"
  quietly debootstrap --variant=minbase --include=make "$1" \
    "$cache/$1/tree" "$mirror"
  : >"$cache/$1/complete"
}

# A copy of a bare tree that apt works in, with the last commit.
copy_tree() {
  cp -a "$cache/$1/tree" "$tree"
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp -L "$file" "$tree$file"
  done
  # how apt here reaches its mirror
  apt-config dump |
    grep -i '^Acquire::\(http\|https\|Check-[a-z-]*\|Retries\)[: ]' \
      >"$tree/etc/apt/apt.conf.d/90host" || true
  # no service starts when its package is installed
  printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
  chmod 755 "$tree/usr/sbin/policy-rc.d"
  mkdir "$tree/srv/celigo"
  git archive HEAD | tar -x -C "$tree/srv/celigo"
}

# Runs a command in the tree with the environment of somebody who has just
# come there, but for the proxies, which apt may need.
inside() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} \
    ${no_proxy:+no_proxy="$no_proxy"} \
    chroot "$tree" sh -c "cd /srv/celigo && $1"
}

# Debian has lua-cjson for Lua up to 5.4 only. What LuaRocks would build is
# built from Debian's source of it.
make_cjson() {
  if inside "apt-get install -y lua5.5 lua-cjson && lua5.5 -e 'require \"cjson\"'" \
    >/dev/null 2>&1; then
    return
  fi
  say "systems: building lua-cjson for Lua 5.5"
  sed 's/^deb /deb-src /' "$tree/etc/apt/sources.list" \
    >"$tree/etc/apt/sources.list.d/sources.list"
  quietly inside "apt-get update
    apt-get install -y --no-install-recommends gcc libc6-dev dpkg-dev liblua5.5-dev
    mkdir /tmp/cjson && cd /tmp/cjson && apt-get source --tar-only lua-cjson
    tar -xzf lua-cjson_*.orig.tar.gz --strip-components=1
    mkdir -p /usr/local/lib/lua/5.5
    cc -shared -fPIC -O2 -I/usr/include/lua5.5 -o /usr/local/lib/lua/5.5/cjson.so \
      lua_cjson.c strbuf.c fpconv.c"
}

# In the namespace: mounts, and runs.
visit() {
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount -t tmpfs -o mode=1777 tmp "$tree/tmp"
  mount --bind "$cache/$2/packages" "$tree/var/cache/apt/archives"
  quietly inside "apt-get update"
  quietly inside "apt-get -y dist-upgrade"
  settings=
  if [ "$1" = unstable ]; then
    if inside "apt-cache show lua5.5 liblua5.5-dev" >/dev/null 2>&1; then
      settings="LUA=lua5.5"
      make_cjson
    else
      say "left out: Lua 5.5: the mirror has no package of it"
    fi
  fi
  say "== $1: Debian $(cat "$tree/etc/debian_version") ${settings}"
  inside "${CI:+SETUP_HOSTS=1} $settings ${SYSTEMS_RUN:-make test}" </dev/null
}

if [ "${1:-}" = --visit ]; then
  tree=$4
  visit "$2" "$3"
  exit
fi

[ "$(id -u)" -eq 0 ] ||
  fail "make systems takes root: it makes trees of other systems, and mounts in them"
have debootstrap ||
  fail "make systems takes debootstrap, Debian's package of that name"

work=$(mktemp -d)
trap '[ -n "${SYSTEMS_KEEP:-}" ] || rm -rf "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM
tree=$work/tree
passed=0 failed=0
[ $# -gt 0 ] || set -- debian13 unstable
for part in "$@"; do
  case $part in
  debian13) suite=trixie ;;
  unstable) suite=sid ;;
  *) fail "systems.sh knows no $part: debian13, unstable." ;;
  esac
  started=$(date +%s)
  bare_tree "$suite"
  copy_tree "$suite"
  unshare --mount sh "$0" --visit "$part" "$suite" "$tree" 2>&1 |
    tee "$work/log"
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' \
    "$work/log" | tail -n 1)
  counts=${counts:-0 1} # it was cut short
  passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
  say "-- $part: ${counts% *} passed, ${counts#* } failed, $(($(date +%s) - started)) s"
  if [ -n "${SYSTEMS_KEEP:-}" ]; then
    mv "$tree" "$tree-$part"
    say "kept: $tree-$part"
  else
    rm -rf "$tree"
  fi
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
