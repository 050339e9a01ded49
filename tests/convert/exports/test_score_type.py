import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.exports.score_type import Verdict, score_type


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


LOGITS = np.random.default_rng(0).normal(0, 3, (8, 20))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (LOGITS, "logit"),
        (LOGITS * 100, "logit"),  # saturated
        (LOGITS / 100, "logit"),
        (np.abs(LOGITS), "logit"),
        (LOGITS - 40, "logit"),
        (np.zeros((8, 20)), "still"),
        (np.full((8, 4), 0.3), "still"),
        (softmax(LOGITS), "probability"),
        (softmax(LOGITS * 1000), "saturated"),
        (np.sqrt(softmax(LOGITS * 1000)), "saturated"),
        (softmax(LOGITS) * 100, "bounded"),  # or a softmax of a hundred places
        (np.hstack([softmax(LOGITS), softmax(-LOGITS)]), "bounded"),  # two heads
        (1 - softmax(LOGITS), "bounded"),
        (-np.log(softmax(LOGITS)), "negated"),
        (softmax(LOGITS).astype(np.float16).astype(float), "probability"),
        (np.log(softmax(LOGITS)), "log_probability"),
        (np.log2(softmax(LOGITS)), "logit"),
        (np.log10(softmax(LOGITS)), "logit"),
        *((np.log(np.maximum(softmax(LOGITS * 1000), 1e-30)) / base, "saturated") for base in (1, np.log(2), np.log(10))),
        (np.log(softmax(LOGITS)).astype(np.float16).astype(float), "log_probability"),
        (1 / (1 + np.exp(-LOGITS)), "bounded"),
        (softmax(LOGITS)[:, 1:], "bounded"),
        (np.where(LOGITS > 5, np.nan, LOGITS), "not finite"),
    ],
)
def test_what_scores_are(rows: np.ndarray, expected: Verdict) -> None:
    assert score_type(rows) == expected


@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 1000), spread=st.floats(0.01, 30), temperature=st.floats(0.1, 10))
def test_told_for_any_number_of_classes(seed: int, classes: int, spread: float, temperature: float) -> None:
    logits = np.random.default_rng(seed).normal(0, spread, (8, classes))
    shares = softmax(logits / temperature)
    saturated = shares.max(axis=1).min() > 0.94
    assert score_type(shares) in ("probability", "saturated")
    assert score_type(shares.astype(np.float16).astype(float)) in ("probability", "saturated")
    assert score_type(np.log(np.maximum(shares, 1e-30))) in ("log_probability", "saturated")
    if not saturated:
        assert score_type(shares) == "probability"
        assert score_type(np.log(np.maximum(shares, 1e-30))) == "log_probability"
    assert score_type(1 / (1 + np.exp(-np.clip(logits, -30, 30)))) != "logit"
    assert score_type(logits) == "logit"
