"""The mxBase classifier: a compiled engine on Ascend, and on a CPU the same sources over this project's own MxBase."""

import importlib.util
import sys

# OpenVINO's libraries first: the TBB that is mapped then is the one for everybody, Debian's OpenCV included. Without its telemetry,
# which tells Google Analytics of every import (None makes an import fail). On Ascend it is neither there nor needed.
if importlib.util.find_spec("openvino"):
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # noqa: F401

from mxclassify._mxclassify import INTERFACE, RUNTIME, Classifier, DeviceError, StderrTrap

__all__ = ["INTERFACE", "RUNTIME", "Classifier", "DeviceError", "StderrTrap"]
