#!/usr/bin/env bash
# Triton's load tool into a folder: tests/oip/install_perf_analyzer.sh FOLDER PYTHON
# Its wheel wants a C library of 2024 (glibc 2.38). Where the system's is older, Debian 13's lie beside it, unpacked and not installed.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd) python=$2
version=2.60.0
mkdir -p "$folder/wheel" "$folder/debs" "$folder/lists/partial" "$folder/cache/archives/partial"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --platform "manylinux_2_38_$(uname -m)" \
  --dest "$folder/wheel" "perf-analyzer==$version"
"$python" -m zipfile -e "$folder"/wheel/perf_analyzer-*.whl "$folder/unpacked"
program=$folder/unpacked/perf_analyzer/bin/perf_analyzer
chmod +x "$program"
if "$program" --version > /dev/null 2>&1; then
  printf '#!/bin/sh\nexec %q "$@"\n' "$program" > "$folder/perf_analyzer"
else
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" > "$folder/trixie.list"
  options=(-o "Dir::Etc::sourcelist=$folder/trixie.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache")
  apt-get "${options[@]}" -q update
  (cd "$folder/debs" && apt-get "${options[@]}" -q download libc6 libstdc++6 libgcc-s1 libssl3t64 zlib1g libzstd1)
  for deb in "$folder"/debs/*.deb; do dpkg-deb -x "$deb" "$folder/debian13"; done
  libraries=$(dirname "$(find "$folder/debian13/usr/lib" -name 'libstdc++.so.6')")
  loader=$(find "$libraries" -name 'ld-linux-*.so.*' | head -n 1)
  printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "$libraries" "$program" > "$folder/perf_analyzer"
fi
chmod +x "$folder/perf_analyzer"
"$folder/perf_analyzer" --version
