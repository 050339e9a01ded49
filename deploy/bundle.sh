#!/usr/bin/env bash
# Usage: deploy/bundle.sh FOLDER PYTHON
# Puts into FOLDER what a host without a network needs (docs/containers.md): the source, the wheels of the locks, the images that Docker has
# here, the models of MODEL_STORE (model_store), and SHA256SUMS. PYTHON is a 3.11 with pip. The wheels are those of this machine's architecture.
set -euo pipefail

if [ $# -ne 2 ]; then
  sed -n '/^# Usage:/,/^[^#]*$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
mkdir -p "$1"
FOLDER=$(realpath "$1") PYTHON=$(realpath -s "$2")
cd "$(dirname "$0")/.."
read -ra LOCKS <<< "${LOCKS:-requirements.lock requirements-ascend.lock}"
read -ra IMAGES <<< "${IMAGES:-ascend-classify:ascend ascend-classify:tools prom/prometheus:v3.13.2 grafana/grafana:13.2.3}"

git archive --format=tar.gz --prefix=ascend-classify/ --output="$FOLDER/source.tar.gz" HEAD
mkdir -p "$FOLDER/wheels"
for lock in "${LOCKS[@]}"; do
  "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: --dest "$FOLDER/wheels" -r "$lock"
done
"$PYTHON" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$FOLDER/wheels" .

if command -v docker > /dev/null && docker version > /dev/null 2>&1; then
  mkdir -p "$FOLDER/images"
  for image in "${IMAGES[@]}"; do
    if docker image inspect "$image" > /dev/null 2>&1; then
      docker save --output "$FOLDER/images/$(tr '/:' '__' <<< "$image").tar" "$image"
    else
      echo "Docker has no image $image: docker compose build, or docker pull. It is left out." >&2
    fi
  done
else
  echo "Docker does not run here: the images are left out." >&2
fi

if [ -d "${MODEL_STORE:-model_store}" ]; then
  mkdir -p "$FOLDER/models"
  for model in "${MODEL_STORE:-model_store}"/*/manifest.toml; do
    [ ! -f "$model" ] || cp -r "$(dirname "$model")" "$FOLDER/models/"
  done
fi
cd "$FOLDER"
rm -f SHA256SUMS
sums=$(find . -type f -print0 | sort -z | xargs -0 sha256sum)
echo "$sums" > SHA256SUMS
echo "$FOLDER: $(wc -l < SHA256SUMS) files, $(du -sm . | cut -f 1) MB"
