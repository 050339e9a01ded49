"""The smoothed cross entropy, against its definition in NumPy."""

import mindspore as ms
import numpy as np
import pytest

from models.training.loss import SmoothedCrossEntropy

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 3.0]], np.float32)
LABELS = np.array([0, 1], np.int32)


def expected(smoothing: float) -> float:
    log_p = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    target = np.eye(3)[LABELS] * (1 - smoothing) + smoothing / 3
    return float(-(target * log_p).sum(axis=1).mean())


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_the_loss(smoothing: float) -> None:
    found = SmoothedCrossEntropy(smoothing)(ms.Tensor(LOGITS), ms.Tensor(LABELS))
    assert float(found.asnumpy()) == pytest.approx(expected(smoothing), rel=1e-5)  # the CPU kernel of log_softmax approximates


def test_half_precision_logits_cost_no_precision() -> None:
    found = SmoothedCrossEntropy(0.1)(ms.Tensor(LOGITS, ms.float16), ms.Tensor(LABELS))
    assert found.dtype == ms.float32
    assert float(found.asnumpy()) == pytest.approx(expected(0.1), rel=1e-5)  # the CPU kernel of log_softmax approximates
