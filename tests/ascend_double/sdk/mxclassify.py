"""The compiled engine as it is over the SDK: the module of this environment, with what the vendor's libraries do around it.

They log a line an inference, unless glog is told otherwise before it is loaded; their OpenCV reads no WebP; and their devices may not
come up (ASCEND_DOUBLE_INIT).
"""

import ctypes
import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

_spec = PathFinder.find_spec("mxclassify", [folder for folder in sys.path if Path(folder) != Path(__file__).parent])
assert _spec
assert _spec.loader
built = sys.modules["mxclassify"] = module_from_spec(_spec)
_spec.loader.exec_module(built)

_libc = ctypes.CDLL(None)
_libc.getenv.restype = ctypes.c_char_p
_MIN_LEVEL = int(_libc.getenv(b"GLOG_minloglevel") or 0)  # as a static of glog is initialised


def _log(level: int, text: str) -> None:
    if level >= _MIN_LEVEL:
        os.write(2, f"\033[32m{'IWE'[level]}1128 10:00:00.123456 7 ModelInferenceProcessor.cpp:5] {text}\033[0m\n".encode())


class OverTheSdk:
    """A classifier."""

    def __init__(self, keep: Any, **config: Any) -> None:
        if os.environ.get("ASCEND_DOUBLE_INIT"):
            _log(2, "aclInit failed. (Code = 507899)")
            raise built.DeviceError("the devices cannot be initialised (code 1013)")
        self._keep = keep
        self._classifier = _Classifier(keep, **config)
        self.gears = self._classifier.gears

    def submit(self, number: int, data: bytes, *arguments: Any) -> bool:
        """Log a line, and decode all but WebP."""
        _log(0, "Set dynamicBatchSize(2) successfully.")
        if data.startswith(b"RIFF"):
            self._keep([(number, "undecodable", "OpenCV cannot decode it", [], {}, 0, 0, None)])
            return True
        return bool(self._classifier.submit(number, data, *arguments))

    def cancel(self, number: int) -> None:
        """As the module's."""
        self._classifier.cancel(number)

    def close(self, within_s: float) -> None:
        """As the module's."""
        self._classifier.close(within_s)


_Classifier = built.Classifier
vars(built).update(Classifier=OverTheSdk, RUNTIME="ascend")
