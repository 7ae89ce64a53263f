#!/usr/bin/env bash
# Prints the Debian mirror that packages come from: of the environment, else the one that this Debian uses; nothing if there is none, and
# then mmdebstrap has its own.
set -euo pipefail
echo "${CHARTSIDE_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)|$(REPO_URI)|$(ORIGIN)|$(LABEL)' 'Created-By: Packages' 2>/dev/null |
    awk -F'|' '!found && $3 == "Debian" && $4 == "Debian" { print $2; found = 1 }')}"
