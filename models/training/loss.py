"""The loss: cross entropy with smoothed labels."""

from mindspore import Tensor, nn, ops
from mindspore import dtype as mstype


class SmoothedCrossEntropy(nn.Cell):
    """Mean cross entropy of logits [N, classes] and labels int32 [N], always calculated in float32.

    With a smoothing of s, a label is (1 - s) of its class plus s spread equally over all classes (Szegedy et al., arXiv:1512.00567, 7).
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        self.smoothing = smoothing

    def construct(self, logits: Tensor, label: Tensor) -> Tensor:
        """A scalar."""
        log_p = ops.log_softmax(logits.astype(mstype.float32), -1)
        own = ops.gather_elements(log_p, 1, label.reshape((-1, 1))).mean()
        if self.smoothing == 0:
            return -own
        return -(1 - self.smoothing) * own - self.smoothing * log_p.mean()
