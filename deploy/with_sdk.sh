#!/usr/bin/env bash
# Run the arguments in the environment of CANN and the SDK. The SDK has a set_env.sh since 3.0; for 2.0.x this script sets the same.

sdk=${MX_SDK_HOME:?"MX_SDK_HOME is not set: where is the SDK?"}
ascend=${ASCEND_HOME:-/usr/local/Ascend}
for script in "$ascend/nnrt/set_env.sh" "$ascend/ascend-toolkit/set_env.sh" "$sdk/set_env.sh"; do
  # shellcheck disable=SC1090
  [ ! -f "$script" ] || . "$script"
done
if [ ! -f "$sdk/set_env.sh" ]; then
  export GST_PLUGIN_SCANNER=$sdk/opensource/libexec/gstreamer-1.0/gst-plugin-scanner
  export GST_PLUGIN_PATH=$sdk/opensource/lib/gstreamer-1.0:$sdk/lib/plugins
  export PYTHONPATH=$sdk/python${PYTHONPATH:+:$PYTHONPATH}
  LD_LIBRARY_PATH=$sdk/lib/modelpostprocessors:$sdk/lib:$sdk/opensource/lib:$sdk/opensource/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
driver=$ascend/driver/lib64
export LD_LIBRARY_PATH=$driver:$driver/common:$driver/driver${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# The SDK starts only with a home of its own user; Kubernetes gives a volume that root owns.
if [ -n "${HOME:-}" ] && [ -w "$HOME" ] && [ ! -O "$HOME" ]; then
  (umask 027 && mkdir -p "$HOME/home") && export HOME="$HOME/home"
fi
exec "$@"
