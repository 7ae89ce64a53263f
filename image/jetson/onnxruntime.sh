#!/usr/bin/env bash
# Builds ONNX Runtime for Orin's GPU (sm_87). Run it on a Jetson with JetPack 7.2, or in NVIDIA's container for it: CUDA 13.2, cuDNN 9 and
# TensorRT 10.16 must be the ones that the box has. PyPI has no such wheel: its aarch64 builds are for the CPU.
# Usage: onnxruntime.sh SOURCE OUTPUT, where SOURCE is a checkout of onnxruntime with its submodules. Never run: README.md.
set -euo pipefail
source=$(realpath "$1")
output=$(realpath -m "$2")
here=$(cd "$(dirname "$0")" && pwd)
version=v1.31.1  # the newest that loads TensorRT 10
[ "$(uname -m)" = aarch64 ] || { echo "ONNX Runtime for a Jetson is built on aarch64, this is $(uname -m)." >&2; exit 2; }
[ "$(git -C "$source" describe --tags)" = "$version" ] || { echo "Check out $version in $source first." >&2; exit 2; }

mkdir -p "$output"
# One job for each 4 GB: the CUDA kernels take that much each to compile.
jobs=$(awk '/MemTotal/ { jobs = int($2 / 4000000); print jobs ? jobs : 1 }' /proc/meminfo)
"$source/build.sh" --config Release --parallel "$jobs" --nvcc_threads 1 --skip_tests --skip_submodule_sync --build_wheel --allow_running_as_root \
    --use_cuda --cuda_home /usr/local/cuda --cudnn_home /usr/lib/aarch64-linux-gnu \
    --use_tensorrt --tensorrt_home /usr/lib/aarch64-linux-gnu \
    --cmake_extra_defines CMAKE_CUDA_ARCHITECTURES=87 onnxruntime_BUILD_UNIT_TESTS=OFF
cp "$source"/build/Linux/Release/dist/onnxruntime_gpu-*.whl "$output/"
# The list of providers says what was compiled, not what runs on this GPU; the code in the wheel does.
python3 "$here/../gpu_architectures.py" "$output"/onnxruntime_gpu-*.whl
(cd "$output" && sha256sum onnxruntime_gpu-*.whl)
