# Seals a disk as the box does, in an emulated TPM, and tries what opens it. Runs in the tools tree; no kernel, no device mapper.
# Usage: sealing.sh KERNEL UPDATED FOREIGN, three kernel images
set -e
work=$(mktemp -d)
cd "$work"
mkdir tpm definitions /run/systemd
trap 'kill "$running"' EXIT
chip=swtpm:path=$work/tpm/socket
export TPM2TOOLS_TCTI=$chip

# A start: TPM on, Secure Boot keys measured, kernel image measured, initrd entered.
start() {
    [ -z "${running:-}" ] || { kill "$running"; wait "$running" || true; rm -f tpm/socket*; }
    swtpm socket --tpm2 --tpmstate "dir=$work/tpm" --server "type=unixio,path=$work/tpm/socket" \
        --ctrl "type=unixio,path=$work/tpm/socket.ctrl" --flags not-need-init,startup-clear > swtpm.log 2>&1 &
    running=$!
    until [ -S tpm/socket.ctrl ]; do sleep 0.1; done
    tpm2_pcrextend "7:sha256=$(echo "$2" | sha256sum | cut -d' ' -f1)"
    python3 /repository/tests/image/measured.py "$1" /run/systemd/tpm2-pcr-signature.json > measured
    xargs tpm2_pcrextend < measured
    tpm2_pcrextend "11:sha256=$(printf enter-initrd | sha256sum | cut -d' ' -f1)"
}
# Whether the TPM opens it now: a key can be added.
opens() {
    systemd-cryptenroll --unlock-tpm2-device="$chip" --recovery-key disk < /dev/null > /dev/null 2>> enroll.log
}

start "$1" vendor
objcopy -O binary --only-section=.pcrpkey "$1" public.pem
sed 's/^Encrypt=.*/Encrypt=tpm2/; s/^SizeMinBytes=.*/SizeMinBytes=40M/' /repository/image/mkosi.extra/usr/lib/repart.d/40-data.conf > definitions/40-data.conf
# What the initrd of the box seals to.
unchanged=$(printf '0%.0s' {1..64})
eval "policy=($(grep -o -- '--tpm2-p[a-z-]*=[^ \\]*' /repository/image/mkosi.images/initrd/mkosi.extra/usr/lib/chartside/make-partitions | sed "s#/.extra/[a-z0-9.-]*#$work/public.pem#" | tr '\n' ' '))"
truncate -s 96M whole
systemd-repart --offline=yes --empty=force --dry-run=no --definitions=definitions --tpm2-device="$chip" "${policy[@]}" whole > repart.log 2>&1
sfdisk --json whole | python3 -c 'import json, sys; part = json.load(sys.stdin)["partitiontable"]["partitions"][0]; print(part["start"], part["size"])' > place
read -r first size < place
dd if=whole of=disk bs=512 skip="$first" count="$size" status=none

result() { echo "$1=$2"; }
try() { if opens; then result "$1" opens; else result "$1" shut; fi; }
try same
start "$2" vendor
try updated
tpm2_pcrextend "12:sha256=$(printf more | sha256sum | cut -d' ' -f1)"
try with-additions
start "$2" nobody
try other-secure-boot-keys
start "$3" vendor
try foreign
