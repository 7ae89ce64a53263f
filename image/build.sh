#!/usr/bin/env bash
# Builds the image. Usage: build.sh PROFILE ARCHITECTURE, such as: build.sh cpu x86-64
# A profile is a lock file in requirements/ and, but for cpu, a folder in mkosi.profiles/; docs/profiles.md.
#
#   CHARTSIDE_BUNDLE         the model bundle (`make models`)
#   CHARTSIDE_IMAGE_DIR      work folder; default: build/image (5 GB when it is done)
#   CHARTSIDE_IMAGE_VERSION  default: Chartside's version
#   CHARTSIDE_KEYS           the vendor's keys; default: keys for development, made in the work folder
#   CHARTSIDE_DISPLAY        yes: the attached display is a tablet too; a browser in the image. Default: it shows the set-up code only
#   CHARTSIDE_FLOOR          the oldest version that may be installed over this one; default: 0
#   CHARTSIDE_VENDOR_PACKAGES  a folder of .deb files that are installed as well, such as drivers that Debian does not have
#   CHARTSIDE_DEBIAN_MIRROR, CHARTSIDE_DEBIAN_SECURITY_MIRROR
#                            default: the mirror of this machine
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
profile=$1
architecture=$2
python=$repository/.venv/bin/python
work=$(realpath -m "${CHARTSIDE_IMAGE_DIR:-$repository/build/image}")
version=${CHARTSIDE_IMAGE_VERSION:-$(cd "$repository" && "$python" -c 'import appliance; print(appliance.__version__)')}
keys=$(realpath -m "${CHARTSIDE_KEYS:-$work/keys}")
export SOURCE_DATE_EPOCH=1750000000  # as in mkosi.conf

fail() {
    echo "$1" >&2
    exit 2
}
case $profile in
    cpu) lock=runtime.txt components=main board=$architecture ;;
    intel) lock=openvino.txt components="main non-free-firmware" board=$architecture-intel ;;
    nvidia) lock=nvidia.txt components="main contrib non-free non-free-firmware" board=$architecture-nvidia ;;
    *) fail "There is no profile $profile; take PROFILE=cpu, intel or nvidia." ;;
esac
case $architecture in
    x86-64) kernel=linux-image-amd64 machine=x86_64 ;;
    arm64) kernel=linux-image-arm64 machine=aarch64 ;;
    *) fail "There is no image for $architecture; take ARCH=x86-64 or arm64." ;;
esac
[ "$profile" = cpu ] || [ "$architecture" = x86-64 ] || fail "The profile $profile is for ARCH=x86-64 only."
[ -z "${CHARTSIDE_DISPLAY:-}" ] || [ "$architecture" = x86-64 ] || fail "The attached display as a tablet is for ARCH=x86-64 only."
[ -z "${CHARTSIDE_DISPLAY:-}" ] || board=$board-display
[ "$(id -u)" = 0 ] || fail "Building needs root, for mount namespaces only: run it with sudo, or in a container."
[ -f "$CHARTSIDE_BUNDLE/bundle.json" ] || fail "There is no model bundle in $CHARTSIDE_BUNDLE: run \`make models\` first."

SECONDS=0
mkdir -p "$work"/{cache,packages,output}
tree=$work/tools
"$here/tools.sh" "$tree" "$architecture"
"$here/keys.sh" "$keys"
[ -n "${CHARTSIDE_KEYS:-}" ] || echo "Signing with keys for development; set CHARTSIDE_KEYS for boxes that leave the house"
inside() {
    EMULATE=$machine "$here/enter.sh" "$tree" "$repository" "$work" "$@"
}

echo "Fetching wheels"
"$python" "$here/wheels.py" "$repository/requirements/$lock" "$architecture" "$work/wheels"

echo "Laying out the product"
rm -rf "$work/stage"
site=stage/usr/lib/chartside/site-packages
mkdir -p "$work/$site"
# The wheels fit by the lock file and may be for another machine than this one: they are unpacked, not installed.
for wheel in "$work"/wheels/*.whl; do
    "$python" -m zipfile -e "$wheel" "$work/$site"
done
# Only for training, for making bundles, for building wheels, and for downloads.
rm -rf "$work/$site"/{training,onnx,gguf,setuptools,_distutils_hack,pkg_resources,hf_xet}{,-*.dist-info}
inside python3 -m compileall -q --invalidation-mode unchecked-hash -s /image/stage -p / "/image/$site"
install -D -m 755 "$here/chartside" "$work/stage/usr/bin/chartside"
install -D -m 644 "$here/self-test.opus" "$work/stage/usr/share/chartside/self-test.opus"
install -D -m 644 "$keys/models.crt" "$work/stage/usr/lib/verity.d/chartside.crt"
install -D -m 644 "$keys/update.json" "$work/stage/usr/lib/chartside/update-keys/vendor.json"
printf '{"product":"chartside","version":"%s","board":"%s","floor":"%s"}\n' "$version" "$board" "${CHARTSIDE_FLOOR:-0}" \
    > "$work/stage/usr/lib/chartside/release.json"

echo "Packing the model bundle"
bundle_version=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["version"])' "$CHARTSIDE_BUNDLE/bundle.json")
rm -rf "$work/models"
mkdir -p "$work/models/chartside-models.raw.v" "$work/bundle" "$work/signing"
cp -r --reflink=auto "$CHARTSIDE_BUNDLE/." "$work/bundle/"
trap 'rm -rf "$work/signing"' EXIT
cp "$keys"/{models,secure-boot,pcr}.* "$work/signing/"
inside env SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH systemd-repart --architecture="$architecture" --offline=yes --empty=create --size=auto --dry-run=no \
    --definitions=/repository/image/models.repart --copy-source=/image/bundle --seed=5b0f6c1c-6d0c-4c1c-9d5b-6f2b3a1f9e02 \
    --private-key=/image/signing/models.key --certificate=/image/signing/models.crt "/image/models/chartside-models.raw.v/chartside-models_$bundle_version.raw" \
    > "$work/models.log" 2>&1 || fail "The model bundle could not be packed; see $work/models.log."
rm -rf "$work/bundle"

echo "Building the image"
output=$work/output
name=chartside_$version
rm -f "$output/$name".*
sandbox=$work/sandbox/etc/apt
mkdir -p "$sandbox/sources.list.d" "$sandbox/apt.conf.d"
# mkosi's own list would name archives that not every mirror has.
sed "s#^deb #deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] #; s# main\$# $components#" "$tree/etc/apt/sources.list" > "$sandbox/sources.list.d/mkosi.list"
: > "$sandbox/sources.list.d/mkosi.sources"
echo 'Acquire::Languages "none";' > "$sandbox/apt.conf.d/99-no-translations"
chosen=(--package="$kernel")
[ "$profile" = cpu ] || chosen+=(--profile="$profile")
[ -z "${CHARTSIDE_DISPLAY:-}" ] || chosen+=(--profile=display)
for key in secure-boot pcr; do
    option=${key/pcr/sign-expected-pcr}
    if [ -f "$keys/$key.uri" ]; then
        chosen+=("--$option-key-source=provider:pkcs11" "--$option-key=$(cat "$keys/$key.uri")")
    else
        chosen+=("--$option-key=/image/signing/$key.key")
    fi
    chosen+=("--$option-certificate=/image/signing/$key.crt")
done
rm -rf "$work/vendor"
if [ -n "${CHARTSIDE_VENDOR_PACKAGES:-}" ]; then
    mkdir "$work/vendor"
    chosen+=(--package-directory=/image/vendor)
    for package in "$CHARTSIDE_VENDOR_PACKAGES"/*.deb; do
        cp "$package" "$work/vendor/"
        chosen+=(--package="$(dpkg-deb --field "$package" Package)")
    done
fi
inside mkosi --directory=/repository/image --force --image-version="$version" --architecture="$architecture" --output-directory=/image/output \
    --sandbox-tree=/image/sandbox "${chosen[@]}" --extra-tree=/image/stage --extra-tree=/image/models:/models build
rm -rf "$work/signing"

inside zstd --quiet --force -T0 -3 "/image/output/$name.raw" -o "/image/output/$name.raw.zst"

# What an update holds: the root without the empty rest of its slot, its hashes, the kernel.
rm -rf "$work/update"
mkdir "$work/update"
hashes=$(basename "$output/$name.root-$architecture-verity."*.raw)
root=$(basename "$output/$name.root-$architecture."*.raw)
blocks=$(inside veritysetup dump "/image/output/$hashes" | awk '/Data blocks/ { print $3 }')
head -c $((blocks * 4096)) "$output/$root" > "$work/update/$root"
cp --sparse=always "$output/$hashes" "$work/update/"
cp "$output/$name.efi" "$work/update/"

size() {
    echo $(($(du -cb "$@" | tail -n1 | cut -f1) / 1000000))
}
disk_mb=$(size "$output/$name.raw.zst")
# The system without models: what an update holds, compressed in the same way.
size_mb=$(($(inside bash -c "cat update/* | zstd -3 -T0 | wc -c") / 1000000))
build_s=$SECONDS
printf '{"file":"%s","version":"%s","board":"%s","profile":"%s","build_s":%d,"size_mb":%d,"disk_mb":%d}\n' \
    "$name.raw" "$version" "$board" "$profile" "$build_s" "$size_mb" "$disk_mb" > "$output/build.json"
(cd "$repository" && "$python" -m appliance.update.pack --key "$keys/update.key" --release "$work/stage/usr/lib/chartside/release.json" \
    --output "$output/$name.chartside" "$work/update/"*)

echo "Listing and signing the release"
mv "$output/initrd.manifest" "$output/${name}_initrd.manifest"
"$python" "$here/release.py" sbom --work "$work" "$output/$name.cdx.json" "$output/$name"{,_initrd}.manifest
rm -rf "$output/release"
mkdir "$output/release"
ln "$output"/{build.json,"$name".{raw.zst,chartside,manifest,cdx.json},"${name}_initrd.manifest"} "$output/release/"
"$python" "$here/release.py" sign --key "$keys/update.key" "$output/release"
echo "image: file=$output/$name.raw build_s=$build_s size_mb=$size_mb disk_mb=$disk_mb"
