#!/usr/bin/env bash
# Usage: [MASTER_PORT=8118] run_distribute_train_cpu.sh WORKERS DATA [CKPT] [--key value ...]
# Trains on this machine's CPU in WORKERS processes, with msrun. Their output goes to log_output/worker_<rank>.log.

set -eu
# shellcheck source=launch.sh
. "$(dirname "$0")/launch.sh"
[ $# -ge 2 ] || usage
check_number WORKERS "$1"
check_data "$2"
WORKERS=$1 DATA=$2
shift 2
read_checkpoint_and_flags "$@"
new_outputs
# msrun knows the names python and python3 only, and takes them from PATH.
exec msrun --worker_num="$WORKERS" --local_worker_num="$WORKERS" --master_port="${MASTER_PORT:-8118}" --log_dir=log_output --join=True \
  python -m models.training train --device_target CPU --run_distribute true --data_path "$DATA" --outputs_dir "$OUTPUTS" "${FLAGS[@]}"
