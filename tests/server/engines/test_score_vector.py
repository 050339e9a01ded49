"""From the tensor of a network to scores and a ranking."""

import numpy as np
import pytest

from pipelines.cpu.elements.frame import TensorPackage, TensorPackages
from pipelines.cpu.messages import to_message
from server.engines.all_scores import packed
from server.engines.score_vector import best_of, read_vector
from server.engines.tensor_message import NotATensor


def message_of(*arrays: np.ndarray) -> bytes:
    return bytes(to_message(TensorPackages((TensorPackage(arrays),))).SerializeToString())


LOGITS = np.array([[1.5, -2.0, 100.0, 100.0, 3.0]], np.float32)


def test_logits_come_out_as_they_are() -> None:
    scores = read_vector(message_of(LOGITS), 5, "logit")
    assert packed(scores) == LOGITS.tobytes()


def test_probabilities_are_the_exact_softmax() -> None:
    scores = read_vector(message_of(LOGITS), 5, "probability")
    powers = np.exp(LOGITS[0].astype(float) - 100)
    assert np.abs(scores - powers / powers.sum()).max() < 1e-7
    assert scores.dtype == np.float32


def test_the_best_come_first_and_the_lower_id_among_equals() -> None:
    best = best_of(read_vector(message_of(LOGITS), 5, "logit"), ["a", "b", "c"])
    assert [(score.class_id, score.label) for score in best] == [(2, "c"), (3, ""), (4, ""), (0, "a"), (1, "b")]


@pytest.mark.parametrize("classes", [1, 5, 16, 17, 64, 300, 2000])
def test_a_score_is_the_one_of_its_class_to_the_bit(classes: int) -> None:
    logits = np.random.default_rng(classes).normal(0, 3, (1, classes)).astype(np.float32)
    logits[0, ::7] = logits[0, 0]
    scores = read_vector(message_of(logits), classes, "probability")
    every = np.frombuffer(packed(scores), "<f4")
    best = best_of(scores, ())
    assert [entry.class_id for entry in best] == sorted(range(classes), key=lambda number: -every[number])[:16]
    assert all(every[entry.class_id] == entry.score for entry in best)


@pytest.mark.parametrize(
    "array",
    [
        LOGITS[:, :4],
        LOGITS.astype(np.float16),
        LOGITS.astype(np.int32),
        np.array([[1, np.nan, 0, 0, 0]], np.float32),
        np.zeros((2, 5), np.float32),
    ],
)
def test_what_is_no_score_a_class_is_refused(array: np.ndarray) -> None:
    with pytest.raises(NotATensor):
        read_vector(message_of(array), 5, "logit")


def test_a_tensor_without_its_bytes_is_refused() -> None:
    with pytest.raises(NotATensor, match="0 bytes"):
        read_vector(b"\x0a\x06\x12\x04\x32\x02\x01\x05", 5, "logit")
