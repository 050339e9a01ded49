#!/usr/bin/env bash
# Usage: run_standalone_train.sh DEVICE DATA [CKPT] [--key value ...]
# Trains on one Ascend device. DEVICE is its number, DATA the data set, CKPT weights to start from;
# further arguments are flags of `python -m models.training train`.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -ge 2 ] || usage
check_number DEVICE "$1"
check_data "$2"
DEVICE=$1 DATA=$2
shift 2
read_checkpoint_and_flags "$@"
exec "${TRAINING[@]}" train --device_target Ascend --device_id "$DEVICE" --data_path "$DATA" "${FLAGS[@]}"
