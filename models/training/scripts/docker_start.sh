#!/usr/bin/env bash
# Usage: docker_start.sh IMAGE DATA MODEL
# Opens a shell in a container of IMAGE (see models/training/Dockerfile) with every Ascend device of this server,
# and the folders DATA (images) and MODEL (checkpoints, outputs) at the same paths as here.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -eq 3 ] || usage
IMAGE=$1
[ -d "$2" ] || refuse "There is no folder $2."
[ -d "$3" ] || refuse "There is no folder $3."
DATA=$(realpath "$2") MODEL=$(realpath "$3")
DEV=${ASCEND_DEVICES:-/dev} DRIVER=${ASCEND_HOME:-/usr/local/Ascend}

OPTIONS=(--rm --interactive --ipc=host)
[ ! -t 0 ] || OPTIONS+=(--tty)
FOUND=0
for device in "$DEV"/davinci[0-9] "$DEV"/davinci[0-9][0-9]; do
  if [ -e "$device" ]; then
    OPTIONS+=(--device="$device")
    FOUND=$((FOUND + 1))
  fi
done
if [ "$FOUND" -eq 0 ]; then
  echo "There is no Ascend device in $DEV: the container has only a CPU." >&2
else
  for device in davinci_manager devmm_svm hisi_hdc; do
    OPTIONS+=(--device="$DEV/$device")
  done
fi
for folder in "$DRIVER/driver" "$DRIVER/add-ons"; do
  [ ! -d "$folder" ] || OPTIONS+=(--volume "$folder:$folder:ro")
done
[ ! -f /etc/hccn.conf ] || OPTIONS+=(--volume /etc/hccn.conf:/etc/hccn.conf:ro)
exec docker run "${OPTIONS[@]}" --volume "$DATA:$DATA" --volume "$MODEL:$MODEL" --workdir "$MODEL" "$IMAGE" /bin/bash
