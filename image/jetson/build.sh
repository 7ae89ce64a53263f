#!/usr/bin/env bash
# Builds the root file system of a Jetson. Usage: build.sh ONNXRUNTIME_WHEEL NVIDIA_PACKAGES
#   ONNXRUNTIME_WHEEL  made by onnxruntime.sh on a Jetson
#   NVIDIA_PACKAGES    a directory of .deb files: CUDA, cuDNN and TensorRT of JetPack 7.2 for arm64
# CHARTSIDE_BUNDLE, CHARTSIDE_IMAGE_DIR, CHARTSIDE_IMAGE_VERSION as for the PC image. Never run: README.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=$(dirname "$here")
repository=$(dirname "$image")
onnxruntime=$(realpath "$1")
packages=$(realpath "$2")
python=$repository/.venv/bin/python
work=$(realpath -m "${CHARTSIDE_IMAGE_DIR:-$repository/build/image}/jetson")
version=${CHARTSIDE_IMAGE_VERSION:-$(cd "$repository" && "$python" -c 'import appliance; print(appliance.__version__)')}
export SOURCE_DATE_EPOCH=1750000000  # as in mkosi.conf
found=$("$python" "$image/gpu_architectures.py" "$onnxruntime")
grep -q sm_87 <<< "$found" || { echo "$onnxruntime holds no code for Orin (sm_87): ${found:-none at all}" >&2; exit 2; }

mkdir -p "$work"/{cache,output,vendor}
"$image/tools.sh" "$work/tools" arm64
export EMULATE=aarch64
"$image/enter.sh" "$work/tools" "$repository" "$work" apt-get install --yes --quiet ubuntu-archive-keyring
"$python" "$image/wheels.py" "$repository/requirements/runtime.txt" arm64 "$work/wheels" noble
rm -f "$work"/wheels/onnxruntime-*.whl "$work/wheels/made-from.txt"
cp "$onnxruntime" "$work/wheels/"
cp "$packages"/*.deb "$work/vendor/"

site=$work/stage/usr/lib/chartside/site-packages
rm -rf "$work/stage"
mkdir -p "$site"
for wheel in "$work"/wheels/*.whl; do
    "$python" -m zipfile -e "$wheel" "$site"
done
cp -r "$CHARTSIDE_BUNDLE" "$work/stage/usr/lib/chartside/bundle"
printf '{"product":"chartside","version":"%s","board":"jetson-orin","floor":"0"}\n' "$version" > "$work/stage/usr/lib/chartside/release.json"

chosen=()
for package in "$work"/vendor/*.deb; do
    chosen+=(--package="$(dpkg-deb --field "$package" Package)")
done
"$image/enter.sh" "$work/tools" "$repository" "$work" mkosi --directory=/repository/image/jetson --force --image-version="$version" \
    --cache-directory=/image/cache --output-directory=/image/output --package-directory=/image/vendor "${chosen[@]}" --extra-tree=/image/stage build
echo "jetson: file=$work/output/chartside-jetson_$version.tar.zst"
