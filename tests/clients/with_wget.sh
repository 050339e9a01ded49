#!/usr/bin/env bash
# wget, which writes no forms: with_wget.sh URL IMAGE DAMAGED
set -euo pipefail
url=$1 image=$2 damaged=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

post() { # its name, its path, the file with its body, and its content type if it is not that of wget
  local status=0
  wget --quiet --tries=1 --timeout=60 --content-on-error --server-response --output-document="$folder/answer" \
    ${4:+--header="Content-Type: $4"} --post-file="$3" "$url$2" 2> "$folder/headers" || status=$?
  [ "$status" = 0 ] || [ "$status" = 8 ] # 8: the server refused
  echo "$1 $(sed -n 's|^ *HTTP/1.1 \([0-9]*\).*|\1|p' "$folder/headers" | tail -1) $(cat "$folder/answer")"
}

form() { # the names of images
  for name in "$@"; do
    printf -- '--frontier\r\nContent-Disposition: form-data; name="image"; filename="photo.png"\r\n\r\n'
    cat "$name"
    printf '\r\n'
  done
  printf -- '--frontier\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n3\r\n--frontier--\r\n'
}

form "$image" > "$folder/form"
form "$image" "$damaged" > "$folder/batch"
echo "{\"image\": \"$(base64 -w0 "$image")\", \"top_k\": 3}" > "$folder/json"
echo 'not an image' > "$folder/text"
wget --quiet --tries=1 --timeout=60 --spider "$url/health/ready" "$url/docs" "$url/metrics" # by HEAD, as scripts ask whether a server is there
post form /classify "$folder/form" 'multipart/form-data; boundary=frontier'
post raw '/classify?top_k=3' "$image"
post json /classify "$folder/json"
post batch /classify/batch "$folder/batch" 'multipart/form-data; boundary=frontier'
post error /classify "$folder/text"
