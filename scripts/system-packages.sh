#!/bin/sh
# Installs Debian packages that a command needs, where it can; otherwise says in one sentence what to install.
# Usage: system-packages.sh PROGRAM=PACKAGE...
set -eu

missing=""
for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        echo "Please install these packages, then run the command again: sudo apt-get install$missing" >&2
        exit 1
    fi
    echo "Installing$missing"
    # shellcheck disable=SC2086  # one word per package
    if $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "Please install these Debian packages (or what provides them on your system), then run the command again:$missing" >&2
exit 1
