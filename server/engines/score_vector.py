"""Reads the scores of all classes from the network's tensor, converts them to probabilities if wanted, and ranks them.

The formulas are those of the CPU runtime's post-process; the vendor's differs only by its table of powers, about 4e-5.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.manifest import MAX_TOP_K
from pipelines.cpu.elements.classpostprocessor import ranked, softmax
from server.engines.tensor_message import NotATensor, read_tensor
from server.types import ClassScore, ScoreType

FLOAT32 = 0  # ACL's number

Floats = npt.NDArray[np.float32]


def read_vector(message: bytes, classes: int, score_type: ScoreType) -> Floats:
    """One score per class, from a serialized MxpiTensorPackageList; raises NotATensor if the number is wrong or one is not a number."""
    tensor = read_tensor(message)
    if tensor.type != FLOAT32 or tensor.items != classes or len(tensor.data) != 4 * classes:
        what = f"type {tensor.type}, shape {list(tensor.shape)} and {len(tensor.data)} bytes"
        raise NotATensor(f"The network's first output has {what}, which is not float32 for {classes} classes.")
    logits = np.frombuffer(tensor.data, "<f4").astype(np.float32)
    if not np.isfinite(logits).all():
        raise NotATensor("The model returned a score that is not a number.")
    return softmax(logits) if score_type == "probability" else logits


def best_of(scores: Floats, labels: Sequence[str], count: int = MAX_TOP_K) -> tuple[ClassScore, ...]:
    """The best min(count, classes), best first, the lower id first on a tie; a class without a label gets an empty one."""
    order = ranked(scores, min(count, len(scores))).tolist()
    best = zip(order, scores[order].tolist(), strict=True)
    return tuple([ClassScore(class_id, labels[class_id] if class_id < len(labels) else "", score) for class_id, score in best])
