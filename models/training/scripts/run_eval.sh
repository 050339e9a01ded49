#!/usr/bin/env bash
# Usage: run_eval.sh DEVICE DATA CKPT PLATFORM [--key value ...]
# Top-1 and Top-5 of a checkpoint. PLATFORM is Ascend, GPU or CPU; further arguments are flags of `python -m models.training eval`.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -ge 4 ] || usage
check_number DEVICE "$1"
check_data "$2"
[ -f "$3" ] || refuse "The checkpoint $3 does not exist."
case $4 in
  Ascend | GPU | CPU) ;;
  *) refuse "PLATFORM is $4, not Ascend, GPU or CPU." ;;
esac
DEVICE=$1 DATA=$2 PLATFORM=$4
CKPT=$3
shift 4
read_checkpoint_and_flags "$CKPT" "$@"
exec "${TRAINING[@]}" eval --device_target "$PLATFORM" --device_id "$DEVICE" --data_path "$DATA" "${FLAGS[@]}"
