#!/bin/sh
# Stand-in for the MindX SDK in SDK: build_sdk.sh TREE SDK. Its folders, headers and libraries by name; MxBase is compiled from cpu_sdk
# with the vendor's string ABI, and OpenCV's library has the names that the classifier wants of it and nothing behind them.
set -eu
tree=$1/mxbase_cpp sdk=$2 here=$(dirname "$0")
ours=$tree/cpu_sdk work=$(mktemp -d)

mkdir -p "$sdk/lib/modelpostprocessors" "$sdk/lib/plugins" "$sdk/python" "$sdk/config" \
  "$sdk/opensource/lib/gstreamer-1.0" "$sdk/opensource/lib64" "$sdk/opensource/libexec/gstreamer-1.0" "$sdk/opensource/include"
cp -r "$ours/include" "$sdk/include"
cp -r "$ours/api_7_3/MxBase" "$sdk/include/"
cp -r /usr/include/opencv4 "$sdk/opensource/include/opencv4"
echo "stand-in for tests: no vendor's code, no NPU, runs no model" > "$sdk/version.info"

compile() {
  g++ -std=c++17 -fPIC -shared -D_GLIBCXX_USE_CXX11_ABI=0 -Dgoogle=mindxsdk_private \
    -I"$sdk/include" -I"$sdk/include/MxBase/postprocess/include" -I"$sdk/opensource/include/opencv4" -I"$tree/include" -I"$ours/src" "$@"
}

compile -o "$sdk/lib/libmxbase.so" "$ours/src/device_manager.cpp" "$ours/src/device_memory.cpp" "$ours/src/memory_helper.cpp" \
  "$ours/src/tensor_base.cpp" "$here/model_inference_processor.cpp"
compile -o "$sdk/lib/modelpostprocessors/libresnet50postprocess.so" "$ours/src/post_config.cpp" "$ours/src/resnet50_post_process.cpp" \
  "$ours/src/table_softmax.cpp"
echo | compile -o "$sdk/opensource/lib/libglog.so" -x c++ -

# Without libjpeg, which this SDK does not bring: so OpenCV decodes.
sources=$(find "$tree/src" -name '*.cpp' ! -name jpeg.cpp)
# shellcheck disable=SC2086 # one word a file
compile -o "$work/classifier.so" $sources
nm -D --undefined-only "$work/classifier.so" | grep -o '_Z[A-Z]*N\?K\?2cv.*' |
  while read -r name; do printf '.globl %s\n%s: .zero 64\n' "$name" "$name"; done > "$work/names.s"
{ echo .bss; cat "$work/names.s"; } > "$work/opencv.s"
gcc -shared -o "$sdk/opensource/lib/libopencv_world.so" "$work/opencv.s"
rm -r "$work"

# As the vendor's installer leaves it (ascend.md 2.11).
find "$sdk" -type d -exec chmod 550 {} +
find "$sdk" -name '*.so' -exec chmod 440 {} +
