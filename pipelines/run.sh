#!/bin/sh
# Classify every image of a folder: pipelines/run.sh IMAGES RESULT_DIR
# Writes RESULT_DIR/<image>_1.txt with the class ids, best first. The settings come from the environment
# (docs/settings.md), for example: MODEL=resnext101_32x4d PIPELINE=pipelines/resnext101.pipeline pipelines/run.sh ...
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 IMAGES RESULT_DIR [--top-k K] [--resume]" >&2
    exit 2
fi

cli=$(dirname "$0")/../.venv/bin/ascend-classify
[ -x "$cli" ] || cli=ascend-classify
command -v "$cli" > /dev/null || {
    echo "error: ascend-classify is not installed; make install does it" >&2
    exit 127
}
exec "$cli" infer-dir "$@"
