#!/usr/bin/env bash
# Usage: deploy/release.sh FOLDER PYTHON TOOLS
# Puts into FOLDER what a version consists of, from the last commit: wheels and sources of the server and of the client, the wheel of the compiled
# engine for this machine, a software bill of materials (CycloneDX) for each lock, the container images, and SHA256SUMS. PYTHON has what builds
# the compiled engine (make mxbase); TOOLS is the folder of the programs of build and cyclonedx-bom. An image that cannot be built here is left
# out: LEFT_OUT.txt says why. Images: Docker's, or as root buildah's. DEBIAN_IMAGE names another base for the CPU, BASE_IMAGE the image with the
# MindX SDK for Ascend, and IMAGE_OPTIONS what the builds need beside, as --secret=id=pip.conf,src=/etc/pip.conf.
set -euo pipefail

if [ $# -ne 3 ]; then
  sed -n '/^# Usage:/,/^[^#]*$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
mkdir -p "$1"
FOLDER=$(realpath "$1") PYTHON=$(realpath -s "$2") TOOLS=$(realpath -s "$3")
cd "$(dirname "$0")/.."
DEBIAN_IMAGE=${DEBIAN_IMAGE:-debian:bookworm-slim}
read -ra IMAGE_OPTIONS <<< "${IMAGE_OPTIONS:-}"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) # the time in the archives: of the commit, so that it builds the same again
export SOURCE_DATE_EPOCH
umask 022 # the modes in the archives
if ! git diff --quiet HEAD; then
  echo "The tree has changes that are not committed; they are not in the release." >&2
fi
source=$(mktemp -d) unpacked=$(mktemp -d)
trap 'rm -rf "$source" "$unpacked"' EXIT
git -c tar.umask=022 archive HEAD | tar -x -C "$source"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml")
find "$FOLDER" -mindepth 1 -delete

"$TOOLS/python" -m build --outdir "$FOLDER" "$source" > /dev/null
"$TOOLS/python" -m build --outdir "$FOLDER" "$source/clients/python" > /dev/null
for archive in "$FOLDER"/*.tar.gz; do # the backend puts the time of the build and its user into a source archive
  tar -xzf "$archive" -C "$unpacked" --no-same-owner
  tar -C "$unpacked" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    -cf - "$(basename "$archive" .tar.gz)" | gzip -9n > "$archive.new"
  mv "$archive.new" "$archive"
done
"$PYTHON" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --config-settings=cmake.define.MX_RUNTIME=cpu \
  --wheel-dir "$FOLDER" "$source/mxbase_cpp"

for lock in requirements requirements-ascend requirements-grpc; do
  "$TOOLS/cyclonedx-py" requirements --pyproject "$source/pyproject.toml" --output-reproducible --of JSON \
    -o "$FOLDER/${lock/requirements/ascend_classify-$version-sbom}.cdx.json" "$source/$lock.lock" 2> "$source/sbom.log" || { cat "$source/sbom.log" >&2; exit 1; }
done

# image NAME TARGET [ARGUMENTS]: builds a target of Dockerfile.infer and saves it as an archive that `docker load` reads
image() {
  local archive="$FOLDER/ascend_classify-$version-image-$1.tar" name="ascend-classify:$version-$1" target=$2
  shift 2
  set -- "${IMAGE_OPTIONS[@]}" "$@"
  if command -v docker > /dev/null && docker version > /dev/null 2>&1; then
    docker build --quiet --file "$source/Dockerfile.infer" --target "$target" --tag "$name" "$@" "$source" && docker save --output "$archive" "$name"
  elif command -v buildah > /dev/null && [ "$(id -u)" = 0 ]; then
    buildah build --quiet --format docker --file "$source/Dockerfile.infer" --target "$target" --tag "$name" "$@" "$source" \
      && buildah push --quiet "$name" "docker-archive:$archive:$name"
  else
    echo "neither Docker nor, as root, buildah is here"
    return 1
  fi
}
left_out() { # left_out NAME REASON
  echo "The image $1 is left out: $2" | tee -a "$FOLDER/LEFT_OUT.txt" >&2
}
built() { # built NAME TARGET [ARGUMENTS]
  if ! image "$@" > "$source/image.log" 2>&1; then
    rm -f "$FOLDER/ascend_classify-$version-image-$1.tar"
    left_out "$1" "$(tail -n 1 "$source/image.log")"
  fi
}
built cpu cpu --build-arg RUN_UID=1000 --build-arg "DEBIAN_IMAGE=$DEBIAN_IMAGE" # as in docker-compose.cpu.yml and the manifests of Kubernetes
built tools tools --build-arg "DEBIAN_IMAGE=$DEBIAN_IMAGE" --build-arg "TOOLS_BASE=$DEBIAN_IMAGE"
if [ -n "${BASE_IMAGE:-}" ]; then
  built ascend ascend --build-arg "DEBIAN_IMAGE=$DEBIAN_IMAGE" --build-arg "BASE_IMAGE=$BASE_IMAGE"
else
  left_out ascend "BASE_IMAGE does not name an image with the MindX SDK."
fi

cd "$FOLDER"
sums=$(find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum)
echo "$sums" > SHA256SUMS
echo "$FOLDER: version $version"
sed 's/^[0-9a-f]*  /  /' SHA256SUMS
