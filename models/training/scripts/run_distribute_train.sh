#!/usr/bin/env bash
# Usage: run_distribute_train.sh RANK_TABLE DATA [CKPT] [--key value ...]
# Trains on the Ascend devices of this server that RANK_TABLE names (`python -m models.training rank-table` writes one),
# one process per device. Their output goes to LOG<rank>/log.txt. If one process fails, the others are stopped.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -ge 2 ] || usage
[ -f "$1" ] || refuse "The rank table $1 does not exist. Write it with: python -m models.training rank-table"
check_data "$2"
RANK_TABLE_FILE=$(realpath "$1") DATA=$2
shift 2
read_checkpoint_and_flags "$@"
new_outputs

DEVICES=$("$PYTHON" - "$RANK_TABLE_FILE" 2>/dev/null <<'PROGRAM'
import json
import sys

(server,) = json.load(open(sys.argv[1]))["server_list"]
for device in server["device"]:
    print(int(device["rank_id"]), int(device["device_id"]))
PROGRAM
) || refuse "$RANK_TABLE_FILE is not a rank table of one server."
[ -n "$DEVICES" ] || refuse "$RANK_TABLE_FILE does not name a device."

RANK_SIZE=$(wc -l <<<"$DEVICES")
export RANK_TABLE_FILE RANK_SIZE
export HCCL_CONNECT_TIMEOUT="${HCCL_CONNECT_TIMEOUT:-600}"
SHARE=$(($(nproc) / RANK_SIZE))

stop() {
  for process in $(jobs -p); do
    kill "$process" 2>/dev/null || true
  done
  wait
}
trap stop EXIT
trap 'exit 130' INT TERM

while read -r rank device; do
  bound=()
  if [ "$SHARE" -ge 1 ] && command -v taskset >/dev/null; then
    bound=(taskset -c "$((rank * SHARE))-$((rank * SHARE + SHARE - 1))") # cores of its own for each process
  fi
  mkdir -p "LOG$rank"
  RANK_ID=$rank DEVICE_ID=$device "${bound[@]}" "${TRAINING[@]}" train --device_target Ascend --run_distribute true \
    --device_id "$device" --data_path "$DATA" --outputs_dir "$OUTPUTS" "${FLAGS[@]}" >"LOG$rank/log.txt" 2>&1 </dev/null &
  echo "rank $rank on device $device: process $!, LOG$rank/log.txt"
done <<<"$DEVICES"

for ((left = RANK_SIZE; left > 0; left--)); do
  wait -n || refuse "A process failed; see the ends of LOG*/log.txt. The others are stopped."
done
