#!/bin/sh
# Refuse a base image on which the server cannot run: check_base.sh RUN_UID
set -eu

refuse() {
  echo "error: $1" >&2
  exit 1
}

glibc=$(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)
[ "$(printf '2.27\n%s\n' "$glibc" | sort -V | head -n 1)" = 2.27 ] ||
  refuse "BASE_IMAGE must be an Ascend infer image with the SDK and glibc >= 2.27; this one has glibc $glibc."
[ -d "${MX_SDK_HOME:-/nowhere}/include/MxBase" ] ||
  refuse "BASE_IMAGE must be an Ascend infer image with the SDK: MX_SDK_HOME (${MX_SDK_HOME:-not set}) holds no include/MxBase."
owner=$(stat -L -c %u "$MX_SDK_HOME")
[ "$1" -ne 0 ] || refuse "The server does not run as root: give RUN_UID another user, and the SDK to that user."
[ "$owner" -eq "$1" ] ||
  refuse "$MX_SDK_HOME belongs to uid $owner, and the SDK refuses libraries that are not its user's: build with --build-arg RUN_UID=$owner."
