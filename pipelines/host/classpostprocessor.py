"""mxpi_classpostprocessor with libresnet50postprocess.so: scores to the best classes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.classification import ClassificationConfig, read_labels
from pipelines.codes import Code
from pipelines.host.element import Element, ElementContext, FrameFailure
from pipelines.host.frame import Classes, ClassResult, Frame, Tensors

LIBRARY = "libresnet50postprocess.so"


class ClassPostProcessor(Element):
    """Softmax if asked for, then the best TOP_K classes of output 0, best first, the lower id first among equals."""

    factory = "mxpi_classpostprocessor"
    stage = "postprocess"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self.choice("funcLanguage", ("c++",))
        library = Path(self.text("postProcessLibPath"))
        if library.name != LIBRARY or "$" in str(library):  # the vendor expands no variables either
            raise self.refusal(f"postProcessLibPath must name {LIBRARY}, without variables; this runtime has no other")
        self.config = self._config()
        self._labels = self._read_labels()

    def _config(self) -> ClassificationConfig:
        content = self.context.spec.props["postProcessConfigContent"]
        try:
            return ClassificationConfig.of(content, self.text("postProcessConfigPath"))
        except ValueError as error:
            raise self.refusal(str(error)) from error

    def _read_labels(self) -> list[str]:
        path = self.text("labelPath")
        if path and not Path(path).is_file():
            raise self.refusal(f"labelPath {path!r} is not a file")
        return read_labels(Path(path)) if path else []

    def process(self, frame: Frame) -> None:
        """(1, classes) float32 → Classes. A missing input is no failure with the vendor: the result is empty."""
        tensors = self.input(frame)
        if not isinstance(tensors, Tensors):
            return
        scores = tensors.arrays[0]
        if scores.dtype != np.float32 or scores.ndim < 2 or scores.shape[1] != self.config.classes:
            raise FrameFailure(Code.COMM_INVALID_PARAM)
        values = scores.reshape(-1)[: self.config.classes]
        if self.config.softmax:
            values = softmax(values)
        best = np.argsort(-values, kind="stable")[: self.config.top_k]
        results = (ClassResult(int(i), self._labels[i] if i < len(self._labels) else "", values[i]) for i in best)
        frame.metadata[self.name] = Classes(tuple(results))


def softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Softmax of (classes,) in float32, shifted by the largest so that large logits do not overflow (the vendor's do)."""
    with np.errstate(invalid="ignore"):  # a logit that is NaN or infinite makes every score NaN, which is the answer
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), np.float32)
