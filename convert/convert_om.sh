#!/bin/sh
# Compile an AIR (or ONNX) with an AIPP config into an OM: convert/convert_om.sh AIR AIPP OM
# Writes OM.om, OM.om.json (where it comes from) and OM.om.log; see docs/convert.md.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: $0 AIR AIPP OM [--soc Ascend310] [--batch-sizes 1,2,4,8] [--into MODEL] [--dry-run]" >&2
    exit 2
fi

cli=$(dirname "$0")/../.venv/bin/ascend-classify
[ -x "$cli" ] || cli=ascend-classify
command -v "$cli" > /dev/null || {
    echo "error: ascend-classify is not installed; make install does it" >&2
    exit 127
}
exec "$cli" convert om "$@"
