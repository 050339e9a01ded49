#!/bin/sh
# Build the program resnext101: mxbase_cpp/build.sh [further arguments of cmake]
# Over the SDK in MX_SDK_HOME (source its set_env.sh first). Without one over our own MxBase, for a CPU; that wants `make install` and
# apt install g++ cmake libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
if [ -n "${MX_SDK_HOME:-}" ]; then
    runtime=ascend
    set -- "-DMX_SDK_HOME=$MX_SDK_HOME" "-DACL_HOME=${ASCEND_HOME_PATH:-}" "$@"
else
    runtime=cpu
    python=$root/.venv/bin/python
    [ -x "$python" ] || python=$(command -v python3)
    set -- "-DPython_EXECUTABLE=$python" "$@"
fi
build=$root/build/program-$runtime

cmake --log-level=WARNING -S "$here" -B "$build" "-DMX_RUNTIME=$runtime" -DMX_MODULE=OFF -DMX_PROGRAM=ON "$@"
cmake --build "$build" --parallel
echo "$build/resnext101 is built"
