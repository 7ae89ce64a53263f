#!/usr/bin/env bash
# Builds the OS image and boots it in a container, in every CI run, where this machine can: that takes root, namespaces, a Debian mirror
# and disk space. Where it cannot, it says so in one line, and nothing failed.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "image: not checked here: $1"
    exit 0
}
kept=$(mktemp)
trap 'rm -f "$kept"' EXIT
# With apt, which knows the proxies of this machine.
reaches() {
    /usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=20 download-file "$1" "$kept" > /dev/null 2>&1
}
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || skip "this machine is no x86-64 Linux"
[ "$(id -u)" = 0 ] || skip "building needs root"
command -v apt-get > /dev/null || skip "this is neither Debian nor Ubuntu"
# What image/enter.sh and systemd-nspawn do.
unshare --mount --net --pid --fork sh -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/proc && mount -t proc proc /mnt/proc' 2>/dev/null ||
    skip "this machine gives no namespaces"
unshare --mount sh -c 'mount -t cgroup2 cgroup2 /mnt && mkdir /mnt/chartside-check && rmdir /mnt/chartside-check' 2>/dev/null ||
    skip "this machine gives no control groups"
mirror=$(image/mirror.sh)
[ -n "$mirror" ] || skip "this machine has no Debian mirror; name one in CHARTSIDE_DEBIAN_MIRROR"
reaches "${mirror%/}/dists/trixie/InRelease" || skip "the Debian mirror is not reached"
mkdir -p "${CHARTSIDE_IMAGE_DIR:-build}"
[ "$(df --output=avail -B1G "${CHARTSIDE_IMAGE_DIR:-build}" | tail -n1)" -ge 12 ] || skip "12 GB of disk are not free"

make image PROFILE=cpu
make image-test
