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
post raw '/classify?top_k=3' --data-binary "@$image" # with curl's own type, which is that of a form
echo "{\"image\": \"$(base64 -w0 "$image")\", \"top_k\": 3}" | post json /classify -d @-
curl --silent --show-error --fail --max-time 60 --head --output /dev/null "$url/health/ready"
post batch /classify/batch -F "image=@$image" -F "image=@$damaged" -F top_k=3
post error /classify -d 'not an image'
