# The vendor's keys in a token (SoftHSM): makes their certificates, then signs and checks with them. Runs in the tools tree.
set -e
cd "$(mktemp -d)"
export SOFTHSM2_CONF=$PWD/softhsm.conf
mkdir tokens
printf 'directories.tokendir=%s/tokens\nobjectstore.backend=file\n' "$PWD" > softhsm.conf
softhsm2-util --init-token --free --label vendor --pin 1234 --so-pin 5678
for key in secure-boot pcr; do
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
    id=$(printf %s "$key" | od -An -tx1 | tr -d ' \n')
    softhsm2-util --import key.pem --token vendor --label "$key" --id "$id" --pin 1234
    rm key.pem
done
# Without the quirk, this token's library crashes when a program ends.
cat > openssl.cnf << 'END'
openssl_conf = start
[start]
providers = all
[all]
default = one
pkcs11 = two
[one]
activate = 1
[two]
pkcs11-module-path = /usr/lib/softhsm/libsofthsm2.so
pkcs11-module-quirks = no-deinit
activate = 1
END
export OPENSSL_CONF=$PWD/openssl.cnf
/repository/image/keys.sh keys 'pkcs11:token=vendor?pin-value=1234'
test ! -e keys/secure-boot.key -a ! -e keys/pcr.key
from_token() {
    echo "--private-key=$(cat "keys/$1.uri")" --private-key-source=provider:pkcs11 "--certificate=keys/$1.crt"
}
/usr/lib/systemd/systemd-sbsign sign $(from_token secure-boot) --output=signed.efi /usr/lib/systemd/boot/efi/systemd-bootx64.efi
echo kernel > linux
/usr/lib/systemd/systemd-measure sign $(from_token pcr) --bank=sha256 --linux=linux | grep -q '"sig"'
sbverify --cert keys/secure-boot.crt signed.efi
