# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts: finds the project, refuses wrong arguments, reads the others.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
PYTHON=${PYTHON:-python}
TRAINING=("$PYTHON" -m models.training)

refuse() {
  printf '%s\n' "$*" >&2
  exit 2
}

# The comment at the head of a script is its usage text.
usage() {
  sed -n '/^# Usage:/,/^[^#]*$/s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

check_data() {
  [ -e "$1" ] || refuse "$1 does not exist."
}

check_number() {
  [[ $2 =~ ^[0-9]+$ ]] || refuse "$1 is $2, not a number."
}

# Reads the arguments after the positional ones, [CKPT] [FLAGS...], into the array FLAGS.
read_checkpoint_and_flags() {
  FLAGS=()
  if [ $# -gt 0 ] && [[ $1 != --* ]]; then
    [ -f "$1" ] || refuse "The checkpoint $1 does not exist."
    FLAGS=(--checkpoint_file_path "$1")
    shift
  fi
  if [ $# -gt 0 ] && [[ $1 != --* ]]; then
    refuse "Unexpected: $1. Flags begin with --."
  fi
  FLAGS+=("$@")
}

# One folder for all processes of a run.
new_outputs() {
  OUTPUTS=outputs/$(date +%Y-%m-%d_time_%H_%M_%S)
}
