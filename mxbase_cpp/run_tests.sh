#!/usr/bin/env bash
# Every test of the compiled classifier (make test-mxbase), and what each part took:
#   run_tests.sh PYTHON [MUTATED_IMAGES]
# in C++ under ASan and UBSan; the batcher and the bindings, over a simulated device, under TSan; the module beside the stream engine.
set -euo pipefail
python=$(realpath -s "${1:?the Python that mxclassify is installed in}")
images=${2:-20000}
cd "$(dirname "$0")/.."

part() {
  local started=$SECONDS
  "$@"
  echo "== $* took $((SECONDS - started)) s"
}

build() {
  local sanitizer=$1 folder=$2
  shift 2
  cmake -S mxbase_cpp -B "$folder" -G Ninja -DMX_TESTS=ON -DMX_MODULE=OFF -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_UNITY_BUILD=ON -DPython_EXECUTABLE="$python" -DMX_SANITIZE="$sanitizer"
  cmake --build "$folder" "$@"
}

export TBB_ENABLE_SANITIZERS=1 UBSAN_OPTIONS=halt_on_error=1
part build address,undefined build/mxbase-address
part ctest --test-dir build/mxbase-address --output-on-failure -j2
part "$python" -m tests.soak.decoder build/mxbase-address/tests/decode_corpus --images "$images"
part build thread build/mxbase-thread --target batcher_tests simulated_module
part ctest --test-dir build/mxbase-thread --output-on-failure
part "$python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=12 tests/mxbase_cpp
echo "== all of it took $SECONDS s"
