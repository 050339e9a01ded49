#!/bin/sh
# Install this tree, and the compiled classifier for RUNTIME if WITH_MXBASE is 1, into the environment ENV:
# build_wheels.sh ENV RUNTIME WITH_MXBASE. The tools of requirements-image.lock are on PATH.
set -eu
environment=$1 runtime=$2 with_mxbase=$3

python -I -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /build/wheels .
if [ "$with_mxbase" = 1 ]; then
  python -I -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /build/wheels \
    --config-settings="cmake.define.MX_RUNTIME=$runtime" --config-settings="cmake.define.OpenVINO_DIR=${OpenVINO_DIR:-}" ./mxbase_cpp
fi
python -I -m pip --python "$environment/bin/python" install --no-cache-dir --no-index --no-deps /build/wheels/*.whl
"$environment/bin/python" -I -m compileall -q "$environment/lib" || true  # later the root is read-only, and none could be written
