"""mxpi_tensorinfer: pixels to scores, alone or in batches of the sizes the model was compiled for."""

from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from pipelines.codes import Code, code_text
from pipelines.host.batching import BatchCollector, BatchStrategy
from pipelines.host.element import Element, ElementContext, FrameFailure, null_input
from pipelines.host.frame import Array, Frame, FrameError, Pixels, Tensors, Vision
from pipelines.host.model import load_model


class TensorInfer(Element):
    """Runs the model. A model of batch 1 infers at once in the stream's thread; others collect frames for `waitingTime` ms.

    The vendor lets one bad input fail every frame that waits; here it fails alone. A failed run fails its whole batch.
    """

    factory = "mxpi_tensorinfer"
    stage = "infer"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        strategy = BatchStrategy(self.choice("dynamicStrategy", tuple(BatchStrategy)))
        if not (path := self.text("modelPath")):
            raise self.refusal("modelPath is empty")
        try:
            self._runner = load_model(Path(path), context.options.inference_threads).runner()
        except ValueError as error:
            raise self.refusal(str(error)) from error
        self.model = self._runner.model
        self._collector: BatchCollector | None = None
        if self.model.batch_sizes != (1,):
            self._collector = BatchCollector(
                context.stream.name, self._run_batch, self.model.batch_sizes, strategy, self.integer("waitingTime") / 1000
            )

    def push(self, frame: Frame) -> None:
        """Infer a frame or let it wait for company; failed frames keep their place in the order."""
        if self._collector is None:
            super().push(frame)
            return
        if not frame.errors:
            self.attempt(frame)
        frame.stages_s["queue"] = -perf_counter()
        self._collector.put(frame)

    def process(self, frame: Frame) -> None:
        """(H, W, 3) → Tensors; with a collector only the check, the inference comes with the batch."""
        picture = self.input(frame)
        if picture is None and self.text("dataSource") != "auto":
            return  # with the vendor a wrong dataSource is no failure: the result is empty
        if not isinstance(picture, Vision):
            raise null_input("inputMxpiMetadata")
        self._check(picture.pixels)
        if self._collector is None:
            frame.metadata[self.name] = Tensors(self._infer([picture.pixels], 1)[0])

    def _check(self, pixels: Pixels) -> None:
        """Raises FrameFailure unless number and type of the bytes are the model's; of a transposed picture the vendor only warns."""
        model = self.model
        if pixels.nbytes == model.image_bytes and pixels.dtype == model.dtype:
            return
        failed = code_text(Code.COMM_FAILURE)
        shape_text = f"The shape of concat inputTensors[0] does not match model inputTensors[0]\n{failed}"
        sides = zip(pixels.shape[:2], model.image_shape[:2], strict=True)
        size_text = (
            f"The datasize of concated inputTensors[0]({pixels.nbytes}) does not match model inputTensors[0]({model.image_bytes}). "
            f"Tensor Dtype: {_dtype_name(pixels.dtype)}, model Dtype: {_dtype_name(model.dtype)}.{failed}"
        )
        raise FrameFailure(Code.COMM_FAILURE, sum(side != wanted for side, wanted in sides) * shape_text + size_text)

    def _infer(self, pictures: list[Pixels], batch_size: int) -> list[tuple[Array, ...]]:
        """The outputs of each picture; raises FrameFailure, whatever the inference runtime raises."""
        try:
            outputs = self._runner.run(pictures, batch_size)
        except Exception as error:
            raise FrameFailure(Code.COMM_FAILURE, f"Model inference is failed. {error}") from error
        self.context.options.batch_done(len(pictures), batch_size - len(pictures))
        return outputs

    def _run_batch(self, frames: list[Frame], batch_size: int) -> None:
        started_s = perf_counter()
        for frame in frames:
            frame.stages_s["queue"] += started_s
        pictures = [(frame, picture) for frame in frames if not frame.errors and isinstance(picture := self.input(frame), Vision)]
        if pictures:
            try:
                outputs = self._infer([picture.pixels for _, picture in pictures], batch_size)
            except FrameFailure as failure:
                for frame, _ in pictures:
                    frame.errors[self.name] = FrameError(failure.code, failure.text)
            else:
                for (frame, _), arrays in zip(pictures, outputs, strict=True):
                    frame.metadata[self.name] = Tensors(arrays)
        elapsed_s = perf_counter() - started_s
        for frame in frames:
            frame.stages_s[self.stage] = elapsed_s
            self.downstream(frame)

    def close(self) -> None:
        """End the collector's thread."""
        if self._collector:
            self._collector.close()
            self._collector = None  # it knows this element: without the circle a stopped stream's model is freed at once


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return f"TENSOR_DTYPE_{dtype.name.upper()}"
