"""OpenVINO without its telemetry: OpenVINO reports every import to Google Analytics, and a server must not do that.

Without the telemetry package OpenVINO uses its own stub. Import OpenVINO only through this module.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None makes an import fail

import openvino as ov  # noqa: E402 - after the line above

__all__ = ["ov"]
