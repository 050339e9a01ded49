"""mxpi_classpostprocessor with libresnet50postprocess.so: turns scores into the best classes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.classification import ClassificationConfig, plain_file, read_labels
from pipelines.codes import Code
from pipelines.cpu.elements.element import Element, ElementContext, FrameFailure
from pipelines.cpu.elements.frame import Array, Classes, ClassResult, Frame, TensorPackages
from pipelines.cpu.elements.introsort import introsort
from pipelines.cpu.elements.tablesoftmax import table_softmax

LIBRARY = "libresnet50postprocess.so"
NO_BATCH = "The output of the model does not fit its shape: it has no batch dimension, or another batch than the model."

# For a loop over more items than this, NumPy releases the GIL; to get it back from other streams takes longer than the loop.
UNRELEASED = 500

Floats = npt.NDArray[np.float32]


class ClassPostProcessor(Element):
    """Applies softmax if configured, then takes the best TOP_K classes of output 0: highest score first, lower id first on a tie.

    Strict mode repeats the vendor's faults: the softmax overflows, equal scores come in the order of std::sort, a frame whose output
    has no batch dimension never returns, and 32-bit integers are read as if they were floats. It refuses an absolute postProcessLibPath
    that does not exist; otherwise only the name counts.
    """

    factory = "mxpi_classpostprocessor"
    stage = "postprocess"

    def __init__(self, context: ElementContext) -> None:
        super().__init__(context)
        self._strict = context.options.strict
        if not self.text("dataSource"):
            raise self.refusal("dataSource is empty")
        self.choice("funcLanguage", ("c++",))
        library = Path(self.text("postProcessLibPath"))
        if library.name != LIBRARY or "$" in str(library):  # the vendor does not expand variables here either
            raise self.refusal(f"postProcessLibPath must name {LIBRARY}, without variables; this runtime has only this library")
        if self._strict and library.is_absolute() and not library.is_file():
            raise self.refusal(f"postProcessLibPath {library} does not exist")
        try:
            self.config = ClassificationConfig.of(context.spec.props["postProcessConfigContent"], self.text("postProcessConfigPath"))
            path = self.text("labelPath")
            self._labels = read_labels(plain_file("labelPath", path), strict=self._strict) if path else []
        except ValueError as error:
            raise self.refusal(str(error)) from error

    def push(self, frame: Frame) -> None:
        """Process a frame and pass it on. In strict mode a frame is lost if its tensors do not fit their shapes, as with the vendor."""
        lost = self._strict and not frame.errors and _misfit(self.input(frame))
        if not lost:
            super().push(frame)

    def process(self, frame: Frame) -> None:
        """A package of (1, classes) float32 for each picture → Classes. A missing input gives an empty result, not a failure."""
        packages = self.input(frame)
        if packages is None:
            return
        if not isinstance(packages, TensorPackages):  # the vendor does not set an error code here
            raise FrameFailure(Code.OK, "Fail to get MxpiTensorPackageList from dataSource.")
        if not packages.items:
            raise FrameFailure(Code.COMM_OUT_OF_RANGE, "Fail to ConstructTensor from MxpiTensorPackageList.")
        if _misfit(packages):
            raise FrameFailure(Code.COMM_INVALID_PARAM, NO_BATCH)
        source = self.source()
        scores = self._scores([package.arrays[0] for package in packages.items if package.arrays])
        results = tuple(result for index, values in enumerate(scores) for result in self._best(values, source, index))
        if results:
            frame.metadata[self.name] = Classes(results)

    def _scores(self, outputs: list[Array]) -> Iterable[Floats]:
        """(classes,) for each picture; raises FrameFailure 1004 if type or shape differ from the configuration."""
        classes = self.config.classes
        if not outputs:
            raise FrameFailure(Code.COMM_INVALID_PARAM)
        for scores in outputs:
            fits = scores.dtype == np.float32 or (self._strict and scores.dtype.itemsize == np.float32().itemsize)
            if not fits or scores.ndim < 2 or scores.shape[1] != classes:
                raise FrameFailure(Code.COMM_INVALID_PARAM)
        flat = [scores.reshape(-1).view(np.float32) for scores in outputs]
        if self._strict and len(flat) > 1:  # the vendor moves from picture to picture by the number of classes
            joined = np.concatenate(flat)
            return (joined[index * classes : (index + 1) * classes] for index in range(len(flat)))
        return (values[:classes] for values in flat)

    def _best(self, values: Floats, source: str, member: int) -> Iterator[ClassResult]:
        if self.config.softmax:
            values = table_softmax(values) if self._strict else softmax(values)
        labels = self._labels
        ranking = (ranked_as_vendor if self._strict else ranked)(values, self.config.top_k)
        for best, score in zip(ranking.tolist(), values[ranking].tolist(), strict=True):
            yield ClassResult(best, labels[best] if best < len(labels) else "", score, source, member)


def _misfit(packages: object) -> bool:
    """Whether the size of an output differs from its shape; such an output was kept flat."""
    return isinstance(packages, TensorPackages) and any(array.shape[:1] != (1,) for package in packages.items for array in package.arrays)


def softmax(logits: Floats) -> Floats:
    """Softmax of (classes,) in float32. Subtracts the largest logit, so that large logits do not overflow (the vendor's do)."""
    powers = np.empty_like(logits, np.float32)
    pieces = [(logits[at : at + UNRELEASED], powers[at : at + UNRELEASED]) for at in range(0, len(logits), UNRELEASED)]
    with np.errstate(invalid="ignore"):  # with a NaN or infinite logit every score is NaN, and that is the intended result
        largest = max([given.max() for given, _ in pieces])
        for given, made in pieces:
            np.exp(np.subtract(given, largest, out=made), out=made)
        total = np.float32(sum([made.sum() for _, made in pieces]))
        for _, made in pieces:
            np.divide(made, total, out=made)
    return powers


def ranked(values: Floats, top_k: int) -> npt.NDArray[np.intp]:
    """The indices of the `top_k` largest values: largest first, the lower index first on a tie, NaN last."""
    if 0 < top_k < len(values) // 8:  # for a larger top_k a full sort is faster
        least = np.partition(values, -top_k)[-top_k]
        candidates = [
            at + index
            for at in range(0, len(values), UNRELEASED)
            for index in np.flatnonzero(values[at : at + UNRELEASED] >= least).tolist()
        ]
        if len(candidates) >= top_k:  # NaN counts as large in a partition
            scores = values[candidates].tolist()
            order = sorted(range(len(candidates)), key=scores.__getitem__, reverse=True)  # a stable sort: equal scores keep their order
            return np.array([candidates[place] for place in order[:top_k]], np.intp)
    return np.argsort(-values, kind="stable")[:top_k]


def ranked_as_vendor(values: Floats, top_k: int) -> npt.NDArray[np.intp]:
    """Like `ranked`, in the order of std::sort. It differs for equal values and for NaN."""
    order = np.argsort(-values, kind="stable")
    first = values[order[: top_k + 1]]
    if not np.isnan(values).any() and (first[1:] < first[:-1]).all():
        return order[:top_k]
    scores = values.tolist()
    indices = list(range(len(scores)))
    introsort(indices, lambda one, other: scores[one] > scores[other])
    return np.array(indices[:top_k], np.intp)
