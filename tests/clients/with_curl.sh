#!/usr/bin/env bash
# curl: with_curl.sh URL IMAGE DAMAGED
set -euo pipefail
url=$1 image=$2 damaged=$3

post() { # its name, its path, and curl's options
  local name=$1 path=$2
  shift 2
  curl --silent --show-error --max-time 60 --output "$answer" --write-out "$name %{http_code} " "$@" "$url$path"
  cat "$answer"
  echo
}

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
post form /classify -F "image=@$image" -F top_k=3
post raw '/classify?top_k=3' --data-binary "@$image" -H 'Content-Type: image/png'
echo "{\"image\": \"$(base64 -w0 "$image")\", \"top_k\": 3}" | post json /classify -H 'Content-Type: application/json' -d @-
post batch /classify/batch -F "image=@$image" -F "image=@$damaged" -F top_k=3
post error /classify -d 'not an image' -H 'Content-Type: application/octet-stream'
