#!/usr/bin/env bash
# Runs a command inside the tools tree, in its own mount namespace. Usage: enter.sh TREE REPOSITORY WORK COMMAND...
# EMULATE=aarch64 lets programs of that machine run as well, if this one is another: the kernel hands them to QEMU (binfmt_misc).
# The repository is /repository there, the work folder /image, and the command starts in /image. pivot_root instead of chroot:
# inside a chroot the kernel refuses the user namespaces that mkosi wants.
set -euo pipefail
# shellcheck disable=SC2016  # expanded inside the namespace
exec unshare --mount --propagation private bash -euc '
    tree=$1 repository=$2 work=$3
    shift 3
    mount --bind "$tree" "$tree"
    mount -t proc proc "$tree/proc"
    mount --rbind /sys "$tree/sys"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs -o mode=0755 tmpfs "$tree/run"
    mount -t tmpfs -o mode=1777,size=16G tmpfs "$tree/tmp"
    mkdir -p "$tree/repository" "$tree/image" "$tree/run/lock" "$tree/old"
    mount --bind "$repository" "$tree/repository"
    mount --bind "$work" "$tree/image"
    cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
    if [ -e /etc/ssl/certs/ca-certificates.crt ]; then  # of a mirror behind an own authority
        cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
    fi
    cd "$tree"
    pivot_root . old
    cd /image
    umount -l /old
    if [ "${EMULATE:-$(uname -m)}" != "$(uname -m)" ]; then
        formats=/proc/sys/fs/binfmt_misc
        mount -t binfmt_misc binfmt_misc $formats
        # The kernel keeps the emulator open (flag F), so programs find it inside other roots too.
        [ -e "$formats/qemu-$EMULATE" ] || cat "/usr/lib/binfmt.d/qemu-$EMULATE.conf" > $formats/register
    fi
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 "$@"
' enter "$@"
