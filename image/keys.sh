#!/usr/bin/env bash
# Makes what is missing of the vendor's keys, once. Usage: keys.sh DIRECTORY [TOKEN]
#   update       Ed25519; signs updates
#   models       X.509, RSA 4096; signs model bundles
#   secure-boot  X.509, RSA 2048 (what every firmware takes); signs boot loader and kernel images
#   pcr          X.509, RSA 2048 (what every TPM takes); signs what a TPM will have measured of a kernel image
# With TOKEN, a PKCS#11 URI such as pkcs11:token=vendor, the last two stay in a token: two RSA keys of these names must be in it, and
# NAME.uri says where instead of NAME.key. Files ending in .key are secret: they belong on a machine of their own. docs/vendors.md says how.
set -euo pipefail
directory=$1
token=${2:-}
mkdir -p "$directory"
umask 077

# A certificate and its key: NAME BITS SUBJECT
certificate() {
    [ -e "$directory/$1.crt" ] && return
    echo "Making the key $1 in $directory"
    openssl req -x509 -newkey "rsa:$2" -nodes -days 7300 -subj "/CN=$3" -keyout "$directory/$1.key" -out "$directory/$1.crt" 2>/dev/null
}
# A certificate for a key that is in the token: NAME SUBJECT
certificate_for_token() {
    [ -e "$directory/$1.crt" ] && return
    echo "Making the certificate $1 in $directory, with its key in the token"
    local path=${token%%\?*}
    local uri="$path;object=$1${token#"$path"}"
    openssl req -x509 -new -provider default -provider pkcs11 -key "$uri" -days 7300 -subj "/CN=$2" -out "$directory/$1.crt"
    echo "$uri" > "$directory/$1.uri"
}

if [ ! -e "$directory/update.json" ]; then
    echo "Making the key update in $directory"
    openssl genpkey -algorithm ed25519 -out "$directory/update.key"
    public=$(openssl pkey -in "$directory/update.key" -pubout -outform DER | tail -c 32 | base64)
    printf '{"name":"vendor","public":"%s","expires":"%s"}\n' "$public" "$(date -u -d '+5 years' +%Y-%m-%dT00:00:00Z)" > "$directory/update.json"
fi
certificate models 4096 "Chartside models"
if [ -n "$token" ]; then
    certificate_for_token secure-boot "Chartside Secure Boot"
    certificate_for_token pcr "Chartside kernel measurements"
else
    certificate secure-boot 2048 "Chartside Secure Boot"
    certificate pcr 2048 "Chartside kernel measurements"
fi
chmod 644 "$directory"/*.crt "$directory/update.json"
