"""mxpi_tensorinfer: pixels to scores, one picture at a time or in batches of the compiled sizes."""

import logging
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from pipelines.codes import Code, code_text
from pipelines.cpu.elements.batching import BatchCollector, BatchStrategy, Outputs
from pipelines.cpu.elements.compiled_model import load_model
from pipelines.cpu.elements.element import Element, ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Array, Frame, Pixels, TensorPackage, TensorPackages, Visions
from pipelines.cpu.statistics import Kind

logger = logging.getLogger(__name__)

_FAILED = code_text(Code.COMM_FAILURE)
_SHAPE_TEXT = f"The shape of concat inputTensors[0] does not match model inputTensors[0]\n{_FAILED}"
_RANK_TEXT = f"The shape of concated inputTensors[0] does not match model inputTensors[0]{_FAILED}"
_NUMBER_TEXT = f"The shape of concated inputTensors does not match model inputTensors.{_FAILED}"
_PORT = "is provided from input port(0)."


class TensorInfer(Element):
    """Runs the model. A model of batch 1 infers at once in the stream's thread; others collect frames for `waitingTime` ms.

    A bad input fails only its frame, and a failed run fails its batch. In strict mode each of them fails every waiting frame, as
    with the vendor. `outputDeviceId` has no effect on a CPU.
    """

    factory = "mxpi_tensorinfer"
    stage = "infer"
    kinds = (Kind.PLUGIN, Kind.MODEL_INFERENCE)

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._source = self._only_source()
        strategy = BatchStrategy(self.choice("dynamicStrategy", tuple(BatchStrategy)))
        options = context.options
        if not (path := self.text("modelPath")):
            raise self.refusal("modelPath is empty")
        try:
            self.model = load_model(Path(path), options.inference_threads, options.precision, options.compile_cache)
        except ValueError as error:
            raise self.refusal(str(error)) from error
        self._single = bool(self.integer("singleBatchInfer"))
        latency = options.latency and not options.strict
        self._runner = self.model.runner(single=self._single, batch_dimension=bool(self.integer("outputHasBatchDim")), latency=latency)
        self._checks = not self.integer("skipModelCheck")
        self._room_bytes = self.model.image_bytes * (self.model.batch_sizes[-1] if self._single else 1)
        self._warnings = ""
        self._collector: BatchCollector | None = None
        if not self._single and self.model.batch_sizes != (1,):
            self._collector = BatchCollector(
                self.name,
                self._infer,
                self._finish,
                self.model.batch_sizes,
                strategy,
                self.integer("waitingTime") / 1000,
                strict=context.options.strict,
            )

    def _only_source(self) -> str:
        """Read `dataSource`, a list with one key per input. Blanks around a key do not count; an empty list means "auto"."""
        named = self.text("dataSource")
        if named in ("", "auto"):
            return self.context.upstream
        first, *others = [key.strip(" ") for key in split_list(named.strip(" "))] or ["", ""]
        if others:
            raise self.refusal(f"dataSource is {named!r}, but the model has one input, so it must name one metadata key")
        return first

    def source(self) -> str:
        """The key of the metadata the element reads."""
        return self._source

    def push(self, frame: Frame) -> None:
        """Infer a frame, or let it wait for a batch; a failed frame keeps its place in the order."""
        if self._collector is None:
            super().push(frame)
            return
        try:
            pictures = None if frame.errors else self._pictures(frame)
        except FrameFailure as failure:
            self._collector.fail(frame, failure)
        else:
            self._collector.put(frame, pictures or ())

    def process(self, frame: Frame) -> None:
        """The pictures of a frame → tensors, one after the other. Without an input the frame passes unchanged; that is not a failure."""
        pictures = self._pictures(frame)
        if pictures is not None:
            size = self.model.batch_sizes[-1] if self._single and len(self.model.batch_sizes) == 1 else 1
            self._store(frame, [self._infer([picture], size)[0] for picture in pictures])

    def _store(self, frame: Frame, outputs: list[Outputs]) -> None:
        source = self._source
        frame.metadata[self.name] = TensorPackages(tuple(TensorPackage(arrays, source, index) for index, arrays in enumerate(outputs)))

    def _finish(self, frame: Frame, outputs: list[Outputs]) -> None:
        """Pass on a frame that the collector has finished."""
        if outputs and not frame.errors:
            self._store(frame, outputs)
        self.downstream(frame)

    def _pictures(self, frame: Frame) -> list[Array] | None:
        """The inputs for the model, or None without metadata; raises FrameFailure for an input that does not fit the model."""
        self._warnings = ""
        match self.input(frame):
            case None:
                return None
            case Visions(items=visions):
                pictures = [(vision.pixels,) for vision in visions]
                tensors = False
            case TensorPackages(items=packages):
                pictures = [package.arrays for package in packages]  # type: ignore[misc]
                tensors = True
            case _:
                raise _invalid(Code.METADATA_KEY_NO_EXIST, f"Neither MxpiVisionList nor MxpiTensorPackageList {_PORT}")
        if not pictures or not pictures[0]:
            raise _invalid(Code.COMM_INVALID_PARAM, f"Invalid MxpiTensorPackageList {_PORT}")
        for arrays in pictures:
            if self._checks:
                self._check(arrays, tensors=tensors)
        return [arrays[0] for arrays in pictures]

    def _check(self, arrays: tuple[Pixels, ...], *, tensors: bool) -> None:
        """Raise FrameFailure unless the number of bytes is the model's; for another shape the vendor only warns."""
        if len(arrays) != 1:
            raise FrameFailure(Code.COMM_FAILURE, self._warnings + _NUMBER_TEXT)
        [array] = arrays
        self._warnings += self._shape_warnings(array.shape[1:] if tensors else array.shape, tensors=tensors)
        if array.nbytes != self._room_bytes:
            sizes = f"inputTensors[0]({array.nbytes}) does not match model inputTensors[0]({self._room_bytes})"
            types = f"Tensor Dtype: {_dtype_name(array.dtype)}, model Dtype: {_dtype_name(self.model.dtype)}"
            raise FrameFailure(Code.COMM_FAILURE, f"{self._warnings}The datasize of concated {sizes}. {types}.{_FAILED}")

    def _shape_warnings(self, shape: tuple[int, ...], *, tensors: bool) -> str:
        """Compare height and width. For a tensor the vendor names one difference, for a picture both."""
        if len(shape) != len(self.model.image_shape):
            return _RANK_TEXT
        differences = sum(side != wanted for side, wanted in zip(shape[:2], self.model.image_shape[:2], strict=True))
        return (min(differences, 1) if tensors else differences) * _SHAPE_TEXT

    def _infer(self, pictures: list[Pixels], batch_size: int) -> list[Outputs]:
        """The outputs of each picture; turns every error of the inference runtime into FrameFailure."""
        if not self._checks and any(picture.nbytes > self._room_bytes for picture in pictures):
            copied = f"Fail to copy to device memory.{code_text(Code.COMM_INVALID_PARAM)}"
            raise FrameFailure(Code.COMM_INVALID_PARAM, self._warnings + copied)
        started_s = perf_counter()
        try:
            outputs = self._runner.run(pictures, batch_size)
        except Exception as error:
            logger.warning("element %s: a run of %s failed: %s", self.name, self.model.path, error)
            failed = f"Model inference is failed.{code_text(Code.ACL_FAILURE)}"
            raise FrameFailure(Code.ACL_FAILURE, self._warnings + failed) from error
        finally:
            self.timed(Kind.MODEL_INFERENCE, perf_counter() - started_s)
        self.context.options.batch_done(len(pictures), batch_size - len(pictures))
        return outputs

    def release(self) -> None:
        """Let a sender go on that waits for room."""
        if self._collector:
            self._collector.release()

    def close(self) -> None:
        """End the collector's thread."""
        if self._collector:
            self._collector.close()
            self._collector = None  # it refers to this element: without the cycle Python frees a stopped stream's model at once


def split_list(text: str) -> list[str]:
    """Split a comma-separated list as the vendor does: several commas in a row count as one, a comma at the end as none."""
    parts = text.split(",")
    return [part for place, part in enumerate(parts) if part or (place == 0 and len(parts) > 1)]


def _invalid(code: Code, text: str) -> FrameFailure:
    return FrameFailure(code, f"{text}{code_text(code)}")


def _dtype_name(dtype: np.dtype[Any]) -> str:
    name = "double64" if dtype.name == "float64" else dtype.name
    return f"TENSOR_DTYPE_{name.upper()}"
