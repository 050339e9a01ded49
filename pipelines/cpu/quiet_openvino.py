"""OpenVINO without its telemetry and its converter. Import OpenVINO only through this module.

OpenVINO reports every import to Google Analytics, and a server must not do that; without the telemetry package it uses its own stub.
The converter reads models of other frameworks. This project does not use it, and it takes 8 MB and a third of the import's time.
"""

import sys

for left_out in ("openvino_telemetry", "openvino.tools.ovc"):
    sys.modules.setdefault(left_out, None)  # type: ignore[arg-type] # None makes an import fail, which OpenVINO expects

import openvino as ov  # noqa: E402 - after the lines above

__all__ = ["ov"]
