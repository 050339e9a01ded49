#!/bin/sh
# Classify every image of a folder with the compiled classifier: mxbase_cpp/run.sh IMAGES [--result FOLDER] [--resume] [...; --help]
# The model is MODEL of the store (default: resnext101_32x4d). Its geometry comes from its manifest, unless --config names a file.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
if [ -n "${MX_SDK_HOME:-}" ]; then
    runtime=ascend soc=${SOC:-Ascend310}
else
    runtime=cpu soc=cpu
fi
program=$root/build/program-$runtime/resnext101
[ -x "$program" ] || {
    echo "error: $program is not built; mxbase_cpp/build.sh does it" >&2
    exit 127
}

rendered=yes artifact='' previous=''
for argument in "$@"; do
    case $argument in
        --config | --config=* | --help | -h) rendered=no ;;
        --model=*) artifact=${argument#*=} ;;
    esac
    [ "$previous" != --model ] || artifact=$argument
    previous=$argument
done
if [ $rendered = yes ]; then
    cli=$root/.venv/bin/ascend-classify
    [ -x "$cli" ] || cli=ascend-classify
    config=$("$cli" models classifier-config "${MODEL:-resnext101_32x4d}" --soc "$soc" ${artifact:+--artifact "$artifact"})
fi

if [ $runtime = ascend ]; then  # not before: the SDK's libraries are none for our Python
    libraries=$MX_SDK_HOME/lib:$MX_SDK_HOME/lib/modelpostprocessors:$MX_SDK_HOME/opensource/lib:$MX_SDK_HOME/opensource/lib64
    export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
[ $rendered = yes ] || exec "$program" "$@"
exec "$program" --config /dev/stdin "$@" << END
$config
END
