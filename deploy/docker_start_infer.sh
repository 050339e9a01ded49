#!/usr/bin/env bash
# Usage: deploy/docker_start_infer.sh IMAGE MODEL_DIR DATA_DIR
# Serves the models of MODEL_DIR in a container of IMAGE (see Dockerfile.infer), with every Ascend chip of this host, until Ctrl-C.
# The images of DATA_DIR may be evaluated. Settings are taken from the environment: MODEL=resnext101_32x4d PORT=9000 deploy/docker_start_infer.sh ...
# GRPC_PORT=8001 serves gRPC, too (WITH_GRPC in Dockerfile.infer). Files that settings name (MODELS_FILE, TLS_CERT, TLS_KEY) are those of CONFIG_DIR.
# LISTEN is the listening address of this host (127.0.0.1), ASCEND_GID the group of the chips (default: HwHiAiUser's).

set -eu

refuse() {
  printf '%s\n' "$*" >&2
  exit 2
}

if [ $# -ne 3 ]; then
  sed -n '/^# Usage:/,/^[^#]*$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
IMAGE=$1
[ -d "$2" ] || refuse "There is no folder $2."
[ -d "$3" ] || refuse "There is no folder $3."
[ -z "${CONFIG_DIR:-}" ] || [ -d "$CONFIG_DIR" ] || refuse "There is no folder $CONFIG_DIR, which CONFIG_DIR names."
STORE=$(realpath "$2") DATA=$(realpath "$3") CONFIG=${CONFIG_DIR:+$(realpath "$CONFIG_DIR")}
case $STORE$DATA$CONFIG in *[:,]*) refuse "Docker takes no path with a colon or a comma." ;; esac
DEV=${ASCEND_DEVICES:-/dev} ASCEND=${ASCEND_HOME:-/usr/local/Ascend} DCMI=${DCMI:-/usr/local/dcmi} NPU_SMI=${NPU_SMI:-/usr/local/bin/npu-smi}
PORT=${PORT:-8000} LISTEN=${LISTEN:-127.0.0.1}

OPTIONS=(--rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --stop-timeout 90)
[ ! -t 0 ] || OPTIONS+=(--interactive --tty)
FOUND=0
for device in "$DEV"/davinci[0-9] "$DEV"/davinci[0-9][0-9]; do
  if [ -e "$device" ]; then
    OPTIONS+=(--device "$device")
    FOUND=$((FOUND + 1))
  fi
done
if [ "$FOUND" -eq 0 ]; then
  echo "There is no Ascend chip in $DEV: the container has only a CPU." >&2
else
  GID=${ASCEND_GID:-$(getent group HwHiAiUser | cut -d : -f 3)}
  [ -n "$GID" ] || refuse "There is no group HwHiAiUser, which the chips belong to: install the driver, or set ASCEND_GID."
  OPTIONS+=(--group-add "$GID")
  for device in davinci_manager devmm_svm hisi_hdc; do
    [ -e "$DEV/$device" ] || refuse "There is no $DEV/$device: is the driver loaded?"
    OPTIONS+=(--device "$DEV/$device")
  done
  [ ! -e "$DEV/dvpp_cmdlist" ] || OPTIONS+=(--device "$DEV/dvpp_cmdlist")  # of newer drivers
  [ -d "$ASCEND/driver" ] || refuse "There is no $ASCEND/driver: install the driver, or set ASCEND_HOME."
  for path in "$ASCEND/driver" "$DCMI" "$NPU_SMI"; do
    [ ! -e "$path" ] || OPTIONS+=(--volume "$path:$path:ro")
  done
fi
[ "${GRPC_PORT:-0}" = 0 ] || OPTIONS+=(--publish "$LISTEN:$GRPC_PORT:$GRPC_PORT")
[ -z "$CONFIG" ] || OPTIONS+=(--volume "$CONFIG:/etc/ascend-classify:ro")
# By name only: every user could read a key on the command line.
for name in GRPC_PORT TLS_CERT TLS_KEY MODEL MODELS MODELS_FILE ENGINES DEVICES ENGINE_PROCESSES ENGINE_PYTHON RUNTIME PRECISION DECODE LATENCY_MODE WINDOW TIMEOUT_MS API_KEY LOG_LEVEL LOG_FORMAT; do
  [ -z "${!name+set}" ] || OPTIONS+=(--env "$name")
done
exec docker run "${OPTIONS[@]}" --publish "$LISTEN:$PORT:8000" --volume "$STORE:/models:ro" --volume "$DATA:/data:ro" \
  --env EVALUATION_ROOTS=data=/data "$IMAGE"
