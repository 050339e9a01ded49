"""The ascend double: the CPU runtime in strict mode under the vendor's module name, which breaks as it is told to.

It runs in the engine's child, under ENGINE_PYTHON, as the vendor's module would. What is to happen stands in the file that ASCEND_DOUBLE
names (tests/ascend_double/double.py writes it), and is read again whenever it changes.
"""

import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from time import sleep
from typing import Any

from pipelines.cpu import CpuOptions
from pipelines.cpu.elements.compiled_model import ModelRunner
from pipelines.cpu.stream_manager import CpuStreamManager
from pipelines.cpu.structs import MxDataInput, MxDataOutput

__all__ = ["MxDataInput", "MxDataOutput", "StreamManagerApi"]

LOGS = Path.home() / "log/mindxsdk/logs"
OM_TEXT = "Calling Function = aclmdlLoadFromFile, Code = 545001"
MALLOC_TEXT = b'Failed to resize image. (Code = 1004, Message = "Memory malloc failed") '
GROWTH_BYTES = 1 << 20


class Faults:
    """The faults of one chip, and how often each has had its chance."""

    def __init__(self, path: Path) -> None:
        self.device = "0"
        self._path = path
        self._lock = threading.Lock()
        self._read_at = 0
        self._told: dict[str, dict[str, Any]] = {}
        self._counts: Counter[str] = Counter()

    def is_due(self, fault: str) -> bool:
        """Whether a fault happens now: every so many times, on the chips it is for."""
        with self._lock:
            if not (told := self._read(fault)):
                return False
            self._counts[fault] += 1
            return self._counts[fault] % int(told["every"]) == 0

    def is_told(self, fault: str) -> bool:
        """Whether a fault may happen on this chip."""
        with self._lock:
            return bool(self._read(fault))

    def _read(self, fault: str) -> dict[str, Any]:
        written_at = self._path.stat().st_mtime_ns
        if written_at != self._read_at:
            self._told, self._read_at = json.loads(self._path.read_text()), written_at
            self._counts.clear()
        told = self._told.get(fault, {})
        return told if told and self.device in told["devices"] else {}


FAULTS = Faults(Path(os.environ["ASCEND_DOUBLE"]))
if FAULTS.is_told("mute"):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
_grown: list[bytes] = []


def _log(level: str, text: str) -> None:
    """A line of the vendor's logger: coloured on the terminal, and in its folder."""
    line = f"{level}1128 10:00:00.123456 {os.getpid()} MxsmStream.cpp:412] {text}"
    sys.stderr.write(f"\033[{31 if level == 'E' else 32}m{line}\033[0m\n")
    sys.stderr.flush()
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"mxsdk.log.python.{os.getpid()}").open("a") as file:
        file.write(f"{line}\n")


def _run_or_fail(runner: ModelRunner, *arguments: Any) -> Any:
    """An inference, and with it a whole batch."""
    if FAULTS.is_due("log"):
        _log("I", "Set dynamicBatchSize(2) successfully.")
    if FAULTS.is_due("grow"):
        _grown.append(bytes(GROWTH_BYTES))
    if FAULTS.is_due("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULTS.is_due("slow"):
        sleep(0.3)
    if FAULTS.is_due("hang"):
        while FAULTS.is_told("hang"):
            sleep(0.02)
    if FAULTS.is_due("fail"):
        raise RuntimeError("ACL: general failure")
    return _run(runner, *arguments)


_run = ModelRunner.run
ModelRunner.run = _run_or_fail  # type: ignore[method-assign,assignment]


class StreamManagerApi(CpuStreamManager):
    """The vendor's entry point."""

    def __init__(self) -> None:
        super().__init__(CpuOptions(strict=True, race=True))

    def InitManager(self, *arguments: Any) -> Any:  # noqa: N802
        """Begin, or not, as without a driver."""
        _log("I", "Init begins.")
        if FAULTS.is_due("init"):
            _log("E", "Failed to init ACL. (Code = 507899)")
            return 1013
        return super().InitManager(*arguments)

    def CreateMultipleStreams(self, *arguments: Any) -> Any:  # noqa: N802
        """Note which chip this is; to the CPU runtime it is the one device there is. Or refuse the OM of another chip."""
        if FAULTS.is_due("om"):
            _log("E", OM_TEXT)
            _log("W", "The stream is not created.")
            return 6003
        streams = json.loads(arguments[0])
        for stream in streams.values():
            FAULTS.device = stream["stream_config"]["deviceId"]
            stream["stream_config"]["deviceId"] = "0"
        return super().CreateMultipleStreams(json.dumps(streams, indent=4).encode())

    def SendDataWithUniqueId(self, *arguments: Any) -> Any:  # noqa: N802
        """Send, or refuse as a full source does."""
        return -1 if FAULTS.is_due("refuse") else super().SendDataWithUniqueId(*arguments)

    def GetResultWithUniqueId(self, *arguments: Any) -> Any:  # noqa: N802
        """A result, or that of a resize which found no memory."""
        output = super().GetResultWithUniqueId(*arguments)
        if FAULTS.is_due("1004"):
            output = MxDataOutput()
            output.errorCode, output.data = 1004, MALLOC_TEXT
        return output
