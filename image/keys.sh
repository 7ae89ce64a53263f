#!/usr/bin/env bash
# Makes the vendor's keys, once: one signs model bundles (X.509, RSA 4096), one signs updates (Ed25519). Usage: keys.sh DIRECTORY
# The files ending in .key are secret: they belong on a machine of their own, or in a token. docs/image.md says how.
set -euo pipefail
directory=$1
if [ -e "$directory/models.key" ] || [ -e "$directory/update.key" ]; then
    exit 0
fi
echo "Making keys in $directory"
mkdir -p "$directory"
umask 077
openssl req -x509 -newkey rsa:4096 -nodes -days 3650 -subj "/CN=Chartside models" -keyout "$directory/models.key" -out "$directory/models.crt" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$directory/update.key"
public=$(openssl pkey -in "$directory/update.key" -pubout -outform DER | tail -c 32 | base64)
printf '{"name":"vendor","public":"%s","expires":"%s"}\n' "$public" "$(date -u -d '+5 years' +%Y-%m-%dT00:00:00Z)" > "$directory/update.json"
chmod 644 "$directory/models.crt" "$directory/update.json"
