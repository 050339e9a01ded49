import pytest

from convert.checkpoints.malformed import Malformed
from convert.checkpoints.parameters import MAX_TENSORS, state_dict_of, without_training_state


@pytest.mark.parametrize(
    ("saved", "tensors", "left_out"),
    [
        ({"a.w": 1.5}, {"a.w": 1.5}, ()),
        ({"a.w": 1.5, "epoch": 3}, {"a.w": 1.5}, ("epoch",)),
        ({"state_dict": {"a.w": 1.5, "n": 3}, "epoch": 3}, {"a.w": 1.5}, ("epoch", "n")),
        ({"ema": {"a.w": 2.5}, "model": {"a.w": 1.5}, "optimizer": {0: 0.5}}, {"a.w": 1.5}, ("ema", "optimizer")),
        ({"model": {"a.w": 2.5}, "state_dict": {"a.w": 1.5}}, {"a.w": 1.5}, ("model",)),
        ({"model": {"name": "resnext"}, "net": {"a.w": 1.5}}, {"a.w": 1.5}, ("model",)),
        ({"module.a.w": 1.5, "module.b": 2.5}, {"a.w": 1.5, "b": 2.5}, ()),
        ({"_orig_mod.module.a": 1.5}, {"a": 1.5}, ()),
        ({"module._orig_mod.a": 1.5}, {"a": 1.5}, ()),
        ({"module.a": 1.5, "b": 2.5}, {"module.a": 1.5, "b": 2.5}, ()),
    ],
)
def test_what_is_the_network(saved: object, tensors: dict[str, float], left_out: tuple[str, ...]) -> None:
    assert state_dict_of(saved, float) == (tensors, left_out)


@pytest.mark.parametrize("saved", [None, [1.5], {}, {"epoch": 3}, {"state_dict": {"epoch": 3}}, {"state_dict": {"inner": {"w": 1.5}}}])
def test_there_must_be_one(saved: object) -> None:
    with pytest.raises(Malformed, match="does not hold a state dict"):
        state_dict_of(saved, float)


def test_there_are_not_too_many_tensors() -> None:
    with pytest.raises(Malformed, match=f"{MAX_TENSORS + 1} tensors"):
        state_dict_of({str(n): 0.5 for n in range(MAX_TENSORS + 1)}, float)


def test_what_mindspore_trains_with() -> None:
    names = ["conv.weight", "layer1.0.bn.gamma", "moments.conv.weight", "ema.layer1.0.bn.gamma", "global_step", "learning_rate"]
    assert without_training_state(names) == (names[:2], tuple(names[2:]))
