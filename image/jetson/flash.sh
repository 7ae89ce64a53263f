#!/usr/bin/env bash
# Flashes a Jetson Orin that is connected by USB and in recovery mode. Usage: flash.sh LINUX_FOR_TEGRA ROOT_FILE_SYSTEM [BOARD]
#   LINUX_FOR_TEGRA   the unpacked driver package of Jetson Linux r39.2 (JetPack 7.2), from NVIDIA
#   ROOT_FILE_SYSTEM  what build.sh made
#   BOARD             a configuration of that package; default: jetson-orin-nano-devkit
# Two root file systems on NVMe; the boot loader tries one three times, then the other. Never run: README.md.
set -euo pipefail
l4t=$(realpath "$1")
tar=$(realpath "$2")
board=${3:-jetson-orin-nano-devkit}
layout=tools/kernel_flash/flash_l4t_t234_nvme_rootfs_ab.xml

fail() {
    echo "$1" >&2
    exit 2
}
[ "$(id -u)" = 0 ] || fail "Flashing needs root: NVIDIA's tools keep owners and device nodes."
[ -f "$l4t/$board.conf" ] || fail "There is no $board.conf in $l4t: unpack Jetson Linux r39.2 there, or give another board."
[ -f "$l4t/$layout" ] || fail "There is no $layout in $l4t: this is another release of Jetson Linux than r39.2."

rm -rf --one-file-system "$l4t/rootfs"
mkdir "$l4t/rootfs"
tar --extract --zstd --numeric-owner --xattrs --xattrs-include='*' --file "$tar" --directory "$l4t/rootfs"
cd "$l4t"
./apply_binaries.sh
ROOTFS_AB=1 ROOTFS_RETRY_COUNT_MAX=3 ./tools/kernel_flash/l4t_initrd_flash.sh --external-device nvme0n1p1 -c "$layout" \
    -p "-c bootloader/generic/cfg/flash_t234_qspi.xml" --showlogs --network usb0 "$board" external
