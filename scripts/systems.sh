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
# in a copy. What it mounts is seen by itself only, and gone with it, however
# it ends. $SYSTEMS_RUN is the command, instead of `make test`.
. scripts/common.sh

cache=${SYSTEMS_CACHE:-/var/cache/celigo}
[ $# -gt 0 ] || set -- debian13 unstable

[ "$(id -u)" -eq 0 ] || fail "make systems takes root: it makes trees of other systems and mounts there."
have debootstrap || fail "make systems takes debootstrap (Debian's package debootstrap)."

# The mounts of this process and its children are theirs alone.
if [ "${SYSTEMS_INSIDE:-}" != true ]; then
  SYSTEMS_INSIDE=true exec unshare --mount sh scripts/systems.sh "$@"
fi

# Where apt here gets Debian's packages from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
  'Origin: Debian' | grep -v -- '-security/*$' | sort -u | head -n 1)
[ -n "$mirror" ] || fail "apt knows no mirror of Debian: first run apt-get update, on a Debian."

work=$(mktemp -d)
trap 'umount -R "$work/tree" 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT PIPE TERM

# Makes a bare tree of a suite, once.
bare_tree() {
  [ ! -f "$cache/$1/complete" ] || return 0
  say "systems: making a tree of $1 in $cache"
  rm -rf "$cache/$1"
  mkdir -p "$cache/$1/packages"
  quietly debootstrap --variant=minbase --include=make "$1" "$cache/$1/tree" "$mirror"
  : >"$cache/$1/complete"
}

# Runs a command in the tree with the environment of somebody who has just
# come there. Proxies are what apt needs here.
inside() {
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} \
    ${https_proxy:+https_proxy="$https_proxy"} \
    ${no_proxy:+no_proxy="$no_proxy"} \
    chroot "$work/tree" "$@"
}

# A copy of a suite's bare tree, ready for apt, with the last commit in it.
enter_tree() {
  umount -R "$work/tree" 2>/dev/null || true
  rm -rf --one-file-system "$work/tree"
  cp -a "$cache/$1/tree" "$work/tree"
  for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp -L "$file" "$work/tree$file"
  done
  # how apt here reaches its mirror
  apt-config dump | grep -i '^Acquire::\(http\|https\|Check-\|Retries\)' \
    >"$work/tree/etc/apt/apt.conf.d/90host" || true
  mount -t proc proc "$work/tree/proc"
  mount --rbind /dev "$work/tree/dev"
  mount -t tmpfs -o mode=1777 tmp "$work/tree/tmp"
  mount --bind "$cache/$1/packages" "$work/tree/var/cache/apt/archives"
  mkdir "$work/tree/root/celigo"
  git archive HEAD | tar -x -C "$work/tree/root/celigo"
  quietly inside apt-get update
  quietly inside apt-get -y dist-upgrade
}

# Runs the command in a tree; adds what its last line counts.
run() {
  started=$(date +%s)
  say "== $1: Debian $(cat "$work/tree/etc/debian_version"), ${2:-Lua 5.4}"
  inside sh -c "cd /root/celigo && $2 ${SYSTEMS_RUN:-make test}" 2>&1 </dev/null |
    tee "$work/log"
  counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/log" |
    tail -n 1)
  passed=$((passed + ${counts% *} + 0)) failed=$((failed + ${counts#* } + 0))
  [ -n "$counts" ] || failed=$((failed + 1))
  say "-- $1: ${counts% *} passed, ${counts#* } failed, $(($(date +%s) - started)) s"
}

passed=0 failed=0
for part in "$@"; do
  case $part in
  debian13)
    bare_tree trixie
    enter_tree trixie
    run debian13 ""
    ;;
  unstable)
    bare_tree sid
    enter_tree sid
    if inside apt-cache show lua5.5 liblua5.5-dev >/dev/null 2>&1; then
      run unstable "LUA=lua5.5"
    else
      say "left out: Lua 5.5: the mirror has no package of it"
      run unstable ""
    fi
    ;;
  *) fail "systems.sh knows no $part: debian13, unstable." ;;
  esac
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
