#!/usr/bin/env bash
# Usage: [RANK_SIZE=8] run_distribute_train_for_gpu.sh DATA [CKPT] [--key value ...]
# Trains on RANK_SIZE GPUs of this server, with mpirun and NCCL. Output goes to log_output/.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -ge 1 ] || usage
RANK_SIZE=${RANK_SIZE:-8}
check_number RANK_SIZE "$RANK_SIZE"
check_data "$1"
DATA=$1
shift
read_checkpoint_and_flags "$@"
new_outputs
AS_ROOT=()
[ "$(id -u)" != 0 ] || AS_ROOT=(--allow-run-as-root)
exec mpirun "${AS_ROOT[@]}" -n "$RANK_SIZE" --output-filename log_output --merge-stderr-to-stdout \
  "${TRAINING[@]}" train --device_target GPU --run_distribute true --data_path "$DATA" --outputs_dir "$OUTPUTS" "${FLAGS[@]}"
