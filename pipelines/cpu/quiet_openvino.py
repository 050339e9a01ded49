"""OpenVINO without its telemetry, which tells Google Analytics of every import. A server tells nobody anything.

With the telemetry package out of reach OpenVINO falls back to a stub of its own. Import OpenVINO from here only.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None makes an import fail

import openvino as ov  # noqa: E402 - after the line above

__all__ = ["ov"]
