"""One step of training: the loss, its gradients over all processes and batches, the update."""

from mindspore import Parameter, Tensor, amp, nn, ops
from mindspore import dtype as mstype

SCALE_WINDOW = 2000  # good steps after which a dynamic loss scale doubles; a bad step halves it (arXiv:1710.03740, 3.2)

_add = ops.MultitypeFuncGraph("add")
_divide = ops.MultitypeFuncGraph("divide")
_clear = ops.MultitypeFuncGraph("clear")


@_add.register("Tensor", "Tensor")
def _add_tensor(accumulated: Parameter, gradient: Tensor) -> Tensor:
    return ops.assign_add(accumulated, gradient)


@_divide.register("Tensor", "Tensor")
def _divide_tensor(divisor: Tensor, gradient: Tensor) -> Tensor:
    return gradient / divisor


@_clear.register("Tensor")
def _clear_tensor(accumulated: Parameter) -> Tensor:
    return ops.assign(accumulated, ops.zeros_like(accumulated))


class Gradients(nn.Cell):
    """(loss, gradients) of a batch. Both are averaged over the `ranks` processes; the gradients are multiplied by the loss scale."""

    def __init__(self, network: nn.Cell, loss: nn.Cell, ranks: int = 1) -> None:
        super().__init__(auto_prefix=False)
        self.network = network
        self.loss = loss
        self.weights = tuple(network.trainable_params())
        self.value_and_grad = ops.value_and_grad(self._scaled_loss, None, self.weights)
        self.ranks = ranks
        if ranks > 1:
            self.average = nn.DistributedGradReducer(self.weights, mean=True, degree=ranks)
            self.sum = ops.AllReduce()

    def _scaled_loss(self, image: Tensor, label: Tensor, scale: Tensor) -> Tensor:
        return self.loss(self.network(image), label) * scale

    def construct(self, image: Tensor, label: Tensor, scale: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Compute both from float32 [N, 3, H, W], int32 [N] and the loss scale."""
        loss, gradients = self.value_and_grad(image, label, scale)
        loss = loss / scale
        if self.ranks > 1:
            gradients = self.average(gradients)
            loss = self.sum(loss) / self.ranks
        return loss, gradients


class Accumulation(nn.Cell):
    """Adds the gradients of a batch to those of earlier batches; returns the batch's loss."""

    def __init__(self, gradients: Gradients, accumulated: tuple[Parameter, ...], scale: Parameter) -> None:
        super().__init__(auto_prefix=False)
        self.gradients = gradients
        self.accumulated = accumulated
        self.scale = scale
        self.map = ops.HyperMap()

    def construct(self, image: Tensor, label: Tensor) -> Tensor:
        """Compute the loss of float32 [N, 3, H, W] and int32 [N]."""
        loss, gradients = self.gradients(image, label, self.scale)
        return ops.depend(loss, self.map(_add, self.accumulated, gradients))


class TrainingStep(nn.Cell):
    """A step of the optimizer. Its parameters and the optimizer's are the complete state of a training."""

    def __init__(self, gradients: Gradients, optimizer: nn.Optimizer, *, scale: float = 1, dynamic: bool = False, batches: int = 1) -> None:
        """`scale`: the loss scale, or the first one if it is `dynamic`; `batches`: the number of batches per step."""
        super().__init__(auto_prefix=False)
        self.gradients = gradients
        self.optimizer = optimizer
        self.dynamic = dynamic
        self.batches = batches
        self.map = ops.HyperMap()
        self.partial = ops.Partial()
        self.scale = Parameter(Tensor(scale, mstype.float32), name="loss_scale", requires_grad=False)
        self.good_steps = Parameter(Tensor(0, mstype.int32), name="good_steps", requires_grad=False)
        self.accumulated = tuple(weight.clone(init="zeros") for weight in gradients.weights) if batches > 1 else ()
        for weight, sum_ in zip(gradients.weights, self.accumulated, strict=False):
            sum_.name, sum_.requires_grad = f"accumulated.{weight.name}", False
        self.accumulate = Accumulation(gradients, self.accumulated, self.scale)

    def construct(self, image: Tensor, label: Tensor) -> Tensor:
        """The loss of the batch that completes the step; earlier batches of the step go through `accumulate`."""
        loss, gradients = self.gradients(image, label, self.scale)
        if self.batches > 1:
            gradients = self.map(_add, self.accumulated, gradients)
        gradients = self.map(self.partial(_divide, self.scale * self.batches), gradients)
        if self.dynamic:
            finite = amp.all_finite(gradients)
            if finite:
                loss = ops.depend(loss, self.optimizer(gradients))
            loss = ops.depend(loss, self._adjust_scale(finite))
        else:
            loss = ops.depend(loss, self.optimizer(gradients))
        if self.batches > 1:
            loss = ops.depend(loss, self.map(_clear, self.accumulated))
        return loss

    def _adjust_scale(self, finite: Tensor) -> Tensor:
        good = ops.select(finite, self.good_steps + 1, ops.zeros_like(self.good_steps))
        full = good >= SCALE_WINDOW
        scale = ops.select(finite, ops.select(full, self.scale * 2, self.scale * 1), self.scale / 2)
        counted = ops.assign(self.good_steps, ops.select(full, ops.zeros_like(good), good))
        return ops.depend(ops.assign(self.scale, ops.maximum(scale, ops.ones_like(scale))), counted)
