#!/usr/bin/env bash
# Compiles the classifier's sources, as they are, against the vendor's own headers, as cmake/ascend.cmake has it. Nothing is linked.
#   check_headers.sh TREE BUILD
# TREE is an installed SDK, or the source that the vendor publishes (Ascend/VisionSDK), whose headers are laid out here as an SDK has
# them; what its opensource/ would bring comes from Debian then (libgoogle-glog-dev, nlohmann-json3-dev, libopencv-*-dev).
set -euo pipefail

tree=$(realpath "${1:?the SDK, or the source of the vendor\'s Vision SDK}")
build=${2:?where to build}
here=$(realpath "$(dirname "$0")")

rm -rf "$build"
mkdir -p "$build"
build=$(realpath "$build")

if [ -d "$tree/mxBase/src/mxbase/include/MxBase" ]; then
  sdk=$build/sdk
  mkdir -p "$sdk/include/MxBase/postprocess" "$sdk/opensource/include"
  ln -s "$tree"/mxBase/src/mxbase/include/MxBase/* "$sdk/include/MxBase/"
  ln -s "$tree/mxBase/src/postprocess/include" "$sdk/include/MxBase/postprocess/include"
  ln -s /usr/include/opencv4 "$sdk/opensource/include/opencv4"
else
  sdk=$tree
fi

cmake -S "$here" -B "$build" -G Ninja -DMX_RUNTIME=ascend -DMX_MODULE=OFF -DMX_SDK_HOME="$sdk"
cmake --build "$build" --target classifier
echo "the classifier's sources compile against $tree"
