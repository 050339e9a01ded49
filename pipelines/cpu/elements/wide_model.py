"""A model once more, compiled so that one inference uses all cores.

OpenVINO's throughput mode infers one picture a core, which is best for many pictures. A picture that is alone waits less if all cores
infer it. The scores are the same to the last bit.
"""

import io
import logging
import os
import threading
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np

from pipelines.cpu.busy_threads import BUSY
from pipelines.cpu.elements.frame import Array, Pixels
from pipelines.cpu.process_memory import give_back_free, resident_bytes
from pipelines.cpu.quiet_openvino import ov

logger = logging.getLogger(__name__)

SETTLED_S = 2.0  # in this time a server still starts, and needs the cores for that


class Slot(NamedTuple):
    """A request of a compiled model with its input buffer [N, H, W, C] and its outputs, for one caller at a time."""

    request: ov.InferRequest
    pixels: Pixels
    outputs: list[Array]


def open_slot(compiled: ov.CompiledModel) -> Slot:
    """A request with a buffer of its own."""
    request = compiled.create_infer_request()
    buffer = np.zeros(tuple(compiled.input(0).get_shape()), compiled.input(0).get_element_type().to_dtype())
    request.set_input_tensor(ov.Tensor(buffer, shared_memory=True))
    return Slot(request, buffer, [tensor.data for tensor in request.output_tensors])


class WideModel:
    """One inference at a time over all cores, for a thread that works alone.

    It is compiled by a thread of its own at the first such picture after SETTLED_S: neither a start nor an engine in reserve pays for it.
    """

    def __init__(self, narrow: ov.CompiledModel, path: Path, config: dict[str, object]) -> None:
        """`narrow` is the model as it is compiled for throughput; `config` has OpenVINO's properties besides the performance hint."""
        self._narrow = narrow
        self._path = path
        self._file = path.stat()  # now: the file may be replaced before the second model is made
        self._config = config | {"PERFORMANCE_HINT": "LATENCY"}
        self._due_s = monotonic() + SETTLED_S
        self._making = threading.Lock()
        self._in_use = threading.Lock()
        self._slot: Slot | None = None

    def take(self) -> Slot | None:
        """The slot for one inference, if the calling thread works alone; it must be given back."""
        if not BUSY.alone:
            return None
        if self._slot is None:
            self._begin_to_make()
            return None
        return self._slot if self._in_use.acquire(blocking=False) else None

    def give_back(self) -> None:
        """The inference is over."""
        self._in_use.release()

    def _begin_to_make(self) -> None:
        if monotonic() >= self._due_s and self._making.acquire(blocking=False):  # never released: it is made once
            try:
                threading.Thread(target=self._make, name="wide-model").start()  # not a daemon, which may not end inside OpenVINO
            except RuntimeError as error:  # the machine has no more threads
                logger.warning("model %s is not compiled for all cores, so single pictures are inferred by one: %s", self._path, error)

    def _make(self) -> None:
        before = resident_bytes()
        try:
            slot = open_slot(self._compiled())
            slot.request.infer()  # it takes its memory here
        except (RuntimeError, OSError) as error:
            logger.warning("model %s cannot be compiled for all cores, so single pictures are inferred by one: %s", self._path, error)
            return
        give_back_free()
        took_mb, file_mb = max(0, resident_bytes() - before) / 1e6, self._file.st_size / 1e6
        logger.info("model %s is compiled for all cores too: some %.0f MB (its file has %.0f MB)", self._path.name, took_mb, file_mb)
        self._slot = slot

    def _compiled(self) -> ov.CompiledModel:
        """From what the narrow one exports: half the work of reading the file again, and the same model for certain.

        What a model from the cache exports cannot be imported (OpenVINO 2026.4: its text is not encoded as its header says). That one is
        compiled from its file, if this is still the same.
        """
        core = ov.Core()
        if not self._narrow.get_property("LOADED_FROM_CACHE"):
            exported = io.BytesIO()
            self._narrow.export_model(exported)
            exported.seek(0)
            return core.import_model(exported, "CPU", self._config)
        model = read_network(core, self._path)
        if _identity(self._path.stat()) != _identity(self._file):
            raise OSError("the file was replaced")
        model.reshape(self._narrow.input(0).get_partial_shape())
        return core.compile_model(model, "CPU", self._config)


def read_network(core: ov.Core, path: Path) -> ov.Model:
    """The network of a model file. By its path OpenVINO knows only ONNX files that are named so."""
    return core.read_model(path if path.suffix == ".onnx" else path.read_bytes())


def _identity(file: os.stat_result) -> tuple[int, int, int, int]:
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns
