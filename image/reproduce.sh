#!/usr/bin/env bash
# Builds the image a second time, from clean caches, and compares the root hash with that of the first. Usage: reproduce.sh PROFILE ARCHITECTURE
# The first build is in CHARTSIDE_IMAGE_DIR. Tools tree and keys are taken from it: what is compared is what they make of the same commit.
# Where the roots differ, it lists how.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
first=$(realpath -m "${CHARTSIDE_IMAGE_DIR:-$repository/build/image}")
second=$first-again
[ -f "$first/output/build.json" ] || { echo "There is no build in $first: run \`make image\` first." >&2; exit 2; }

rm -rf --one-file-system "$second"
mkdir -p "$second"
cp -a --reflink=auto "$first/tools" "$second/"
CHARTSIDE_KEYS=${CHARTSIDE_KEYS:-$first/keys} CHARTSIDE_IMAGE_DIR=$second "$here/build.sh" "$@"

# Names of the partitions' files end in halves of the root hash.
roots() {
    find "$1/output" -maxdepth 1 -name 'chartside_*.root-*.raw' -printf '%f\n' | sort
}
if [ "$(roots "$first")" = "$(roots "$second")" ]; then
    echo "reproducible: $(roots "$second" | sed -E 's/.*\.([0-9a-f]{32})\.raw/\1/' | paste -sd+)"
    exit 0
fi
inside() {
    "$here/enter.sh" "$first/tools" "$repository" "$first" "$@"
}
rm -rf "$first/compare"
mkdir -p "$first/compare"
for build in first second; do
    root=$(find "${!build}/update" -name '*.root-*.raw' ! -name '*-verity.*')
    ln -f "$root" "$first/compare/$build.raw" 2>/dev/null || cp "$root" "$first/compare/$build.raw"
    inside fsck.erofs --extract="/image/compare/$build" "/image/compare/$build.raw" > /dev/null
done
echo "The two builds differ:" >&2
inside diff --recursive --brief --no-dereference /image/compare/first /image/compare/second | head -n 50 >&2 || true
exit 1
