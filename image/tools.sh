#!/usr/bin/env bash
# Makes the tools tree: a small Debian 13 with mkosi, systemd 257 and QEMU, so that any Debian or Ubuntu host builds the same
# image. Prints nothing when it is there already. Usage: tools.sh TREE ARCHITECTURE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$1
lists=("$here/tools.txt")
[ ! -f "$here/tools-$2.txt" ] || lists+=("$here/tools-$2.txt")

packages=$(grep -hv '^#' "${lists[@]}" | paste -sd,)
wanted=$(cat "${lists[@]}" | sha256sum | cut -d' ' -f1)
[ "$(cat "$tree/.made-from" 2>/dev/null)" = "$wanted" ] && exit 0

"$here/../scripts/system-packages.sh" mmdebstrap=mmdebstrap
echo "Making the tools tree"
mirror=$("$here/mirror.sh")
security=${CHARTSIDE_DEBIAN_SECURITY_MIRROR:-${mirror:+${mirror%/}-security}}
sources=()
if [ -n "$mirror" ]; then
    sources=("deb $mirror trixie main" "deb $mirror trixie-updates main" "deb $security trixie-security main")
fi
rm -rf --one-file-system "$tree"
mmdebstrap --mode=root --variant=apt --quiet \
    --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="$packages" trixie "$tree" "${sources[@]}"
echo "$wanted" > "$tree/.made-from"
